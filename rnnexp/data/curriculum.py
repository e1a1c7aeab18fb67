"""The lengths that a network is trained on, where they are not those that it is tested at.

Trained from scratch at one fixed length, a network may never leave chance, and yet hold what it
read over a hundred times as many steps once it has learned on short sequences. Which of the two is
measured is decided here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

from rnnexp.streams import stream_seed

CurriculumName = Literal["grow", "uniform", "fixed"]

#: They grow where the mean over the window has this share of all skill, from chance to perfect.
LEARNED = 0.9

#: Their growth from one window to the next, and 1 step at least.
GROWTH = 1.2


@dataclass(frozen=True)
class Curriculum(ABC):
    """The length of each training step: a function of the seed, the step, and of how it went.

    name: what `data.curriculum` calls it. how: the same in words. shortest, longest: the lengths
    that there are. window: so many steps are looked at together, by those that look.
    It is a value: `after` gives the next one.
    """

    window: ClassVar[int] = 50

    name: ClassVar[CurriculumName]
    how: ClassVar[str]

    shortest: int
    longest: int

    @abstractmethod
    def length(self, seed: int, step: int) -> int:
        """The length of the samples of that step of the training, counted from 0."""

    def after(self, skill: float | None) -> Self:
        """The curriculum once a window of training steps has come to that mean skill.

        skill: 0 at chance, 1 where every answer is right, as `Score.skill`; None where it is not
        known.
        """
        return self

    @property
    def words(self) -> str:
        """`lengths 2 to 20, drawn for each step`"""
        return f"lengths {self.shortest} to {self.longest}, {self.how}"

    @property
    def looks_at_skill(self) -> bool:
        """Whether `after` can change anything; else no step need wait for its score."""
        return False

    def state(self) -> dict[str, Any]:
        """What `after` has changed, as JSON values, for a checkpoint."""
        return {}

    def restored(self, state: Mapping[str, Any]) -> Self:
        """The curriculum of which that was the `state`."""
        return replace(self, **state)


@dataclass(frozen=True)
class Fixed(Curriculum):
    """The longest at every step.

    >>> Fixed(2, 20).length(seed=0, step=7)
    20
    """

    name = "fixed"
    how = "the longest at every step"

    def length(self, seed: int, step: int) -> int:
        return self.longest


@dataclass(frozen=True)
class Uniform(Curriculum):
    """Drawn for each step, every length from the shortest to the longest alike.

    >>> lengths = [Uniform(2, 4).length(0, step) for step in range(100)]
    >>> min(lengths), max(lengths)
    (2, 4)
    """

    name = "uniform"
    how = "drawn for each step"

    def length(self, seed: int, step: int) -> int:
        drawn = np.random.default_rng(stream_seed(seed, "lengths", step))
        return int(drawn.integers(self.shortest, self.longest + 1))


@dataclass(frozen=True)
class Grow(Curriculum):
    """From the shortest on, a fifth longer whenever the one before has been learned.

    After every `window` of steps: n -> min(longest, max(n + 1, ⌊1.2 n⌋)) where their mean skill is
    `LEARNED` or more.

    reached: the length now; None at the beginning.

    >>> lessons = Grow(10, 20)
    >>> lessons.length(0, 0), lessons.after(0.95).length(0, 50), lessons.after(0.5).length(0, 50)
    (10, 12, 10)
    """

    name = "grow"
    how = "growing as they are learned"
    reached: int | None = None

    def length(self, seed: int, step: int) -> int:
        return self.shortest if self.reached is None else self.reached

    def after(self, skill: float | None) -> Self:
        now = self.length(0, 0)
        if skill is None or not skill >= LEARNED:  # nor NaN
            return self
        return replace(self, reached=min(self.longest, max(now + 1, int(GROWTH * now))))

    @property
    def words(self) -> str:
        """`lengths 2 to 20, drawn for each step`"""
        return f"lengths {self.shortest} to {self.longest}, {self.how}"

    @property
    def looks_at_skill(self) -> bool:
        return self.length(0, 0) < self.longest

    def state(self) -> dict[str, Any]:
        return {"reached": self.reached}


CURRICULA: Mapping[CurriculumName, type[Curriculum]] = {
    kind.name: kind for kind in (Grow, Uniform, Fixed)
}
