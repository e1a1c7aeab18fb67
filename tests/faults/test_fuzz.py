"""Random values for every setting there is: a command runs, or says in one line what is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import amount
from tests.faults.fuzzing import all_settings, command, words_only
from tests.faults.trying import RIGHT, Trials, counts, judged

#: Tests that can run side by side, each with a process for its commands; `make test` has the first.
PARTS = 8


def test_every_choice_there_is_has_settings_that_are_tried() -> None:
    keys = {setting.key for setting in all_settings()}
    assert keys >= {"seed", "jobs.timeout", "model.hidden_size", "data.pads", "probes.gates.every"}
    assert len(keys) > 80


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, PARTS))]
)
def test_any_value_of_any_setting_ends_well(
    part: int,
    workdir: Path,
    csv_file: Callable[..., Path],
    series_file: Callable[..., Path],
    mnist_files: Callable[..., Path],
    tally: Callable[..., None],
) -> None:
    csv_file()
    series_file()
    mnist_files()
    everything = all_settings()
    numbers = range(part, amount(200, 2000), PARTS)
    cases = [command(number, everything) for number in numbers]
    tried = list(Trials(workdir).each(words for words, _ in cases))
    ends = [judged(one, names) for one, (_, names) in zip(tried, cases, strict=True)]
    tally("fuzzed configurations", tried=len(ends), **counts(ends))
    faults = "\n".join(
        f"case {number}, {end}: {words_only(one.words)}: {one.line[:300] or one.err[-300:]}"
        for number, one, end in zip(numbers, tried, ends, strict=True)
        if end not in RIGHT
    )
    assert not faults, faults
