"""The delta rule: a matrix that maps keys to values, corrected at each step.

Source: Schlag, Irie and Schmidhuber 2021, "Linear transformers are secretly fast weight
programmers", arXiv:2102.11174; with keys of norm 1, Yang, Wang, Zhang, Shen and Kim 2024,
"Parallelizing linear transformers with the delta rule over sequence length", arXiv:2406.06484;
β up to 2: Grazzi et al. 2024, arXiv:2411.12537. One head; left out: the SiLU and the short
convolution before keys, queries and values, and the normalisation of the output.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells.base import Cell, State, Weights
from rnnexp.ranges import at_least


@dataclass(frozen=True)
class DeltaNetCell(Cell):
    """S_t = S_(t-1) + β_t (v_t - S_(t-1) k_t) k_tᵀ,   h_t = S_t q_t,

    k_t = k̂_t / ‖k̂_t‖, q_t = q̂_t / ‖q̂_t‖;  q̂_t, k̂_t, v_t = rows of W_ih x_t + b_ih;  β_t = 2 σ(·)
    of its last row, in (0, 2); without `negative_eigenvalues` σ(·), in (0, 1).

    The state is multiplied by I - β k kᵀ, whose eigenvalue along k is 1 - β: at β = 1 the value of
    k is overwritten by v, at β = 2 what stood there is reflected, and β = 0 keeps everything.
    W_ih [2K + H + 1, E], b_ih likewise: rows query, key, value, beta; from U(±1/√H). State: S
    [H, K], as B rows of H K numbers; h is read from it and no step needs it.

    key_size: K; so many keys at right angles to each other have room.
    negative_eigenvalues: whether β reaches to 2, so that a step can change a sign, as parity needs.
    """

    key_size: int = 16
    negative_eigenvalues: bool = True
    name = "deltanet"
    blocks = ("query", "key", "value", "beta")
    candidate = "value"
    has_weight_hh = False

    def __post_init__(self) -> None:
        at_least("key_size", self.key_size, 1)

    @property
    def gates(self) -> tuple[str, ...]:
        """None: β is one number for the whole state."""
        return ()

    def rows(self, hidden_size: int) -> dict[str, int]:
        return {"query": self.key_size, "key": self.key_size, "value": hidden_size, "beta": 1}

    def hidden_size(self, weights: Weights) -> int:
        return len(weights["weight_ih"]) - 2 * self.key_size - 1

    def read(self, x: Tensor, weights: Weights) -> Tensor:
        """q_t, k_t, v_t and β_t of all steps at once, [T, B, 2K + H + 1]."""
        a = super().read(x, weights)
        q, k, v, b = torch.split(a, list(self.rows(self.hidden_size(weights)).values()), dim=-1)
        beta = b.sigmoid() * (2 if self.negative_eigenvalues else 1)
        return torch.cat([F.normalize(q, dim=-1), F.normalize(k, dim=-1), v, beta], dim=-1)

    def step(self, a_BG: Tensor, previous: State) -> State:
        size = a_BG.shape[1] - 2 * self.key_size - 1
        q_BK, k_BK, v_BH, beta_B1 = torch.split(a_BG, list(self.rows(size).values()), dim=1)
        S_BHK = previous.handed_on[0].reshape(-1, size, self.key_size)
        held_BH = torch.einsum("bhk,bk->bh", S_BHK, k_BK)
        S_BHK = S_BHK + (beta_B1 * (v_BH - held_BH))[:, :, None] * k_BK[:, None, :]
        # h is read from the very tensor that is handed on: its gradient is then total
        S_BD = S_BHK.flatten(1)
        h_BH = torch.einsum("bhk,bk->bh", S_BD.view(-1, size, self.key_size), q_BK)
        return State(h_BH, carried=(S_BD,))

    def state_sizes(self, hidden_size: int) -> tuple[int, ...]:
        return (hidden_size * self.key_size,)

    def state_of(self, parts: Sequence[Tensor]) -> State:
        (S_BD,) = parts
        size = S_BD.shape[1] // self.key_size
        return State(S_BD.new_full((len(S_BD), size), torch.nan), carried=(S_BD,))

    def initial(self, batch_size: int, hidden_size: int, like: Tensor) -> State:
        before = super().initial(batch_size, hidden_size, like)
        return State(like.new_zeros(batch_size, hidden_size), carried=before.carried)
