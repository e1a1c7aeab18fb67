"""What the recurrent weights allow. Shapes: T time, B batch, H hidden."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.gradient_norms import aligned, gradient_flow, joined
from rnnexp.ranges import FLOOR


def spectral_radius(weight_HH: Tensor) -> float:
    """ρ(W) = max |eigenvalue|: how fast W^k grows in the end."""
    return float(torch.linalg.eigvals(weight_HH.cpu().double()).abs().max())


def largest_singular_value(weight_HH: Tensor) -> float:
    """σ_max(W) = max ‖Wv‖/‖v‖: how much a single step can stretch."""
    return float(torch.linalg.svdvals(weight_HH.cpu().double())[0])


def orthogonality_error(weight_HH: Tensor) -> float:
    """‖WᵀW - I‖ (Frobenius): 0 for an orthogonal W, which keeps every norm."""
    w = weight_HH.cpu().double()
    return float(torch.linalg.matrix_norm(w.T @ w - torch.eye(len(w), dtype=w.dtype)))


def gradient_bound(sigma_max: float, steps: int, slope: float = 1.0) -> Array:
    """(γ σ_max)^k for k = 0..steps-1, which ‖dL/dh_(T-k)‖ / ‖dL/dh_T‖ cannot exceed.

    slope: γ, the largest derivative of the nonlinearity: 1 for tanh, 1/4 for sigmoid. For a
    one-layer RNN with a loss on the last state; not for LSTM or GRU. Source: Pascanu et al. 2013,
    section 2.1.
    """
    log_gain = np.log(max(slope * sigma_max, np.finfo(np.float64).tiny))
    with np.errstate(over="ignore"):
        bound: Array = np.exp(np.arange(steps) * log_gain)
    return bound


class RecurrentWeights(Probe):
    """ρ, σ_max and ‖WᵀW - I‖ of every block over training; the bound they put on the gradient.

    Of one layer h_t = φ(W_ih x_t + W_hh h_(t-1) + b) that is read at one step also the measured
    ‖dL/dh_(T-k)‖ / ‖dL/dh_T‖, the largest over the examples, which lies below the bound. Other
    cells with a single W_hh have none: a layer norm stretches as much as what it reads is small.
    schedule: as in `Probe`.
    """

    one_direction = False  # of two directions it measures the matrices of each

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def check(self, model: Observed, task: Source) -> None:
        super().check(model, task)
        if not model.recurrent_weights():
            raise ValueError(f"needs a matrix from state to state; {model.called} has none")

    def measure(self, view: ProbeView) -> Measurement:
        weights = view.model.recurrent_weights()
        measured: Measurement = {}
        for name, weight in weights.items():
            measured[f"radius {name}"] = spectral_radius(weight)
            measured[f"sigma {name}"] = largest_singular_value(weight)
            measured[f"orthogonality_error {name}"] = orthogonality_error(weight)
        cell = view.model.top_cell
        if len(weights) == 1 and view.model.reads_one_step and cell is not None and cell.is_plain:
            norms = joined(
                [
                    gradient_flow(rollout, view.total_loss(rollout, batch))
                    for rollout, batch in view.rollouts(view.longest)
                ]
            )
            ratio = _largest_ratio(norms.states_LTB[0], norms.read_state_B)
            sigma = max(float(measured[f"sigma {name}"]) for name in weights)
            measured |= {"ratio": ratio, "bound": gradient_bound(sigma, len(ratio))}
        return measured


def _largest_ratio(states_TB: Array, read_state_B: npt.NDArray[np.int64]) -> Array:
    """Largest over the examples of ‖dL/dh_(n-k)‖ / ‖dL/dh_n‖, n the state that is read.

    NaN where it underflowed.
    """
    states_KB = aligned(states_TB, read_state_B)
    states_KB = np.where((states_KB > 0) & (states_KB < FLOOR), np.nan, states_KB)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Array = np.fmax.reduce(states_KB / states_KB[0], axis=1)
    return ratio
