"""The typed content of summary.json and task.json."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from rnnexp.errors import DataError
from rnnexp.results.summary import SCHEMA_VERSION, Reading, Summary, TaskRecord
from rnnexp.scores import ACCURACY, AUROC, CROSS_ENTROPY, MACRO_F1

#: As the first version wrote it, shortened.
FIRST: dict[str, Any] = {
    "status": "finished", "reason": None, "started": "2026-01-01T00:00:00", "model": "lstm",
    "data": "reviews", "seq_len": 8, "seed": 0, "fingerprint": "0" * 16, "headline": "accuracy",
    "chance": {"accuracy": 0.5, "loss": 0.693}, "perfect": {"accuracy": 1.0, "loss": 0.0},
    "solved_at": None, "choices": {"model": "lstm"}, "overrides": {"seq_len": "8"},
    "test": {"accuracy": 0.75, "loss": None}, "test_interval": {"accuracy": [0.7, 0.8]},
    "probes": {"gates": {"mean_forget": 0.5}}, "a_key_of_somebody": [1, 2],
}  # fmt: skip


def written(path: Path, values: dict[str, Any]) -> Path:
    (path / "summary.json").write_text(json.dumps(values))
    return path / "summary.json"


def test_a_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    summary = Summary.read(written(tmp_path, FIRST))
    assert summary.schema_version == SCHEMA_VERSION
    score = summary.score()
    assert score is not None
    assert (score.name, score.percent, score.chance, score.perfect) == ("accuracy", True, 0.5, 1.0)
    loss = summary.score("loss")
    assert loss is not None
    assert loss.axis == "loss (nats)"
    assert summary.synthetic
    assert summary.cell is not None
    assert summary.cell.carry == "forget"


def test_a_score_of_the_first_version_that_is_not_known(tmp_path: Path) -> None:
    """Which way it is better follows from where perfection lies."""
    own = {"headline": "bits", "chance": {"bits": 2.0}, "perfect": {"bits": 0.0}}
    score = Summary.read(written(tmp_path, FIRST | own)).score()
    assert score is not None
    assert (score.name, score.better, score.percent) == ("bits", "low", False)


def test_what_is_not_known_is_kept(tmp_path: Path) -> None:
    summary = Summary.read(written(tmp_path, FIRST))
    again = Summary.read(written(tmp_path, summary.model_dump(mode="json")))
    assert again.model_dump()["a_key_of_somebody"] == [1, 2]
    assert again == summary


def test_a_number_that_is_not_finite_is_none() -> None:
    summary = Summary(status="finished", seed=0, test={"loss": math.nan, "accuracy": math.inf})
    assert summary.test == {"loss": None, "accuracy": None}


@pytest.mark.parametrize(
    "damage",
    [{"seed": None}, {"test": {"accuracy": "high"}}, {"chance": 3}, {"status": None},
     {"status": "sleeping"}, {"choices": []}],
)  # fmt: skip
def test_a_damaged_file_is_named_with_its_key(tmp_path: Path, damage: dict[str, Any]) -> None:
    path = written(tmp_path, FIRST | damage)
    with pytest.raises(DataError, match=rf"summary\.json is damaged \({next(iter(damage))}\)"):
        Summary.read(path)


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, FIRST | {"schema_version": SCHEMA_VERSION + 1})
    with pytest.raises(DataError, match="written by a later version of rnnexp"):
        Summary.read(path)


def test_a_task_file_of_the_first_version(tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text('{"vocabulary": ["<pad>", "a"], "embedding_dim": 4}')
    record = TaskRecord.read(tmp_path / "task.json")
    assert (record.vocabulary, record.embedding_dim) == (["<pad>", "a"], 4)
    assert record.output_size is None


def test_further_scores_are_neither_the_loss_nor_the_headline() -> None:
    scores = {score.name: Reading.of(score) for score in (CROSS_ENTROPY, ACCURACY, MACRO_F1, AUROC)}
    summary = Summary(
        status="finished", seed=0, headline="accuracy", scores=scores, chance={"auroc": 0.5}
    )
    assert [score.name for score in summary.further_scores] == ["macro_f1", "auroc"]
    assert summary.further_scores[1].chance == 0.5
