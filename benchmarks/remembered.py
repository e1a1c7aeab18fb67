"""The three numbers of a recurrence, read from three studies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnexp.results.findings.carrying_over import Carried, CarryingGroup, CarryingOver
from rnnexp.results.findings.holding import Holding
from rnnexp.results.findings.trainability import Line, Trainability
from rnnexp.results.held import HeldGroup
from rnnexp.results.study import Study
from rnnexp.results.tested import MedianReach, Reach, number, reach_in_words

NOTHING = "not measured"


@dataclass(frozen=True)
class Remembered:
    """model: of conf/model. Each number is None where it could not be measured."""

    model: str
    line: Line | None
    held: HeldGroup | None
    carrying: CarryingGroup | None

    @property
    def budgets(self) -> list[int]:
        return [] if self.line is None else [within.steps for within in self.line.budgets]

    @property
    def seeds(self) -> int:
        return 0 if self.held is None else len(self.held.reaches)

    @property
    def carried(self) -> Carried | None:
        return None if self.carrying is None else self.carrying.carried

    def trainable(self, budget: int) -> str:
        within = None if self.line is None else self.line.within(budget)
        return NOTHING if within is None else str(within.l50)

    @property
    def holds(self) -> str:
        """`2,559 or more (6 of 6 seeds)`, or `39 (39 to 159)`."""
        if self.held is None:
            return NOTHING
        return _reached(self.held.median, self.held.reaches.values(), self.held.first)

    @property
    def carries(self) -> str:
        """As a multiple of the trained length, of the seeds that learned it."""
        carried = self.carried
        if self.carrying is None or carried is None:
            return NOTHING
        if carried.median is None:
            return f"not learned at {self.carrying.trained_at}"
        told = _reached(carried.median, carried.reaches.values(), 1, "×")
        learned, left_out = len(carried.reaches), len(carried.not_learned)
        return f"{told}; {learned} of {learned + left_out} seeds learned it" if left_out else told


def _reached(median: MedianReach, reaches: Collection[Reach], first: float, sign: str = "") -> str:
    told = reach_in_words(median.middle, first, sign)
    if median.middle.failed is None:
        return f"{told} ({sum(r.failed is None for r in reaches)} of {len(reaches)} seeds)"
    low = f"below {number(first)}" if median.low is None else number(median.low)
    high = "beyond the farthest" if median.high is None else f"{number(median.high)}{sign}"
    return f"{told} ({low}{sign} to {high})"


def remembered(studies: Mapping[str, Path], models: Sequence[str]) -> list[Remembered]:
    """Each model by the findings of the three studies, by the names of their presets."""
    read = {preset: Study.read(path) for preset, path in studies.items()}
    trained = Trainability.of(read["trainability"])
    held = next(iter(Holding.in_study(read["holding"])), None)
    carrying = next(iter(CarryingOver.in_study(read["carrying_over"])), None)
    assert held is None or isinstance(held, Holding)
    assert carrying is None or isinstance(carrying, CarryingOver)
    lines = {line.model: line for line in (trained.lines if trained else ())}
    holding = {group.model: group for group in (held.groups if held else ()) if group.how == "grow"}
    carried = {group.model: group for group in (carrying.groups if carrying else ())}
    return [
        Remembered(model, lines.get(model), holding.get(model), carried.get(model))
        for model in models
    ]
