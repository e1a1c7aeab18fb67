"""The trainable length: the longest length that a network learns from scratch. Without torch.

Each length is a training of its own, of so many steps. The criterion: a run beats chance where its
whole 95% interval over test examples lies above a tenth of the way from chance to perfect
(`Score.beats_chance`). A seed's trainable length is the longest of the sweep at which its run does.
Over seeds the median, with an interval of order statistics, which ties and ends of the sweep cannot
harm.

It is no limit of memory, whatever this module is called: trained on growing lengths the same
networks hold a cue over 2,560 steps. Nor is the half-life of the gradient, which says how fast
learning at a distance begins, and nothing of how long a trained network holds what it read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.score_vs_length import length_axis
from rnnexp.results.groups import Group, group_label
from rnnexp.results.statistics import MedianInterval, Rate, median_interval
from rnnexp.results.study import Study
from rnnexp.results.tables import NOTHING, Cell, Table
from rnnexp.scores import BEATS_CHANCE, guessing

#: What the number is.
MEANING = "the longest length learned from scratch within {steps}, a training for each length"
#: What it is not.
NO_MEMORY = "no limit of memory: training on growing lengths may show that to be far longer"

#: The trainable length of a seed that beats chance at no length of the sweep.
BELOW = -1


@dataclass(frozen=True)
class Horizon:
    """The trainable length of one line of a study: all settings alike but the length and the seed.

    axis: the setting that is the length. lengths: those of the sweep.
    rates: how many seeds beat chance at each length.
    by_seed: each seed's trainable length, `BELOW` where it is below the shortest length. left_out:
        seeds without a run with a result at every length, which have none.
    median: over the seeds.
    half_life_untrained: median of the steps in which the gradient halves, over the seeds, at the
        initial weights and the longest length; infinite where it does not fall.
    half_life: after training, at the median of the trainable length (else the shortest length).
    budget: the fewest and the most training steps of its runs; None where it is not known.
    test_examples: the fewest of its runs; None where it is not known.
    """

    label: str
    model: str
    axis: str
    lengths: Sequence[int]
    rates: Sequence[Rate | None]
    by_seed: dict[int, int]
    left_out: Sequence[int]
    median: MedianInterval | None
    half_life_untrained: MedianInterval | None
    half_life: MedianInterval | None
    budget: tuple[int, int] | None = None
    test_examples: int | None = None

    @property
    def seeds(self) -> int:
        """All of them, those that are left out too."""
        return len(self.by_seed) + len(self.left_out)

    def shown(self, value: float | None) -> str:
        """A trainable length in words: the ends of the sweep are bounds.

        >>> h = Horizon("", "", "", [5, 10], [], {}, [], None, None, None)
        >>> h.shown(BELOW), h.shown(5), h.shown(10)
        ('below 5', '5', '10 or more')
        """
        if value is None:
            return "-"
        if value < self.lengths[0]:
            return f"below {self.lengths[0]}"
        return f"{value:.0f} or more" if value >= self.lengths[-1] else f"{value:.0f}"


@dataclass(frozen=True)
class MemoryHorizon(StudyFinding):
    """axis: the setting that is the length. data: names of the tasks, and whether each is made by
    a program.
    """

    place = 30
    json_when_absent: ClassVar[Any] = []

    axis: str
    horizons: Sequence[Horizon]
    data: Sequence[tuple[str, bool]]

    @classmethod
    def of(cls, study: Study) -> Self | None:
        """None where no length varies that is the distance of what must be recalled."""
        axis = length_axis(study)
        if axis is None:
            return None
        lines: dict[str, list[Group]] = {}
        for group in study.groups():
            if _is_distance(group, axis):
                others = {key: value for key, value in group.factors.items() if key != axis}
                lines.setdefault(group_label(others), []).append(group)
        horizons = [
            _horizon(label, axis, groups) for label, groups in lines.items() if len(groups) > 1
        ]
        summaries = [run.summary for run in study.runs if run.summary.memory]
        data = {(str(summary.data), summary.synthetic) for summary in summaries}
        return cls(axis, horizons, sorted(data)) if horizons else None

    def tables(self) -> list[Table]:
        head = ["trainable length", f"{self.axis}, median over seeds", "interval", "seeds",
                "gradient half-life untrained", "trained", "length in half-lives"]  # fmt: skip
        notes = [
            f"trainable length: {self.meaning}; {NO_MEMORY}",
            f"learned: it beats chance; {BEATS_CHANCE}",
            "half-life of the gradient: in steps, untrained at the longest length, trained at the "
            "trainable length, where it decays along a straight line; medians over seeds, "
            "intervals with the same coverage",
        ]
        fewest = [h.test_examples for h in self.horizons if h.test_examples is not None]
        if fewest and (guesses := guessing(min(fewest))):
            notes.append(guesses)
        if any(h.median is not None and h.median.low is None for h in self.horizons):
            notes.append("one seed gives no interval: add seeds, as in seed=0,1,2,3,4")
        if any(horizon.left_out for horizon in self.horizons):
            notes.append("left out: seeds without a finished or diverged run at every length")
        return [Table(head, [_row(horizon) for horizon in self.horizons], notes)]

    @property
    def meaning(self) -> str:
        """What the number is, with the training that a length was given."""
        budgets = [horizon.budget for horizon in self.horizons if horizon.budget is not None]
        if not budgets:
            return MEANING.format(steps="its training")
        low, high = min(low for low, _ in budgets), max(high for _, high in budgets)
        steps = f"{high:,}" if low == high else f"{low:,} to {high:,}"
        return MEANING.format(steps=f"{steps} training steps")

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import memory_horizon

        return memory_horizon.draw(self, folder)

    def as_json(self) -> list[dict[str, Any]]:
        """A trainable length below the shortest of the sweep is null."""
        return [
            {
                "label": horizon.label,
                "measures": f"trainable length: {self.meaning}; {NO_MEMORY}",
                "axis": horizon.axis,
                "lengths": list(horizon.lengths),
                "beats_chance": [rate and [rate.successes, rate.n] for rate in horizon.rates],
                "by_seed": {seed: _reached(n) for seed, n in horizon.by_seed.items()},
                "left_out": list(horizon.left_out),
                "median": horizon.median and _reached(horizon.median.median),
                "interval": horizon.median
                and [_reached(horizon.median.low), _reached(horizon.median.high)],
                "coverage": horizon.median and horizon.median.level,
                "half_life_untrained": horizon.half_life_untrained
                and horizon.half_life_untrained.median,
                "half_life": horizon.half_life and horizon.half_life.median,
            }
            for horizon in self.horizons
        ]


def _is_distance(group: Group, axis: str) -> bool:
    """Whether a greater length of this group's task is a greater distance of what it asks for."""
    summary, length = group.first.summary, group.factors[axis]
    distance = summary.data_report.get("distance")
    if not isinstance(length, int) or not summary.memory:
        return False
    # a cue at a fixed distance is no farther away in a longer sequence
    return axis != "seq_len" or distance is None or distance == length - 1


def _horizon(label: str, axis: str, groups: Sequence[Group]) -> Horizon:
    beats = [
        {r.summary.seed: r.row["beats_chance"] for r in group.runs if "beats_chance" in r.row}
        for group in groups
    ]
    seeds = set.intersection(*map(set, beats))
    lengths = [int(group.factors[axis]) for group in groups]
    by_seed = {
        seed: max((n for n, at in zip(lengths, beats, strict=True) if at[seed]), default=BELOW)
        for seed in sorted(seeds)
    }
    median = median_interval(list(by_seed.values())) if by_seed else None
    reached = max(
        (i for i, n in enumerate(lengths) if median is not None and n <= median.median), default=0
    )
    return Horizon(
        label,
        groups[0].model,
        axis,
        lengths,
        [group.rate("beats_chance") for group in groups],
        by_seed,
        sorted({run.summary.seed for group in groups for run in group.runs} - seeds),
        median,
        _half_life(groups[-1], first=True),
        _half_life(groups[reached], first=False),
        _budget(groups),
        min(_test_examples(groups), default=None),
    )


def _budget(groups: Sequence[Group]) -> tuple[int, int] | None:
    steps = [run.summary.steps for group in groups for run in group.runs if run.summary.steps]
    return (min(steps), max(steps)) if steps else None


def _test_examples(groups: Sequence[Group]) -> list[int]:
    return [n for group in groups if (n := group.test_examples) is not None]


def _half_life(group: Group, first: bool) -> MedianInterval | None:
    """Median over the runs' first or last measurement; None where none was made.

    Runs whose gradient does not decay along a straight line have none, and neither have those of
    versions that did not look.
    """
    values = [
        float(arrays["half_life"][0 if first else -1])
        for arrays in group.probe("gradient_flow")
        if "straight" in arrays and (not first or arrays["epoch"][0] == 0)
    ]
    known = [value for value in values if not math.isnan(value)]
    return median_interval(known) if known else None


def _row(horizon: Horizon) -> list[Cell]:
    median, untrained = horizon.median, horizon.half_life_untrained
    middle = median.median if median else None
    left_out = f" ({len(horizon.left_out)} left out)" if horizon.left_out else ""
    ratio = Cell(NOTHING)
    if median and untrained and median.median > 0 and untrained.median < math.inf:
        more = " or more" if median.median >= horizon.lengths[-1] else ""
        half_lives = median.median / untrained.median
        ratio = Cell(f"{half_lives:.0f}{more}", half_lives)
    return [
        Cell(horizon.label),
        Cell(horizon.shown(middle), _reached(middle)),
        _between(horizon),
        Cell(f"{len(horizon.by_seed)}{left_out}", len(horizon.by_seed)),
        _steps(untrained, horizon.seeds),
        _steps(horizon.half_life, horizon.seeds),
        ratio,
    ]


def _reached(value: float | None) -> float | None:
    """None for a trainable length below the shortest of the sweep."""
    return None if value == BELOW else value


def _between(horizon: Horizon) -> Cell:
    """`10 to 40 (94%)`, with the share of such intervals that cover the median."""
    median = horizon.median
    if median is None or median.low is None or median.level is None:
        return Cell(NOTHING)
    low, high = horizon.shown(median.low), horizon.shown(median.high)
    between = f"all {median.n} alike" if low == high else f"{low} to {high}"
    return Cell(f"{between} ({median.level:.0%})")


def _steps(half_life: MedianInterval | None, seeds: int) -> Cell:
    """A half-life and its interval; an infinite one is a gradient that does not fall.

    Of how many of the seeds, where some have none.
    """
    if half_life is None:
        return Cell(NOTHING)

    def shown(value: float) -> str:
        return f"{value:.2g}" if value < math.inf else "never"

    text = shown(half_life.median)
    if half_life.low is not None and half_life.high is not None:
        text += f" ({shown(half_life.low)} to {shown(half_life.high)})"
    if half_life.n < seeds:
        text += f" of {half_life.n} of {seeds} seeds"
    return Cell(text, half_life.median)
