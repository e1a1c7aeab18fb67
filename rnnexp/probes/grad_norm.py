"""The gradient norm at every training step, of all weights and of single ones."""

import numpy as np

from rnnexp.probes.base import Measurement, Observed, Probe, ProbeView, Source

#: How the names of norms of single weight matrices begin.
PARTS = ("before.", "after.")


class GradNorm(Probe):
    """What the training loop itself saw, step by step: gradients of the mean loss over a batch.

    before, after: L2 norm of the gradients of all trained weights together, before and after
    clipping. before.NAME, after.NAME: of one weight matrix of the recurrence, such as
    weight_hh_l0, alone. clipped: share of steps on which the rule acted. nonfinite: gradient
    elements that were infinite or NaN, over the epoch.
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
            **{name: norms for name, norms in steps.items() if name.startswith(PARTS)},
            "loss": steps["loss"],
            "steps": float(len(before)),
            "clipped": float(steps["fired"].mean()),
            "nonfinite": float(steps["nonfinite"].sum()),
            "median": float(np.median(finite)) if len(finite) else np.nan,
            "largest": float(before.max()) if np.isfinite(before).all() else np.inf,
        }
