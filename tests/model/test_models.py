"""Every option of conf/model, found by its file."""

from typing import Any

import pytest
import torch
import yaml

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.types import Batch, Padding

NAMES = sorted(path.stem for path in plugins.own_config_dir().glob("model/*.yaml"))
WORDS = [f"w{i}" for i in range(11)]


def whole(name: str) -> dict[str, Any]:
    """A file of conf/model with what it takes over from those in its list of defaults."""
    text = (plugins.own_config_dir() / "model" / f"{name}.yaml").read_text()
    values: dict[str, Any] = yaml.safe_load(text)
    bases = [whole(base) for base in values.pop("defaults", [])]
    return {**dict(pair for base in bases for pair in base.items()), **values}


def build(name: str, output_size: int = 2, **changes: Any) -> SequenceModel:
    node = {**whole(name), **changes}
    torch.manual_seed(0)
    model: SequenceModel = settings.build(
        {"model": node}, "model", encoder=Learned(WORDS, 6), output_size=output_size
    )
    return model.eval()


def batch(padding: Padding = "post", width: int = 9) -> Batch:
    lengths = torch.tensor([4, 7, 1])
    inputs = torch.zeros(3, width, dtype=torch.long)
    generator = torch.Generator().manual_seed(1)
    for row, length in enumerate(lengths.tolist()):
        words = torch.randint(1, 11, (length,), generator=generator)
        start = 0 if padding == "post" else width - length
        inputs[row, start : start + length] = words
    return Batch(inputs, torch.zeros(3, dtype=torch.long), lengths, padding)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_heads_and_gradients(name: str) -> None:
    for head, output_size, columns in (
        ("auto", 2, 1), ("auto", 5, 5), ("auto", 1, 1), ("softmax", 2, 2), ("sigmoid", 2, 1),
    ):  # fmt: skip
        model = build(name, output_size, head=head, hidden_size=8)
        outputs = model(batch())
        assert outputs.shape == (3, columns)
        assert model(batch(), return_all=True).shape == (3, 9, columns)
    outputs.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    with pytest.raises(ValueError, match=r"use model\.head=softmax"):
        build(name, output_size=3, head="sigmoid")


@pytest.mark.parametrize("name", NAMES)
def test_pads_behind_the_last_word_change_nothing(name: str) -> None:
    model = build(name)
    assert not model.reads_pads
    assert torch.allclose(model(batch(width=9)), model(batch(width=30)), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_read_at_the_last_step_pads_are_part_of_the_function(name: str) -> None:
    model = build(name, readout="last")
    assert model.reads_pads
    # from none behind the longest text on: a state that each pad overwrites changes at the first
    assert not torch.allclose(model(batch(width=7)), model(batch(width=30)), atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("readout", ["mean", "max"])
def test_pooled_readouts(name: str, readout: str) -> None:
    if name in ("bag", "linear"):
        with pytest.raises(ValueError, match=f"model={name}"):
            build(name, readout=readout)
        return
    model = build(name, readout=readout)
    assert torch.allclose(model(batch(width=9)), model(batch(width=30)), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_of_return_all_is_the_answer_to_the_words_so_far(name: str) -> None:
    model = build(name)
    whole = batch(width=9)
    steps = model(whole, return_all=True)
    short = Batch(whole.inputs[:, :3], whole.targets, torch.tensor([3, 3, 1]))
    assert torch.allclose(model(short)[:2], steps[:2, 2], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_recurrent_weights_are_views_that_matter(name: str) -> None:
    model = build(name, hidden_size=8)
    weights = model.recurrent_weights()
    layers = model.recurrences()
    if not layers or "weight_hh" not in layers[0].weights:
        assert weights == {}
        return
    assert len(weights) == len(layers[0].cell.blocks)
    before = model(batch())
    for weight in weights.values():
        assert weight.shape == (8, 8)
        weight.mul_(3)
    assert not torch.allclose(before, model(batch()))


def test_fused_and_unrolled_are_the_same_model() -> None:
    for cell in ("rnn", "lstm", "gru"):
        fused = build(cell, hidden_size=8, num_layers=2)
        unrolled = build("unrolled", cell=cell, hidden_size=8, num_layers=2)
        unrolled.load_state_dict(fused.state_dict())
        assert torch.allclose(fused(batch()), unrolled(batch()), atol=1e-6)
        assert list(fused.recurrent_weights()) == list(unrolled.recurrent_weights())


def test_the_bag_does_not_see_the_order() -> None:
    model, b = build("bag"), batch()
    for row, length in enumerate(b.lengths.tolist()):
        b.inputs[row, :length] = b.inputs[row, :length].flip(0)
    assert torch.allclose(model(b), model(batch()), atol=1e-6)
    assert not torch.allclose(build("rnn")(b), build("rnn")(batch()), atol=1e-4)


def test_the_linear_model_is_the_concatenation_network() -> None:
    model: Any = build("linear", hidden_size=5)
    b = Batch(torch.tensor([[1, 2, 3]]), torch.zeros(1), torch.tensor([3]))
    e = model.encoder(b.inputs)[0]
    h = torch.zeros(5)
    for t in range(3):
        combined = torch.cat([e[t], h])
        output, h = model.head(combined), model.i2h(combined)
    assert torch.allclose(model(b)[0], output, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("lstm", {"hidden_size": 0}, "hidden_size must be at least 1"),
        ("rnn", {"num_layers": 0}, "num_layers must be at least 1"),
        ("gru", {"dropout": 1.0, "num_layers": 2}, "dropout must be at least 0 and less than 1"),
        ("lstm", {"dropout": 0.5}, "acts between layers and there is one"),
        (
            "unrolled",
            {"cell": "lstm", "nonlinearity": "relu"},
            r"needs model\.cell=ln_rnn or model\.cell=rnn",
        ),
        ("bag", {"hidden_size": 0}, "hidden_size must be at least 1"),
        ("rnn", {"nonlinearity": "sin"}, "model.nonlinearity must be 'tanh' or 'relu'"),
    ],
)
def test_bad_settings(name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(name, **changes)
