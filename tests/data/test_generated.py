"""The memory tasks: each as its definition says, and its chance level by Monte Carlo."""

import hashlib
import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rnnexp import config as settings
from rnnexp.checks.chance import without_memory
from rnnexp.data.adding import Adding
from rnnexp.data.associative_recall import AssociativeRecall
from rnnexp.data.base import IGNORED, StepClassification, Task
from rnnexp.data.copying import BLANK, FIRST, SIGNAL, Copying
from rnnexp.data.delayed_xor import DelayedXor
from rnnexp.data.flip_flop import FlipFlop
from rnnexp.data.generated import Generated
from rnnexp.data.modular_counting import ModularCounting
from rnnexp.data.parity import Parity
from rnnexp.data.recall import Recall
from rnnexp.data.selective_copying import SelectiveCopying
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
    (Recall, {"distance": 6, "classes": 3, "distractors": 3, "items": 3}),
    (SelectiveCopying, {"items": 1, "classes": 2}),
    (SelectiveCopying, {"items": 12, "classes": 3}),
    (DelayedXor, {"distance": 5, "gap": 5, "fillers": 1}),
    (FlipFlop, {"items": 3, "classes": 3, "write": 0.3, "read": 0.4}),
    (FlipFlop, {"write": 0.0, "read": 0.0}),
    (ModularCounting, {"modulus": 7}),
    (AssociativeRecall, {"items": 4, "keys": 4, "classes": 2, "fillers": 1}),
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
    assert (task.synthetic, task.generates) == (True, True)
    assert task.memory == (cls is not FlipFlop)  # of which a longer sequence asks no more


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
    if isinstance(task, Copying):
        # sure of a blank wherever one is due, even among the eight symbols else
        logits = torch.full((*batch.targets.shape, task.output_size), -1e4)
        logits[:, :-10, 0] = 0.0
        logits[:, -10:, 1:] = 0.0
        return logits + 1e-3 * torch.rand(logits.shape)
    if isinstance(task, StepClassification):
        return 1e-3 * torch.rand(*batch.targets.shape, task.output_size)
    return 1e-3 * torch.rand(len(batch), task.output_size)


@pytest.mark.parametrize(("cls", "options"), TASKS, ids=names)
def test_chance_by_monte_carlo(cls: Any, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    task = cls(seq_len=12, **options)
    batch = sample(task)
    outputs = ignorant_outputs(task, batch)
    each = {"loss": task.loss(outputs, batch), **task.metrics(outputs, batch)}
    measured = {name: float(value) for name, value in each.items()} | task.of_split(
        outputs.numpy(), batch.targets.numpy()
    )
    assert set(task.chance) == set(measured)
    for score in task.readings:
        value, chance = measured[score.name], task.chance[score.name]
        if score.name == "auroc" and value is None:
            assert isinstance(task, Copying)  # whose ninth class is never right
            continue
        # five standard errors of an accuracy; the squared error of a triangle is less uncertain
        tolerance = 5 * math.sqrt(0.25 / MANY) if score.percent else 0.02 * (chance or 1)
        assert value == pytest.approx(chance, abs=tolerance), score.name


@pytest.mark.parametrize(("cls", "options"), TASKS, ids=names)
def test_nothing_short_of_the_whole_answer_beats_chance_by_the_last_input(
    cls: Any, options: dict[str, Any]
) -> None:
    """The class is independent of what stands at the last step (a far cue, an early symbol)."""
    if cls is Adding or issubclass(cls, StepClassification) or options.get("distractors"):
        return
    batch = sample(cls(seq_len=12, **options))
    last = batch.inputs[torch.arange(len(batch)), batch.lengths - 1]
    for token in last.unique():
        classes = batch.targets[last == token]
        shares = torch.bincount(classes, minlength=2).double() / len(classes)
        expected = 1 / len(batch.targets.unique())
        assert (shares - expected).abs().max() < 5 * math.sqrt(0.25 / len(classes))


@pytest.mark.parametrize(("cls", "options"), TASKS, ids=names)
def test_chance_is_the_best_by_the_token_and_the_step_alone(
    cls: Any, options: dict[str, Any]
) -> None:
    """Whoever knows which step it is, and what is read there, and all shares of classes."""
    if cls is Adding:
        return
    task = cls(seq_len=12, **options)
    scores = without_memory(task, MANY)
    assert scores["accuracy"] == pytest.approx(
        task.chance["accuracy"], abs=5 * math.sqrt(0.25 / MANY)
    )
    # shares that are estimated cost (classes - 1) / 2 MANY for each token that a step can have
    assert -0.01 * task.chance["loss"] < scores["loss"] - task.chance["loss"] < 0.02


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


def test_recall_of_several_cues_by_its_definition() -> None:
    task = Recall(seq_len=9, distance=6, classes=3, fillers=4, distractors=2, items=3)
    batch = sample(task, 5000)
    assert (task.output_size, task.variant()["items"]) == (27, 3)
    digits = batch.inputs[:, 2:5] - 1
    assert torch.equal((digits * torch.tensor([9, 3, 1])).sum(1), batch.targets)
    assert digits.unique().tolist() == [0, 1, 2]
    assert batch.targets.unique().numel() == 27
    cues = (batch.inputs >= 1) & (batch.inputs <= 3)
    assert not cues[:, :2].any()
    assert (cues[:, 5:].sum(1) == 2).all()
    assert cues[:, 5:].float().mean(0).tolist() == pytest.approx([0.5] * 4, abs=0.04)
    # they may fill all that there is
    full = sample(Recall(seq_len=3, items=3), 50)
    assert (full.inputs <= 2).all()


#: SHA-256 of inputs and targets in version 0.5, which had one cue only.
BYTES_OF_VERSION_5 = "de27ccf1a2a99f57aefaa72412202295e287670a8057c7107e763747e7e554d4"


def test_one_cue_has_the_bytes_of_before() -> None:
    digest = hashlib.sha256()
    before = ({}, {"distance": 3, "pads": 4, "classes": 5, "distractors": 2},
              {"classes": 3, "distractors": 11}, {"distance": 0})  # fmt: skip
    for options in before:
        batch = Recall(seq_len=12, **options).fresh(500, np.random.default_rng(3))  # type: ignore[arg-type]
        digest.update(batch.inputs.numpy().tobytes())
        digest.update(batch.targets.numpy().tobytes())
    assert digest.hexdigest() == BYTES_OF_VERSION_5


def test_parity_flips_with_every_bit() -> None:
    batch = sample(Parity(seq_len=5), 1000)
    expected = [sum(row) % 2 for row in (batch.inputs - 1).tolist()]
    assert batch.targets.tolist() == expected


@pytest.mark.parametrize("seq_len", [2, 7, 256])
def test_sums_are_made_at_every_length(seq_len: int) -> None:
    """Parity is the sum modulo 2; both go on from 2 steps to any number."""
    for task in (Parity(seq_len=40), *(ModularCounting(seq_len=40, modulus=m) for m in (2, 5))):
        modulus = task.output_size
        batch = sample(task.at_length(seq_len), 500)
        assert batch.inputs.shape == (500, seq_len)
        assert torch.equal((batch.inputs - 1).sum(1) % modulus, batch.targets)
        assert batch.inputs.unique().tolist() == list(range(1, modulus + 1))
    parity, counting = (
        sample(task) for task in (Parity(seq_len=6), ModularCounting(seq_len=6, modulus=2))
    )
    assert torch.equal(parity.inputs, counting.inputs)
    assert torch.equal(parity.targets, counting.targets)


@pytest.mark.parametrize(
    ("seq_len", "distance", "gap", "places"),
    [(2, None, None, (0, 1)), (21, None, None, (0, 10)), (20, None, None, (0, 10)),
     (9, 5, None, (3, 6)), (9, 5, 1, (3, 4)), (9, 5, 5, (3, 8))],
)  # fmt: skip
def test_delayed_xor_by_its_definition(
    seq_len: int, distance: int | None, gap: int | None, places: tuple[int, int]
) -> None:
    task = DelayedXor(seq_len=seq_len, distance=distance, gap=gap)
    batch = sample(task, 2000)
    cues = batch.inputs <= 2
    assert cues.nonzero()[:, 1].view(-1, 2).unique(dim=0).tolist() == [list(places)]
    assert (task.distance, task.gap) == (seq_len - 1 - places[0], places[1] - places[0])
    first, second = (batch.inputs[:, place] - 1 for place in places)
    assert torch.equal(batch.targets, first ^ second)
    for bit in (first, second):  # one of the two says nothing
        assert batch.targets[bit == 0].float().mean() == pytest.approx(0.5, abs=0.06)
    assert set(batch.inputs[~cues].unique().tolist()) <= set(range(3, 11))


def test_selective_copying_by_its_definition() -> None:
    task = SelectiveCopying(seq_len=9, items=4, classes=3)
    batch = sample(task, 5000)
    assert batch.inputs.shape == batch.targets.shape == (5000, 13)
    assert batch.per_step
    symbols = batch.inputs[:, :9] >= 3
    assert (symbols.sum(1) == 4).all()
    assert torch.equal(batch.inputs[:, :9][symbols].view(-1, 4) - 3, batch.targets[:, 9:])
    assert (batch.inputs[:, :9][~symbols] == 1).all()
    assert (batch.inputs[:, 9:] == 2).all()
    assert (batch.targets[:, :9] == IGNORED).all()
    assert batch.targets[:, 9:].unique().tolist() == [0, 1, 2]
    assert symbols.float().mean(0).tolist() == pytest.approx([4 / 9] * 9, abs=0.04)
    answers = 50.0 * F.one_hot(batch.targets.clamp(min=0), 3).float()
    assert task.metrics(answers, batch)["accuracy"] == 1
    answers[:, 9:11] = torch.tensor([-1.0, -1.0, 5.0])
    right = (2 + (batch.targets[:, 9:11] == 2).sum(1)) / 4
    assert torch.allclose(task.scores(answers, batch)["accuracy"], right)


def registers_by_hand(tokens: list[int], items: int, classes: int) -> list[int]:
    """The targets of a sequence of flip-flop, read token by token."""
    registers, targets = [-1] * items, []
    for token in tokens:
        register, value = divmod(token - 1, classes)
        asked = token - 1 - (items + 1) * classes
        if register < items:
            registers[register] = value
        targets.append(registers[asked] if asked >= 0 else IGNORED)
    return targets


@pytest.mark.parametrize(("items", "classes"), [(1, 2), (3, 4)])
def test_flip_flop_by_its_definition(items: int, classes: int) -> None:
    task = FlipFlop(seq_len=30, items=items, classes=classes, write=0.2, read=0.3)
    batch = sample(task, 3000)
    by_hand = [registers_by_hand(row, items, classes) for row in batch.inputs.tolist()]
    assert batch.targets.tolist() == by_hand
    assert task.vocabulary is not None
    words = [[task.vocabulary[i] for i in row] for row in batch.inputs.tolist()]
    between = [word for row in words for word in row[items:-1]]
    for kind, share in (("write", 0.2), ("read", 0.3), ("ignore", 0.5)):
        assert np.mean([w.startswith(kind) for w in between]) == pytest.approx(share, abs=0.01)
    assert len({word for row in words for word in row}) == items * classes + classes + items
    assert all(row[-1].startswith("read") for row in words)
    assert all(row[i].startswith(f"write{i + 1}=") for row in words for i in range(items))


@pytest.mark.parametrize("fillers", [0, 4])
def test_associative_recall_by_its_definition(fillers: int) -> None:
    task = AssociativeRecall(seq_len=9 + fillers, items=3, keys=5, classes=4)
    batch = sample(task, 5000)
    pairs = batch.inputs[:, :6].view(-1, 3, 2)
    keys, values = pairs[:, :, 0] - 2, pairs[:, :, 1] - 7
    assert keys.unique().tolist() == list(range(5))
    assert values.unique().tolist() == list(range(4))
    assert all(len(set(row)) == 3 for row in keys.tolist())
    assert (batch.inputs[:, -3:-1] == 1).all()
    assert (batch.inputs[:, 6:-3] >= 11).all()
    asked = keys == (batch.inputs[:, -1:] - 2)
    assert (asked.sum(1) == 1).all()
    assert torch.equal(values[asked], batch.targets)
    assert asked.float().mean(0).tolist() == pytest.approx([1 / 3] * 3, abs=0.04)
    # to know the values, and not whose they are, is worth what the docstring says
    commonest = F.one_hot(values, 4).sum(1)
    known = (commonest[torch.arange(5000), batch.targets] / 3).mean()
    assert known < commonest.max(1).values.float().mean() / 3 == pytest.approx(0.5625, abs=0.02)


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
        (lambda: Recall(items=0), "items must be at least 1"),
        (lambda: Recall(seq_len=3, items=4), "items=4 do not fit: .* there are 3 steps"),
        (lambda: Recall(items=20), r"items must be at most 19: there are 2\^items classes"),
        (lambda: Recall(items=10**15), "items must be at most 19"),
        (lambda: Recall(seq_len=4, items=3, distractors=2), "distractors=2 do not fit"),
        (lambda: Recall(seq_len=9, items=3).at_length(2), "items=3 do not fit"),
        (lambda: SelectiveCopying(seq_len=9), "items=10 do not fit into seq_len=9"),
        (lambda: SelectiveCopying(classes=1), "classes must be at least 2"),
        (lambda: SelectiveCopying().at_length(5), "items=10 do not fit into seq_len=5"),
        (lambda: DelayedXor(seq_len=1), "delayed_xor needs seq_len of 2 or more"),
        (lambda: DelayedXor(seq_len=5, distance=5), "distance=5 lies beyond the sequence"),
        (lambda: DelayedXor(distance=0), "distance must be at least 1"),
        (lambda: DelayedXor(gap=0), "gap must be at least 1"),
        (lambda: DelayedXor(seq_len=9, distance=3, gap=4), "gap=4 puts the second cue behind"),
        (lambda: DelayedXor(seq_len=9, gap=6).at_length(5), "gap=6 puts the second cue behind"),
        (lambda: FlipFlop(seq_len=3, items=3), "seq_len must be 4 or more"),
        (lambda: FlipFlop(write=0.6, read=0.5), "write=0.6 and read=0.5 are shares of the steps"),
        (lambda: FlipFlop(write=-0.1), "write must be at least 0"),
        (lambda: FlipFlop(items=10**6), "items must be at most 500000"),
        (lambda: ModularCounting(modulus=1), "modulus must be at least 2"),
        (lambda: ModularCounting().at_length(0), "seq_len must be at least 1"),
        (lambda: AssociativeRecall(items=9), "items=9 need as many different keys"),
        (lambda: AssociativeRecall(seq_len=8), "items=3 do not fit .* seq_len must be 9 or more"),
        (lambda: Parity(test_count=0), "test_count must be at least 1"),
        (lambda: TemporalOrder(seq_len=20).at_length(5), "10 or more"),
    ],
)
def test_what_the_structure_does_not_allow(make: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        make()
