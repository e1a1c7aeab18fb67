"""Which studies on disk a new one may go on with."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rnnexp.results.reuse import UNNAMED, Holding, Identity, studies_holding
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary

FIRST, SECOND, THIRD = (Identity(digit * 16, "files", "probes") for digit in "abc")


def add(study: str, run: Identity, status: str = "finished") -> Path:
    """A run's directory, as far as it is looked at."""
    summary = Summary(
        status=status,  # type: ignore[arg-type]
        started="2026",
        version="0",
        seed=0,
        fingerprint=run.fingerprint,
        content=run.content,
        measured=run.measured,
    )
    name = f"rnn_T5_s0_{run.fingerprint[:8]}"
    return RunDirectory.create_at(Path(study) / name, summary).path


def the_one(*wanted: Identity) -> Holding:
    (holding,) = studies_holding(Path(), wanted)
    return holding


def test_a_part_of_what_is_wanted_goes_on() -> None:
    add(f"{UNNAMED}1", FIRST)
    add(f"{UNNAMED}1", SECOND, status="running")  # a process may be at it: claims part the runs
    holding = the_one(FIRST, SECOND, THIRD)
    assert holding == Holding(Path(f"{UNNAMED}1"), wanted=2, done=1, others=False)
    assert holding.extended


def test_a_run_beside_what_is_wanted_keeps_them_apart() -> None:
    """No table has runs that its command did not name."""
    add(f"{UNNAMED}1", FIRST)
    add(f"{UNNAMED}1", THIRD)
    assert not the_one(FIRST, SECOND).extended


def test_a_study_with_a_name_is_told_and_not_taken() -> None:
    add("mine", FIRST)
    assert the_one(FIRST, SECOND) == Holding(Path("mine"), wanted=1, done=1, others=False)
    assert not the_one(FIRST, SECOND).extended


@pytest.mark.parametrize("other", [{"content": "other files"}, {"measured": "other probes"}])
def test_a_run_of_other_files_or_probes_would_be_replaced(other: dict[str, str]) -> None:
    add(f"{UNNAMED}1", FIRST)
    add(f"{UNNAMED}1", replace(SECOND, **other))
    holding = the_one(FIRST, SECOND, THIRD)
    assert (holding.wanted, holding.extended) == (1, False)


def test_a_run_that_failed_before_it_began_is_run_again() -> None:
    add(f"{UNNAMED}1", replace(FIRST, content=None, measured=None), status="failed")
    holding = the_one(FIRST, SECOND)
    assert (holding.wanted, holding.done, holding.extended) == (1, 0, True)


def test_a_damaged_run_that_is_wanted_is_run_again() -> None:
    """Which run it is, its folder's name says."""
    add(f"{UNNAMED}1", FIRST)
    (add(f"{UNNAMED}1", SECOND) / "summary.json").write_text("{")
    assert the_one(FIRST, SECOND) == Holding(Path(f"{UNNAMED}1"), wanted=2, done=1, others=False)


def test_a_damaged_run_that_is_not_wanted_keeps_them_apart() -> None:
    add(f"{UNNAMED}1", FIRST)
    (add(f"{UNNAMED}1", THIRD) / "summary.json").write_text("{")
    assert not the_one(FIRST, SECOND).extended


def test_the_fullest_comes_first_and_strangers_not_at_all() -> None:
    add("few", FIRST)
    add("most", FIRST)
    add("most", SECOND)
    add("strange", THIRD)
    Path("empty").mkdir()
    assert [h.path.name for h in studies_holding(Path(), [FIRST, SECOND])] == ["most", "few"]
    assert studies_holding(Path("nowhere"), [FIRST]) == []


def test_studies_without_a_run_in_common_are_not_read() -> None:
    """A folder's name tells: there may be hundreds of studies."""
    path = add("strange", THIRD) / "summary.json"
    path.write_text(json.dumps({"nonsense": 1}))
    assert studies_holding(Path(), [FIRST]) == []
