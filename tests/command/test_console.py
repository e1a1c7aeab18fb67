"""A terminal that cannot write all signs, and a folder with files called as Python's own modules.

The consoles of Windows have code page 1252, those of bare servers ASCII.
"""

import ast
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnexp
from rnnexp import plugins
from rnnexp.command.console import ascii_text, stand_ins
from rnnexp.command.main import main
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY

SOURCES = sorted(Path(rnnexp.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("‖dL/dh_t‖ = 0.5 ± 0.1", "|dL/dh_t| = 0.5 +- 0.1"),
        ("ρ = 1, σ_max > √H, λ × Σ → ∞ …", "rho = 1, sigma_max > sqrtH, lambda x Sigma -> inf ..."),
        ("σ² – ½", "sigma^2 - 1/2"),
        ("café Ünal", "cafe Unal"),
        ("北京", "\\u5317\\u4eac"),
        ("καλο", "\\u03ba\\u03b1\\u03bb\\u03bf"),  # a word, and no formula
        ("caf\udce9.csv", "caf\\xe9.csv"),
    ],
)
def test_stand_ins(text: str, written: str) -> None:
    assert ascii_text(text) == written


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_sign_that_rnnexp_writes_has_one(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    for text in texts:
        if isinstance(text, str) and not text.isascii():
            signs = "".join(c for c in text if not c.isascii())
            assert all("\\" not in ascii_text(sign) for sign in signs), text


@pytest.fixture(params=["cp1252", "ascii"])
def terminal(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """The command on a terminal of that encoding: its status, and both streams' text."""
    encoding = str(request.param)

    def run(*words: str) -> tuple[int, str]:
        content = io.BytesIO()
        with monkeypatch.context() as patch:
            stream = io.TextIOWrapper(content, encoding, errors="strict", write_through=True)
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            status = main(words)
            stream.flush()
            assert stream.errors == "strict"  # whoever it belongs to gets it back
            return status, content.getvalue().decode(encoding)

    return run


def test_no_line_is_lost(
    terminal: Callable[..., tuple[int, str]], run_directory: Callable[[], Path]
) -> None:
    words = [word for word in TINY if word != "plots=false"]
    probes = "probes=[hidden_dynamics,recurrent_weights,walkthrough]"
    status, text = terminal(*words, "model=rnn", probes, "threads=1", "plots=false", "name=a–b")
    assert status == 0
    for line in ("at the initial weights: g = 0.", ", rho = ", ", sigma_max = ", "|dL/de_t|"):
        assert line in text
    assert "standard deviation over sequences" in text
    assert "Logging error" not in text
    assert "Traceback" not in text
    run = run_directory()
    assert "ρ = " in (run / "rnnexp.log").read_text(encoding="utf-8")
    assert RunDirectory.open(run).words[-1] == 'name="a–b"'

    status, text = terminal("report", str(run))
    assert status == 0
    assert "|dL/de_t|" in text
    status, text = terminal("predict", str(run), "the film ‖ é", "--steps")
    assert status == 0
    assert "|h_t|" in text


def test_errors_and_help_are_written(terminal: Callable[..., tuple[int, str]]) -> None:
    status, text = terminal("init=normal", "init.std=inf")
    assert status == 2
    assert "within " in text
    assert "3.4e+38 (got inf)" in text
    status, text = terminal("data=csv", "data.path=北京.csv")
    assert status == 2
    assert text.startswith("rnnexp: error: \\u5317\\u4eac.csv: there is no such file")
    assert terminal("--help")[0] == 0


def test_a_stream_that_was_told_how_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, "ascii", errors="replace"))
    with stand_ins():
        print("±", flush=True)
    assert content.getvalue() == b"?\n"


def test_files_called_as_modules_of_python(workdir: Path) -> None:
    """In the process and in a launcher's worker; a component beside them is found all the same."""
    names = ["profile", "random", "email", "csv", "typing", "numbers", "torch", "yaml", "joblib"]
    for name in names:
        Path(f"{name}.py").write_text(f"raise SystemExit('the wrong {name}')\n")
    Path("mine.py").write_text(
        "from rnnexp.init.normal import Normal\n\n\nclass Mine(Normal):\n    pass\n"
    )
    words = ["data=parity", "seq_len=5", "trainer.steps=1", "data.val_count=5", "threads=1",
             "data.test_count=20", "model=rnn", "model.hidden_size=4", "plots=false", "init=normal",
             "init._target_=mine.Mine", "probes=none", "-m",
             "hydra/launcher=two_at_a_time"]  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "rnnexp", *words], capture_output=True, text=True)
    # beside how far the study is, where a busy machine takes long
    told = [line for line in done.stderr.splitlines() if " jobs done, " not in line]
    assert (done.returncode, told) == (0, [])
    assert "test accuracy " in done.stdout
    assert ", chance 50.0%" in done.stdout


def test_the_current_folder_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [place for place in sys.path if place not in ("", os.getcwd())]
    monkeypatch.setattr(sys, "path", list(places))
    for _ in range(2):
        plugins.look_here_last()
        assert sys.path == [*places, ""]


def test_what_is_printed_goes_through_one_place() -> None:
    """`say` and `say_fault`, by which no control character of a file's reaches the terminal."""
    printing = [
        path.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id == "print"
    ]
    assert set(printing) == {"console.py"}
