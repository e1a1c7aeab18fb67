"""Each command and each piece of code of docs/training.md, in a quick form."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.schedule.base import Schedule
from tests.conftest import Outcome

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.S)
COMMANDS = [line for block in BLOCKS for line in block.strip().splitlines()]

#: Beside what is typed, so that it takes a second.
QUICK = {
    "model.hidden_size": "4", "embedding.dim": "4", "threads": "1", "plots": "false",
    "seq_len": "20", "trainer.epochs": "3", "trainer.batch_size": "16", "probes": "none",
}  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_runs(rnnexp: Callable[..., Outcome], line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "rnnexp"
    typed = {word.partition("=")[0] for word in words}
    amount = "data.count=60" if "data=random_tokens" in words else "data.limit=80"
    words += [f"{key}={value}" for key, value in QUICK.items() if key not in typed]
    outcome = rnnexp(*words, amount)
    assert outcome.status == 0, outcome.err


def test_the_schedule_of_ones_own() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    names: dict[str, type[Schedule]] = {}
    exec(compile(code, "training.md", "exec"), names)
    assert names["InverseRoot"]().rate(0.2, 300, 1000, {}) == 0.1
