"""Tasks whose examples are made by a program: new ones at every training step, fixed ones to test.

In these tasks it is known how far the answer lies from the steps that determine it, so that scores
at several lengths tell over how many steps a network learns to answer.
"""

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch

from rnnexp import bounds
from rnnexp.data.base import Task
from rnnexp.data.curriculum import CURRICULA, Curriculum, CurriculumName
from rnnexp.ranges import at_least
from rnnexp.streams import stream_seed
from rnnexp.types import Batch, SequenceDataset, Split

#: The greatest length that a curriculum can come to.
MOST_LENGTHS = 100_000


class Generated(Task):
    """A task made by a program. A subclass makes the examples and gives the scores without memory.

    seq_len: the length; the subclass says which steps it counts.
    val_count, test_count: numbers of examples in the two fixed splits.
    corpus_seed: seed of the fixed splits. It is not the run's seed, so that all runs are tested on
        the same examples.
    eval_lengths: further values of seq_len at which the trained network is tested.
    train_lengths: [shortest, longest] value of seq_len at which it is trained, where that is not
        seq_len itself, which is then the length that is validated and tested at.
    curriculum: how they follow each other: they `grow` as they are learned, are drawn, `uniform`,
        or are `fixed`, the longest at every step; see curriculum.py. None for uniform where there
        are train_lengths.

    Training examples are functions of (seed, step), from another random stream than the fixed ones.

    Raises ValueError for a length that the task cannot have, and for a curriculum without lengths.
    """

    generates = True
    synthetic = True
    memory = True

    def __init__(
        self,
        *,
        seq_len: int = 100,
        val_count: int = 1000,
        test_count: int = 2000,
        corpus_seed: int = 0,
        eval_lengths: list[int] | None = None,
        train_lengths: list[int] | None = None,
        curriculum: CurriculumName | None = None,
    ) -> None:
        at_least("val_count", val_count, 0)
        at_least("test_count", test_count, 1)
        at_least("corpus_seed", corpus_seed, 0)
        self.counts: Mapping[Split, int] = {"train": 0, "val": val_count, "test": test_count}
        self.corpus_seed = corpus_seed
        self.eval_lengths = tuple(eval_lengths or ())
        self._set_length(seq_len)
        self.curriculum = self._curriculum(train_lengths, curriculum)
        self.check_tested()
        self.report = {
            "val": val_count,
            "test": test_count,
            "training": "fresh at every step",
            **self._lessons(),
            **({} if self.vocabulary is None else {"vocabulary": len(self.vocabulary)}),
            **self.variant(),
        }

    def _curriculum(
        self, train_lengths: Sequence[int] | None, name: CurriculumName | None
    ) -> Curriculum | None:
        """The curriculum; every length that it may come to is one that the task can have."""
        if train_lengths is None:
            if name is not None:
                raise ValueError(
                    f"curriculum={name} needs lengths to train at: set "
                    f"data.train_lengths=[2,{max(self.seq_len, 3)}], or data.curriculum=null"
                )
            return None
        asked = f"train_lengths={list(train_lengths)}".replace(" ", "")
        if len(train_lengths) != 2 or not 1 <= train_lengths[0] <= train_lengths[1]:
            raise ValueError(f"{asked} must be the shortest and the longest length, as in [2,20]")
        shortest, longest = train_lengths
        bounds.at_most("train_lengths", longest, MOST_LENGTHS, "each is checked at the start")
        for length in range(shortest, longest + 1):
            try:
                self.at_length(length)
            except ValueError as error:
                raise ValueError(f"{asked}: {error}") from None
        return CURRICULA[name or "uniform"](shortest, longest)

    def _lessons(self) -> dict[str, Any]:
        """The curriculum as it is reported."""
        if self.curriculum is None:
            return {}
        lengths = [self.curriculum.shortest, self.curriculum.longest]
        return {"train_lengths": lengths, "curriculum": self.curriculum.name}

    def _set_length(self, seq_len: int) -> None:
        self.seq_len = seq_len
        for name, count in self.counts.items():
            needed = count * seq_len * bounds.WHOLE
            bounds.fits(f"{name}_count", count, needed, f"sequences of seq_len={seq_len} steps")
        self.check_length()
        self.chance = self.chance_levels()
        self._splits: dict[Split, SequenceDataset] = {}

    @abstractmethod
    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        """`count` independent examples of `seq_len`."""

    @abstractmethod
    def chance_levels(self) -> dict[str, float]:
        """The scores and the loss of the best answer without memory, at `seq_len`."""

    @abstractmethod
    def variant(self) -> dict[str, Any]:
        """The settings that make this a variant of its task, for the report."""

    def check_length(self) -> None:
        """Raise ValueError if `seq_len` is too short for what a sequence must hold."""

    def check_tested(self) -> None:
        """Raise ValueError where the lengths tested do not answer what the trained ones ask."""

    def split(self, name: Split) -> SequenceDataset:
        if name not in self._splits:
            generator = np.random.default_rng(stream_seed(self.corpus_seed, "fixed", name))
            # an empty split has the shapes of any other
            made = self.generate(max(self.counts[name], 1), generator)
            self._splits[name] = made.rows(0, self.counts[name])
        return self._splits[name]

    def fresh(self, count: int, generator: np.random.Generator) -> Batch:
        return self.generate(count, generator).as_batch()

    def at_length(self, seq_len: int) -> Self:
        at_least("seq_len", seq_len, 1)
        other = copy.copy(self)
        other._set_length(seq_len)
        return other


def check_beyond(task: Generated, name: str) -> None:
    """Raise ValueError where a task that could be learned by heart at the lengths trained on is
    tested at no longer one.
    """
    lessons = task.curriculum
    if lessons is not None and max(task.seq_len, *task.eval_lengths, 0) <= lessons.longest:
        longer = [2 * lessons.longest, 4 * lessons.longest]
        raise ValueError(
            f"train_lengths of {name} need a test at a longer sequence than any of them: set "
            f"data.eval_lengths={longer}".replace(", ", ",")
        )


def all_steps(inputs: np.ndarray, targets: np.ndarray, per_step: bool = False) -> SequenceDataset:
    """Examples [N, T, ...] that have no pads."""
    lengths = torch.full((len(inputs),), inputs.shape[1])
    return SequenceDataset(
        torch.from_numpy(inputs), torch.from_numpy(targets), lengths, per_step=per_step
    )
