"""How much of the loss' gradient arrives at each step. Shapes: T time, B batch, K distance.

Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks",
section 2.
"""

import math
from collections.abc import Mapping

import numpy as np

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.decay import marked_distances
from rnnexp.probes.gradient_norms import aligned, gradient_flow, joined
from rnnexp.probes.gradient_steps import GradientSteps
from rnnexp.probes.norms import mean_present, ratio_interval
from rnnexp.ranges import FLOOR


class GradientFlow(Probe):
    """Norm of dL/de_t, dL/dh_t and dL/dc_t per step, on the longest validation examples.

    All by distance from each example's own readout, over the examples that come 95% of the longest
    one's steps back: a short text's first word is not a long one's. With readout=mean or max along
    the recurrence alone, from the last state that is read.

    early, middle, late: ‖dL/de‖ at 95%, 50% and 5% of the steps before the readout, means over the
        examples that have an early and a late step.
    ratio: early over late of a typical one of these examples, with its 95% interval over them; see
        `ratio_interval`.
    silent: examples of whose loss nothing enters; they are left out.
    half_share, end_share: what is left of ‖dL/dh‖ of the top layer at half and at the whole length.
    near_slope, far_slope: of ln ‖dL/dh‖ per step, over the first and last quarter of the way back.
    half_life: of the top layer's state gradient, in steps, where the way back is a straight line.
    every_step: note ‖dL/dh‖ of the top layer at every training step too, see `GradientSteps`.
    schedule: as in `Probe`.
    """

    def __init__(
        self,
        at_start: bool = True,
        every: int = 1,
        at_end: bool = True,
        every_step: bool = False,
    ) -> None:
        super().__init__(at_start, every, at_end)
        self.every_step = every_step

    def companions(self) -> Mapping[str, Probe]:
        return {"gradient_steps": GradientSteps()} if self.every_step else {}

    def measure(self, view: ProbeView) -> Measurement:
        norms = joined(
            [
                gradient_flow(rollout, view.total_loss(rollout, batch), path="recurrence")
                for rollout, batch in view.rollouts(view.longest)
            ]
        )
        width = len(norms.inputs_TB)
        early, middle, late = norms.marks()
        far = norms.reaching(early)
        inputs_KB = aligned(far.inputs_TB, far.read_at_B)
        decay = norms.decay()
        inputs_T, states_T = (curve_K[::-1] for curve_K in far.by_distance())
        low_T, high_T = (percentile_K[::-1] for percentile_K in spread(inputs_KB))
        measured: Measurement = {
            # against the step t, for an example whose readout is at the last of them
            "input": inputs_T,
            "input_low": low_T,
            "input_high": high_T,
            "state": states_T,
            "layers": np.stack(
                [mean_present(aligned(x, far.read_state_B))[::-1] for x in far.states_LTB]
            ),
            "marks": np.array([width - k for k in (early, middle, late)], np.float64),
            "floor": FLOOR,
            "first": float(inputs_T[0]),
            **_compared(inputs_KB, norms.longest),
            "half_share": decay.half_share,
            "end_share": decay.end_share,
            "near_slope": decay.near_slope,
            "far_slope": decay.far_slope,
            "log_gain": decay.slope,
            "straight": math.nan if decay.straight is None else float(decay.straight),
            "half_life": decay.half_life,
            "underflowed": float(((inputs_T > 0) & (inputs_T < FLOOR)).sum()),
            "overflowed": float(np.isinf(inputs_T).sum()),
            "longest": float(norms.longest),
            "examples": float(norms.inputs_TB.shape[1]),
            "silent": float(norms.silent),
            "recurrence_alone": float(norms.path == "recurrence"),
        }
        if view.model.truncate is not None:
            measured["cut"] = float(view.model.truncate)
        if far.cells_LTB is not None:
            measured["cell"] = mean_present(aligned(far.cells_LTB[-1], far.read_state_B))[::-1]
        return measured


def _compared(inputs_KB: Array, steps: int) -> dict[str, float]:
    """Early, middle and late norms, means over the examples that have the early and the late one,
    and what `ratio_interval` says of these; NaN where `steps`, the longest example's, are too few.
    """
    marks = marked_distances(steps)
    if marks is None:
        names = ("early", "middle", "late", "ratio", "ratio_low", "ratio_high")
        return {**dict.fromkeys(names, math.nan), "compared": 0.0}
    early_B, middle_B, late_B = (inputs_KB[k] for k in marks)
    both = ~(np.isnan(early_B) | np.isnan(late_B))
    early, middle, late = (
        float(mean_present(values_B[None, both])[0]) for values_B in (early_B, middle_B, late_B)
    )
    ratio, low, high = ratio_interval(early_B[both], late_B[both])
    return {
        "early": early,
        "middle": middle,
        "late": late,
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high,
        "compared": float(both.sum()),
    }


def spread(values_TB: Array) -> tuple[Array, Array]:
    """The 10th and the 90th percentile over the examples that have the step."""
    low = np.full(len(values_TB), np.nan)
    high = low.copy()
    there = ~np.isnan(values_TB).all(axis=1)
    if there.any():
        low[there], high[there] = np.nanpercentile(values_TB[there], [10, 90], axis=1)
    return low, high
