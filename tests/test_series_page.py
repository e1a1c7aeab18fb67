"""docs/series.md: its programs and its commands, the commands in a quick form."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from tests.conftest import Outcome

PAGE = (Path(__file__).parents[1] / "docs" / "series.md").read_text(encoding="utf-8")
QUICK = ("model.hidden_size=4", "trainer.epochs=1", "plots=false", "threads=1", "probes=none")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_is_what_happens(rnnexp: Callable[..., Outcome]) -> None:
    exec("\n".join(blocks("python")), {})
    commands = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    assert [command[0] for command in commands] == ["rnnexp"] * len(commands)
    for _, *words in commands:
        if words[0] == "predict":
            run = next(Path("outputs/runs").glob("*gru*"))
            words = [str(run) if word == "RUN" else word for word in words]
        else:
            words = [*words, *QUICK]
            words = [word.replace("seed=0,1,2", "seed=0") for word in words]
        outcome = rnnexp(*words)
        assert outcome.status == 0, (words, outcome.err)
    answers = pd.read_csv("answers.csv")
    assert list(answers) == ["sequence", "label", "p_sound", "p_worn"]
    assert len(answers) == 300
