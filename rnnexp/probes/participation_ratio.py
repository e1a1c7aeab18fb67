"""How many directions the states use. Shapes: N samples, H hidden."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from scipy import stats

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


def unbiased_participation_ratio(states_NH: Array, sequence_N: npt.NDArray[np.int64]) -> float:
    """The participation ratio of the states' distribution, from few sequences of it.

    (tr C)² / tr C² with both made of pairs of states from different sequences alone, whose products
    have the right mean: the plain ratio of N samples stays below N, and reads 71 for 160 samples of
    128 equal directions. States of one sequence are not independent, so that sequences are what is
    paired. sequence_N: which sequence each state is of.

    NaN for fewer than two sequences, and where the pairs share no variance. It may exceed H by
    chance. Source: Chun et al. 2025, "Estimating dimensionality of neural representations from
    finite samples", whose samples are independent.
    """
    return _from_pairs(_SequenceScatter.of(states_NH, sequence_N))


@dataclass(frozen=True)
class _SequenceScatter:
    """Of each sequence k, S_k = Σ x xᵀ over its centred states: what pairs of sequences need.

    traces: tr S_k. squares: ‖S_k‖². across: <S_k, Σ_j S_j>. total: ‖Σ_j S_j‖².
    """

    traces: Array
    squares: Array
    across: Array
    total: float

    @classmethod
    def of(cls, states_NH: Array, sequence_N: npt.NDArray[np.int64]) -> Self:
        centred_NH = states_NH - states_NH.mean(axis=0)
        sum_HH = centred_NH.T @ centred_NH
        rows = []
        for k in np.unique(sequence_N):
            of_sequence = centred_NH[sequence_N == k]
            scatter_HH = of_sequence.T @ of_sequence
            rows.append((np.trace(scatter_HH), (scatter_HH**2).sum(), (scatter_HH * sum_HH).sum()))
        traces, squares, across = np.array(rows).T
        return cls(traces, squares, across, float((sum_HH**2).sum()))

    def without(self, k: int) -> "_SequenceScatter":
        """The same of the others; their mean is left where it was."""
        others = np.arange(len(self.traces)) != k
        total = self.total - 2 * self.across[k] + self.squares[k]
        return _SequenceScatter(
            self.traces[others], self.squares[others], self.across[others], total
        )


def _from_pairs(scatter: _SequenceScatter) -> float:
    """Σ_{j≠k} tr S_j tr S_k / Σ_{j≠k} <S_j, S_k>."""
    if len(scatter.traces) < 2:
        return float("nan")
    trace_pairs = scatter.traces.sum() ** 2 - (scatter.traces**2).sum()
    square_pairs = scatter.total - scatter.squares.sum()
    return float(trace_pairs / square_pairs) if square_pairs > 0 else float("nan")


def participation_interval(
    states_NH: Array, sequence_N: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """95% t-interval of the logarithm of `unbiased_participation_ratio`, taken back.

    Its standard error is the jackknife's over the sequences. NaN for fewer than three of them.
    """
    scatter = _SequenceScatter.of(states_NH, sequence_N)
    n = len(scatter.traces)
    if n < 3:
        return float("nan"), float("nan")
    with np.errstate(invalid="ignore"):
        logs = np.log([_from_pairs(scatter.without(k)) for k in range(n)])
    half_width = stats.t.ppf(0.975, n - 1) * np.sqrt(
        (n - 1) / n * ((logs - logs.mean()) ** 2).sum()
    )
    low, high = (float(_from_pairs(scatter) * np.exp(sign * half_width)) for sign in (-1, 1))
    return low, high


class ParticipationRatio(Probe):
    """The dimension of the top layer's states over the real steps of random validation examples.

    ratio: of these states, see `participation_ratio`: never above their number.
    unbiased: of the distribution that they come from, with its 95% interval by the jackknife over
        the examples, see `unbiased_participation_ratio`.
    samples, sequences: states, and examples that they come from.
    eigenvalues: of their covariance, descending, as shares of their sum.
    schedule: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def measure(self, view: ProbeView) -> Measurement:
        parts, sequences, examples = [], [], 0
        with torch.no_grad():
            for rollout, batch in view.rollouts(view.examples):
                states_BTH = torch.stack(list(rollout.states), dim=1)
                parts.append(states_BTH[rollout.valid_BT].cpu().numpy())
                sequences.append(examples + rollout.valid_BT.nonzero()[:, 0].cpu().numpy())
                examples += len(batch)
        states_NH, sequence_N = np.concatenate(parts), np.concatenate(sequences)
        eigenvalues = covariance_spectrum(states_NH)
        low, high = participation_interval(states_NH, sequence_N)
        return {
            "ratio": participation_ratio(states_NH),
            "unbiased": unbiased_participation_ratio(states_NH, sequence_N),
            "unbiased_low": low,
            "unbiased_high": high,
            "samples": float(len(states_NH)),
            "sequences": float(examples),
            "eigenvalues": eigenvalues / max(eigenvalues.sum(), np.finfo(float).tiny),
            "hidden_size": float(states_NH.shape[1]),
        }
