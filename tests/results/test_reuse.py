"""Which studies on disk a new one may go on with."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rnnexp import __version__
from rnnexp.results.reuse import (
    UNNAMED,
    Holding,
    Identity,
    studies_holding,
    taken_as_they_are,
)
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from rnnexp.results.versions import versions_line

FIRST, SECOND, THIRD = (Identity(digit * 16, "files", "probes") for digit in "abc")


def add(study: str, run: Identity, status: str = "finished") -> Path:
    """A run's directory, as far as it is looked at."""
    summary = Summary(
        status=status, started="2026", version="0", seed=0, fingerprint=run.fingerprint,
        content=run.content, measured=run.measured, code=run.code,
    )  # fmt: skip
    path = Path(study) / f"rnn_T5_s0_{run.fingerprint[:8]}"
    return RunDirectory.create_at(path, summary, "{}\n").path


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


@pytest.mark.parametrize(
    "other", [{"content": "other files"}, {"measured": "other probes"}, {"code": "mod=2"}]
)
def test_a_run_of_other_files_or_probes_would_be_replaced(other: dict[str, str]) -> None:
    add(f"{UNNAMED}1", FIRST)
    add(f"{UNNAMED}1", replace(SECOND, **other))
    holding = the_one(FIRST, replace(SECOND, code="mod=1"), THIRD)
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


def test_what_an_earlier_version_called_otherwise_is_the_same() -> None:
    add(f"{UNNAMED}1", FIRST)
    add(f"{UNNAMED}1", SECOND)
    wanted = [replace(run, content="new", contents_before=("files",)) for run in (FIRST, SECOND)]
    holding = the_one(replace(wanted[0], code="mod=1"), wanted[1])
    assert (holding.wanted, holding.others) == (2, False)


def test_runs_of_other_versions_are_told_and_taken() -> None:
    add("mine", FIRST)
    add("mine", SECOND, status="failed")  # is run by this one
    add("mine", replace(THIRD, content="other files"))  # and so is this
    wanted = [replace(run, code="mod=1 probe:p=2") for run in (FIRST, SECOND, THIRD)]
    assert taken_as_they_are(Path("mine"), wanted) == [
        f"1 of 1 runs were made by another version of rnnexp than this one, {__version__}: 1 by 0",
        "1 of the runs that are there do not say of which code of mod, p (a probe's) they are, as "
        "an earlier version made them: taken as they are",
    ]
    assert taken_as_they_are(Path("nowhere"), wanted) == []


def test_versions_are_counted() -> None:
    runs = [Summary(status="finished", seed=0, version=v) for v in (__version__, "0.2.0", None)]
    assert versions_line(runs[:1]) == ""
    assert versions_line(runs).endswith("1 by an early one that did not say, 1 by 0.2.0")
