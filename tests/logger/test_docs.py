"""The commands of docs/loggers.md do what it says, in a quick form."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rnnexp import plugins
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY, Outcome

pytestmark = pytest.mark.filterwarnings("ignore")  # of tools about tools

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "loggers.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.S)


COMMANDS = [
    line for block in blocks("sh") for line in block.splitlines() if line.startswith("rnnexp ")
]


@pytest.fixture
def mypkg(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of the page."""
    for block in (*blocks("python"), *blocks("yaml")):
        first, _, rest = block.partition("\n")
        path = Path(first.removeprefix("# "))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest, encoding="utf-8")
    Path("mypkg/__init__.py").touch()
    monkeypatch.syspath_prepend(str(workdir))
    yield
    plugins.forget()
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypkg"]:
        del sys.modules[name]


@pytest.mark.slow
@pytest.mark.usefixtures("mypkg")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    words = shlex.split(command)[1:]
    for tool in ("tensorboard", "mlflow", "wandb"):
        if tool in command:
            pytest.importorskip(tool)
    if words[0] == "resume":
        words = ["resume", str(stopped(rnnexp, monkeypatch)), *words[2:]]
    else:
        words += [*TINY, "threads=1"]
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    assert "given up" not in outcome.out + outcome.err


def stopped(rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> Path:
    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("rnnexp.experiment.run._test", stops)
        assert rnnexp(*TINY, "logger=tensorboard").status == 130
    (path,) = Path("outputs/runs").iterdir()
    return path


@pytest.mark.usefixtures("mypkg")
def test_the_logger_of_the_page_writes_its_lines(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    assert rnnexp(*shlex.split(COMMANDS[-1])[1:], *TINY).status == 0
    run = RunDirectory.open(run_directory())
    folder = run.path / "logger" / "lines"
    lines = (folder / "lines.txt").read_text().splitlines()
    steps = [0, *(int(row["step"]) for row in run.metrics)]
    assert [int(line.split()[0]) for line in lines] == steps
    assert (folder / "status.txt").read_text() == "finished"


def test_every_logger_and_every_setting_is_on_the_page() -> None:
    for name, path in plugins.option_files("logger").items():
        assert f"`{name}`" in TEXT or f"logger={name}" in TEXT
        for setting in (plugins.read_yaml(path).get(name) or {}).keys() - {"_target_", "timeout"}:
            assert f"logger.{name}.{setting}" in TEXT or f"`.{setting}`" in TEXT, setting
