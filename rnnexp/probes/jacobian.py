"""The linear map that carries a small change of state from step t to step T.

Shapes: T time, B batch, D flat state (h, and for an LSTM c, of every layer).
"""

import numpy as np
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.norms import mean_and_interval, mean_present
from rnnexp.ranges import at_least
from rnnexp.types import Rollout


def step_jacobian(rollout: Rollout, t: int) -> Tensor:
    """d s_t / d s_(t-1) of the flat state s, [B, D, D], at the states of the rollout.

    The flat state holds all that one step hands to the next: of an LSTM (h, c). The block dh/dh
    alone is no Jacobian of its dynamics.
    """
    before_BD = rollout.flat_state(t - 1).detach()
    size = before_BD.shape[1]
    basis_DBD = torch.eye(size, dtype=before_BD.dtype, device=before_BD.device)[:, None].expand(
        size, *before_BD.shape
    )
    backward = torch.func.vjp(lambda s: rollout.advance(t, s), before_BD)[1]
    # row i is what the i-th element of s_t takes from each element of s_(t-1)
    rows_DBD: Tensor = torch.func.vmap(lambda row_BD: backward(row_BD)[0])(basis_DBD)
    return rows_DBD.permute(1, 0, 2)


def singular_values(rollout: Rollout, distances: list[int]) -> tuple[Array, Array]:
    """ln of the largest singular value of ds_n/ds_(n-k), and the condition number, for each k.

    n is each example's own last real step; steps before its first one do not count, but the state
    that they left does. Two arrays [len(distances), B], NaN where an example has not so many steps,
    and for one whose states are not all finite.
    The product is rescaled as it grows, so that neither overflows nor underflows; condition numbers
    above 1/eps are only a lower bound.

    Raises ValueError for distances beyond the longest example.
    """
    valid_BT = rollout.valid_BT.cpu()
    longest, (size, width) = int(valid_BT.sum(dim=1).max()), rollout.initial_BD.shape
    if not distances or min(distances) < 1 or max(distances) > longest:
        raise ValueError(f"distances must be from 1 to {longest} (got {distances})")
    product_BDD = torch.eye(width, dtype=torch.float64).repeat(size, 1, 1)
    log_scale_B = torch.zeros(size, dtype=torch.float64)
    walked_B = torch.zeros(size, dtype=torch.long)
    finite_B = rollout.finite_B.cpu()
    largest = np.full((len(distances), size), np.nan)
    condition = largest.copy()
    for t in reversed(range(len(rollout.inputs))):
        here_B = valid_BT[:, t] & finite_B & (walked_B < max(distances))
        if not bool(here_B.any()):
            continue
        step_BDD = step_jacobian(rollout, t).cpu().double().nan_to_num()  # of others: not counted
        product_BDD = torch.where(here_B[:, None, None], product_BDD @ step_BDD, product_BDD)
        size_B = torch.linalg.matrix_norm(product_BDD)
        size_B = torch.where(size_B > 0, size_B, 1.0)
        product_BDD, log_scale_B = product_BDD / size_B[:, None, None], log_scale_B + size_B.log()
        walked_B = walked_B + here_B
        for row, distance in enumerate(distances):
            arrived_B = here_B & (walked_B == distance)
            if bool(arrived_B.any()):
                sigma = torch.linalg.svdvals(product_BDD[arrived_B])
                arrived = arrived_B.numpy()
                largest[row, arrived] = sigma[:, 0].log() + log_scale_B[arrived_B]
                condition[row, arrived] = sigma[:, 0] / sigma[:, -1]
    return largest, condition


class Jacobian(Probe):
    """Largest singular value and condition number of ds_n/ds_t against the distance n - t.

    n is the last real step of each example. Means over the examples that have the distance, with
    the 95% t-interval of their ln.

    points: distances at which they are computed, so many evenly and so many in equal ratios.
    examples: over so many of the longest validation examples.
    schedule: as in `Probe`; by default before and after training, since it costs a few seconds.
    """

    def __init__(
        self,
        points: int = 20,
        examples: int = 4,
        at_start: bool = True,
        every: int = 0,
        at_end: bool = True,
    ) -> None:
        super().__init__(at_start, every, at_end)
        at_least("points", points, 2)
        at_least("examples", examples, 1)
        self.points, self.examples = points, examples

    def measure(self, view: ProbeView) -> Measurement:
        batch = view.longest.rows(0, self.examples)
        with torch.no_grad():
            rollout = view.model.rollout(batch)
        steps = int(rollout.valid_BT.sum(dim=1).max())
        points = min(self.points, steps)  # as many are every distance there is
        # dense where the condition number still means something
        spaced = [*np.linspace(1, steps, points), *np.geomspace(1, steps, points)]
        distances = sorted({round(k) for k in spaced})
        log_largest, condition = singular_values(rollout, distances)
        mean, low, high = mean_and_interval(log_largest)
        # every example has the distances of the shortest: no other text enters along the line
        common = ~np.isnan(log_largest).any(axis=1)
        gain_B = np.full(log_largest.shape[1], np.nan)
        if common.sum() > 1:
            gain_B = np.polyfit(np.array(distances)[common], log_largest[common], 1)[0]
        gain, gain_low, gain_high = (float(ends[0]) for ends in mean_and_interval(gain_B[None]))
        return {
            "distance": np.array(distances, np.float64),
            "log_largest": mean,
            "log_largest_low": low,
            "log_largest_high": high,
            "condition": np.exp(mean_present(np.log(condition))),
            "log_gain_per_step": gain,
            "log_gain_low": gain_low,
            "log_gain_high": gain_high,
            "examples": float((~np.isnan(log_largest).all(axis=0)).sum()),
        }
