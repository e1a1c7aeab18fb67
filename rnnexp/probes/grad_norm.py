"""The norm of all gradients at every training step, before and after clipping."""

import numpy as np

from rnnexp.probes.base import Measurement, Observed, Probe, ProbeView, Source


class GradNorm(Probe):
    """What the training loop's own clip reports say, step by step.

    before, after: total L2 norm of all gradients. clipped: share of steps on which the rule acted.
    nonfinite: gradient elements that were infinite or NaN, over the epoch.
    """

    rolls_out = False

    def __init__(self) -> None:
        super().__init__(at_start=False, every=1, at_end=True)

    def check(self, model: Observed, task: Source) -> None:
        """Every model has gradients."""

    def measure(self, view: ProbeView) -> Measurement:
        steps = view.steps
        if not steps:
            return {}
        before, after = steps["norm_before"], steps["norm_after"]
        finite = before[np.isfinite(before)]
        return {
            "before": before,
            "after": after,
            "loss": steps["loss"],
            "steps": float(len(before)),
            "clipped": float(steps["fired"].mean()),
            "nonfinite": float(steps["nonfinite"].sum()),
            "median": float(np.median(finite)) if len(finite) else np.nan,
            "largest": float(before.max()) if np.isfinite(before).all() else np.inf,
        }
