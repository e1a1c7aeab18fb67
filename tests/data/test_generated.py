"""The memory tasks: each as its definition says, and its chance level by Monte Carlo."""

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rnnexp import config as settings
from rnnexp.data.adding import Adding
from rnnexp.data.base import IGNORED, StepClassification, Task
from rnnexp.data.copying import BLANK, FIRST, SIGNAL, Copying
from rnnexp.data.generated import Generated
from rnnexp.data.parity import Parity
from rnnexp.data.recall import Recall
from rnnexp.data.temporal_order import TemporalOrder
from rnnexp.streams import stream_seed
from rnnexp.types import Batch
from tests.conftest import GENERATED, composed

MANY = 20_000
TASKS: list[tuple[type[Generated], dict[str, Any]]] = [
    *((settings.arguments(composed(f"data={name}"), "data")[0], {}) for name in GENERATED),
    (Adding, {"markers": "anywhere", "target": "half_sum"}),
    (Copying, {"scored": "recalled"}),
    (TemporalOrder, {"symbols": 3}),
    (Recall, {"distance": 3, "pads": 4, "classes": 5, "distractors": 2}),
]


def names(value: Any) -> str:
    return value.__name__.lower() if isinstance(value, type) else "-".join(map(str, value.values()))


def sample(task: Generated, count: int = MANY) -> Batch:
    return task.fresh(count, np.random.default_rng(0))


@pytest.mark.parametrize(("cls", "options"), TASKS, ids=names)
def test_streams_and_fixed_splits(cls: Any, options: dict[str, Any]) -> None:
    task = cls(seq_len=12, val_count=7, test_count=9, **options)
    assert [len(task.split(name)) for name in ("train", "val", "test")] == [0, 7, 9]
    again = cls(seq_len=12, val_count=7, test_count=9, **options)
    other = cls(seq_len=12, val_count=7, test_count=9, corpus_seed=1, **options)
    assert torch.equal(task.split("test").inputs, again.split("test").inputs)
    assert not torch.equal(task.split("test").inputs, other.split("test").inputs)
    assert not torch.equal(task.split("test").inputs[:7], task.split("val").inputs)
    first, same, second = (
        task.fresh(5, np.random.default_rng(stream_seed(0, "samples", step))) for step in (0, 0, 1)
    )
    assert torch.equal(first.inputs, same.inputs)
    assert not torch.equal(first.inputs, second.inputs)
    assert task.report["training"] == "fresh at every step"
    assert (task.synthetic, task.memory, task.generates) == (True, True, True)


@pytest.mark.parametrize(("cls", "options"), TASKS, ids=names)
def test_another_length_is_the_same_task_there(cls: Any, options: dict[str, Any]) -> None:
    task = cls(seq_len=12, test_count=9, **options)
    longer, direct = task.at_length(30), cls(seq_len=30, test_count=9, **options)
    assert torch.equal(longer.split("test").inputs, direct.split("test").inputs)
    assert longer.chance == direct.chance
    assert task.split("test").inputs.shape[1] != longer.split("test").inputs.shape[1]
    with pytest.raises(ValueError, match="seq_len must be at least 1"):
        task.at_length(0)


def ignorant_outputs(task: Task, batch: Batch) -> torch.Tensor:
    """What somebody answers who knows the task, and remembers nothing."""
    if task.regression:
        return batch.targets.mean(dim=0).expand_as(batch.targets)
    if isinstance(task, StepClassification):
        # sure of a blank wherever one is due, even among the eight symbols else
        logits = torch.full((*batch.targets.shape, task.output_size), -1e4)
        logits[:, :-10, 0] = 0.0
        logits[:, -10:, 1:] = 0.0
        return logits + 1e-3 * torch.rand(logits.shape)
    return 1e-3 * torch.rand(len(batch), task.output_size)


@pytest.mark.parametrize(("cls", "options"), TASKS, ids=names)
def test_chance_by_monte_carlo(cls: Any, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    task = cls(seq_len=12, **options)
    batch = sample(task)
    outputs = ignorant_outputs(task, batch)
    measured = {"loss": task.loss(outputs, batch), **task.metrics(outputs, batch)}
    assert set(task.chance) == set(measured)
    for name, value in measured.items():
        # five standard errors of an accuracy; the squared error of a triangle is less uncertain
        tolerance = 5 * math.sqrt(0.25 / MANY) if name == "accuracy" else 0.02 * task.chance[name]
        assert value.item() == pytest.approx(task.chance[name], abs=tolerance), name


@pytest.mark.parametrize(("cls", "options"), TASKS, ids=names)
def test_nothing_short_of_the_whole_answer_beats_chance_by_the_last_input(
    cls: Any, options: dict[str, Any]
) -> None:
    """The class is independent of what stands at the last step (a far cue, an early symbol)."""
    if cls in (Adding, Copying) or options.get("distractors"):
        return
    batch = sample(cls(seq_len=12, **options))
    last = batch.inputs[torch.arange(len(batch)), batch.lengths - 1]
    for token in last.unique():
        classes = batch.targets[last == token]
        shares = torch.bincount(classes, minlength=2).double() / len(classes)
        expected = 1 / len(batch.targets.unique())
        assert (shares - expected).abs().max() < 5 * math.sqrt(0.25 / len(classes))


@pytest.mark.parametrize("markers", ["halves", "anywhere"])
@pytest.mark.parametrize("seq_len", [2, 3, 11])
def test_adding_is_the_sum_of_the_marked(markers: Any, seq_len: int) -> None:
    batch = sample(Adding(seq_len=seq_len, markers=markers))
    values, marks = batch.inputs[..., 0], batch.inputs[..., 1]
    assert set(marks.unique().tolist()) <= {0.0, 1.0}
    assert (marks.sum(1) == 2).all()
    assert torch.allclose((values * marks).sum(1, keepdim=True), batch.targets)
    assert 0 <= values.min() <= values.max() < 1
    if markers == "halves":
        assert (marks[:, : seq_len // 2].sum(1) == 1).all()
    # every step is marked as often as its neighbours
    half = seq_len // 2
    expected = torch.full((seq_len,), 2 / seq_len)
    if markers == "halves":
        expected[:half], expected[half:] = 1 / half, 1 / (seq_len - half)
    assert torch.allclose(marks.mean(0), expected, atol=5 * math.sqrt(0.25 / MANY))
    halved = sample(Adding(seq_len=seq_len, markers=markers, target="half_sum"))
    assert torch.allclose(halved.targets * 2, batch.targets)


def test_copying_by_its_definition() -> None:
    task = Copying(seq_len=6)
    batch = sample(task, 500)
    assert batch.inputs.shape == (500, 26)
    assert (batch.inputs[:, :10] >= FIRST).all()
    assert (batch.inputs[:, :10] < SIGNAL).all()
    assert (batch.inputs[:, 10:15] == BLANK).all()  # seq_len - 1 blanks
    assert (batch.inputs[:, 15] == SIGNAL).all()
    assert (batch.inputs[:, 16:] == BLANK).all()
    assert (batch.targets[:, :16] == 0).all()
    assert torch.equal(batch.targets[:, 16:], batch.inputs[:, :10] - FIRST + 1)
    assert batch.inputs[:, :10].unique().numel() == 8
    assert Copying(seq_len=100).chance["loss"] == pytest.approx(0.17329, abs=1e-5)
    recalled = sample(Copying(seq_len=6, scored="recalled"), 500)
    assert (recalled.targets[:, :16] == IGNORED).all()
    assert torch.equal(recalled.inputs, batch.inputs)


def test_accuracy_counts_the_recalled_symbols_and_the_followed_loss_the_last() -> None:
    task = Copying(seq_len=3)
    batch = sample(task, 4)
    outputs = 50.0 * F.one_hot(batch.targets, task.output_size).float()
    assert task.scores(outputs, batch)["accuracy"].tolist() == [1.0] * 4
    outputs[0, :10] = 0.0  # wrong where a blank is due
    outputs[1, -10:-5] = 0.0  # half of the symbols wrong: all logits equal, class 0
    assert task.scores(outputs, batch)["accuracy"].tolist() == [1.0, 0.5, 1.0, 1.0]
    random = torch.randn(outputs.shape)
    expected = F.cross_entropy(random[:, -1], batch.targets[:, -1], reduction="sum")
    assert task.followed_loss(random, batch).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("symbols", [2, 3])
@pytest.mark.parametrize("seq_len", [10, 11, 17, 20, 100])
def test_temporal_order_by_its_definition(symbols: Any, seq_len: int) -> None:
    batch = sample(TemporalOrder(seq_len=seq_len, symbols=symbols), 5000)
    relevant = batch.inputs <= 2
    assert (relevant.sum(1) == symbols).all()
    places = relevant.nonzero()[:, 1].view(-1, symbols)
    bounds = {2: [(0.1, 0.2), (0.5, 0.6)], 3: [(0.1, 0.2), (0.3, 0.4), (0.6, 0.7)]}[symbols]
    for place, (low, high) in zip(places.T, bounds, strict=True):
        assert (place / seq_len >= low - 1e-9).all()
        assert (place / seq_len < high - 1e-9).all()
        allowed = [t for t in range(seq_len) if low - 1e-9 <= t / seq_len < high - 1e-9]
        assert sorted(set(place.tolist())) == allowed
    symbol = torch.gather(batch.inputs, 1, places) - 1
    weights = 2 ** torch.arange(symbols - 1, -1, -1)
    assert torch.equal((symbol * weights).sum(1), batch.targets)
    assert batch.inputs[~relevant].unique().tolist() == [3, 4, 5, 6]


def test_recall_by_its_definition() -> None:
    task = Recall(seq_len=9, distance=5, pads=3, classes=3, fillers=4, distractors=2)
    batch = sample(task, 5000)
    assert batch.inputs.shape == (5000, 12)
    assert (batch.lengths == 9).all()
    assert (batch.inputs[:, 9:] == 0).all()
    assert torch.equal(batch.inputs[:, 3], batch.targets + 1)
    cues = (batch.inputs >= 1) & (batch.inputs <= 3)
    assert not cues[:, :3].any()  # nothing before the cue looks like one
    assert (cues[:, 4:9].sum(1) == 2).all()
    false = batch.inputs[:, 4:9][cues[:, 4:9]].view(-1, 2)
    agree = (false == batch.targets[:, None] + 1).float().mean()
    assert agree == pytest.approx(1 / 3, abs=0.03)
    assert cues[:, 4:9].float().mean(0).tolist() == pytest.approx([0.4] * 5, abs=0.04)
    plain = sample(Recall(seq_len=9), 500)
    assert torch.equal(plain.inputs[:, 0], plain.targets + 1)
    assert plain.inputs[:, 1:].unique().tolist() == list(range(3, 11))
    near = sample(Recall(seq_len=1), 50)
    assert torch.equal(near.inputs[:, 0], near.targets + 1)


def test_parity_flips_with_every_bit() -> None:
    batch = sample(Parity(seq_len=5), 1000)
    expected = [sum(row) % 2 for row in (batch.inputs - 1).tolist()]
    assert batch.targets.tolist() == expected


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Adding(seq_len=1), "adding needs seq_len of 2 or more"),
        (lambda: TemporalOrder(seq_len=9), "temporal_order needs seq_len of 10 or more"),
        (lambda: Recall(seq_len=5, distance=5), "distance=5 lies beyond the sequence"),
        (lambda: Recall(seq_len=5, distance=-1), "distance must be at least 0"),
        (lambda: Recall(classes=0), "classes must be at least 2"),
        (lambda: Recall(seq_len=4, distractors=4), "distractors=4 do not fit"),
        (lambda: Recall(fillers=0), "fillers must be at least 1"),
        (lambda: Parity(test_count=0), "test_count must be at least 1"),
        (lambda: TemporalOrder(seq_len=20).at_length(5), "10 or more"),
    ],
)
def test_what_the_structure_does_not_allow(make: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        make()
