"""The linear map that carries a small change of state from step t to step T.

Shapes: T time, B batch, D flat state (h, and for an LSTM c, of every layer).
"""

import numpy as np
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.examples import without_pads
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
    """ln of the largest singular value of ds_T/ds_(T-k), and the condition number, for each k.

    Two arrays [len(distances), B]. The product is rescaled as it grows, so that neither overflows
    nor underflows; condition numbers above 1/eps are only a lower bound.

    Raises ValueError for distances beyond the rollout.
    """
    last = len(rollout.inputs) - 1
    if not distances or min(distances) < 1 or max(distances) > last + 1:
        raise ValueError(f"distances must be from 1 to {last + 1} (got {distances})")
    product = None
    log_scale = torch.zeros(rollout.outputs.shape[0], dtype=torch.float64)
    largest, condition = {}, {}
    for k in range(1, max(distances) + 1):
        step = step_jacobian(rollout, last - k + 1).cpu().double()
        product = step if product is None else product @ step
        size_B = torch.linalg.matrix_norm(product)
        size_B = torch.where(size_B > 0, size_B, 1.0)
        product, log_scale = product / size_B[:, None, None], log_scale + size_B.log()
        if k in distances:
            sigma = torch.linalg.svdvals(product)
            largest[k] = (sigma[:, 0].log() + log_scale).numpy()
            condition[k] = (sigma[:, 0] / sigma[:, -1]).numpy()
    return np.stack([largest[k] for k in distances]), np.stack([condition[k] for k in distances])


class Jacobian(Probe):
    """Largest singular value and condition number of ds_T/ds_t against the distance T - t.

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
        batch = without_pads(view.longest.rows(0, self.examples))
        with torch.no_grad():
            rollout = view.model.rollout(batch)
        steps = len(rollout.inputs)
        # dense where the condition number still means something
        spaced = [*np.linspace(1, steps, self.points), *np.geomspace(1, steps, self.points)]
        distances = sorted({round(k) for k in spaced})
        log_largest, condition = singular_values(rollout, distances)
        slope = np.polyfit(distances, log_largest.mean(axis=1), 1)[0] if steps > 1 else np.nan
        return {
            "distance": np.array(distances, np.float64),
            "log_largest": log_largest.mean(axis=1),
            "condition": np.exp(np.log(condition).mean(axis=1)),
            "log_gain_per_step": float(slope),
        }
