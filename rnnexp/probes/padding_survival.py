"""How much of the gradient gets through the pads behind a text. Shapes: T time, B batch."""

import numpy as np

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.gradient_norms import GradientNorms, gradient_flow
from rnnexp.ranges import FLOOR
from rnnexp.types import Batch


def padding_survival(norms: GradientNorms, batch: Batch) -> tuple[Array, Array]:
    """Pads that the signal crosses, and ‖dL/dh_n‖ / ‖dL/dh_T‖, n the last real step; [B] each.

    T is the state that is read: the last one, for model=linear the last but one.
    """
    states_TB, end_B = norms.states_LTB[-1], norms.read_state_B
    column_B = np.arange(len(end_B))
    last_B = np.minimum(batch.last_valid_B.cpu().numpy(), end_B)
    at_end_B = states_TB[end_B, column_B]
    at_last_B = states_TB[last_B, column_B]
    ratio_B = np.full(len(last_B), np.nan)
    np.divide(at_last_B, at_end_B, out=ratio_B, where=at_end_B >= FLOOR)
    ratio_B = np.where(at_last_B < FLOOR, at_last_B, ratio_B)  # below the floor, or exactly 0
    return (end_B - last_B).astype(np.float64), ratio_B


class PaddingSurvival(Probe):
    """‖dL/dh_last token‖ / ‖dL/dh_T‖ against the number of pads, on random validation examples.

    schedule: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def check(self, model: Observed, task: Source) -> None:
        super().check(model, task)
        if not model.reads_pads or task.split("train").padding != "post":
            raise ValueError(
                "needs pads between the text and the readout: set model.readout=last and "
                "data.padding=post"
            )

    def measure(self, view: ProbeView) -> Measurement:
        parts = []
        for rollout, batch in view.rollouts(view.examples):
            norms = gradient_flow(rollout, view.total_loss(rollout, batch))
            parts.append(padding_survival(norms, batch))
        pads, ratio = (np.concatenate(values) for values in zip(*parts, strict=True))
        padded = ratio[pads > 0]
        return {
            "pads": pads,
            "ratio": ratio,
            "median_ratio": float(np.median(padded)) if len(padded) else np.nan,
            "median_pads": float(np.median(pads[pads > 0])) if len(padded) else np.nan,
        }
