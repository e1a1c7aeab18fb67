"""A peer: one way to train the network of a case, in a process of its own."""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.cases import Case


@dataclass(frozen=True)
class Round:
    """seconds: of all its steps. loss: the mean over them, each before its update; None of what
    computes none.
    """

    seconds: float
    loss: float | None


#: `train(steps)` goes on training with the first so many batches of the case.
Training = Callable[[int], Round]


@dataclass(frozen=True)
class Peer(ABC):
    """name: as in the tables. exact: it computes in float32, so that its loss must be everybody's.

    A peer is only described in the process that asks; `start` and `training` are called in the
    peer's own process, and import its framework there.
    """

    name: str
    exact: bool = True

    #: It is one of the frameworks that rnnexp is compared with, beside loops written by hand.
    framework: ClassVar[bool] = False
    #: It trains; else it does a part of the work of a training.
    trains: ClassVar[bool] = True

    @property
    def typical(self) -> bool:
        """Whether it stands for others that differ from it in how numbers are rounded alone."""
        return True

    @property
    def family(self) -> str:
        """Common to those that differ in how numbers are rounded alone."""
        return type(self).__name__

    @property
    def loss_bound(self) -> float:
        """How far its first loss may be from another's: its rounding, and no more."""
        return 1e-5 if self.exact else 1e-2

    @property
    @abstractmethod
    def packages(self) -> tuple[str, ...]:
        """What must be installed, as it is imported."""

    def missing(self) -> list[str]:
        """The packages that it needs and that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]

    def environment(self, threads: int) -> Mapping[str, str]:
        """Variables that its process needs before anything is imported."""
        return {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}

    @abstractmethod
    def takes(self, case: Case) -> bool:
        """Whether it has something to say on that case."""

    def is_weighed(self, case: Case) -> bool:
        """Whether its memory is measured on that case."""
        return self.takes(case)

    def works(self) -> bool:
        """Whether the machine has what it needs; asked in the peer's process."""
        return True

    @abstractmethod
    def start(self, threads: int) -> None:
        """Get the framework ready: called once, before any training."""

    @abstractmethod
    def training(self, case: Case) -> Training:
        """The training, from the weights of the case on."""
