"""The commands of docs/models.md, at a small size."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import TINY, Outcome

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    for line in block.splitlines()
]


@pytest.mark.parametrize("command", COMMANDS)
def test_it_runs(rnnexp: Callable[..., Outcome], workdir: Path, command: str) -> None:
    name, *words = shlex.split(command)
    assert name == "rnnexp"
    small = [*TINY, "trainer.epochs=1", "threads=1", "plots=false"]
    outcome = rnnexp(*words, *small, *(["jobs.isolate=false"] if "-m" in words else []))
    assert outcome.status == 0, outcome.err
