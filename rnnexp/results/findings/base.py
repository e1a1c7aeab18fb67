"""What a finding is: numbers from which its table, its figure and its verdict are made.

A finding reads files when it is made, and never again: what it draws and says is in its fields.
A new finding is a new file in this folder with a subclass of `StudyFinding`, `ProbeFinding` or
`SearchFinding`; nothing lists it.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from rnnexp.results.groups import Group
from rnnexp.results.search import Search
from rnnexp.results.study import Study
from rnnexp.results.tables import Table

#: Groups that one table can hold and still be read, and lines that one figure can.
MAX_GROUPS, MAX_LINES = 12, 8

#: Below it are the places of answers that a study or a run was made for.
MADE_FOR = 100

#: What a table says where its figure would have more.
NO_FIGURE = f"no figure: more than {MAX_LINES} groups"


class Finding(ABC):
    """What is found in a run, or in a study.

    place: findings are shown in the order of their places, then of their names.
    name: of the file that it is in; its figure and its key in study.json have the same.
    json_when_absent: what study.json says where it does not apply; None: nothing.
    answer_place: of several answers that with the lowest comes first; what a study was made for
        has one below `MADE_FOR`, what explains it 200 and above.

    leads: whether its figure is of what a study was made for: of those that have one the first
        stands directly below the answer.

    What a page says of it, in words for someone who meets it the first time:

    heading: what is seen, a few words. equation: what was measured, in Unicode.
    reading: how to read table and figure. misleads: what they do not say, or say wrongly.
    """

    place: ClassVar[int] = 500
    name: ClassVar[str]
    json_when_absent: ClassVar[Any] = None
    answer_place: ClassVar[int] = 500
    leads: ClassVar[bool] = False
    heading: ClassVar[str] = ""
    equation: ClassVar[str] = ""
    reading: ClassVar[str] = ""
    misleads: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__module__.rpartition(".")[2]

    @classmethod
    def in_run(cls, run: Group) -> "Iterable[Finding]":
        """What is found in a run that is looked at on its own."""
        return ()

    @classmethod
    def in_study(cls, study: Study) -> "Iterable[Finding]":
        """What is found in a study."""
        return ()

    @classmethod
    def in_search(cls, study: Study) -> "Iterable[Finding]":
        """What is found in a study that is a search: its runs are trials, and no groups."""
        return ()

    @property
    def title(self) -> str:
        """What a message calls it."""
        return self.name

    def tables(self) -> Sequence[Table]:
        """None for what is a figure alone."""
        return ()

    def text(self) -> str:
        """What a terminal shows; empty for what is a figure alone."""
        return "\n\n".join(table.text() for table in self.tables())

    def answer(self) -> str:
        """One sentence, with its uncertainty, that answers what was asked; empty where it has none.

        A verdict is given only where the whole interval has it.
        """
        return ""

    def draw(self, folder: Path) -> list[Path]:
        """Draw its figures into `folder`; returns the PNG files. matplotlib is imported here."""
        return []

    def as_json(self) -> Any:
        """What study.json holds of it under its name; None for nothing."""
        return None


class StudyFinding(Finding):
    """Shown where a study varies certain settings: `of` says which."""

    @classmethod
    @abstractmethod
    def of(cls, study: Study) -> Self | None:
        """None where the study does not vary them."""

    @classmethod
    def in_study(cls, study: Study) -> Iterable[Finding]:
        finding = cls.of(study)
        return () if finding is None else (finding,)


class SearchFinding(Finding):
    """Shown of a search; `of` makes it."""

    @classmethod
    @abstractmethod
    def of(cls, study: Study, search: Search) -> Self | None:
        """None where the search has nothing of the kind yet."""

    @classmethod
    def in_search(cls, study: Study) -> Iterable[Finding]:
        finding = None if study.search is None else cls.of(study, study.search)
        return () if finding is None else (finding,)


class ProbeFinding(Finding):
    """What a probe has measured, in one run or in the groups of a study side by side.

    probe: its name.
    compared: whether groups are set side by side; else it is told of a run on its own alone.
    """

    probe: ClassVar[str]
    compared: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        """None where the probe has measured nothing. Of a run on its own the group is `alone`."""

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        finding = cls.of([run])
        return () if finding is None else (finding,)

    @classmethod
    def in_study(cls, study: Study) -> Iterable[Finding]:
        # a bag of words beside them is asked nothing, and takes no place in table and figure
        groups = [group for group in study.ended_groups() if group.was_asked(cls.probe)]
        if not cls.compared or not 0 < len(groups) <= MAX_GROUPS:
            return ()
        finding = cls.of(groups)
        return () if finding is None else (finding,)


def is_finding(value: Any) -> bool:
    """Whether it is a class of findings that can be made."""
    if not isinstance(value, type) or not issubclass(value, Finding) or value is Finding:
        return False
    return not inspect.isabstract(value)
