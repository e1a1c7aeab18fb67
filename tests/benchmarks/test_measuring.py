"""Rounds in turns, with peers that take the time that the test says."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from benchmarks.cases import Case
from benchmarks.children import Child, Done
from benchmarks.measuring import Effort, Measured, measure
from benchmarks.peers.base import Round
from benchmarks.peers.products import Products


class Said:
    """Stands for a process: its rounds take the seconds given, the last of them again and again."""

    def __init__(self, name: str, seconds: Sequence[float], fails_at: int | None = None) -> None:
        self.peer, self.seconds, self.fails_at = Products(name), list(seconds), fails_at
        self.count = 0

    def works(self) -> bool:
        return self.seconds != []

    def prepare(self, case: Case) -> None:
        pass

    def train(self, steps: int) -> Done:
        if self.count == self.fails_at:
            raise RuntimeError("Traceback\nMemoryError: no more")
        seconds = self.seconds[min(self.count, len(self.seconds) - 1)]
        self.count += 1
        return Done(Round(seconds, 0.7), seconds / 2, 1)


def measured(effort: Effort, *children: Said) -> Measured:
    return measure(Case("rnn", 400), 1, cast(Sequence[Child], children), effort)


def test_ratios_are_formed_round_by_round() -> None:
    """A busy moment doubles the second round of both: the ratio does not see it."""
    warm_up = 9.0
    outcome = measured(
        Effort(3, 3, 0.0),
        Said("rnnexp", [warm_up, 1.0, 2.0, 1.0]),
        Said("other", [warm_up, 1.5, 3.0, 1.5]),
    )
    ratio, seconds = outcome.ratio("other", "rnnexp"), outcome.seconds("other")
    assert ratio is not None
    assert seconds is not None
    assert (ratio.low, ratio.median, ratio.high, ratio.count) == (1.5, 1.5, 1.5, 3)
    assert (seconds.low, seconds.median, seconds.high) == (1.5, 1.5, 2.25)
    assert outcome.rounds["other"].busy == [0.5] * 3
    assert outcome.loss_differences("other", "rnnexp") == [0.0, 0.0]
    assert outcome.ratio("nobody", "rnnexp") is None


def test_a_slow_peer_takes_part_in_fewer_rounds() -> None:
    effort = Effort(rounds=10, least=3, seconds=1.0, slow_seconds=6.0)
    outcome = measured(effort, Said("rnnexp", [0.2]), Said("slow", [5.0]), Said("other", [1.5]))
    assert len(outcome.rounds["slow"].seconds) == 2
    assert len(outcome.rounds["other"].seconds) == 3
    assert len(outcome.rounds["rnnexp"].seconds) == 5
    ratio = outcome.ratio("slow", "rnnexp")
    assert ratio is not None
    assert ratio.count == 2


def test_the_first_is_in_every_round() -> None:
    outcome = measured(Effort(10, 2, 1.0), Said("rnnexp", [5.0]), Said("fast", [0.2]))
    assert [len(rounds.seconds) for rounds in outcome.rounds.values()] == [5, 5]


@pytest.mark.parametrize("fails_at", [0, 2])
def test_who_fails_is_absent_with_the_reason(fails_at: int) -> None:
    """At the warm-up or later; of the first of them nothing would be left to compare with."""
    effort = Effort(3, 3, 0.0)
    outcome = measured(effort, Said("rnnexp", [1.0]), Said("other", [1.0], fails_at))
    assert outcome.absent == {"other": "MemoryError: no more"}
    assert list(outcome.rounds) == ["rnnexp"]
    assert len(outcome.rounds["rnnexp"].seconds) == 3
    with pytest.raises(RuntimeError, match="no more"):
        measured(effort, Said("rnnexp", [1.0], fails_at))


def test_what_the_machine_lacks_is_said() -> None:
    outcome = measured(Effort(1, 1, 0.0), Said("rnnexp", [1.0]), Said("other", cast(Any, [])))
    assert outcome.absent == {"other": "the machine lacks what it needs"}
