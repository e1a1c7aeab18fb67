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
    def reached(self) -> int:
        """The longest length so far."""
        return self.longest

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

    @property
    def words(self) -> str:
        return f"length {self.longest} at every step"

    def length(self, seed: int, step: int) -> int:
        return self.longest


@dataclass(frozen=True)
class Uniform(Curriculum):
    """Drawn for each step, every length from the shortest to the longest alike.

    >>> lengths = [Uniform(2, 4).length(0, step) for step in range(100)]
    >>> min(lengths), max(lengths)
    (2, 4)
    """

    name: ClassVar[CurriculumName] = "uniform"
    how = "drawn for each step"

    def length(self, seed: int, step: int) -> int:
        drawn = np.random.default_rng(stream_seed(seed, "lengths", step))
        return int(drawn.integers(self.shortest, self.reached + 1))


@dataclass(frozen=True)
class Grow(Uniform):
    """Drawn likewise up to a length that grows by a fifth whenever those so far have been learned.

    After every `window` of steps the length n becomes min(longest, max(n + 1, 1.2 n rounded down))
    where their mean skill is `LEARNED` or more. Lengths that are learned go on being drawn: trained
    at the greatest alone, networks were seen to unlearn the shorter ones, or all of it.

    now: the length that has been reached; None at the beginning, which is the shortest.

    >>> lessons = Grow(10, 20)
    >>> lessons.reached, lessons.after(0.95).reached, lessons.after(0.5).reached
    (10, 12, 10)
    """

    name = "grow"
    how = "growing as they are learned"
    now: int | None = None

    @property
    def reached(self) -> int:
        return self.shortest if self.now is None else self.now

    def after(self, skill: float | None) -> Self:
        if skill is None or not skill >= LEARNED:  # nor NaN
            return self
        longer = max(self.reached + 1, int(GROWTH * self.reached))
        return replace(self, now=min(self.longest, longer))

    @property
    def looks_at_skill(self) -> bool:
        return self.reached < self.longest

    def state(self) -> dict[str, Any]:
        return {"now": self.now}


CURRICULA: Mapping[CurriculumName, type[Curriculum]] = {
    kind.name: kind for kind in (Grow, Uniform, Fixed)
}
