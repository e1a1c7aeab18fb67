"""Every command of docs/search.md and docs/launchers.md in a `sh` block, at small sizes."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.results import report
from rnnexp.results.search import Search
from tests.conftest import Outcome

DOCS = Path(__file__).resolve().parents[1] / "docs"
SMALL = ("data=parity", "seq_len=5", "trainer.steps=2", "data.val_count=20", "data.test_count=20",
         "plots=false", "probes=none", "threads=1")  # fmt: skip


def commands(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        line for block in re.findall(r"```sh\n(.*?)```", text, flags=re.S)
        for line in block.strip().splitlines()
    ]  # fmt: skip


def typed(command: str) -> list[str]:
    program, *words = shlex.split(command)
    assert program == "rnnexp"
    return words


@pytest.mark.parametrize("command", commands("search.md"))
def test_a_search_of_the_page(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(report, "draw", lambda *arguments: None)
    words = typed(command)
    outcome = rnnexp(*words, *SMALL, "hydra.sweeper.n_trials=3")
    assert outcome.status == 0, outcome.err
    (study,) = Path("outputs/studies").iterdir()
    search = Search.read(study)
    assert search is not None
    assert search.ended == 3


@pytest.mark.isolated
@pytest.mark.slow
@pytest.mark.parametrize("command", commands("launchers.md"))
def test_a_launcher_of_the_page(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(report, "draw", lambda *arguments: None)
    outcome = rnnexp(*typed(command), *SMALL)
    assert outcome.status == 0, outcome.err
    (study,) = Path("outputs/studies").iterdir()
    runs = package.load_study(study).study.runs
    assert len(runs) == 4
    assert all(run.finished for run in runs)
