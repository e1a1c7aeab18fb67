"""Each command of the pages on plugins and on completion, in a quick form."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rnnexp import plugins
from rnnexp.command.completion import answer
from tests.conftest import Outcome

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
COMPLETION = (ROOT / "docs" / "completion.md").read_text(encoding="utf-8")

#: Behind what is typed, so that it takes a second.
GENERATED = ("trainer.steps=2", "data.val_count=20", "data.test_count=20")
QUICK = ("model.hidden_size=4", "embedding.dim=4", "threads=1", "plots=false")
SMALL = ("data.limit=60", "trainer.epochs=1", "seq_len=8")


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.S)
    return [line for block in blocks for line in block.strip().splitlines()]


@pytest.fixture
def packages(workdir: Path) -> Iterator[None]:
    """The packages of the page where one works: the example, and the files that it shows."""
    (workdir / "examples").symlink_to(ROOT / "examples")
    for language in ("python", "yaml"):
        for block in re.findall(rf"```{language}\n(.*?)```", PLUGINS, flags=re.S):
            first, _, rest = block.partition("\n")
            if first.startswith("# mypkg/"):
                path = workdir / first.removeprefix("# ")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(rest, encoding="utf-8")
    (workdir / "mypkg" / "__init__.py").touch()
    places = list(sys.path)
    forget_modules()
    yield
    plugins.forget()
    forget_modules()
    sys.path[:] = places


def forget_modules() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] in ("mypkg", "agreement")]:
        del sys.modules[name]


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("line", commands(PLUGINS))
def test_the_commands_on_plugins(rnnexp: Callable[..., Outcome], line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "rnnexp"
    if not {"list", "info", "verify"} & set(words):
        made = any("agreement" in w for w in words if w.startswith(("data=", "experiment=")))
        words += [*QUICK, *(GENERATED if made else SMALL)]
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    # how far a study is, is said on a slow machine
    assert not [line for line in outcome.err.splitlines() if " jobs done" not in line]
    assert outcome.out


def test_the_links_lead_somewhere() -> None:
    for text in (PLUGINS, COMPLETION):
        for target in re.findall(r"\]\(([\w./]+)\)", text):
            assert (ROOT / "docs" / target).exists(), target


@pytest.mark.parametrize("line", commands(COMPLETION))
def test_the_commands_on_completion(rnnexp: Callable[..., Outcome], line: str) -> None:
    outcome = rnnexp(*shlex.split(line)[1:])
    assert (outcome.status, outcome.err) == (0, "")


@pytest.mark.parametrize(
    ("typed", "completed"),
    re.findall(r"^\| `(rnnexp .+?)` \| `(rnnexp .+?)` \|$", COMPLETION, re.M),
)
def test_what_is_completed(typed: str, completed: str) -> None:
    begun = re.split(r"[ ']", typed)[-1]
    (found,) = answer(typed, "zsh")
    assert typed.removesuffix(begun) + found == completed
