"""make memory in its quick form: three studies, a table, a figure, a page."""

from pathlib import Path

import pytest

from benchmarks import remember
from benchmarks.remembered import Remembered
from rnnexp.results.findings.trainability import Line, Within
from rnnexp.results.l50 import Outcomes, Posterior


def test_it_runs_all_three_studies_and_writes_the_page(
    capsys: pytest.CaptureFixture[str], workdir: Path
) -> None:
    assert remember.main(["--quick", "--folder", "page", "rnn", "mingru"]) == 0
    out = capsys.readouterr().out
    page = (workdir / "page" / "memory.md").read_text(encoding="utf-8")
    table = page.split(remember.MARKS[0])[1].split(remember.MARKS[1])[0].strip()
    assert out.rstrip().endswith(table)
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert [row.split("|")[1].strip() for row in rows] == ["`rnn`", "`mingru`"]
    assert all("not measured" not in row for row in rows)
    assert (workdir / "page" / "memory.png").stat().st_size > 1_000
    names = {path.name for path in (workdir / "outputs" / "studies").iterdir()}
    assert names == {f"memory_{preset}" for preset in remember.STUDIES}
    # all is there: nothing is run again
    assert remember.main(["--quick", "--folder", "page", "rnn", "mingru"]) == 0
    assert "done before" in capsys.readouterr().out


def test_a_study_that_fails_ends_it(workdir: Path) -> None:
    assert remember.main(["--quick", "rnn"], run=lambda words: 2) == 2


def test_models_are_all_that_have_a_cell() -> None:
    assert {"rnn", "lstm", "gru", "mingru", "deltanet"} <= set(remember.all_models())
    assert not {"bag", "unrolled", "linear"} & set(remember.all_models())


def test_the_table_says_what_was_not_measured() -> None:
    by_seed = {seed: [True, True, False, False] for seed in range(6)}
    outcomes = Outcomes([5, 10, 20, 40], by_seed)
    within = Within(1000, outcomes, Posterior(outcomes))
    line = Line("rnn", "rnn", "seq_len", [within], 6, 24, 0, 0, 0, 1000)
    table = remember.table([Remembered("rnn", line, None, None)])
    row = table.splitlines()[2]
    assert row.startswith("| `rnn` | 14 (")
    assert row.endswith("| not measured | not measured |")


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold"):
        remember.filled("nothing", [])
