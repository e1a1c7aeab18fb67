"""Backpropagation through time, written out, against autograd."""

from typing import Any, Literal

import numpy as np
import torch

from rnnexp.checks.suite import Values, check
from rnnexp.model.unrolled import UnrolledRNN
from rnnexp.probes.base import Array


@check("bptt: the gradients of the plain RNN equal autograd's", 1e-12)
def plain_is_autograds() -> tuple[Values, Values]:
    return _gradients("rnn", "autograd"), _gradients("rnn", "bptt")


@check("bptt: the gradients of the GRU equal autograd's", 1e-12)
def gru_is_autograds() -> tuple[Values, Values]:
    return _gradients("gru", "autograd"), _gradients("gru", "bptt")


@check("bptt: the gradients of diagonal cells equal autograd's", 1e-13, relative=False)
def diagonal_is_autograds() -> tuple[Values, Values]:
    """Real and complex, fixed and chosen by the input; each over its own norm."""
    variants: list[tuple[str, dict[str, Any]]] = [
        ("mingru", {}), ("minlstm", {}), ("lru", {}), ("lru", {"eigenvalues": "real"}),
        ("selective", {"negative_eigenvalues": True}),
    ]  # fmt: skip
    found: list[list[Array]] = [[], []]
    for cell, options in variants:
        autograds, ours = (_gradients(cell, engine, options) for engine in ("autograd", "bptt"))
        found[0].append(autograds / np.linalg.norm(autograds))
        found[1].append(ours / np.linalg.norm(autograds))
    return np.concatenate(found[0]), np.concatenate(found[1])


def _gradients(
    cell: str, engine: Literal["autograd", "bptt"], options: dict[str, Any] | None = None
) -> Array:
    torch.manual_seed(0)
    network = UnrolledRNN(
        3, 8, num_layers=2, cell=cell, cell_options=options, engine=engine
    ).double()
    states_TBH, _ = network(torch.randn(50, 4, 3, dtype=torch.float64))
    states_TBH.square().sum().backward()
    found = [p.grad for p in network.parameters() if p.grad is not None]
    flat: Array = torch.cat([gradient.flatten() for gradient in found]).numpy()
    return flat
