"""The bound on the gradient: of which networks there is one, and that none of them breaks it."""

import numpy as np
import pytest
import torch

from rnnexp.data.random_tokens import RandomTokens
from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.model.cells import cells, make_cell
from rnnexp.model.fused import RNN
from rnnexp.model.linear import Linear
from rnnexp.model.unrolled import Unrolled
from rnnexp.probes.recurrent_weights import RecurrentWeights
from tests.probes.test_base import view_of

TASK = RandomTokens(seq_len=12, count=60)
WITH_W_HH = [name for name, cell in cells().items() if cell.has_weight_hh]


def measured(model: SequenceModel) -> dict[str, object]:
    # small weights: what a layer norm stretches is then far beyond what W_hh alone could
    for name, weight in model.named_parameters():
        if "_hh_" in name:
            torch.nn.init.normal_(weight, std=0.05)
    return dict(
        RecurrentWeights().measure(view_of(model, TASK.split("val").batch(torch.arange(6))))
    )


@pytest.mark.parametrize("name", WITH_W_HH)
def test_no_gradient_lies_above_its_bound(name: str) -> None:
    torch.manual_seed(0)
    found = measured(Unrolled(Learned(TASK.vocabulary, 4), 2, cell=name, hidden_size=8))
    assert ("bound" in found) == make_cell(name).is_plain
    if "bound" in found:
        excess = np.asarray(found["ratio"]) / np.asarray(found["bound"]) - 1
        assert np.nanmax(excess) < 1e-9


@pytest.mark.parametrize("kind", [RNN, Linear])
def test_models_of_torch_have_it_too_and_several_layers_have_none(
    kind: type[RNN] | type[Linear],
) -> None:
    torch.manual_seed(0)
    assert "bound" in measured(kind(Learned(TASK.vocabulary, 4), 2, hidden_size=8))
    if kind is RNN:
        deep = RNN(Learned(TASK.vocabulary, 4), 2, hidden_size=8, num_layers=2)
        assert "bound" not in measured(deep)
