"""A run's row of study.csv, and what is read of its directory once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from rnnexp.results.groups import Group
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.results.study_run import StudyRun
from rnnexp.results.summary import Reading, Summary
from tests.results.test_study import add_run, draw_study, findings_of, scores_table

#: The columns that readers of study.csv rely on.
COLUMNS = [
    "run", "status", "model", "data", "synthetic", "memory", "distance", "seq_len", "seed",
    "test_loss", "test_accuracy", "headline", "beats_chance", "interval_low", "interval_high",
    "skill", "chance_accuracy", "chance_loss", "seconds", "tokens_per_second", "epochs", "steps",
    "best_epoch", "parameters", "reason",
]  # fmt: skip


def test_the_columns_of_study_csv(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.7)
    (row,) = Study.read(tmp_path).rows
    assert list(row) == COLUMNS
    assert (row["skill"], row["beats_chance"]) == (pytest.approx(0.4), True)


def test_a_run_without_a_result_is_not_judged(tmp_path: Path) -> None:
    add_run(tmp_path, 0, None, status="failed")
    add_run(tmp_path, 1, None, seed=1, status="diverged")
    failed, diverged = Study.read(tmp_path).rows
    assert "beats_chance" not in failed
    assert diverged["beats_chance"] is False


def test_files_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, model in enumerate(("rnn", "lstm")):
        add_run(tmp_path, number, 0.7, model=model)
        run = RunDirectory(tmp_path / f"job{number:03d}")
        run.save_probe("pulse", {"epoch": np.array([0]), "beats": np.array([1.0])})
    reads: list[str] = []

    def counting(kind: type, name: str) -> None:
        original = getattr(kind, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            reads.append(name)
            return original(*arguments, **options)

        monkeypatch.setattr(
            kind, name, staticmethod(counted) if kind is not RunDirectory else counted
        )

    counting(RunDirectory, "probe")
    counting(Summary, "read")
    counting(yaml, "load")  # type: ignore[arg-type]
    study = Study.read(tmp_path)
    draw_study(study)
    study.write()
    assert study.groups() is study.groups()
    for group in study.groups():
        assert group.scalars("pulse", "beats") == group.scalars("pulse", "beats") == [1.0]
    assert (reads.count("read"), reads.count("load")) == (2, 2)
    probes = len(reads) - 4
    draw_study(study)
    assert len(reads) - 4 == probes


def test_progress_is_counted_in_what_the_training_is() -> None:
    columns = {"epoch": [1, 2], "step": [10, 20]}
    for unit, expected in (("step", ([10, 20], "training step")), ("epoch", ([1, 2], "epoch"))):
        summary = Summary.model_validate({"status": "finished", "seed": 0, "unit": unit})
        assert StudyRun(RunDirectory(Path()), summary).progress(columns) == expected


def test_a_run_alone_is_told_of_whatever_became_of_it(tmp_path: Path) -> None:
    add_run(tmp_path, 0, None, status="failed")
    group = Group.of_run(RunDirectory.open(tmp_path / "job000"))
    assert len(group.ended) == 1
    assert Study.read(tmp_path).groups()[0].ended == []


def test_a_score_of_the_users_own_that_is_better_low(tmp_path: Path) -> None:
    """Nothing asks a score for its name: an unknown one is tabled, judged and drawn."""
    reading = Reading(better="low", axis="bits per word", logarithmic=True).model_dump()
    for number, (seq_len, value) in enumerate([(10, 0.5), (10, 0.6), (20, 2.0), (20, 2.1)]):
        add_run(tmp_path, number, 0.5, seq_len=seq_len, seed=number % 2)
        path = tmp_path / f"job{number:03d}" / "summary.json"
        own = {
            "schema_version": 2, "headline": "bits", "scores": {"bits": reading},
            "chance": {"bits": 2.0}, "perfect": {"bits": 0.0}, "solved_at": 0.55,
            "test": {"bits": value}, "test_interval": {"bits": [value - 0.1, value + 0.1]},
        }  # fmt: skip
        path.write_text(json.dumps(json.loads(path.read_text()) | own))
    study = Study.read(tmp_path)
    assert [row["beats_chance"] for row in study.rows] == [True, True, False, False]
    assert [row["solved"] for row in study.rows] == [True, False, False, False]
    table = scores_table(study)
    assert "test bits" in table
    assert "solved: test bits at most 0.55" in table
    draw_study(study)
    svg = (tmp_path / "plots" / "score_vs_length.svg").read_text()
    assert "test bits per word" in svg


def test_one_decision_on_padding(tmp_path: Path) -> None:
    """Table and figure go together; without the pair that says what is lost there is neither."""
    number = 0
    for padding in ("post", "pre"):
        for readout in ("last_valid", "mean"):
            settings = {"data.padding": padding, "model.readout": readout}
            add_run(tmp_path, number, 0.7, **settings)
            number += 1
    assert "padding" not in [finding.name for finding in findings_of(Study.read(tmp_path))]
    assert [path.stem for path in draw_study(Study.read(tmp_path))] == ["scores"]
    add_run(tmp_path, number, 0.6, **{"data.padding": "post", "model.readout": "last"})
    study = Study.read(tmp_path)
    (padding_cost,) = [finding for finding in findings_of(study) if finding.name == "padding"]
    assert "+10.0" in padding_cost.text()
    assert [path.stem for path in draw_study(study)] == ["padding"]
