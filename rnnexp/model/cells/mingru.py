"""The minimal gated recurrent unit, minGRU.

Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, "Were RNNs all we needed?",
arXiv:2410.01201, section 3.1. Left out: their form in logarithms, whose candidate g(·) is positive,
which is made for parallel scans; here steps are steps.
"""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.model.cells.diagonal import DiagonalCell, Terms


@dataclass(frozen=True)
class MinGRUCell(DiagonalCell):
    """z_t = σ(W_z x_t + b_z), h̃_t = W_h x_t + b_h,   h_t = (1 - z_t) h_(t-1) + z_t h̃_t.

    The rows are those of the gate that keeps, 1 - z_t = σ(W_k x_t + b_k), W_k = -W_z: as those of
    `gru`, so that an initialisation of the gate that carries the state means the same in both. The
    functions that the cell can compute are the paper's, and from U(±1/√H) so is the start.
    W_ih [2H, E], b_ih [2H]: rows keep, content. State: h [B, H].
    """

    name = "mingru"
    blocks = ("keep", "content")
    candidate = "content"
    carry = "keep"

    def terms(self, a: Tensor) -> Terms:
        keep, content = a.chunk(2, dim=-1)
        keep = keep.sigmoid()
        return Terms(keep, (1 - keep) * content, {"keep": keep, "content": content})
