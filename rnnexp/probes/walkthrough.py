"""One sequence word by word. Shapes: T time, H hidden, O outputs."""

import numpy as np
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.types import Rollout


def word_by_word(rollout: Rollout, loss: Tensor) -> dict[str, Array]:
    """What happens at each step of the first example.

    hidden [T, H]: h_t of the top layer. state [T]: its norm. outputs [T, O]: the logits, had the
    text ended there. gradient [T]: ‖dL/de_t‖, NaN behind the readout.
    """
    hidden_TH = torch.stack([h_BH[0] for h_BH in rollout.states]).detach()
    with torch.no_grad():
        outputs_TO = torch.stack([rollout.outputs_at(t)[0] for t in range(len(rollout.inputs))])
    return {
        "hidden": hidden_TH.cpu().numpy(),
        "state": hidden_TH.norm(dim=1).cpu().numpy(),
        "outputs": outputs_TO.cpu().numpy(),
        "gradient": gradient_flow(rollout, loss).inputs_TB[:, 0],
    }


class Walkthrough(Probe):
    """Hidden state, logits and gradient at each word of one validation (or training) sequence.

    schedule: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 0, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def measure(self, view: ProbeView) -> Measurement:
        batch = view.longest.rows(0, 1)
        rollout = view.model.rollout(batch)
        loss = view.total_loss(rollout, batch)
        real_T = batch.valid_BT[0].cpu().numpy()
        steps = {key: value[real_T] for key, value in word_by_word(rollout, loss).items()}
        measured: Measurement = {**steps, "loss": float(loss.detach())}
        if not batch.inputs.is_floating_point():
            measured["token"] = batch.inputs[0].cpu().numpy()[real_T].astype(np.float64)
        return measured
