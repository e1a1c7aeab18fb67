"""How much of the gradient gets through the pads behind a text. Shapes: T time, B batch."""

import numpy as np

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.gradient_flow import gradient_flow
from rnnexp.types import Batch


def padding_survival(states_TB: Array, batch: Batch) -> tuple[Array, Array]:
    """Pads behind each text, and ‖dL/dh_n‖ / ‖dL/dh_T‖: its last real step n over the last step T.

    states_TB: norms of the state gradient, of `gradient_flow`.
    """
    last_B = batch.last_valid_B.cpu().numpy()
    pads_B = len(states_TB) - 1 - last_B
    at_end_B = states_TB[-1]
    ratio_B = np.full(len(last_B), np.nan)
    np.divide(states_TB[last_B, np.arange(len(last_B))], at_end_B, out=ratio_B, where=at_end_B > 0)
    return pads_B.astype(np.float64), ratio_B


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
            parts.append(padding_survival(norms.states_LTB[-1], batch))
        pads, ratio = (np.concatenate(values) for values in zip(*parts, strict=True))
        padded = ratio[pads > 0]
        return {
            "pads": pads,
            "ratio": ratio,
            "median_ratio": float(np.median(padded)) if len(padded) else np.nan,
            "median_pads": float(np.median(pads[pads > 0])) if len(padded) else np.nan,
        }
