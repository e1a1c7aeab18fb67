"""The interface of a logger: what it is told of a run, and when.

The run directory stays the record that everything else reads: a logger gets copies.
"""

import importlib.util
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rnnexp.ranges import more_than

#: A setting as a tool can show it.
Setting = str | int | float | bool


@dataclass(frozen=True)
class RunFacts:
    """A run that begins or goes on.

    id: 16 hexadecimal digits that no other run has; a run that goes on has the one that it began
        with.
    name: of its directory. study: the name of the study that it is a job of.
    path: its directory. outputs: the folder in which all runs lie.
    settings: every setting by its dotted key, `model.hidden_size`; of a group the choice, `model`.
        Without what is null.
    tags: what else one looks for, among them whether the data are synthetic.
    scores: the names of the numbers that it may end with, the most important ones first.
    goes_on: whether it was begun before, by another process perhaps.
    """

    id: str
    name: str
    study: str | None
    path: Path
    outputs: Path
    settings: Mapping[str, Setting]
    tags: Mapping[str, str]
    scores: Sequence[str]
    goes_on: bool = False

    def folder(self, logger: str) -> Path:
        """The run's own folder for a logger, which is no part of what `rnnexp check` looks at."""
        return self.path / "logger" / logger


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    status: finished, diverged, interrupted, failed, or pruned by a search. reason: why it did not
        finish; else empty.
    scores: numbers by name, `test/accuracy` with its 95% interval over the test examples,
        `test/accuracy_low` and `test/accuracy_high`. Empty without a result.
    step: how many training steps it has had. figures: PNG files. summary: the file summary.json,
        which says the same.
    """

    status: str
    reason: str
    scores: Mapping[str, float]
    step: int
    figures: Sequence[Path]
    summary: Path

    @property
    def goes_on_later(self) -> bool:
        """Whether it was stopped, and may be gone on with."""
        return self.status == "interrupted"


class Logger:
    """Told of one run, from its start to its end; this one keeps nothing.

    Each method may raise any exception, and may take `timeout` seconds: then a warning says so, the
    logger hears no more of the run, and the run goes on. It is called in a thread of its own, one
    call after the other, and never draws random numbers.
    """

    #: The modules that it needs, and the extra of rnnexp that installs them.
    needs: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    def __init__(self, timeout: float = 60) -> None:
        """timeout: seconds that a call may take, of any method."""
        more_than("timeout", timeout, 0)
        self.timeout = timeout

    def check(self) -> None:
        """Raise ValueError, before anything is run, where it could not log: asks nobody else."""
        for module in self.needs:
            if importlib.util.find_spec(module) is None:
                raise ValueError(
                    f"logger={self.extra} needs the package {module}, which is not installed: "
                    f'pip install "rnnexp[{self.extra}]"'
                )

    def start(self, run: RunFacts) -> Container[int]:
        """Before the first step, or the first one after an interruption.

        Returns the steps for which its record of the run has numbers already: none of them is
        logged again.
        """
        return ()

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """The numbers of an epoch, all finite: `epoch`, `train/loss`, `gates/mean_forget`.

        step: how many training steps had been taken. Steps come in order, each once.
        """

    def end(self, outcome: Outcome) -> None:
        """After everything else, whatever became of the run."""
