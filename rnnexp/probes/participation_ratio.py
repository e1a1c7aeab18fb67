"""How many directions the states use. Shapes: N samples, H hidden."""

import numpy as np
import torch

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView


def participation_ratio(states_NH: Array) -> float:
    """(Σλ)² / Σλ², λ the eigenvalues of the states' covariance: k for k equal ones, 1 to H.

    NaN where the states do not vary. Source: Gao et al. 2017, "A theory of multineuronal
    dimensionality, dynamics and measurement".

    >>> participation_ratio(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    2.0
    """
    eigenvalues = covariance_spectrum(states_NH)
    squares = float((eigenvalues**2).sum())
    return float(eigenvalues.sum() ** 2 / squares) if squares > 0 else float("nan")


def covariance_spectrum(states_NH: Array) -> Array:
    """Eigenvalues of the covariance, descending; NaN for a single sample."""
    if len(states_NH) < 2:
        return np.full(states_NH.shape[1], np.nan)
    covariance = np.atleast_2d(np.cov(states_NH, rowvar=False))
    spectrum: Array = np.linalg.eigvalsh(covariance).clip(min=0)[::-1]
    return spectrum


class ParticipationRatio(Probe):
    """The dimension of the top layer's states over the real steps of random validation examples.

    eigenvalues: of their covariance, descending, as shares of their sum.
    schedule: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def measure(self, view: ProbeView) -> Measurement:
        parts = []
        with torch.no_grad():
            for rollout, _ in view.rollouts(view.examples):
                states_BTH = torch.stack(list(rollout.states), dim=1)
                parts.append(states_BTH[rollout.valid_BT].cpu().numpy())
        states_NH = np.concatenate(parts)
        eigenvalues = covariance_spectrum(states_NH)
        return {
            "ratio": participation_ratio(states_NH),
            "eigenvalues": eigenvalues / max(eigenvalues.sum(), np.finfo(float).tiny),
            "hidden_size": float(states_NH.shape[1]),
        }
