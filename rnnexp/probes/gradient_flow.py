"""How much of the loss' gradient arrives at each step. Shapes: T time, B batch, L layers.

Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks",
section 2.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.norms import l2_norm, mean_where
from rnnexp.types import Rollout

#: Smaller norms are subnormal numbers that have lost their digits: marked, not measured.
FLOOR = 1e-300


@dataclass(frozen=True)
class GradientNorms:
    """L2 norms of one example's gradient each, the loss not divided by the batch size.

    inputs_TB: ‖dL/de_t‖ of the input at step t, NaN at pads and behind the readout.
    states_LTB: ‖dL/dh_t‖, total: over every path from h_t to the loss. NaN behind the readout,
        where there is no path; pads that the signal crosses count.
    cells_LTB: ‖dL/dc_t‖, total; None where the cell has none.
    read_at_B, read_state_B: the step whose input, the step whose state the readout sees last.
    """

    inputs_TB: Array
    states_LTB: Array
    cells_LTB: Array | None
    read_at_B: npt.NDArray[np.int64]
    read_state_B: npt.NDArray[np.int64]

    def by_step(self) -> tuple[Array, Array]:
        """Mean over the examples that have the step: inputs [T], states of the top layer [T]."""
        return _mean(self.inputs_TB), _mean(self.states_LTB[-1])

    def by_distance(self) -> tuple[Array, Array]:
        """Mean at 0, 1, ... steps before each example's own readout: inputs, states; [T] each."""
        return (
            _mean(_aligned(self.inputs_TB, self.read_at_B)),
            _mean(_aligned(self.states_LTB[-1], self.read_state_B)),
        )

    def half_life(self) -> float:
        """Steps in which the gradient of the top layer's state halves; see `half_life`."""
        return half_life(self.by_distance()[1])


def gradient_flow(rollout: Rollout, loss: Tensor) -> GradientNorms:
    """The norms of dL/de_t, dL/dh_t and dL/dc_t at every step, per example.

    loss: 0-dim, the *sum* over the examples of their losses, or [B], the losses themselves.

    The graph is used up: roll out again for another loss.

    >>> from rnnexp.model.rollout import rollout
    >>> r = rollout(torch.nn.RNN(3, 8), torch.randn(20, 2, 3))
    >>> gradient_flow(r, r.outputs.square().sum()).states_LTB.shape
    (1, 20, 2)
    """
    groups = [rollout.inputs]
    groups += [layer.states for layer in rollout.layers]
    groups += [layer.cells for layer in rollout.layers if layer.cells is not None]
    flat = [tensor for group in groups for tensor in group]
    gradients = torch.autograd.grad(loss.sum(), flat, allow_unused=True)
    norms = torch.stack(
        [
            l2_norm(torch.zeros_like(tensor) if gradient is None else gradient)
            for tensor, gradient in zip(flat, gradients, strict=True)
        ]
    )
    steps, layers = len(rollout.inputs), len(rollout.layers)
    table = norms.view(len(groups), steps, -1).cpu().numpy()
    table = np.where(np.isnan(table), np.inf, table)  # inf times 0 on the way: it overflowed
    read_at, read_state = rollout.read_at_B.cpu().numpy(), rollout.read_state_B.cpu().numpy()
    valid_TB = rollout.valid_BT.T.cpu().numpy()
    first_B = valid_TB.argmax(axis=0)  # pads before the text carry nothing
    step_T1 = np.arange(steps)[:, None]
    on_path_TB = (step_T1 >= first_B) & (step_T1 <= read_state)
    return GradientNorms(
        np.where(valid_TB & (step_T1 <= read_at), table[0], np.nan),
        np.where(on_path_TB, table[1 : 1 + layers], np.nan),
        np.where(on_path_TB, table[1 + layers :], np.nan) if len(groups) > 1 + layers else None,
        read_at,
        read_state,
    )


def log_gain(norm_by_distance: Array) -> float:
    """Slope of ln norm against the distance from the readout, by least squares, per step.

    Distances whose norm is under the floor of float64 or not finite are left out: the decay is
    censored there. NaN with fewer than two.
    """
    distance = np.arange(len(norm_by_distance))
    usable = np.isfinite(norm_by_distance) & (norm_by_distance > FLOOR)
    if usable.sum() < 2:
        return float("nan")
    return float(np.polyfit(distance[usable], np.log(norm_by_distance[usable]), 1)[0])


def half_life(norm_by_distance: Array) -> float:
    """ln 2 / -slope, in steps, see `log_gain`; infinite where the norm does not fall."""
    slope = log_gain(norm_by_distance)
    return float(np.log(2) / -slope) if not slope >= 0 else float("inf")


def marked_steps(steps: int) -> tuple[int, int, int]:
    """The steps (counted from 1) that tables show.

    >>> marked_steps(200), marked_steps(20)
    ((10, 100, 190), (2, 10, 18))
    """
    early = 10 if steps > 20 else max(1, steps // 10)
    return early, max(1, steps // 2), max(1, steps - early)


class GradientFlow(Probe):
    """Norm of dL/de_t, dL/dh_t and dL/dc_t per step, on the longest validation examples.

    ratio: the input gradient at the early step over that at the late one.
    half_life: of the top layer's state gradient, in steps.
    schedule: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def measure(self, view: ProbeView) -> Measurement:
        parts = [
            gradient_flow(rollout, view.total_loss(rollout, batch))
            for rollout, batch in view.rollouts(view.longest)
        ]
        norms = joined(parts)
        inputs_T, states_T = norms.by_step()
        input_by_distance, state_by_distance = norms.by_distance()
        low_T, high_T = spread(norms.inputs_TB)
        marks = marked_steps(len(inputs_T))
        early, middle, late = (inputs_T[t - 1] for t in marks)
        measured: Measurement = {
            "input": inputs_T,
            "input_low": low_T,
            "input_high": high_T,
            "state": states_T,
            "input_by_distance": input_by_distance,
            "state_by_distance": state_by_distance,
            "layers": np.stack([_mean(layer) for layer in norms.states_LTB]),
            "marks": np.array(marks, np.float64),
            "floor": FLOOR,
            "first": inputs_T[0],
            "early": early,
            "middle": middle,
            "late": late,
            "ratio": early / late if np.isfinite(late) and late > 0 else np.nan,
            "half_life": half_life(state_by_distance),
            "log_gain": log_gain(state_by_distance),
            "underflowed": float((inputs_T < FLOOR).sum()),
            "overflowed": float(np.isinf(inputs_T).sum()),
            "examples": float(len(norms.read_at_B)),
            "full_length": float((norms.read_at_B == len(inputs_T) - 1).sum()),
        }
        if norms.cells_LTB is not None:
            measured["cell"] = _mean(norms.cells_LTB[-1])
        return measured


def joined(parts: list[GradientNorms]) -> GradientNorms:
    """The examples of all parts as one batch."""
    cells = [part.cells_LTB for part in parts if part.cells_LTB is not None]
    return GradientNorms(
        np.concatenate([part.inputs_TB for part in parts], axis=-1),
        np.concatenate([part.states_LTB for part in parts], axis=-1),
        np.concatenate(cells, axis=-1) if cells else None,
        np.concatenate([part.read_at_B for part in parts]),
        np.concatenate([part.read_state_B for part in parts]),
    )


def spread(values_TB: Array) -> tuple[Array, Array]:
    """The 10th and the 90th percentile over the examples that have the step."""
    low = np.full(len(values_TB), np.nan)
    high = low.copy()
    there = ~np.isnan(values_TB).all(axis=1)
    if there.any():
        low[there], high[there] = np.nanpercentile(values_TB[there], [10, 90], axis=1)
    return low, high


def _mean(values_TB: Array) -> Array:
    return mean_where(values_TB, ~np.isnan(values_TB))


def _aligned(values_TB: Array, last_B: npt.NDArray[np.int64]) -> Array:
    """Row k: the value k steps before `last_B`, NaN where there is none."""
    steps, size = values_TB.shape
    step_TB = last_B - np.arange(steps)[:, None]
    found_TB = values_TB[step_TB.clip(min=0), np.arange(size)]
    return np.where(step_TB >= 0, found_TB, np.nan)
