"""A script of a user's passes mypy --strict: public names are typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rnnexp as package
from tests.conftest import HANGS

SCRIPT = """
from pathlib import Path

import pandas as pd
from torch import nn

import rnnexp


def best(study: rnnexp.LoadedStudy) -> rnnexp.Run:
    runs: pd.DataFrame = study.runs
    return study.run(str(runs.sort_values(study.column).run.iloc[-1]))


run = rnnexp.run(["model=lstm", "seq_len=20"])
accuracy: float | None = (run.summary.test or {})["accuracy"]
module: nn.Module = run.model()
answers: pd.DataFrame = run.predict(["a fine film"])
written: list[Path] = rnnexp.export(run, "net.pt2")
study = rnnexp.run(["model=rnn,lstm", "seed=0,1"], multirun=True)
interval: tuple[float, float] | None = study.compare("rnn", "lstm").interval
print(best(study).metrics.val_loss.min(), best(rnnexp.load_study(study.path)).path.name)
"""

WRONG = "import rnnexp\nrnnexp.load_run(3)\nrnnexp.run([]).compare('a', 'b')\n"


def told_of(script: Path) -> list[str]:
    """What mypy says of the script; of the package itself it speaks in its own check."""
    root = Path(package.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", root / ".mypy_cache", script],
        capture_output=True, text=True, timeout=HANGS, check=False,
        env={**os.environ, "MYPYPATH": str(root)},
    )  # fmt: skip
    lines = (done.stdout + done.stderr).splitlines()
    assert "checked 1 source file" in lines[-1] or "in 1 source file" in lines[-1], lines
    return [line for line in lines if line.startswith(str(script))]


@pytest.mark.slow
@pytest.mark.long
def test_a_users_script_passes_mypy(workdir: Path) -> None:
    Path("script.py").write_text(SCRIPT)
    assert told_of(Path("script.py")) == []
    Path("wrong.py").write_text(WRONG)
    ran, compared = told_of(Path("wrong.py"))
    assert 'incompatible type "int"; expected "str | Path"' in ran
    assert '"Run" has no attribute "compare"' in compared


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(package.__file__).parent / "py.typed").is_file()
