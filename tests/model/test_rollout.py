"""The rollout against every model's own forward pass."""

import resource
import sys

import pytest
import torch
from torch import nn

from rnnexp import rollout
from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.linear import Linear
from rnnexp.model.unrolled import Unrolled
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.types import Batch

WORDS = ["<pad>", *"abcdefgh"]
MODELS = {
    "rnn": lambda e, **k: RNN(e, 2, hidden_size=32, **k),
    "rnn relu": lambda e, **k: RNN(e, 2, hidden_size=32, nonlinearity="relu", **k),
    "lstm": lambda e, **k: LSTM(e, 2, hidden_size=32, **k),
    "gru": lambda e, **k: GRU(e, 2, hidden_size=32, **k),
    "lstm of 3": lambda e, **k: LSTM(e, 2, hidden_size=32, num_layers=3, dropout=0.5, **k),
    "unrolled lstm of 2": lambda e, **k: Unrolled(e, 2, "lstm", 32, 2, **k),
    "linear": lambda e, **k: Linear(e, 2, hidden_size=32, **k),
}
READOUTS = ("last", "last_valid", "mean", "max")


def make(name: str, readout: str) -> SequenceModel:
    torch.manual_seed(0)
    model: SequenceModel = MODELS[name](Learned(WORDS, 8), readout=readout)
    return model.eval()


def batch(padding: str = "post", steps: int = 60) -> Batch:
    torch.manual_seed(1)
    lengths = torch.tensor([steps, 7, 33, 1])
    made = Batch(torch.randint(1, 9, (4, steps)), torch.zeros(4).long(), lengths, padding)  # type: ignore[arg-type]
    made.inputs[~made.valid_BT] = 0
    return made


@pytest.mark.parametrize("padding", ["post", "pre"])
@pytest.mark.parametrize(
    ("name", "readout"),
    # the linear model reads one step
    [(n, r) for n in MODELS for r in READOUTS if n != "linear" or r.startswith("last")],
)
def test_equal_to_the_forward_pass(name: str, readout: str, padding: str) -> None:
    model, examples = make(name, readout), batch(padding)
    made = model.rollout(examples)
    assert made.outputs.dtype == torch.float64
    with torch.no_grad():
        assert (made.outputs - model(examples)).abs().max() < 1e-6
        every = model(examples, return_all=True)
    assert (made.outputs_at(59) - made.outputs).abs().max() == 0
    if readout == "last":
        so_far = torch.stack([made.outputs_at(t) for t in range(60)], dim=1)
        assert (so_far - every).abs().max() < 1e-6
    same = model.rollout(examples, dtype=torch.float32)
    assert same.outputs.dtype == torch.float32


@pytest.mark.parametrize("name", MODELS)
def test_advance_takes_the_same_steps(name: str) -> None:
    made = make(name, "last").rollout(batch())
    for t in (0, 1, 30):
        assert torch.equal(made.advance(t, made.flat_state(t - 1)), made.flat_state(t))


def test_the_model_is_left_as_it_was() -> None:
    model = make("lstm of 3", "last").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    examples, random = batch(), torch.get_rng_state()
    made = model.rollout(examples)
    gradient_flow(made, made.outputs.sum())
    assert torch.equal(torch.get_rng_state(), random)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_outputs_do_not_depend_on_pads_behind_the_readout() -> None:
    model = make("lstm", "last_valid")
    whole = model.rollout(batch()).outputs[1]
    assert torch.allclose(model.rollout(batch().rows(1, 2).cut(7)).outputs[0], whole, atol=1e-15)


def test_a_torch_module_with_batch_first_and_lengths() -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 8, num_layers=2, batch_first=True, bias=False)
    x_BTE, lengths = torch.randn(4, 20, 3), torch.tensor([20, 3, 11, 1])
    made = rollout(lstm, x_BTE, lengths)
    expected = lstm(x_BTE)[0][torch.arange(4), lengths - 1]
    assert (made.outputs - expected).abs().max() < 1e-6
    assert made.cells is not None
    assert len(made.layers) == 2


@pytest.mark.parametrize(
    ("module", "shape", "lengths", "message"),
    [
        (nn.LSTM(3, 4, bidirectional=True), (5, 2, 3), None, "bidirectional"),
        (nn.LSTM(3, 4, proj_size=2), (5, 2, 3), None, "projection"),
        (nn.GRU(3, 4), (5, 2, 7), None, "3 features"),
        (nn.GRU(3, 4), (5, 3), None, "three-dimensional"),
        (nn.GRU(3, 4), (5, 2, 3), torch.tensor([5, 9]), "from 1 to 5"),
        (nn.GRU(3, 4), (5, 2, 3), torch.tensor([5]), "2 numbers"),
    ],
)
def test_what_cannot_be_rolled_out(
    module: nn.RNNBase, shape: tuple[int, ...], lengths: torch.Tensor | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rollout(module, torch.zeros(shape), lengths)


@pytest.mark.slow
def test_memory_is_bounded() -> None:
    """32 examples of 2000 steps, H = 128, in parts as the probes take them: under 1 GB."""
    if sys.platform != "linux":
        pytest.skip("peak memory is read as Linux gives it, in kB")
    from rnnexp.probes.gradient_flow import GradientFlow
    from tests.probes.test_base import view_of

    model = LSTM(Learned(WORDS, 128), 2, hidden_size=128)
    examples = Batch(
        torch.randint(1, 9, (32, 2000)), torch.zeros(32).long(), torch.full((32,), 2000)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    GradientFlow().measure(view_of(model, examples))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000
