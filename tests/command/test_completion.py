"""TAB: what can follow on a command line, and three shells that ask for it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.command.completion import Typed, answer
from rnnexp.command.shells import SCRIPTS
from rnnexp.command.verbs import VERBS
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]


def after(line: str, shell: str = "zsh") -> list[str]:
    return list(answer(f"rnnexp {line}", shell))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("pred", ["predict "]),
        ("model=ls", ["model=lstm"]),
        ("model=rnn,ls", ["model=rnn,lstm"]),
        ("-m model=rnn,ls", ["model=rnn,lstm"]),
        ("probes=[ga", ["probes=[gates"]),
        ("probes=[gates,lya", ["probes=[gates,lyapunov"]),
        ("'probes=[gates,lya", ["probes=[gates,lyapunov"]),
        ("probes=[gates,gat", []),  # it is in the list
        ("probes=al", ["probes=all"]),
        ("+probes=jac", ["+probes=jacobian"]),
        ("experiment=smo", ["experiment=smoke"]),
        ("model.hid", ["model.hidden_size="]),
        ("model=unrolled model.cell_o", ["model.cell_options="]),
        ("model.cell_o", []),  # the model taken has none
        ("model.cell=del", ["model.cell=deltanet"]),
        ("experiment=walkthrough embedding.", []),  # one_hot has no settings
        ("init=normal init.", ["init.std="]),
        ("probes.grad_n", ["probes.grad_norm."]),
        ("+probes=jacobian probes.ja", ["probes.jacobian."]),
        ("probes=jacobian probes.jacobian.poi", ["probes.jacobian.points="]),
        ("checkpoint.k", ["checkpoint.keep="]),
        ("checkpoint.keep=te", ["checkpoint.keep=tested"]),
        ("plots=", ["plots=false", "plots=true"]),
        ("device=c", ["device=cpu", "device=cuda"]),
        ("hydra/launcher=two", ["hydra/launcher=two_at_a_time"]),
        ("hydra/launcher=two_at_a_time hydra.launcher.n_", ["hydra.launcher.n_jobs="]),
        ("--mul", ["--multirun "]),
        ("--cfg j", ["job "]),
        ("list sche", ["schedule "]),
        ("info mod", ["model/"]),
        ("info cells/del", ["cells/deltanet "]),
        ("verify pro", ["probes/"]),
        ("study st", ["status "]),
        ("report RUN --t", ["--to "]),
        ("nonsense=", []),
        ("model=rnn model.x.y=", []),
        ('data.path="a b', []),
    ],
)  # fmt: skip
def test_what_can_follow(line: str, found: list[str]) -> None:
    assert after(line) == found


def test_at_the_beginning_everything_is_offered() -> None:
    offered = after("")
    assert {f"{verb} " for verb in VERBS} <= set(offered)
    assert {"model=", "model.", "seq_len=", "probes=", "experiment=", "checkpoint."} <= set(offered)
    assert not [word for word in after("seed=1 ") if word.endswith(" ")]  # a verb stands first


def test_bash_takes_an_equals_sign_for_the_end_of_a_word() -> None:
    assert after("model=rnn,ls", "bash") == ["rnn,lstm"]
    assert after("probes=[ga", "bash") == ["[gates"]
    assert after("'probes=[ga", "bash") == ["probes=[gates"]
    assert after("pred", "bash") == ["predict "]
    assert after("pred", "fish") == ["predict"]


def test_runs_and_studies_are_offered(workdir: Path) -> None:
    (workdir / "outputs/runs/one").mkdir(parents=True)
    (workdir / "outputs/studies/two").mkdir(parents=True)
    assert after("resume ") == ["outputs/runs/one ", "outputs/studies/two "]
    assert after("study status ") == ["two "]
    assert after("predict --file ") == []


def test_a_folder_of_ones_own_is_asked_too(workdir: Path) -> None:
    Path("mine/init").mkdir(parents=True)
    Path("mine/init/constant.yaml").write_text("_target_: x.Y\n")
    assert after("--config-dir mine init=con") == ["init=constant"]
    assert after("--config-dir=mine init=con") == ["init=constant"]
    assert after("--config-dir nowhere init=no") == ["init=none", "init=normal"][1:]


def test_files_are_offered_to_the_shell_that_has_none(workdir: Path) -> None:
    Path("data").mkdir()
    Path("data/a b.csv").touch()
    assert after("data.path=da", "fish") == ["data.path=data/"]
    assert after("data.path=data/", "fish") == ["data.path=data/a b.csv"]
    assert after("data.path=da", "bash") == []  # it looks for itself


def test_the_line_is_read_as_a_shell_does() -> None:
    assert Typed.of("rnnexp  a\\ b  'c d' e") == Typed(("a b", "c d"), "e", False)
    assert Typed.of("rnnexp") == Typed((), "", False)
    assert Typed.of("rnnexp a ") == Typed(("a",), "", False)


@pytest.mark.parametrize(
    "line", ["", "rnnexp", "rnnexp =", "rnnexp hydra/=", "rnnexp 'a", "rnnexp probes.", "\x00",
             "rnnexp probes.x.y=", "rnnexp +", "rnnexp ~model", "rnnexp info /", "rnnexp -c"],
)  # fmt: skip
def test_nothing_leaks(rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    if "\x00" not in line:
        monkeypatch.setenv("COMP_LINE", line)
    outcome = rnnexp("--shell-completion", "query=bash")
    assert (outcome.status, outcome.err) == (0, "")
    assert "error" not in outcome.out.casefold()


def test_a_plugin_that_is_broken_leaks_nothing(workdir: Path, rnnexp: Rnnexp) -> None:
    Path("mine/init").mkdir(parents=True)
    Path("mine/init/bad.yaml").write_text("a: [1\n")
    assert after("--config-dir mine init=spec") == ["init=spectral"]


@pytest.mark.parametrize("words", [(), ("install=tcsh",), ("install=bash", "x"), ("bash",)])
def test_other_shells_are_refused(rnnexp: Rnnexp, words: tuple[str, ...]) -> None:
    outcome = rnnexp("--shell-completion", *words)
    assert outcome.status == 2
    assert "install=SHELL or uninstall=SHELL, of bash, zsh, fish" in outcome.error


def test_no_answer_waits_for_torch(workdir: Path) -> None:
    code = (
        "import sys; from rnnexp.command.main import main; main(['-sc', 'query=bash']); "
        "print([name for name in ('torch', 'hydra', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "COMP_LINE": "rnnexp model.cell=g"},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["gru", "[]"]


#: What is typed and what stands there behind TAB; no test where the shell is not installed.
BASH = """
eval "$(rnnexp --shell-completion install=bash)"
ask() {
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=(rnnexp)
    _rnnexp_completion
    printf '%s|' "${COMPREPLY[@]}"; echo
}
touch gates '[g'            # which an array made of $(...) would expand lists to
ask 'rnnexp pred'
ask 'rnnexp probes=[ga'
ask 'rnnexp -m model=rnn,ls'
complete -p rnnexp
eval "$(rnnexp --shell-completion uninstall=bash)"
complete -p rnnexp 2>/dev/null || echo gone
"""


@pytest.fixture
def path_with_rnnexp(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program `rnnexp` of this checkout, whichever is installed."""
    program = workdir / "bin" / "rnnexp"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rnnexp "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    root = str(Path(__file__).resolve().parents[2])
    monkeypatch.setenv("PYTHONPATH", root)


@pytest.mark.usefixtures("path_with_rnnexp")
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes() -> None:
    done = subprocess.run(["bash", "-c", BASH], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "predict |", "[gates|", "rnn,lstm|",
        "complete -o default -o nospace -F _rnnexp_completion rnnexp", "gone",
    ]  # fmt: skip


@pytest.mark.usefixtures("path_with_rnnexp")
@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes() -> None:
    script = "rnnexp --shell-completion install=fish | source; complete -C 'rnnexp probes=[gat'"
    done = subprocess.run(["fish", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["probes=[gates"]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_scripts_are_scripts(rnnexp: Rnnexp, shell: str) -> None:
    assert "query=" + shell in rnnexp("-sc", f"install={shell}").out
    assert "rnnexp" in rnnexp("-sc", f"uninstall={shell}").out
    program = shutil.which(shell)
    if program is not None:
        script = rnnexp("-sc", f"install={shell}").out
        subprocess.run([program, "-n"], input=script, text=True, check=True)
