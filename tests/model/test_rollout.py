"""The rollout against every model's own forward pass."""

import math
import resource
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.nn.utils.rnn import pack_padded_sequence

from rnnexp import rollout
from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.model.cells.base import State
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.linear import Linear
from rnnexp.model.unrolled import Unrolled, UnrolledRNN
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
        (nn.GRU(3, 4), (5, 2, 3), torch.tensor([5]), "2 whole numbers"),
    ],
)
def test_what_cannot_be_rolled_out(
    module: nn.RNNBase, shape: tuple[int, ...], lengths: torch.Tensor | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rollout(module, torch.zeros(shape), lengths)


def weight_normed_before() -> nn.Module:
    module = nn.utils.weight_norm(nn.LSTM(3, 4), "weight_hh_l0")
    with torch.no_grad():
        module.weight_hh_l0_g.mul_(2)  # the next forward pass will have it
    return module


def parametrised(name: str) -> nn.Module:
    module = nn.RNN(3, 4)
    getattr(nn.utils.parametrizations, name)(module, "weight_hh_l0")
    with torch.no_grad():
        module.parametrizations.weight_hh_l0.original0.mul_(2) if name == "weight_norm" else None
    return module


def pruned() -> nn.Module:
    module = nn.GRU(3, 4)
    prune.l1_unstructured(module, "weight_hh_l0", 0.5)
    with torch.no_grad():
        module.weight_hh_l0_orig.mul_(2)
    return module


def weight_dropped() -> nn.Module:
    """As AWD-LSTM does it: the weight is a tensor that a wrapper sets."""
    module = nn.LSTM(3, 4)
    weight = module.weight_hh_l0
    del module._parameters["weight_hh_l0"]
    module.register_parameter("weight_hh_l0_raw", nn.Parameter(weight.data))
    module.weight_hh_l0 = weight.data * 0.5
    return module


EFFECTIVE: dict[str, Callable[[], nn.Module]] = {
    "weight norm": weight_normed_before,
    "parametrised weight norm": lambda: parametrised("weight_norm"),
    "parametrised orthogonal": lambda: parametrised("orthogonal"),
    "parametrised spectral norm": lambda: parametrised("spectral_norm"),
    "spectral norm": lambda: nn.utils.spectral_norm(nn.RNN(3, 4).eval(), "weight_hh_l0"),
    "pruned": pruned,
    "weight drop": weight_dropped,
    "half precision": lambda: nn.LSTM(3, 4).half(),
    "DataParallel": lambda: nn.DataParallel(nn.LSTM(3, 4)),
    "written out": lambda: UnrolledRNN(3, 4, 2, cell="gru"),
}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # the older weight norm
@pytest.mark.parametrize("name", EFFECTIVE)
def test_the_weights_that_the_forward_pass_uses(name: str) -> None:
    torch.manual_seed(0)
    module, x_TBE = EFFECTIVE[name](), torch.randn(6, 2, 3)
    state = {key: value.clone() for key, value in module.state_dict().items()}
    made = rollout(module, x_TBE)
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert module.training is (name != "spectral norm")
    if name == "half precision":
        x_TBE = x_TBE.half()
    with torch.no_grad():
        expected = module(x_TBE)[0][-1]
    assert (made.outputs - expected).abs().max() < (2e-3 if name == "half precision" else 1e-6)


class Doubling(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> Any:
        return self.module(2 * x)


def wrapped(module: nn.Module) -> nn.Module:
    return Doubling(module)


def with_own_forward(module: nn.Module) -> nn.Module:
    module.forward = lambda x: (2 * x, None)  # type: ignore[method-assign]
    return module


def with_a_hook(module: nn.Module) -> nn.Module:
    module.register_forward_pre_hook(lambda module, arguments: (2 * arguments[0],))
    return module


class OwnForward(nn.LSTM):
    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return x


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.LSTMCell(3, 4), "LSTMCell cannot be rolled out: it computes a single step"),
        (nn.Sequential(nn.LSTM(3, 4)), "Sequential cannot be rolled out: give the recurrent"),
        (nn.Linear(3, 4), "Linear cannot be rolled out: give torch.nn.RNN"),
        (OwnForward(3, 4), "OwnForward has a forward pass of its own"),
        (nn.LSTM(3, 4, device="meta"), "LSTM has no numbers in weight_ih_l0"),
        (wrapped(nn.LSTM(3, 4)), "Doubling cannot be rolled out"),
        (with_own_forward(nn.LSTM(3, 4)), "LSTM has a forward pass of its own"),
        (with_a_hook(nn.LSTM(3, 4)), "LSTM has a forward_pre_hook"),
        (lambda x: x, "a function cannot be rolled out"),
    ],
)
def test_other_modules_are_named(module: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rollout(module, torch.zeros(5, 2, 3))


def test_what_people_give_as_inputs_and_lengths() -> None:
    torch.manual_seed(0)
    lstm, x_TBE = nn.LSTM(3, 4), torch.randn(10, 2, 3)
    expected = rollout(lstm, x_TBE, torch.tensor([10, 7])).outputs
    packed = pack_padded_sequence(x_TBE, [10, 7])
    for made in (
        rollout(lstm, x_TBE, [10, 7]),
        rollout(lstm, x_TBE, np.array([10, 7], np.int32)),
        rollout(lstm, x_TBE, torch.tensor([10.0, 7.0])),
        rollout(lstm, x_TBE.numpy(), [10, 7]),
        rollout(lstm, packed),
    ):
        assert torch.equal(made.outputs, expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(rollout(lstm, x_TBE, [10, 7]).outputs, expected)
    for inputs, lengths, words in (
        (x_TBE[:, 0], None, r"use x\[:, None\]"),
        (x_TBE[:0], None, "no step or no example"),
        (x_TBE, [10, 7.5], "whole numbers"),
        (x_TBE, [[10], [7, 1]], "whole numbers"),
        (packed, [10, 7], "has its own"),
        (None, None, r"array of numbers \(got NoneType\)"),
        (x_TBE.to(torch.complex64), None, "complex"),
        (x_TBE, (x_TBE[:1], x_TBE[:1]), r"state=\(h0, c0\)"),
    ):
        with pytest.raises(ValueError, match=words):
            rollout(lstm, inputs, lengths)


@pytest.mark.parametrize("module", [nn.LSTM(3, 4, 2), nn.GRU(3, 4, 2, batch_first=True)])
def test_an_initial_state(module: nn.RNNBase) -> None:
    torch.manual_seed(0)
    h0, c0, x = torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.randn(5, 5, 3)
    state = (h0, c0) if isinstance(module, nn.LSTM) else h0
    made, (outputs, _) = rollout(module, x, state=state), module(x, state)
    expected = outputs[:, -1] if module.batch_first else outputs[-1]
    assert (made.outputs - expected).abs().max() < 1e-6
    first = made.advance(0, made.flat_state(-1))
    assert torch.allclose(first, made.flat_state(0), rtol=0, atol=1e-14)
    with pytest.raises(ValueError, match=r"state must be .*\[2, 5, 4\]"):
        rollout(module, x, state=h0[:1])
    with pytest.raises(ValueError, match="state holds a number that is not finite"):
        rollout(module, x, state=(h0 * math.nan, c0) if isinstance(state, tuple) else h0 * math.nan)


def test_the_initial_state_of_the_written_out_module() -> None:
    module, x_TBE = UnrolledRNN(3, 4, 2, cell="lstm"), torch.randn(5, 2, 3)
    before = [State(torch.randn(2, 4), torch.randn(2, 4)) for _ in range(2)]
    expected = module(x_TBE, before)[0][-1]
    assert (rollout(module, x_TBE, state=before).outputs - expected).abs().max() < 1e-6


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_named(bad: float) -> None:
    x_TBE = torch.randn(10, 3, 3)
    x_TBE[7, 1, 0] = bad
    with pytest.raises(ValueError, match=r"inputs\[7, 1\] \(step 7, example 1\)"):
        rollout(nn.RNN(3, 4), x_TBE)
    rollout(nn.RNN(3, 4), x_TBE, [10, 7, 10])  # behind its end
    with pytest.raises(ValueError, match=r"inputs\[1, 7\]"):
        rollout(nn.RNN(3, 4, batch_first=True), x_TBE.transpose(0, 1))
    module = nn.RNN(3, 4, 2)
    with torch.no_grad():
        module.weight_hh_l1[0, 0] = bad
    with pytest.raises(ValueError, match="weight_hh_l1 holds a number that is not finite"):
        rollout(module, torch.randn(10, 3, 3))


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
