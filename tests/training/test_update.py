"""The update: rates, averages, steps in parts, order, streams."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rnnexp.embedding.learned import Learned
from rnnexp.loss.default import Default
from rnnexp.model.fused import LSTM
from rnnexp.model.linear import Linear
from rnnexp.schedule.cosine import Cosine
from rnnexp.schedule.plateau import Plateau
from rnnexp.training.contradictions import check_data, check_segments
from rnnexp.training.evaluation import evaluate
from rnnexp.training.feed import Sampler, StreamFeed
from rnnexp.training.trainer import Trainer
from rnnexp.training.update import Average, put_averages
from rnnexp.types import SequenceDataset
from tests.training.recipes import recipe
from tests.training.test_trainer import CPU, WORDS, FirstWord, fit


def test_an_average_is_the_recursion_written_down() -> None:
    model = nn.Linear(3, 2)
    average = Average(model, decay=0.5)
    expected = model.weight.detach().clone().double()
    for step in range(6):
        with torch.no_grad():
            model.weight.add_(torch.randn_like(model.weight))
        average.add(step)
        decay = min(0.5, (2 + step) / (11 + step))
        expected = decay * expected + (1 - decay) * model.weight.detach().double()
    trained = model.weight.detach().clone()
    with average.in_place():
        assert torch.allclose(model.weight.double(), expected, atol=1e-6)
    assert torch.equal(model.weight, trained)


def test_averages_of_a_checkpoint_are_put_into_a_model() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    model[0].weight.requires_grad_(False)  # a frozen embedding has no average, and no number
    average = Average(model, 0.5)
    frozen = model[0].weight.detach().clone()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1)
    average.add(0)
    put_averages(model, average.state())
    assert torch.equal(model[0].weight, frozen + 1)
    for number, weight in enumerate([model[0].bias, model[1].weight, model[1].bias]):
        assert torch.equal(weight, average.state()[str(number)])
    with pytest.raises(RuntimeError, match="3 averages for 4 trained weights"):
        put_averages(model.requires_grad_(), average.state())


def test_averaged_weights_are_validated_and_tested() -> None:
    plain, _, first = fit(Trainer(epochs=3, batch_size=20), FirstWord(), "a", lr=0.02)
    made, model, second = fit(Trainer(epochs=3, batch_size=20, ema=0.9), FirstWord(), "b", lr=0.02)
    for ours, theirs in zip(second.metrics, first.metrics, strict=True):
        assert ours["train_loss"] == theirs["train_loss"]  # the training is the same
        assert ours["val_loss"] != theirs["val_loss"]
    assert plain.averaged_weights is None
    assert made.averaged_weights is not None
    model.load_state_dict(made.averaged_weights)
    val = Sampler(FirstWord().split("val"), CPU, trim=True)
    loss = evaluate(model, FirstWord(), val).means["loss"]
    assert made.validation is not None
    assert loss == made.validation["loss"]


def test_a_constant_schedule_is_none_and_a_rate_is_recorded() -> None:
    _, model, plain = fit(Trainer(epochs=2, batch_size=20), FirstWord(), "a")
    assert "lr" not in plain.metrics[0]
    trainer = Trainer(epochs=2, batch_size=20)
    _, other, run = fit(trainer, FirstWord(), "b", lr=0.1, schedule=Cosine())
    rates = [row["lr"] for row in run.metrics]
    assert rates == pytest.approx([0.05 * (1 + np.cos(np.pi * n / 20)) for n in (9, 19)])
    assert not torch.equal(next(model.parameters()), next(other.parameters()))


def test_the_rate_that_is_recorded_is_the_one_that_was_used() -> None:
    """A step of SGD moves the head's bias by the rate times its gradient."""
    trainer, task = Trainer(epochs=1, batch_size=200, shuffle=False), FirstWord()
    _, start, _ = fit(replace(trainer, epochs=0), task, "a")
    bias = start.head.bias.detach().clone()
    start(task.split("train").as_batch())
    task.loss(start(task.split("train").as_batch()), task.split("train").as_batch()).backward()
    gradient = start.head.bias.grad
    schedule = Cosine(warmup_steps=1, eta_min=0.05)
    made: dict[str, Any] = {"optimizer": "sgd", "lr": 0.2, "schedule": schedule}
    _, model, run = fit(trainer, task, "b", **made)
    assert run.metrics[0]["lr"] == 0.2
    assert torch.allclose(model.head.bias, bias - 0.2 * gradient, atol=1e-6)


def test_a_plateau_goes_by_the_monitored_score() -> None:
    trainer = Trainer(epochs=4, batch_size=20, monitor="accuracy")
    schedule = Plateau(patience=0, threshold=10.0, factor=0.5)
    fit_, _, run = fit(trainer, FirstWord(), "a", lr=0.02, schedule=schedule)
    assert [row["lr"] for row in run.metrics] == pytest.approx([0.02, 0.02, 0.01, 0.005])
    assert fit_.kept["falls"] == 3


def test_the_monitored_score_chooses_the_best_epoch() -> None:
    trainer = Trainer(epochs=8, batch_size=20, monitor="accuracy", test_weights="best")
    result, _, run = fit(trainer, FirstWord(), "a", lr=0.02)
    accuracies = [row["val_accuracy"] for row in run.metrics]
    assert result.best_epoch == 1 + int(np.argmax(accuracies))
    assert result.best_score == max(accuracies)


@pytest.mark.parametrize("weights", [None, [1.0, 5.0]])
def test_a_step_in_parts_is_the_step(weights: list[float] | None) -> None:
    """Batches of equal examples, other sizes: the same gradients but for rounding."""
    made = {"loss": Default(weights), "optimizer": "sgd", "lr": 0.5}
    whole = fit(Trainer(epochs=2, batch_size=48), FirstWord(), "a", **made)
    parts = fit(Trainer(epochs=2, batch_size=16, accumulate=3), FirstWord(), "b", **made)
    assert whole[0].steps == parts[0].steps == 10
    for one, other in zip(whole[2].metrics, parts[2].metrics, strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    for ours, theirs in zip(whole[1].parameters(), parts[1].parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_what_is_minimised_is_not_what_is_noted() -> None:
    """Of weights that favour class 1 the noted loss is higher, and more answers are 1."""
    task = FirstWord()
    answers = {}
    for name, weights in (("a", None), ("b", [1.0, 50.0])):
        _, model, run = fit(
            Trainer(epochs=3, batch_size=50), task, name, lr=0.02, loss=Default(weights)
        )
        val = Sampler(task.split("val"), CPU, trim=True)
        measured = evaluate(model, task, val)
        answers[name] = float((measured.outputs > 0).mean())
        assert run.metrics[-1]["val_loss"] == pytest.approx(measured.means["loss"], rel=1e-6)
    assert answers["b"] > answers["a"]


class Pieces(FirstWord):
    """Sequences of equal length, in an order that means something."""

    def __init__(self) -> None:
        super().__init__()
        for name, split in self.splits.items():
            inputs = split.inputs.clamp(min=1)
            self.splits[name] = SequenceDataset(
                inputs, split.targets, torch.full((len(inputs),), 6)
            )


def test_streams_go_on_where_they_ended() -> None:
    split = Sampler(Pieces().split("train"), CPU, trim=False)
    feed = StreamFeed(split, streams=3)
    assert feed.epoch_steps == 67
    batches = list(feed.batches(65, 4, None))  # type: ignore[arg-type]
    assert [batch.continues for batch in batches] == [True, True, False, True]
    rows = [0, 67, 134]
    assert torch.equal(batches[2].inputs, split.dataset.inputs[rows])
    assert torch.equal(batches[3].inputs, split.dataset.inputs[[r + 1 for r in rows]])
    assert len(batches[1]) == 2  # the last sequence is shorter
    seen = np.concatenate(split.streams(3))
    assert sorted(seen) == list(range(200))


def test_a_stateful_training_reads_one_long_sequence() -> None:
    """Its first two steps: as the pieces put together, but for the cut gradient."""
    trainer = Trainer(epochs=1, batch_size=100, shuffle=False, stateful=True)
    result, model, _ = fit(trainer, Pieces(), "a")
    assert result.steps == 2
    _, other, _ = fit(replace(trainer, stateful=False), Pieces(), "b")
    assert not torch.equal(model.head.weight, other.head.weight)
    _, same, _ = fit(trainer, Pieces(), "c")
    assert torch.equal(model.head.weight, same.head.weight)


def test_a_score_that_the_validation_split_does_not_allow() -> None:
    task = FirstWord()
    val = task.splits["val"]
    task.splits["val"] = replace(val, targets=torch.zeros_like(val.targets))
    check_data(Trainer(), task, CPU)
    with pytest.raises(ValueError, match="monitor=auroc cannot be computed on the validation"):
        check_data(Trainer(monitor="auroc"), task, CPU)
    check_data(Trainer(monitor="auroc"), FirstWord(), CPU)


def test_an_interrupted_validation_leaves_the_carried_states() -> None:
    """They are of a pass that is not over, and a checkpoint is made of them."""
    trainer = Trainer(epochs=1, batch_size=10, shuffle=False, stateful=True)
    _, model, _ = fit(trainer, Pieces(), "a")
    task = Pieces()
    model(task.split("train").rows(0, 10).as_batch())
    assert model.carried is not None
    before = [state.flat.clone() for state in model.carried]

    def interrupted(*_: object) -> dict[str, torch.Tensor]:
        raise KeyboardInterrupt

    task.scores = interrupted  # type: ignore[method-assign]
    val = Sampler(task.split("val"), CPU, trim=False)
    with pytest.raises(KeyboardInterrupt):
        evaluate(model, task, val, streams=10)
    assert all(torch.equal(a, b.flat) for a, b in zip(before, model.carried, strict=True))


def test_what_makes_stateful_meaningless() -> None:
    model, task = LSTM(Learned(WORDS, 4), 2, hidden_size=3), Pieces()
    trainer = Trainer(stateful=True, shuffle=False)
    check_segments(trainer, model, task)
    for other, line in (
        (replace(trainer, batch_size=200), "are one of batch_size=200"),
        (replace(trainer, drop_last=True), r"use trainer.drop_last=false"),
    ):
        with pytest.raises(ValueError, match=line):
            check_segments(other, model, task)
    task.shuffled = True
    with pytest.raises(ValueError, match=r"use data.shuffle_seed=null"):
        check_segments(trainer, model, task)
    task.shuffled, task.eval_lengths = False, [4]
    with pytest.raises(ValueError, match=r"use data.eval_lengths=null"):
        check_segments(trainer, model, task)
    lagging = Linear(Learned(WORDS, 4), 2, hidden_size=3)
    with pytest.raises(ValueError, match="answers from the state before"):
        check_segments(Trainer(truncate=3), lagging, Pieces())


def test_what_the_order_and_the_pieces_refuse() -> None:
    model = LSTM(Learned(WORDS, 4), 2, hidden_size=3)
    for settings, line in (
        ({"stateful": True}, "stateful=true .* use trainer.shuffle=false"),
        ({"stateful": True, "shuffle": False, "accumulate": 2}, "use trainer.accumulate=1"),
        ({"truncate": 0}, "truncate must be at least 1"),
        ({"accumulate": 9, "batch_size": 50}, "accumulate=9 is more than the 4 batches"),
        ({"monitor": "acuracy"}, "monitor=acuracy is no score .*did you mean 'accuracy'"),
        ({"truncate": 6}, "truncate=6 cuts nothing"),
        ({"stateful": True, "shuffle": False}, "stateful=true .* padded"),
    ):
        with pytest.raises(ValueError, match=line):  # noqa: PT012
            trainer = Trainer(**settings)  # type: ignore[arg-type]
            check_data(trainer, FirstWord(), CPU)
            check_segments(trainer, model, FirstWord())
    assert recipe().schedule.words == ""
