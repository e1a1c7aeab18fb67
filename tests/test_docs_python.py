"""docs/python.md: each of its lines is run, in order, in one place."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rnnexp as package
from tests.conftest import Outcome

PAGE = Path(__file__).resolve().parent.parent / "docs" / "python.md"
BLOCKS = re.findall(r"```(python|sh)\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_line_of_the_page_runs(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    names: dict[str, Any] = {}
    for language, text in BLOCKS:
        if language == "python":
            exec(compile(text, PAGE.name, "exec"), names)
            continue
        for line in text.splitlines():
            words = [w.replace("RUN", str(names["run"].path)) for w in shlex.split(line)]
            outcome = rnnexp(*words[1:])
            assert outcome.status == 0, (line, outcome.err)
    assert names["answers"].label.notna().tolist() == [True, True, False]
    assert names["found"].significant is None
    assert names["both"].between == ["model"]
    assert len(names["both"].pairs) == 4
    assert names["same"] == pytest.approx(names["probability"], abs=1e-5)
    (told,) = names["run"].predict(["What a wonderful film!"]).p_positive
    assert told == pytest.approx(names["probability"], abs=1e-5)
    assert names["run"].notes() == []


def test_its_table_names_what_a_run_has() -> None:
    table = re.findall(r"^\| `run\.(.*?)\|", PAGE.read_text(encoding="utf-8"), flags=re.M)
    named = {name for row in table for name in re.findall(r"(?:run\.|^)(\w+)", row)}
    assert named <= {name for name in dir(package.Run) if not name.startswith("_")} | {"directory"}
    assert len(named) > 8
