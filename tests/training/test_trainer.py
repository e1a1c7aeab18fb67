"""The loop: equal to a plain one, deterministic, and honest about divergence."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rnnexp.clip.base import Clip
from rnnexp.clip.norm import Norm
from rnnexp.data.base import Classification
from rnnexp.data.curriculum import Grow
from rnnexp.data.recall import Recall
from rnnexp.embedding.learned import Learned
from rnnexp.model.bag import Bag
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import LSTM, RNN
from rnnexp.results.runs import RunDirectory
from rnnexp.streams import stream_seed
from rnnexp.training.contradictions import check_data
from rnnexp.training.feed import Sampler
from rnnexp.training.fit import Fit
from rnnexp.training.lines import training_lines
from rnnexp.training.precision import has_bf16, slow_precision
from rnnexp.training.trainer import Trainer
from rnnexp.types import Batch, SequenceDataset, Split
from tests.conftest import new_run
from tests.training.recipes import OPTIMIZERS, recipe

CPU = torch.device("cpu")
WORDS = ["<pad>", *(f"w{i}" for i in range(9))]


class FirstWord(Classification):
    """Is the first word one of the upper half of the vocabulary?"""

    input_size, output_size, vocabulary = len(WORDS), 2, WORDS
    chance = {"accuracy": 0.5, "loss": math.log(2)}  # noqa: RUF012
    report: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, val: int = 32, poison_step: int | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.splits = {}
        for name, count in (("train", 200), ("val", val), ("test", 32)):
            lengths = torch.randint(1, 7, (count,), generator=generator)
            inputs = torch.randint(1, 10, (count, 6), generator=generator)
            inputs[torch.arange(6) >= lengths[:, None]] = 0
            targets = (inputs[:, 0] > 4).long()
            self.splits[name] = SequenceDataset(inputs, targets, lengths)
        self.poison_step, self.calls = poison_step, 0

    def split(self, name: Split) -> SequenceDataset:
        return self.splits[name]

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        self.calls += 1
        loss = super().loss(outputs, batch)
        return loss * math.nan if self.calls == self.poison_step else loss


def fit(
    trainer: Trainer, task: FirstWord, folder: str, clip: Clip | None = None, seed: int = 0,
    model_type: Any = LSTM, **made: Any,
) -> tuple[Fit, SequenceModel, RunDirectory]:  # fmt: skip
    torch.manual_seed(7)
    model = model_type(Learned(WORDS, 8), 2, hidden_size=16)
    run = new_run(folder)
    return trainer.fit(model, task, recipe(clip, **made), run, seed, CPU), model, run


def test_it_learns() -> None:
    task = FirstWord()
    trainer = Trainer(epochs=12, batch_size=20)
    result, model, run = fit(trainer, task, "a", lr=0.02)
    assert (result.status, result.epochs, result.steps) == ("finished", 12, 120)
    test = trainer.evaluate(model, task, Sampler(task.split("test"), CPU, trim=True))
    assert test.means["accuracy"] > 0.9
    right = (test.outputs[:, 0] > 0) == task.split("test").targets.numpy()
    assert test.scores["accuracy"].tolist() == right.tolist()
    assert right.mean() == pytest.approx(test.means["accuracy"])
    rows = run.metrics
    assert rows[0]["train_loss"] > rows[-1]["train_loss"]
    assert list(rows[0]) == [
        "epoch", "step", "train_loss", "train_accuracy", "grad_norm", "grad_norm_max",
        "grad_norm_clipped", "clipped_fraction", "val_loss", "val_accuracy",
    ]  # fmt: skip


def test_equal_to_a_plain_pytorch_loop() -> None:
    """Forward, loss, backward, clip_grad_norm_, Adam: to the last bits, on the same batches."""
    task, steps = FirstWord(), 3
    _, ours, run = fit(Trainer(epochs=steps, batch_size=20), task, "a", Norm(max_norm=0.05))
    torch.manual_seed(7)
    embedding, lstm, head = nn.Embedding(10, 8, padding_idx=0), nn.LSTM(8, 16), nn.Linear(16, 1)
    twin = LSTM(Learned(WORDS, 8), 2, hidden_size=16)
    torch.manual_seed(7)
    twin = LSTM(Learned(WORDS, 8), 2, hidden_size=16)
    embedding.weight, lstm, head = twin.encoder.vectors.weight, twin.recurrence, twin.head  # type: ignore[assignment, union-attr]
    parameters = list(twin.parameters())
    optimizer = torch.optim.Adam(parameters, lr=1e-3, foreach=False)
    data, train = Sampler(task.split("train"), CPU, trim=True), task.split("train")
    losses: list[float] = []
    for epoch in range(1, steps + 1):
        order = np.random.default_rng(stream_seed(0, "order", epoch))
        for index in data.epoch(20, order):
            rows = torch.from_numpy(index)
            x, y, n = train.inputs[rows], train.targets[rows], train.lengths[rows]
            states, _ = lstm(embedding(x.T))
            logits = head(states[n - 1, torch.arange(len(n))])[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logits, y.float())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 0.05)
            optimizer.step()
            losses.append(loss.item())
    for ours_p, twin_p in zip(ours.parameters(), parameters, strict=True):
        assert torch.allclose(ours_p, twin_p, atol=2e-5)
    assert run.metrics[-1]["train_loss"] == pytest.approx(np.mean(losses[-10:]), rel=1e-4)
    assert run.metrics[0]["grad_norm_clipped"] <= 0.05 + 1e-9
    assert 0 < run.metrics[0]["clipped_fraction"] <= 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_seed_gives_the_same_bytes(optimizer: Any) -> None:
    trainer = Trainer(epochs=2, batch_size=32)
    (_, _, a), (_, _, b), (_, _, c) = (
        fit(trainer, FirstWord(), name, seed=seed, optimizer=optimizer)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert (a.path / "metrics.csv").read_bytes() == (b.path / "metrics.csv").read_bytes()
    assert (a.path / "metrics.csv").read_bytes() != (c.path / "metrics.csv").read_bytes()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("poison_step", [1, 4, 9])
def test_divergence_ends_the_run_at_its_step(optimizer: Any, poison_step: int) -> None:
    """200 examples in batches of 40: 5 steps an epoch. The weights stay as they were before."""
    trainer = Trainer(epochs=3, batch_size=40)
    task = FirstWord(val=0, poison_step=poison_step)
    result, model, run = fit(trainer, task, "a", optimizer=optimizer)
    assert result.status == "diverged"
    assert result.steps == poison_step
    assert result.reason is not None
    assert result.reason.startswith(f"step {poison_step} is not finite: loss nan")
    assert all(p.isfinite().all() for p in model.parameters())
    assert len(run.metrics) == math.ceil(poison_step / 5)
    row = run.metrics[-1]
    if poison_step == 1:
        assert math.isnan(row["train_loss"])
    else:
        assert math.isfinite(row["train_loss"]) or poison_step % 5 == 1

    # the twin that stops by itself one step earlier has the same weights
    if poison_step == 4:
        _, before, _ = fit(trainer, FirstWord(val=0), "b", optimizer=optimizer)
        assert not all(
            torch.equal(a, b) for a, b in zip(model.parameters(), before.parameters(), strict=True)
        )


def test_masked_steps_leave_weights_and_moments() -> None:
    """After a non-finite step the rest of the epoch runs, and changes nothing."""
    poisoned, clean = FirstWord(val=0, poison_step=3), FirstWord(val=0)
    trainer = Trainer(epochs=1, batch_size=40)
    _, model, _ = fit(trainer, poisoned, "a")
    # the first two batches alone
    keep = np.concatenate(
        Sampler(clean.split("train"), CPU, True).epoch(
            40, np.random.default_rng(stream_seed(0, "order", 1))
        )[:2]
    )
    torch.manual_seed(7)
    twin = LSTM(Learned(WORDS, 8), 2, hidden_size=16)
    optimizer = torch.optim.Adam(twin.parameters(), lr=1e-3)
    for rows in (keep[:40], keep[40:]):
        index = torch.from_numpy(rows)
        batch = clean.split("train").batch(index, int(clean.split("train").lengths[index].max()))
        optimizer.zero_grad()
        Classification.loss(clean, twin(batch), batch).backward()
        optimizer.step()
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_exploding_gradients_are_reported_with_their_norm() -> None:
    task = FirstWord()
    trainer = Trainer(epochs=3, batch_size=20)
    result, _, run = fit(trainer, task, "a", model_type=RNN, lr=1e38, optimizer="sgd")
    assert result.status == "diverged"
    assert "not finite" in str(result.reason)
    assert run.metrics[-1]["epoch"] == result.epochs


def test_patience_stops_and_keeps_the_best_weights() -> None:
    trainer = Trainer(epochs=50, batch_size=20, patience=2)
    task = FirstWord()
    val = task.splits["val"]
    wrong = val.targets.clone()
    wrong[::3] = 1 - wrong[::3]  # being sure of a third of them costs more and more
    task.splits["val"] = replace(val, targets=wrong)
    result, model, run = fit(trainer, task, "a", lr=0.02)
    assert 3 <= result.epochs < 50
    assert result.best_epoch == result.epochs - 2
    assert result.best_step == 10 * result.best_epoch
    losses = [row["val_loss"] for row in run.metrics]
    assert result.best_epoch == 1 + int(np.argmin(losses))
    assert result.best_weights is not None
    model.load_state_dict(result.best_weights)
    val_data = Sampler(task.split("val"), CPU, trim=True)
    assert trainer.evaluate(model, task, val_data).means["loss"] == result.best_score


def test_patience_and_drop_last_need_their_data() -> None:
    with pytest.raises(ValueError, match="patience=3 watches the validation split"):
        check_data(Trainer(patience=3), FirstWord(val=0), CPU)
    with pytest.raises(ValueError, match="leaves no batch of 200"):
        check_data(Trainer(drop_last=True, batch_size=500), FirstWord(), CPU)
    check_data(Trainer(batch_size=500), FirstWord(), CPU)


def learned_by(trainer: Trainer, task: Recall, folder: str) -> Fit:
    torch.manual_seed(0)
    model = RNN(Learned(task.vocabulary, 8), 2, hidden_size=16)
    check_data(trainer, task, CPU)
    return trainer.fit(model, task, recipe(lr=0.01), new_run(folder), 0, CPU)


def test_it_stops_once_the_task_is_solved_twice_in_a_row() -> None:
    task = Recall(seq_len=3, val_count=100, test_count=1)
    trainer = Trainer(steps=1500)
    stopped = learned_by(replace(trainer, stop_when_solved=True), task, "stopped")
    assert stopped.solved_in_a_row == 2
    assert stopped.steps < 1000
    assert learned_by(trainer, task, "whole").steps == 1500


def test_growing_lengths_come_to_their_longest_before_it_stops() -> None:
    task = Recall(seq_len=3, val_count=100, test_count=1, train_lengths=[2, 9], curriculum="grow")
    stopped = learned_by(Trainer(steps=3000, stop_when_solved=True), task, "stopped")
    assert 7 * Grow.window <= stopped.steps < 3000


def test_what_has_no_solution_is_never_stopped_for_it() -> None:
    with pytest.raises(ValueError, match="stop_when_solved=true needs data that says when"):
        check_data(Trainer(stop_when_solved=True), FirstWord(), CPU)
    with pytest.raises(ValueError, match="stop_when_solved=true watches the validation split"):
        check_data(Trainer(stop_when_solved=True), Recall(val_count=0), CPU)


def test_the_best_weights_are_tested_where_that_is_asked_for() -> None:
    """patience asks for them where test_weights says nothing."""
    asked = {
        (weights, patience): Trainer(test_weights=weights, patience=patience).tests_best
        for weights in (None, "last", "best") for patience in (None, 3)
    }  # fmt: skip
    assert {key for key, best in asked.items() if best} == {
        (None, 3), ("best", None), ("best", 3),
    }  # fmt: skip
    with pytest.raises(ValueError, match="test_weights=best watches the validation split"):
        check_data(Trainer(test_weights="best"), FirstWord(val=0), CPU)
    check_data(Trainer(test_weights="last"), FirstWord(val=0), CPU)
    with pytest.raises(ValueError, match="test_weights=best chooses among the epochs"):
        Trainer(test_weights="best", epochs=0)
    Trainer(test_weights="best", epochs=0, steps=5)


@pytest.mark.parametrize(
    ("trainer", "line"),
    [
        (Trainer(batch_size=60),
         "training: epochs 5, batches in each 4, batch size 60; loss and scores are means over "
         "their examples"),
        (Trainer(batch_size=60, drop_last=True),
         "training: epochs 5, batches in each 3, batch size 60, examples left out of each 20 of "
         "200 (drop_last); loss and scores are means over their examples"),
        (Trainer(steps=7),
         "training: steps 7, batch size 64; loss and scores are means over their examples"),
        (Trainer(), "tested: the weights after the last epoch; trainer.test_weights=best takes "
         "those with the lowest validation loss"),
        (Trainer(steps=7, test_weights="last"), "tested: the weights after the last step"),
        (Trainer(patience=2),
         "tested: the weights with the lowest validation loss (trainer.patience=2); probes measure "
         "the last"),
        (Trainer(patience=2, test_weights="best"),
         "tested: the weights with the lowest validation loss (trainer.test_weights=best); probes "
         "measure the last"),
        (Trainer(epochs=0), "tested: the initial weights"),
    ],
)  # fmt: skip
def test_it_says_what_is_trained_on_and_tested(trainer: Trainer, line: str) -> None:
    assert line in training_lines(trainer, FirstWord(), CPU)


def test_a_fit_gives_the_validation_of_its_last_epoch() -> None:
    task, trainer = FirstWord(), Trainer(epochs=3, batch_size=40)
    result, model, run = fit(trainer, task, "a")
    assert result.validation is not None
    assert run.metrics[-1]["val_accuracy"] == pytest.approx(result.validation["accuracy"])
    again = trainer.evaluate(model, task, Sampler(task.split("val"), CPU, trim=True))
    assert result.validation == again.means
    nothing, _, _ = fit(replace(trainer, epochs=0), FirstWord(), "b")
    assert nothing.validation is None
    # 5 training losses and 1 of the validation split an epoch: the second epoch ends at its third
    poisoned, _, other = fit(trainer, FirstWord(poison_step=9), "c")
    assert poisoned.validation is not None
    assert other.metrics[0]["val_loss"] == pytest.approx(poisoned.validation["loss"])
    assert math.isnan(other.metrics[1]["val_loss"])


def test_a_validation_loss_that_is_not_finite_is_a_divergence() -> None:
    result, _, _ = fit(Trainer(epochs=3, batch_size=40), FirstWord(poison_step=6), "a")
    assert result.reason == "the validation loss is not finite after step 5"
    assert result.validation is not None
    assert math.isnan(result.validation["loss"])
    assert (result.epochs, result.best_epoch) == (1, None)
    assert result.best_weights is None


def test_without_validation_the_columns_stay_empty() -> None:
    result, _, run = fit(Trainer(epochs=1), FirstWord(val=0), "a")
    assert math.isnan(run.metrics[0]["val_loss"])
    assert result.best_epoch is None
    assert result.validation is None
    assert result.best_weights is None


@pytest.mark.skipif(not has_bf16(CPU), reason="this CPU has no bfloat16 LSTM")
def test_bf16_trains() -> None:
    result, _, run = fit(Trainer(epochs=2, precision="bf16"), FirstWord(), "a")
    full, _, other = fit(Trainer(epochs=2), FirstWord(), "b")
    assert result.status == full.status == "finished"
    assert run.metrics[-1]["train_loss"] == pytest.approx(other.metrics[-1]["train_loss"], rel=0.05)
    assert run.metrics[-1]["train_loss"] != other.metrics[-1]["train_loss"]


@pytest.mark.parametrize(
    ("known", "slow"),
    [
        ({"avx512_f": True, "avx512_bf16": False, "architecture": "x86_64"}, True),
        ({"avx512_f": True, "avx512_bf16": True, "architecture": "x86_64"}, False),
        ({"neon": True, "bf16": True, "architecture": "aarch64"}, False),
    ],
)
def test_bf16_is_said_to_be_slow_on_a_cpu_without_its_instructions(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, object], slow: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    line = "precision=bf16: this CPU has no bfloat16 instructions: slower than float32 here"
    assert (line in training_lines(Trainer(precision="bf16"), FirstWord(), CPU)) is slow
    assert line not in training_lines(Trainer(), FirstWord(), CPU)
    assert not slow_precision("bf16", torch.device("cuda"))


def test_bf16_is_refused_where_the_device_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnexp.training.contradictions.has_bf16", lambda device: False)
    with pytest.raises(ValueError, match="precision=bf16 is not there on device=cpu"):
        check_data(Trainer(precision="bf16"), FirstWord(), CPU)


def test_evaluation_does_not_depend_on_its_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    task, trainer = FirstWord(), Trainer()
    torch.manual_seed(0)
    model = Bag(Learned(WORDS, 8), 2)
    data = Sampler(task.split("train"), CPU, trim=True)
    first = trainer.evaluate(model, task, data)
    monkeypatch.setattr("rnnexp.training.evaluation.EVALUATION_BATCH_SIZE", 7)
    again = trainer.evaluate(model, task, Sampler(task.split("train"), CPU, trim=False))
    assert again.means == pytest.approx(first.means, rel=1e-6)
    assert np.allclose(first.outputs, again.outputs, atol=1e-6)
    assert np.array_equal(first.scores["accuracy"], again.scores["accuracy"])


@pytest.mark.parametrize(
    "bad",
    [
        ("epochs", -1),
        ("batch_size", 0),
        ("patience", 0),
        ("steps", 0),
        ("accumulate", 0),
        ("ema", 1.0),
    ],
)
def test_bad_settings(bad: tuple[str, Any]) -> None:
    with pytest.raises(ValueError, match=bad[0]):
        Trainer(**{bad[0]: bad[1]})


def test_run_directories_have_their_place(workdir: Path) -> None:
    _, _, run = fit(Trainer(epochs=1), FirstWord(), "lstm_T6_s0")
    assert run.path.parent == Path("outputs/runs").resolve()
    assert run.path.name.endswith("_lstm_T6_s0")
