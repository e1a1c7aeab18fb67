"""Rounds in turns, and what is said of them: medians and quartiles, of seconds and of ratios."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.cases import Case
from benchmarks.children import Child


@dataclass(frozen=True)
class Middle:
    """A median between its quartiles; count: of how many numbers."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Middle":
        low, median, high = np.quantile(numbers, (0.25, 0.5, 0.75))
        return cls(float(median), float(low), float(high), len(numbers))


@dataclass
class Rounds:
    """A peer's rounds on a case, from the first on. seconds: of a step, a number per round.

    losses: of the first steps, two numbers: at the initial weights, and of the first round, which
    comes after one update. busy: seconds of CPU time of all threads, over seconds of the clock.
    """

    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    losses: list[float | None] = field(default_factory=list)

    @property
    def step_seconds(self) -> float:
        """The sum over the rounds."""
        return sum(self.seconds)


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    rounds: at most. least: at least so many. seconds: a peer that has trained for so long on a
    case has done enough of it. slow_seconds: and after so long two rounds are enough.
    """

    rounds: int = 11
    least: int = 3
    seconds: float = 1.0
    slow_seconds: float = 6.0


@dataclass(frozen=True)
class Measured:
    """A case, measured. rounds: by the name of the peer, the first of whom took part in all.

    absent: who could not, with the reason.
    """

    case: Case
    threads: int
    rounds: dict[str, Rounds]
    absent: dict[str, str]

    def seconds(self, peer: str) -> Middle | None:
        """Of a training step."""
        rounds = self.rounds.get(peer)
        return Middle.of(rounds.seconds) if rounds else None

    def ratio(self, peer: str, to: str) -> Middle | None:
        """Seconds of `peer` over those of `to`: of the two in each round that both were in.

        The median of ratios, not the ratio of medians: a busy moment slows a round, not a side.
        """
        over, under = self.rounds.get(peer), self.rounds.get(to)
        if not over or not under:
            return None
        both = zip(over.seconds, under.seconds, strict=False)
        return Middle.of([mine / theirs for mine, theirs in both])

    def loss_differences(self, peer: str, to: str) -> list[float]:
        """How far the two are apart: at the initial weights, and after an update. Empty where one
        of them computes no loss, and over an epoch, whose texts each shuffles on its own.
        """
        a, b = self.rounds.get(peer), self.rounds.get(to)
        if not a or not b or self.case.epoch_steps:
            return []
        both = zip(a.losses, b.losses, strict=True)
        return [abs(x - y) for x, y in both if x is not None and y is not None]


def measure(case: Case, threads: int, all_children: Sequence[Child], effort: Effort) -> Measured:
    """Train in turns: a step to warm up, then rounds, until all have done enough.

    The first of the children takes part in every round: ratios are to it.
    """
    absent: dict[str, str] = {}
    taking_part: list[Child] = []
    rounds: dict[str, Rounds] = {}
    for child in all_children:
        if not child.peer.takes(case):
            continue
        try:
            if not child.works():
                absent[child.peer.name] = "the machine lacks what it needs"
                continue
            child.prepare(case)
            warm_up = child.train(case.epoch_steps or 1).round
        except RuntimeError as error:
            if child is all_children[0]:
                raise
            absent[child.peer.name] = str(error).splitlines()[-1]
            continue
        taking_part.append(child)
        rounds[child.peer.name] = Rounds(losses=[warm_up.loss])
    for number in range(effort.rounds):
        due = [c for c in taking_part if not _has_done(rounds[c.peer.name], case, effort)]
        if not due:
            break
        for child in dict.fromkeys([taking_part[0], *due]):
            own = rounds[child.peer.name]
            try:
                done = child.train(case.steps)
            except RuntimeError as error:
                if child is all_children[0]:
                    raise
                absent[child.peer.name] = str(error).splitlines()[-1]
                taking_part.remove(child)
                del rounds[child.peer.name]
                continue
            own.seconds.append(done.round.seconds / case.steps)
            own.busy.append(done.busy_seconds / done.round.seconds)
            if number == 0:
                own.losses.append(done.round.loss)
    return Measured(case, threads, rounds, absent)


def _has_done(rounds: Rounds, case: Case, effort: Effort) -> bool:
    spent, count = rounds.step_seconds * case.steps, len(rounds.seconds)
    if spent >= effort.slow_seconds:
        return count >= min(2, effort.least)
    return spent >= effort.seconds and count >= effort.least
