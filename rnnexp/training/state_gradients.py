"""How far back the loss reaches, at every training step. Shapes: T time, B batch, H hidden, K
distances.

engine=bptt comes by the total gradient dL/dh_t of every state anyway; what is added is its norm.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.model.base import SequenceModel
from rnnexp.ranges import BELOW_FLOAT32, FLOAT32_FLOOR
from rnnexp.types import Batch, wide

#: A norm that is 0 right after one above this was cut off, by a dead unit say, and has not decayed.
CUT_ABOVE = 1e-18

#: Time steps whose norms are taken together.
AT_A_TIME = 16


class StateGradients:
    """‖dL/dh‖ of the top layer, by distance from each example's readout: a row per training step.

    The mean over the examples that have so many steps, each of its own loss: of the batch's mean
    loss it is as many times smaller as there are examples. Squares are summed in float64, where
    none of float32 underflows. What float32 could not hold is `BELOW_FLOAT32`; 0 is 0: nothing
    arrives. NaN where no example of the batch has the distance.

    distances: K of them, in steps before the readout; with none nothing is measured.
    """

    def __init__(self, distances: Sequence[int] = ()) -> None:
        self.distances = distances
        self._rows: list[Tensor] = []
        self._distance_K: Tensor | None = None  # on the device, once it is known
        self._norms_TB: Tensor | None = None

    def watch(self, model: SequenceModel) -> None:
        """Let the model tell its gradients from now on, or stop telling."""
        model.watch = self._see if self.distances else None

    def _see(self, total_TBH: Tensor) -> None:
        # a few steps at a time: in float64 all of them are written to memory, and read again
        self._norms_TB = torch.cat(
            [
                torch.linalg.vector_norm(part_TBH, dim=2, dtype=wide(part_TBH.device))
                for part_TBH in torch.split(total_TBH, AT_A_TIME)
            ]
        )

    def measure(self, batch: Batch, reads_pads: bool) -> None:
        """Note the gradients of the step whose way back has just ended."""
        if not self.distances:
            return
        if self._norms_TB is None:  # the loss does not depend on the states
            device = batch.lengths.device
            self._rows.append(
                torch.full((len(self.distances),), torch.nan, dtype=wide(device), device=device)
            )
            return
        norms_TB, self._norms_TB = self._norms_TB, None
        own_TB = marked(norms_TB, len(batch))
        last_B = batch.last_step_B if reads_pads else batch.last_valid_B
        first_B = (len(own_TB) - batch.lengths) * (batch.padding == "pre")
        if self._distance_K is None:  # copied once: the host waits for it
            self._distance_K = torch.tensor(self.distances).to(last_B.device, non_blocking=True)
        step_KB = last_B - self._distance_K[:, None]
        there_KB = step_KB >= first_B
        values_KB = own_TB.gather(0, step_KB.clamp(min=0)).where(there_KB, 0.0)
        self._rows.append(values_KB.sum(1) / there_KB.sum(1))

    def state(self) -> Tensor:
        """All rows, on the CPU; `restore` takes them back."""
        return torch.stack(self._rows).cpu() if self._rows else torch.empty(0)

    def restore(self, state: Tensor | None, count: int, device: torch.device) -> None:
        """Go on behind the rows of `state`, of `count` steps; None where an earlier version had
        none, whose steps are not measured.
        """
        if not self.distances:
            return
        if state is None or len(state) < count:
            state = torch.full((count, len(self.distances)), torch.nan, dtype=torch.float64)
        self._rows = list(state.to(device, wide(device)).unbind())

    def by_step(self, count: int) -> dict[str, npt.NDArray[np.float64]]:
        """Of the first `count` training steps `state_gradient`, [count, K], and the distances as
        `state_distance`, [K].
        """
        if not self._rows:
            return {}
        return {
            "state_gradient": self.state()[:count].numpy().astype(np.float64),
            "state_distance": np.array(self.distances, np.float64),
        }


def marked(norms_TB: Tensor, count: int) -> Tensor:
    """Norms of the gradients of each example's own loss, `count` in the batch, with
    `BELOW_FLOAT32` for what float32 could not hold.

    Going back from the readout, a norm that falls below the floor little by little has underflowed,
    at its exact value or flushed to 0; one that is 0 all at once is 0.

    >>> marked(torch.tensor([[0.0], [1e-20], [1.0]], dtype=torch.float64), 2)[:, 0].tolist()
    [1e-37, 2e-20, 2.0]
    """
    known_TB = norms_TB.where(norms_TB > 0, torch.inf)
    nearer_TB = known_TB.flip(0).cummin(0).values.flip(0)
    below_TB = (norms_TB < FLOAT32_FLOOR) & ((norms_TB > 0) | (nearer_TB < CUT_ABOVE))
    # inf times 0 on the way is NaN: it overflowed
    own_TB = (count * norms_TB).nan_to_num(nan=torch.inf, posinf=torch.inf)
    return own_TB.masked_fill(below_TB, BELOW_FLOAT32)
