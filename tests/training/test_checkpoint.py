"""A training that goes on where it was stopped ends as one that was never stopped."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from rnnexp.clip.norm import Norm
from rnnexp.data.base import Task
from rnnexp.data.curriculum import CurriculumName
from rnnexp.data.random_tokens import RandomTokens
from rnnexp.data.recall import Recall
from rnnexp.dials import Checkpoints
from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.probes.base import Probe
from rnnexp.probes.grad_norm import GradNorm
from rnnexp.probes.gradient_flow import GradientFlow
from rnnexp.probes.probe_set import ProbeSet
from rnnexp.regulariser.flossing import Flossing
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.runs import RunDirectory
from rnnexp.schedule.cosine import Cosine
from rnnexp.schedule.plateau import Plateau
from rnnexp.training.checkpoint import Checkpoint
from rnnexp.training.recipe import Recipe
from rnnexp.training.tensors import tensor_bytes
from rnnexp.training.trainer import Trainer
from tests.conftest import new_run
from tests.training.recipes import OPTIMIZERS, recipe

CPU = torch.device("cpu")
CLIP = Norm(max_norm=0.4)
SCHEDULES = {"cosine": Cosine(warmup_steps=3), "plateau": Plateau(patience=0, threshold=0.5)}
EVERY_STEP = Checkpoints(every_seconds=0, keep="all")


def model_of(kind: Callable[..., SequenceModel], task: Task) -> SequenceModel:
    torch.manual_seed(3)
    assert task.vocabulary is not None
    return kind(Learned(task.vocabulary, 6), task.output_size)


def deep_lstm(*arguments: object) -> SequenceModel:
    return LSTM(*arguments, hidden_size=5, num_layers=2, dropout=0.4)  # type: ignore[arg-type]


def small_rnn(*arguments: object) -> SequenceModel:
    return RNN(*arguments, hidden_size=5)  # type: ignore[arg-type]


def small_gru(*arguments: object) -> SequenceModel:
    return GRU(*arguments, hidden_size=5)  # type: ignore[arg-type]


def fit(
    run: RunDirectory,
    trainer: Trainer,
    kind: Callable[..., SequenceModel],
    saving: Checkpoints,
    start: Checkpoint | None = None,
    task: Task | None = None,
    made: Recipe | None = None,
) -> None:
    """Train; every file of the run that must not differ is then in its directory."""
    task = task or RandomTokens(seq_len=9, count=70, vocab_size=8)
    model = model_of(kind, task)
    chosen: dict[str, Probe] = {
        "grad_norm": GradNorm(), "gradient_flow": GradientFlow(every=2),
    }  # fmt: skip
    probes = ProbeSet(chosen, model, task, 0, CPU, examples=4)
    if start is not None:
        assert start.probes is not None
        probes.restore(*start.probes, run.probe)
    made = made or recipe(CLIP)
    done = trainer.fit(model, task, made, run, 0, CPU, probes, start, saving)
    run.save_weights("weights", tensor_bytes(model.state_dict()))
    (run.path / "fit.json").write_text(
        json.dumps({k: v for k, v in done.state().items() if k != "seconds"})
    )


def what_was_left(run: RunDirectory) -> dict[str, bytes]:
    names = ["metrics.csv", "weights.safetensors", "fit.json"]
    paths = [run.path / name for name in names] + sorted((run.path / "probes").iterdir())
    return {path.name: path.read_bytes() for path in paths}


CASES: dict[str, tuple[Trainer, Callable[..., SequenceModel], Recipe]] = {
    "lstm with dropout": (Trainer(epochs=3, batch_size=16), deep_lstm, recipe(CLIP)),
    "patience": (Trainer(epochs=9, batch_size=16, patience=2), small_rnn, recipe(CLIP, lr=0.05)),
    "steps": (Trainer(steps=6, batch_size=16), small_gru, recipe(CLIP)),
    "diverging": (
        Trainer(epochs=3, batch_size=16),
        small_rnn,
        recipe(CLIP, optimizer="sgd", lr=1e30),
    ),
    "averaged": (Trainer(epochs=2, batch_size=16, ema=0.9), small_rnn, recipe(CLIP)),
    "accumulated": (Trainer(epochs=2, batch_size=8, accumulate=3), small_rnn, recipe(CLIP)),
    "truncated": (Trainer(epochs=2, batch_size=16, truncate=4), small_gru, recipe(CLIP)),
    "stateful": (
        Trainer(epochs=2, batch_size=10, shuffle=False, stateful=True),
        deep_lstm,
        recipe(CLIP),
    ),
    "in order": (Trainer(epochs=2, batch_size=16, shuffle=False), small_rnn, recipe(CLIP)),
    **{
        name: (Trainer(epochs=2, batch_size=16), small_rnn, recipe(CLIP, optimizer=name))
        for name in OPTIMIZERS
    },
    **{
        f"schedule {name}": (
            Trainer(epochs=4, batch_size=16),
            small_rnn,
            recipe(CLIP, lr=0.05, schedule=schedule),
        )
        for name, schedule in SCHEDULES.items()
    },
}


@pytest.mark.parametrize("case", CASES)
def test_from_every_checkpoint_it_ends_in_the_same_bytes(case: str) -> None:
    trainer, kind, made = CASES[case]
    check_every_checkpoint(trainer, kind, made=made)


def test_so_does_one_with_a_regulariser() -> None:
    """It is on in the first epoch, off, and on at single steps of the second and third."""
    flossing = Flossing(k=3, steps_before=2, every=3, window=6, burn_in=1)
    made = recipe(CLIP, regulariser=flossing)
    check_every_checkpoint(Trainer(epochs=3, batch_size=16), small_gru, made=made)


@pytest.mark.parametrize("curriculum", ["grow", "uniform"])
def test_so_does_one_whose_lengths_change(
    curriculum: CurriculumName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnnexp.data.curriculum.Curriculum.window", 3)
    monkeypatch.setattr("rnnexp.training.trainer.ROW_STEPS", 6)
    monkeypatch.setattr("rnnexp.data.curriculum.LEARNED", 0.0)  # half of the windows, by chance
    task = Recall(
        seq_len=5, val_count=20, test_count=4, train_lengths=[2, 9], curriculum=curriculum
    )
    trainer = Trainer(steps=18, batch_size=5)
    check_every_checkpoint(trainer, small_rnn, task, recipe(CLIP, lr=1e-9))
    (metrics,) = Path().glob("outputs/runs/*whole*/metrics.csv")
    assert pd.read_csv(metrics)["train_length"].nunique() == 3


def check_every_checkpoint(
    trainer: Trainer,
    kind: Callable[..., SequenceModel],
    task: Task | None = None,
    made: Recipe | None = None,
) -> None:
    """There is one after every step and one after every epoch."""
    whole, plain, never = new_run("whole"), new_run("plain"), Checkpoints(every_seconds=1e9)
    fit(whole, trainer, kind, EVERY_STEP, task=task, made=made)
    expected = what_was_left(whole)
    fit(plain, trainer, kind, never, task=task, made=made)
    assert what_was_left(plain) == expected  # saving changes no training
    stored = StoredCheckpoint.of_run(whole.path)
    assert len(stored) >= 5
    for one in stored:
        contents, state, files = one.read()
        # the other files as the whole run left them: some were written after the checkpoint
        again = RunDirectory(Path(f"again_{one.path.name}"))
        shutil.copytree(whole.path, again.path, ignore=shutil.ignore_patterns("checkpoints"))
        again.write_grown(again.grown(files))
        start = Checkpoint.of(contents, state)
        fit(again, trainer, kind, never, start, task, made)
        assert what_was_left(again) == expected, one.place


def test_a_checkpoint_is_no_pickle(workdir: Path) -> None:
    trainer, kind, _ = CASES["adam"]
    run = new_run("a")
    fit(run, trainer, kind, Checkpoints())
    (stored,) = StoredCheckpoint.of_run(run.path)
    names = {path.name for path in stored.path.iterdir()}
    assert names == {
        "manifest.json", "state.json", "weights.safetensors", "optimizer.safetensors",
        "probes.safetensors",
    }  # fmt: skip


def test_a_checkpoint_of_version_0_6_comes_back() -> None:
    """It called the best score the best loss, infinite where there was none."""
    run = new_run("a")
    trainer = Trainer(epochs=1, batch_size=16, patience=3)
    fit(run, trainer, small_rnn, EVERY_STEP)
    first = StoredCheckpoint.of_run(run.path)[-1]
    contents, state, _ = first.read()
    assert Checkpoint.of(contents, state).fit.best_score is None
    assert Checkpoint.of(contents, state).steps is not None
    for loss, best in ((math.inf, None), (0.5, 0.5)):
        before = {key: value for key, value in state["fit"].items() if key != "best_score"}
        older = {**state, "fit": {**before, "best_loss": loss}}
        assert Checkpoint.of(contents, older).fit.best_score == best


def test_the_best_weights_are_kept_only_where_they_are_wanted() -> None:
    for trainer, keep, there in (
        (Trainer(epochs=1), "tested", False),
        (Trainer(epochs=1), "best", True),
        (Trainer(epochs=1, patience=1), "tested", True),
    ):
        run = new_run("a")
        fit(run, trainer, small_rnn, Checkpoints(keep=keep))  # type: ignore[arg-type]
        (stored,) = StoredCheckpoint.of_run(run.path)
        assert (stored.path / "best.safetensors").is_file() == there
