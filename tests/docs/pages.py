"""A page of the documentation as something that is done: its blocks, run in their order.

Fenced blocks: `sh` is typed line by line, `python` is run. A block of any language whose first
line is a comment with a file's name is written there. `<!-- skip: next "reason" -->` leaves the
next block out. `RUN` is the page's last run.
"""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import SkipTest

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, SkipParser

from tests.conftest import Outcome
from tests.docs.quick import quick

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("sh", "python", "yaml", "toml", "csv")
FIGURE = re.compile(r"<!-- figure: (\S+) -->\n!\[[^\]]*\]\(([^)]+)\)")


def all_pages() -> list[str]:
    """README, CONTRIBUTING and every page of docs/, by their places in the repository."""
    found = (ROOT / "docs").rglob("*.md")
    return ["README.md", "CONTRIBUTING.md", *sorted(p.relative_to(ROOT).as_posix() for p in found)]


@dataclass
class Page:
    """name: its place in the repository. last: which run `RUN` is, as a pattern of its folder.

    as_typed: its commands are quick as they stand.
    """

    name: str
    rnnexp: Callable[..., Outcome]
    last: str = "*"
    as_typed: bool = False
    names: dict[str, Any] = field(default_factory=dict)
    typed: list[tuple[list[str], Outcome]] = field(default_factory=list)
    skipped: int = 0

    @property
    def text(self) -> str:
        return (ROOT / self.name).read_text(encoding="utf-8")

    @property
    def draws(self) -> bool:
        """Whether the page shows figures, or tells of them."""
        return any(sign in self.text for sign in ("<!-- figure:", "plots/", ".figures"))

    def run(self) -> None:
        """Everything that the page shows, in the current folder."""
        for example in self.examples():
            try:
                example.evaluate()
            except SkipTest:
                self.skipped += 1

    def examples(self) -> Iterator[Example]:
        parsers = [CodeBlockParser(language, self._of(language)) for language in LANGUAGES]
        yield from Sybil([*parsers, SkipParser()]).parse(ROOT / self.name).examples()

    def _of(self, language: str) -> Callable[[Example], None]:
        def evaluate(example: Example) -> None:
            text = str(example.parsed)
            if file := re.match(r"# (\S+\.\w+)\n", text):
                path = Path(file[1])
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text[file.end() :], encoding="utf-8")
            elif language == "python":
                exec(compile("\n" * example.line + text, self.name, "exec"), self.names)
            elif language == "sh":
                for line in lines(text):
                    self.type(line)

        return evaluate

    def type(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if not words:
            return
        if words[0] != "rnnexp":
            subprocess.run(["bash", "-euo", "pipefail", "-c", line], check=True)
            return
        words = [str(self.newest()) if word == "RUN" else word for word in words[1:]]
        outcome = self.rnnexp(*(words if self.as_typed else quick(words, self.draws)))
        assert outcome.status == 0, f"{self.name}: {line}\n{outcome.out}\n{outcome.err}"
        self.typed.append((words, outcome))

    def newest(self, kinds: tuple[str, ...] = ("runs/{}", "studies/*/{}")) -> Path:
        """The last run, of a study where there is no other."""
        for kind in kinds:
            runs = [p for p in Path("outputs").glob(kind.format(self.last)) if is_run(p)]
            if runs:
                return max(runs, key=lambda path: (path / "config.yaml").stat().st_mtime_ns)
        raise AssertionError(f"{self.name} has made no run yet")

    def made(self, place: str) -> bool:
        """Whether a run or a study of this page has the file."""
        return any(Path("outputs").glob(f"*/*/{place}"))


def is_run(path: Path) -> bool:
    return (path / "config.yaml").is_file()


def lines(text: str) -> list[str]:
    """The commands of a block; one may go on behind a backslash."""
    return text.replace("\\\n", " ").splitlines()
