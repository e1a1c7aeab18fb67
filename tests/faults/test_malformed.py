"""Damaged files, files that are none, and files that stand for far more than they are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.command.main import main
from rnnexp.data.table import read_table
from tests.faults.bombs import BOMBS, LITTLE, bomb
from tests.faults.conftest import amount
from tests.faults.file_kinds import TRAINED
from tests.faults.malforming import Case, malformed, prepare
from tests.faults.trying import RIGHT, Trials, Tried, counts, judged

#: A small part of the memory of any machine, which what is valid here does not need.
ENOUGH = {"memory": 4 * LITTLE, "SMALL": 2**20}

#: What a message may name: the file, the run's directory, or a setting of a preset.
NAMES = ("case/", "case\\", TRAINED, "unknown setting")


def _end(case: Case, tried: Tried) -> str:
    end = judged(tried, [case.place.name, *NAMES])
    if end == "ran" and case.same is not None and not _reads_as(case, case.same):
        return "accepted with another content"
    return end


def _reads_as(case: Case, content: bytes) -> bool:
    """Whether a table that was accepted has the cells that it had."""
    damaged = read_table(case.place, ("text", "label"))
    case.place.write_bytes(content)
    whole = read_table(case.place, ("text", "label"))
    return (damaged.texts, damaged.labels) == (whole.texts, whole.labels)


def _faults(ends: list[tuple[Case, Tried, str]]) -> str:
    """A line for each that did not end as it should."""
    return "\n".join(
        f"{end}: {case.what}: {' '.join(case.words)[:300]}: {tried.line[:300] or tried.err[-300:]}"
        for case, tried, end in ends
        if end not in RIGHT
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(range(15), id="few"),
        pytest.param(range(15, amount(50, 500)), id="many", marks=pytest.mark.long),
    ],
)
def test_damaged_files_are_named(numbers: range, workdir: Path, tally: Callable[..., None]) -> None:
    assert main(prepare(workdir)) == 0
    (run,) = (workdir / "outputs" / "runs").glob("2*")
    run.rename(workdir / TRAINED)
    trials = Trials(workdir, ENOUGH)
    ends = []
    try:
        for number in numbers:
            case = malformed(number, workdir)
            tried = trials.one(case.words)
            ends.append((case, tried, _end(case, tried)))
    finally:
        trials.end()
    tally("malformed files", tried=len(ends), **counts(end for _, _, end in ends))
    assert not _faults(ends), _faults(ends)


@pytest.mark.slow
def test_bombs_are_refused_while_they_are_read(workdir: Path, tally: Callable[..., None]) -> None:
    prepare(workdir)
    trials = Trials(workdir, {**ENOUGH, "memory": LITTLE})
    ends = []
    try:
        for name in BOMBS:
            case = bomb(name, workdir)
            tried = trials.one(case.words)
            ends.append((case, tried, _end(case, tried)))
    finally:
        trials.end()
    tally("files that stand for far more", tried=len(ends), **counts(end for _, _, end in ends))
    assert [case.what for case, _, end in ends if end != "refused"] == [], _faults(ends)
