"""How far back the loss reaches at every training step. Shapes: S training steps, K distances."""

from collections.abc import Sequence

import numpy as np

from rnnexp.probes.base import Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.decay import marked_distances

#: Distances at which a training step notes the gradient, beside the early, middle and late step.
MOST = 64


class GradientSteps(Probe):
    """‖dL/dh‖ of the top layer as the training itself came by it, in float32, a row per step.

    What `probes.gradient_flow.every_step` asks for; see `training.state_gradients`. Of an epoch
    that diverged too: nothing is rolled out.
    """

    rolls_out = False

    def __init__(self) -> None:
        super().__init__(at_start=False, every=1, at_end=True)

    def check(self, model: Observed, task: Source) -> None:
        """Raise ValueError where an answer is read from more states than one.

        The gradient that comes back through the recurrence cannot be told there from what each
        state is handed directly.
        """
        super().check(model, task)
        if not model.reads_one_step:
            raise ValueError(
                "needs an answer that is read from one state, so that all that arrives at a step "
                "has come back to it: use model.readout=last_valid, or leave out every_step"
            )

    def state_distances(self, steps: int) -> Sequence[int]:
        spaced = np.linspace(0, steps - 1, min(MOST, steps)).round().astype(int).tolist()
        return sorted({*spaced, *(marked_distances(steps) or ())})

    def measure(self, view: ProbeView) -> Measurement:
        if "state_gradient" not in view.steps:
            return {}
        own = self.state_distances(view.examples.inputs.shape[1])
        noted = np.isin(view.steps["state_distance"], own)
        return {
            "steps": float(len(view.steps["state_gradient"])),
            "norm": view.steps["state_gradient"][:, noted],
            "distance": np.array(own, np.float64),
        }
