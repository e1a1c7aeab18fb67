"""The three numbers of a recurrence, read from three studies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnexp.results.findings.carrying_over import Carried, CarryingGroup, CarryingOver
from rnnexp.results.findings.holding import Holding
from rnnexp.results.findings.trainability import Line, Trainability
from rnnexp.results.held import HeldGroup
from rnnexp.results.study import Study
from rnnexp.results.tested import interval_in_words, reach_in_words

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
        """`2,560 or more (2,560 to beyond 2,560 (97%))`"""
        held = self.held
        if held is None:
            return NOTHING
        ends = (held.first, held.farthest)
        median = reach_in_words(held.median.middle, held.first)
        return f"{median} ({interval_in_words(held.median, ends)})"

    @property
    def carries(self) -> str:
        """As a multiple of the trained length, of the seeds that learned it."""
        carried = self.carried
        if carried is None:
            return NOTHING
        learned, left_out = len(carried.reaches), len(carried.not_learned)
        of = f", {learned} of {learned + left_out} seeds learned it" if left_out else ""
        if carried.median is None:
            return f"not learned at {self.carrying.trained_at}" if self.carrying else NOTHING
        median = reach_in_words(carried.median.middle, 1, "×")
        return f"{median} ({interval_in_words(carried.median, (1, carried.farthest), '×')}{of})"


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
