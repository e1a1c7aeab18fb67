"""How far back a network remembers: the longest length at which it beats chance. Without torch.

The criterion: a run beats chance where its whole 95% bootstrap interval over test examples lies
above a tenth of the way from chance to perfect (`statistics.beats_chance`). A seed's horizon is the
longest length of the sweep at which its run does; each length is a training of its own. Over seeds
the median, with an interval of order statistics, which ties and ends of the sweep cannot harm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rnnexp.statistics import Interval, MedianInterval, Rate, log_interval, median_interval
from rnnexp.study import BEATS_CHANCE, LENGTHS, Group, Series, Study, aligned, group_label


@dataclass(frozen=True)
class Horizon:
    """One line of a study over lengths: all settings alike but the length and the seed.

    axis: the setting that is the length. lengths: those of the sweep.
    rates: how many seeds beat chance at each length.
    by_seed: each seed's horizon, 0 where it is below the shortest length. left_out: seeds without a
        run at every length, which have none.
    median: over the seeds.
    half_life_untrained: steps in which the gradient halves at the initial weights, over all runs.
    half_life: after training, over the runs at the median horizon (else the shortest length).
    """

    label: str
    model: str
    axis: str
    lengths: Sequence[int]
    rates: Sequence[Rate | None]
    by_seed: dict[int, int]
    left_out: Sequence[int]
    median: MedianInterval | None
    half_life_untrained: Interval | None
    half_life: Interval | None

    def shown(self, value: float | None) -> str:
        """A horizon in words: the ends of the sweep are bounds.

        >>> h = Horizon("", "", "", [5, 10], [], {}, [], None, None, None)
        >>> h.shown(0), h.shown(5), h.shown(10)
        ('below 5', '5', '10 or more')
        """
        if value is None:
            return "-"
        if value < self.lengths[0]:
            return f"below {self.lengths[0]}"
        return f"{value:.0f} or more" if value >= self.lengths[-1] else f"{value:.0f}"


def horizons(study: Study) -> list[Horizon]:
    """The horizon of each line of the study; none where no length varies, or means no memory."""
    axis = next((name for name in LENGTHS[::-1] if name in study.factors), None)
    if axis is None or not study.memory:
        return []
    runs = {str(one.factors): one for one in study.series()}
    lines: dict[str, list[Group]] = {}
    for group in study.groups():
        if isinstance(group.factors[axis], int):
            others = {key: value for key, value in group.factors.items() if key != axis}
            lines.setdefault(group_label(others), []).append(group)
    found = []
    for label, groups in lines.items():
        if len(groups) > 1:
            found.append(_horizon(label, axis, groups, [runs[str(g.factors)] for g in groups]))
    return found


def _horizon(label: str, axis: str, groups: Sequence[Group], series: Sequence[Series]) -> Horizon:
    beats = [
        {int(row["seed"]): bool(row["beats_chance"]) for row in g.rows if "beats_chance" in row}
        for g in groups
    ]
    seeds = set.intersection(*map(set, beats))
    lengths = [int(group.factors[axis]) for group in groups]
    by_seed = {
        seed: max((n for n, at in zip(lengths, beats, strict=True) if at[seed]), default=0)
        for seed in sorted(seeds)
    }
    median = median_interval(list(by_seed.values())) if by_seed else None
    reached = max(
        (i for i, n in enumerate(lengths) if median is not None and n <= median.median), default=0
    )
    return Horizon(
        label,
        str(groups[0].factors["model"]),
        axis,
        lengths,
        [group.rate("beats_chance") for group in groups],
        by_seed,
        sorted(set().union(*beats) - seeds),
        median,
        _half_life(series, first=True),
        _half_life([series[reached]], first=False),
    )


def _half_life(series: Sequence[Series], first: bool) -> Interval | None:
    """Geometric mean over the runs' first or last measurement; None where none was made.

    A gradient that does not fall has no half-life and counts as none.
    """
    values = [
        float(found["half_life"][0 if first else -1])
        for one in series
        for found in one.probe("gradient_flow")
        if "half_life" in found and (not first or found["epoch"][0] == 0)
    ]
    known = [value for value in values if 0 < value < math.inf]
    return log_interval(known) if known else None


def table(study: Study) -> str:
    """For the terminal: a line per model and setting; empty where there is no horizon."""
    found = horizons(study)
    if not found:
        return ""
    head = ["memory horizon", f"{found[0].axis}, median over seeds", "interval", "seeds",
            "gradient half-life untrained", "trained", "horizon in half-lives"]  # fmt: skip
    lines = [head]
    for one in found:
        median = one.median
        untrained = one.half_life_untrained
        left_out = f" ({len(one.left_out)} left out)" if one.left_out else ""
        ratio = median.median / untrained.mean if median and untrained else None
        lines.append(
            [
                one.label,
                one.shown(median.median) if median else "-",
                _between(one),
                f"{len(one.by_seed)}{left_out}",
                _steps(untrained),
                _steps(one.half_life),
                "-" if not ratio else f"{ratio:.0f}",
            ]
        )
    notes = [f"horizon: the longest length that beats chance; {BEATS_CHANCE}"]
    if any(one.median is not None and one.median.low is None for one in found):
        notes.append("one seed gives no interval: add seeds, as in seed=0,1,2,3,4")
    if any(one.left_out for one in found):
        notes.append("left out: seeds without a finished or diverged run at every length")
    return "\n".join([aligned(lines), *notes])


def as_json(study: Study) -> list[dict[str, Any]]:
    """For study.json."""
    return [
        {
            "label": one.label,
            "axis": one.axis,
            "lengths": list(one.lengths),
            "beats_chance": [rate and [rate.successes, rate.n] for rate in one.rates],
            "by_seed": one.by_seed,
            "left_out": list(one.left_out),
            "median": one.median and one.median.median,
            "interval": one.median and [one.median.low, one.median.high],
            "coverage": one.median and one.median.level,
            "half_life_untrained": one.half_life_untrained and one.half_life_untrained.mean,
            "half_life": one.half_life and one.half_life.mean,
        }
        for one in horizons(study)
    ]


def _between(one: Horizon) -> str:
    """`10 to 40 (94%)`, with the level that so few seeds reach."""
    median = one.median
    if median is None or median.low is None or median.level is None:
        return "-"
    return f"{one.shown(median.low)} to {one.shown(median.high)} ({median.level:.0%})"


def _steps(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.2g}"
    return f"{interval.mean:.2g} ({interval.low:.2g} to {interval.high:.2g})"
