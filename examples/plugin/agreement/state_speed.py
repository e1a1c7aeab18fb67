"""How fast the state moves. Shapes: B batch, T steps, H hidden."""

import numpy as np
import torch
from torch import Tensor

from rnnexp.probes.base import Measurement, Probe, ProbeView


def speed(states_TBH: Tensor) -> Tensor:
    """‖h_t - h_(t-1)‖ / (‖h_t‖ + ‖h_(t-1)‖) of each step after the first, [T-1, B].

    0: the state has stayed. 1: it is the opposite of what it was. √½: as far away as a state of the
    same size at a right angle, which is where one without memory of the last is found.
    NaN where both states are 0.
    """
    moved = (states_TBH[1:] - states_TBH[:-1]).norm(dim=-1)
    return moved / (states_TBH[1:].norm(dim=-1) + states_TBH[:-1].norm(dim=-1))


class StateSpeed(Probe):
    """How far the top layer's state moves from step to step, as a share of its size.

    examples: how many validation examples are followed.
    at_start, every, at_end: when it looks; see `Probe`.
    """

    # The three arguments of the schedule belong to every probe; others are its own settings.
    def __init__(
        self, examples: int = 32, at_start: bool = True, every: int = 1, at_end: bool = True
    ) -> None:
        super().__init__(at_start, every, at_end)
        if examples < 1:
            raise ValueError(f"examples must be at least 1 (got {examples})")
        self.examples = examples

    def measure(self, view: ProbeView) -> Measurement:
        """Numbers go to summary.json and to probes/state_speed.npz, arrays to the latter alone.

        `view.rollouts` replays any recurrent network step by step in float64: nothing here depends
        on the cell, and nothing reaches the training.
        """
        parts = []
        with torch.no_grad():
            for rollout, batch in view.rollouts(view.examples.rows(0, self.examples)):
                moved_TB = speed(torch.stack(list(rollout.states)))
                # behind the end of a text nothing is measured: NaN, not 0
                parts.append(moved_TB.masked_fill(~batch.valid_BT.T[1:], torch.nan))
        speed_TB = torch.cat(parts, dim=1).cpu().numpy()
        if np.isnan(speed_TB).all():
            return {}  # a single step, or states that are all 0: there is nothing to measure
        return {
            "mean": float(np.nanmean(speed_TB)),
            "by_step": np.array([np.nan if np.isnan(r).all() else np.nanmean(r) for r in speed_TB]),
        }
