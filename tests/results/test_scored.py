"""Scores of a whole split from the training to the table of a study, on files."""

import csv
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from rnnexp.results.answers import class_answers, with_scores
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.scores import OF_CLASSES
from tests.conftest import TINY_MODEL, Outcome, read_npz

Rnnexp = Callable[..., Outcome]
KEPT = Path(__file__).parents[1] / "kept" / "version_0.1"
WORDS = {"alltäglich": "Besprechung Bericht Tisch", "Werbung": "Preis Geld Klick",
         "dringend": "Feuer Rauch Gefahr"}  # fmt: skip
UNEVEN = (*TINY_MODEL, "data=csv", "data.path=mails.csv", "seq_len=6", "data.split=50/20/30",
          "trainer.batch_size=16", "embedding.dim=4", "probes=none")  # fmt: skip


@pytest.fixture
def mails(workdir: Path) -> Path:
    """300 texts of three classes, 80, 14 and 6 of a hundred."""
    generator = random.Random(0)
    rows = []
    for place in range(300):
        label = ["dringend", "Werbung", "alltäglich"][(place % 50 > 2) + (place % 50 > 9)]
        words = generator.choices(WORDS[label].split(), k=2) + generator.choices(
            " ".join(WORDS.values()).split(), k=3
        )
        rows.append([" ".join(words), label])
    path = workdir / "mails.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *rows])
    return path


def test_a_run_on_uneven_classes(
    rnnexp: Rnnexp, mails: Path, run_directory: Callable[[], Path]
) -> None:
    outcome = rnnexp(*UNEVEN, "trainer.epochs=2", "plots=true")
    assert outcome.status == 0, outcome.err
    run = RunDirectory.open(run_directory())
    summary, stored = run.summary, read_npz(run.path / "predictions" / "test.npz")
    test, answered = summary.test or {}, stored["outputs"].argmax(axis=1)
    assert test["macro_f1"] == pytest.approx(
        f1_score(stored["targets"], answered, average="macro"), abs=1e-12
    )
    assert test["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(stored["targets"], answered), abs=1e-12
    )
    names = {"loss", "accuracy", *(score.name for score in OF_CLASSES)}
    assert set(summary.scores) == set(summary.validation or {}) == set(test) == names
    assert set(summary.test_interval or {}) == names - {"loss"}
    assert summary.chance["macro_f1"] == pytest.approx(1 / 3)
    header = (run.path / "metrics.csv").read_text().splitlines()[0]
    assert "macro_f1" not in header
    for words in (
        "uneven classes: whoever always answers the commonest is right in 80.0%",
        "balanced accuracy weighs them alike (chance 33.3%)",
        f"\nbalanced accuracy {test['balanced_accuracy']:.1%} (chance 33.3%), macro F1 ",
        "precision %  recall %",
        "dringend",
    ):
        assert words in outcome.out, words
    (line,) = [text for text in outcome.out.splitlines() if "AUROC" in text and "macro F1" in text]
    assert len(line) <= 100
    for name in ("confusion", "calibration"):
        assert (run.plots / f"{name}.png").is_file()
    assert ">alltäglich<" in (run.plots / "confusion.svg").read_text()


def test_a_study_is_looked_at_by_any_score(rnnexp: Rnnexp, mails: Path, workdir: Path) -> None:
    study = workdir / "outputs" / "studies" / "x"
    made = rnnexp("-m", *UNEVEN, "trainer.epochs=1", "model=rnn,lstm", "seed=0,1", "study=x")
    assert made.status == 0, made.err
    assert "test accuracy %" in made.out
    outcome = rnnexp("report", str(study), "--score", "macro_f1", "--to", "by_f1")
    assert outcome.status == 0, outcome.err
    for words in ("test macro_f1 %", "chance: 33.3", "difference in test macro_f1"):
        assert words in outcome.out
    with (workdir / "by_f1" / "study.csv").open() as file:
        row, *_ = csv.DictReader(file)
    assert (row["headline"], row["chance_macro_f1"]) == ("macro_f1", "0.3333333333333333")
    assert row["test_macro_f1"]
    groups = json.loads((study / "study.json").read_text())["groups"]
    assert all(f"test_{score.name}" in groups[0] for score in OF_CLASSES)
    by_error = rnnexp("report", str(study), "--score", "calibration_error", "--to", "by_error")
    assert "beats chance: says nothing here" in by_error.out
    assert "0 of 2" not in by_error.out
    assert "nothing is said of beating" not in by_error.out


def test_a_score_that_no_run_has_is_refused(rnnexp: Rnnexp, mails: Path, workdir: Path) -> None:
    assert rnnexp("-m", *UNEVEN, "trainer.epochs=0", "seed=0,1", "study=x").status == 0
    study = workdir / "outputs" / "studies" / "x"
    before = sorted(study.iterdir())
    outcome = rnnexp("report", str(study), "--score", "f1")
    assert outcome.status == 2
    assert "--score f1: no run of this study has it; they have loss, accuracy" in outcome.err
    (job, *_) = study.glob("lstm*")
    assert rnnexp("report", str(job), "--score", "macro_f1").status == 2
    assert sorted(study.iterdir()) == before


def test_runs_of_the_first_version_are_scored_from_their_predictions(workdir: Path) -> None:
    study = workdir / "study"
    shutil.copytree(KEPT / "study", study)
    run, *_ = Study.read(study, "macro_f1").runs
    stored = read_npz(run.directory.path / "predictions" / "test.npz")
    answered = (stored["outputs"][:, 0] > 0).astype(int)
    score = run.summary.score("macro_f1")
    assert score is not None
    assert (score.percent, score.chance) == (True, 0.5)
    assert run.row["test_macro_f1"] == pytest.approx(
        f1_score(stored["targets"], answered, average="macro"), abs=1e-12
    )
    assert "macro_f1" not in run.directory.summary.scores  # nothing is written into the run


def test_where_predictions_are_gone_a_score_is_missing(workdir: Path) -> None:
    study = workdir / "study"
    shutil.copytree(KEPT / "study", study)
    first, *_ = sorted(study.glob("*/predictions/test.npz"))
    first.unlink()
    read = Study.read(study, "macro_f1")
    values = [run.row.get("test_macro_f1") for run in read.runs]
    assert values.count(None) == 1
    assert any("no macro_f1 of 1 of" in note for note in read.notes())


def test_numbers_of_the_first_version(workdir: Path) -> None:
    run = RunDirectory.open(KEPT / "adding")
    summary = with_scores(run, run.summary, "r2")
    stored = read_npz(run.path / "predictions" / "test.npz")
    error = np.abs(stored["outputs"] - stored["targets"]).mean()
    assert (summary.test or {})["mae"] == pytest.approx(error, rel=1e-6)
    assert summary.chance["r2"] == 0.0
    assert with_scores(run, run.summary, "macro_f1") == run.summary


def test_scores_of_some_steps_alone_have_no_matrix_of_all(
    rnnexp: Rnnexp, run_directory: Callable[[], Path]
) -> None:
    words = ("seq_len=4", "trainer.steps=2", "data.val_count=5", "data.test_count=20")
    assert rnnexp(*TINY_MODEL, "data=copying", *words, "probes=none").status == 0
    run = RunDirectory.open(run_directory())
    assert class_answers(run, run.summary) is None
    assert (run.summary.test or {})["auroc"] is None
    assert (run.summary.test or {})["macro_f1"] is not None


def test_scores_of_steps(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> None:
    words = ("seq_len=8", "trainer.steps=2", "data.val_count=5", "data.test_count=20")
    outcome = rnnexp(*TINY_MODEL, "data=flip_flop", "data.classes=3", *words, "probes=none")
    assert "test steps" in outcome.out
    run = RunDirectory.open(run_directory())
    answers = class_answers(run, run.summary)
    assert answers is not None
    assert answers.scores() == {
        name: value
        for name, value in (run.summary.test or {}).items()
        if name not in ("loss", "accuracy")
    }


def test_the_commands_of_the_page(rnnexp: Rnnexp, mails: Path, workdir: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scores.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    commands = [line.split()[1:] for block in blocks for line in block.splitlines()]
    assert len(commands) == 3
    small = ("seq_len=6", "trainer.epochs=1", "embedding.dim=4", "probes=none", *TINY_MODEL)
    for words in commands:
        outcome = rnnexp(*words, *(() if "report" in words else small))
        assert outcome.status == 0, outcome.err
    assert "test macro_f1 %" in outcome.out
    assert (workdir / "by_macro_f1" / "study.csv").is_file()


@pytest.mark.realdata
def test_real_reviews(rnnexp: Rnnexp, realdata: Path, run_directory: Callable[[], Path]) -> None:
    outcome = rnnexp(
        *TINY_MODEL, "data=imdb", f"data.path={realdata / 'imdb_30k.csv.gz'}", "data.limit=600",
        "seq_len=40", "trainer.epochs=1", "probes=none", "embedding.dim=8",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    summary = RunDirectory.open(run_directory()).summary
    test, chance = summary.test or {}, summary.chance
    assert chance["balanced_accuracy"] == 0.5
    assert 0.3 < (test["auroc"] or 0) < 0.9
    low, high = (summary.test_interval or {})["auroc"]
    assert low is not None
    assert high is not None
    assert low < (test["auroc"] or 0) < high
    assert "uneven classes" not in outcome.out
    assert "negative" in outcome.out.split("precision %")[1]
