"""A plugin that is installed and broken costs a line and what is broken, not every command."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rnnexp import plugins
from tests.conftest import HANGS
from tests.faults import children

SMALL = ("model.hidden_size=4", "seq_len=8", "trainer.steps=2", "plots=false", "threads=1",
         "data=parity", "data.val_count=4", "data.test_count=10", "probes=none")  # fmt: skip

INIT = "# all the same\n_target_: mypkg.init.Same\n"
CELL = """
from rnnexp.model.cells.base import Cell, State
class Mine(Cell):
    name = "{name}"
    blocks = ("hidden",)
    candidate = "hidden"
    def step(self, a_BG, previous, weight_hh, bias_hh):
        return State(a_BG.tanh())
"""


@pytest.fixture
def installed(workdir: Path) -> Callable[..., Path]:
    """Packages as pip leaves them, in a folder of their own: an entry point each."""

    def install(name: str, files: dict[str, str], value: str | None = None) -> Path:
        site = workdir / "site"
        for path, text in {f"{name}/__init__.py": "", **files}.items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(text)
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[rnnexp.plugins]\n{name} = {value or name}\n")
        return site

    return install


def rnnexp(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: entry points are read once."""
    code = (
        f"import sys; sys.path.append({str(site)!r}); "
        "from rnnexp.command.main import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)


def _as_installed(site: Path) -> None:
    """In the fork: the folder is a place of Python's, and errors have a file of their own."""
    sys.path.append(str(site))
    plugins._installed.cache_clear()  # which the process that it was forked from has read
    os.dup2(os.open("err.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)


def trained(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same of a command that needs torch: forked from a process that has imported it."""
    for name in ("out.txt", "err.txt"):
        Path(name).unlink(missing_ok=True)
    process = children.start(Path.cwd(), *words, prepare=partial(_as_installed, site))
    process.join(HANGS)
    assert process.exitcode is not None
    out, err = (Path(name).read_text(encoding="utf-8") for name in ("out.txt", "err.txt"))
    return subprocess.CompletedProcess(words, process.exitcode, out, err)


#: What is wrong, the files of the package, what the line says, of which commands.
BROKEN = {
    "the package raises at import": (
        {"mypkg/__init__.py": "1 / 0", "mypkg/cells/mine.py": CELL.format(name="mine"),
         "mypkg/conf/init/same.yaml": INIT},
        "mypkg.cells.mine cannot be imported (ZeroDivisionError",
        (*SMALL, "model=unrolled"),
    ),
    "a cell raises at import": (
        {"mypkg/cells/mine.py": "import no_such_module"},
        "mypkg.cells.mine cannot be imported (ModuleNotFoundError",
        (*SMALL, "model=unrolled"),
    ),
    "a cell ends the process": (
        {"mypkg/cells/mine.py": "raise SystemExit(3)"},
        "mypkg.cells.mine cannot be imported (SystemExit",
        (*SMALL, "model=unrolled"),
    ),
    "a cell has a name that is taken": (
        {"mypkg/cells/mine.py": CELL.format(name="rnn")},
        "cell 'rnn' is defined twice: in rnnexp.model.cells.rnn and in mypkg.cells.mine: left out",
        (*SMALL, "model=unrolled"),
    ),
    "a file is no YAML": (
        {"mypkg/conf/init/bad.yaml": "a: [1\n", "mypkg/conf/init/same.yaml": INIT},
        "mypkg/conf/init/bad.yaml cannot be read (",
        (*SMALL, "init=orthogonal"),
    ),
    "a file stands for too much": (
        {"mypkg/conf/init/bad.yaml": "a: &a [*a]\n"},
        "mypkg/conf/init/bad.yaml cannot be read (",
        (*SMALL, "init=orthogonal"),
    ),
    "a probe's file lacks its name": (
        {"mypkg/conf/probes/mine.yaml": "_target_: mypkg.Mine\nevery: 1\n"},
        "a file of probes nests its settings below its name",
        SMALL,
    ),
    "a choice has a name that is taken": (
        {"mypkg/conf/model/lstm.yaml": "hidden_size: 3\n"},
        "mypkg/conf/model/lstm.yaml is left out: rnnexp has a choice model=lstm",
        (*SMALL, "model=lstm"),
    ),
    "a finding raises at import": (
        {"mypkg/findings/mine.py": "1 / 0"},
        "mypkg.findings.mine cannot be imported (ZeroDivisionError",
        SMALL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_it_costs_a_line(installed: Callable[..., Path], workdir: Path, what: str) -> None:
    files, line, words = BROKEN[what]
    done = trained(installed("mypkg", files), *words)
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    (said,) = done.stderr.strip().splitlines()
    assert line in said
    (run,) = (workdir / "outputs" / "runs").iterdir()
    assert (run / "summary.json").is_file()


@pytest.mark.parametrize("words", [("--help",), ("list",), ("info", "init/same"), ("--version",)])
def test_help_and_lists_go_on(installed: Callable[..., Path], words: tuple[str, ...]) -> None:
    site = installed(
        "mypkg",
        {"mypkg/__init__.py": "1 / 0", "mypkg/conf/init/same.yaml": INIT,
         "mypkg/conf/init/bad.yaml": "a: [1\n", "mypkg/cells/mine.py": "syntax error"},
    )  # fmt: skip
    done = rnnexp(site, *words)
    assert done.returncode == 0, done.stderr
    if words != ("--version",):
        assert "same" in done.stdout
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_an_entry_point_that_names_no_package_costs_a_line(
    installed: Callable[..., Path],
) -> None:
    site = installed("mypkg", {}, value="no.such.package:thing")
    done = rnnexp(site, "list", "clip")
    assert done.returncode == 0
    assert done.stderr == "the plugin mypkg = no.such.package:thing is no package: left out\n"


def test_what_is_broken_is_told_where_it_is_asked_for(installed: Callable[..., Path]) -> None:
    site = installed(
        "mypkg", {"mypkg/cells/mine.py": "1 / 0", "mypkg/conf/init/bad.yaml": "a: [1\n"}
    )
    done = trained(site, *SMALL, "model=unrolled", "model.cell=mine")
    assert done.returncode == 2
    assert "mypkg.cells.mine cannot be imported" in done.stderr
    assert "model.cell must be one of" in done.stderr.splitlines()[-1]
    done = trained(site, *SMALL, "init=bad")
    assert done.returncode == 2
    assert "rnnexp: error:" in done.stderr.splitlines()[-1]


def test_of_two_plugins_the_first_has_the_name(installed: Callable[..., Path]) -> None:
    installed("first", {"first/conf/init/same.yaml": "# of the first\n"})
    site = installed("other", {"other/conf/init/same.yaml": "# of the other\n"})
    done = rnnexp(site, "list", "init")
    assert done.returncode == 0
    assert "left out" in done.stderr
    assert done.stdout.count("init=same") == 1


def test_a_plugin_may_build_on_the_files_of_rnnexp(installed: Callable[..., Path]) -> None:
    site = installed(
        "mypkg",
        {
            "mypkg/cells/mine.py": CELL.format(name="mine"),
            "mypkg/conf/model/mine.yaml": "# mine\ndefaults: [unrolled]\ncell: mine\n",
        },
    )
    page = rnnexp(site, "info", "model/mine").stdout
    assert "from mypkg: " in page
    assert "model.cell=mine" in page
    assert "model.hidden_size=128" in page  # of unrolled.yaml
    assert "[mypkg]" in rnnexp(site, "list", "cells").stdout
