"""Whether a run had learned within a budget: from the rows of its metrics.csv."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rnnexp.durable import write_json
from rnnexp.results.learned import Looks
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study_run import StudyRun
from tests.results.test_study import add_run


def run(
    folder: Path, at_rows: Sequence[float | None], score: str = "accuracy", **summary: Any
) -> StudyRun:
    """One with a row per 100 steps; None for a row without a number."""
    add_run(folder, 0, 0.9, data="recall")
    path = folder / "job000"
    rows = [f"{100 * (i + 1)},{'' if v is None else v}" for i, v in enumerate(at_rows)]
    (path / "metrics.csv").write_text("\n".join([f"step,val_{score}", *rows]) + "\n")
    known = json.loads((path / "summary.json").read_text())
    report = {"val": 1000, "test": 2000}
    write_json(path / "summary.json", known | {"data_report": report, "steps": 600} | summary)
    directory = RunDirectory.open(path)
    return StudyRun(directory, directory.summary)


def learned(made: StudyRun) -> list[bool]:
    looks = Looks.at(made)
    assert looks is not None
    return [looks.learned_within(steps) for steps in (100, 200, 300, 600)]


def test_two_rows_in_a_row_the_second_within_the_budget(tmp_path: Path) -> None:
    assert learned(run(tmp_path, [0.5, 0.7, 0.9, 0.5])) == [False, False, True, True]


def test_one_lucky_row_is_none(tmp_path: Path) -> None:
    assert learned(run(tmp_path, [0.5, 0.9, 0.5, 0.9, 0.5])) == [False] * 4


def test_what_was_learned_stays_learned(tmp_path: Path) -> None:
    """Though the run diverged behind it."""
    made = run(tmp_path, [0.9, 0.9, None], status="diverged")
    assert learned(made) == [False, True, True, True]


def test_a_single_row_is_judged_alone(tmp_path: Path) -> None:
    assert learned(run(tmp_path, [0.9])) == [True] * 4


def test_nearly_chance_is_not_learned_and_few_examples_say_less(tmp_path: Path) -> None:
    assert learned(run(tmp_path / "a", [0.57, 0.57])) == [False] * 4
    assert learned(run(tmp_path / "b", [0.65, 0.65])) == [False, True, True, True]
    few = run(tmp_path / "c", [0.65, 0.65], data_report={"val": 20})
    assert learned(few) == [False] * 4


def test_an_error_must_show_twice_the_skill(tmp_path: Path) -> None:
    reading = {"mse": {"better": "low", "axis": "mse"}}
    known = {"headline": "mse", "scores": reading, "chance": {"mse": 1.0}, "perfect": {"mse": 0.0}}
    assert learned(run(tmp_path / "a", [0.85, 0.85], "mse", **known)) == [False] * 4
    assert learned(run(tmp_path / "b", [0.7, 0.7], "mse", **known)) == [False, True, True, True]


def test_a_run_that_was_not_validated_is_judged_by_its_test(tmp_path: Path) -> None:
    made = run(tmp_path, [], data_report={"val": 0, "test": 2000})
    looks = Looks.at(made)
    assert looks is not None
    assert (list(looks.steps), list(looks.beats), looks.examples) == ([600], [True], 2000)


@pytest.mark.parametrize("status", ["failed", "running", "interrupted"])
def test_a_run_without_a_result_says_nothing(tmp_path: Path, status: str) -> None:
    assert Looks.at(run(tmp_path, [0.9, 0.9], status=status)) is None
