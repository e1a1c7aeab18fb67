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

from rnnexp.results.statistics import MedianInterval, Rate, median_interval
from rnnexp.results.study import BEATS_CHANCE, LENGTHS, Group, Series, Study, aligned, group_label

#: The horizon of a seed that beats chance at no length of the sweep.
BELOW = -1


@dataclass(frozen=True)
class Horizon:
    """One line of a study over lengths: all settings alike but the length and the seed.

    axis: the setting that is the length. lengths: those of the sweep.
    rates: how many seeds beat chance at each length.
    by_seed: each seed's horizon, `BELOW` where it is below the shortest length. left_out: seeds
        without a run that came to its end at every length, which have none.
    median: over the seeds.
    half_life_untrained: median of the steps in which the gradient halves, over the seeds, at the
        initial weights and the longest length; infinite where it does not fall.
    half_life: after training, at the median horizon (else the shortest length).
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

    def shown(self, value: float | None) -> str:
        """A horizon in words: the ends of the sweep are bounds.

        >>> h = Horizon("", "", "", [5, 10], [], {}, [], None, None, None)
        >>> h.shown(BELOW), h.shown(5), h.shown(10)
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
    if axis is None:
        return []
    runs = {str(one.factors): one for one in study.series()}
    lines: dict[str, list[Group]] = {}
    for group in study.groups():
        length, distance = group.factors[axis], group.rows[0]["distance"]
        # a cue at a fixed distance is no farther away in a longer sequence
        grows = axis != "seq_len" or distance is None or distance == length - 1
        if isinstance(length, int) and group.rows[0]["memory"] and grows:
            others = {key: value for key, value in group.factors.items() if key != axis}
            lines.setdefault(group_label(others), []).append(group)
    found = []
    for label, groups in lines.items():
        if len(groups) > 1:
            found.append(_horizon(label, axis, groups, [runs[str(g.factors)] for g in groups]))
    return found


def _horizon(label: str, axis: str, groups: Sequence[Group], series: Sequence[Series]) -> Horizon:
    beats = [
        {int(row["seed"]): row["beats_chance"] for row in g.rows if "beats_chance" in row}
        for g in groups
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
        str(groups[0].factors["model"]),
        axis,
        lengths,
        [group.rate("beats_chance") for group in groups],
        by_seed,
        sorted({int(row["seed"]) for group in groups for row in group.rows} - seeds),
        median,
        _half_life(series[-1], first=True),
        _half_life(series[reached], first=False),
    )


def _half_life(series: Series, first: bool) -> MedianInterval | None:
    """Median over the runs' first or last measurement; None where none was made."""
    values = [
        float(found["half_life"][0 if first else -1])
        for found in series.probe("gradient_flow")
        if "half_life" in found and (not first or found["epoch"][0] == 0)
    ]
    known = [value for value in values if not math.isnan(value)]
    return median_interval(known) if known else None


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
        ratio = ""
        if median and untrained and median.median > 0 and untrained.median < math.inf:
            more = " or more" if median.median >= one.lengths[-1] else ""
            ratio = f"{median.median / untrained.median:.0f}{more}"
        lines.append(
            [
                one.label,
                one.shown(median.median) if median else "-",
                _between(one),
                f"{len(one.by_seed)}{left_out}",
                _steps(untrained),
                _steps(one.half_life),
                ratio or "-",
            ]
        )
    notes = [
        f"horizon: the longest length that beats chance; {BEATS_CHANCE}",
        "half-life: in steps, untrained at the longest length, trained at the horizon; medians "
        "over seeds, intervals with the same coverage",
    ]
    if any(one.median is not None and one.median.low is None for one in found):
        notes.append("one seed gives no interval: add seeds, as in seed=0,1,2,3,4")
    if any(one.left_out for one in found):
        notes.append("left out: seeds without a finished or diverged run at every length")
    return "\n".join([aligned(lines), *notes])


def as_json(study: Study) -> list[dict[str, Any]]:
    """For study.json; a horizon below the shortest length is null."""
    return [
        {
            "label": one.label,
            "axis": one.axis,
            "lengths": list(one.lengths),
            "beats_chance": [rate and [rate.successes, rate.n] for rate in one.rates],
            "by_seed": {seed: _reached(n) for seed, n in one.by_seed.items()},
            "left_out": list(one.left_out),
            "median": one.median and _reached(one.median.median),
            "interval": one.median and [_reached(one.median.low), _reached(one.median.high)],
            "coverage": one.median and one.median.level,
            "half_life_untrained": one.half_life_untrained and one.half_life_untrained.median,
            "half_life": one.half_life and one.half_life.median,
        }
        for one in horizons(study)
    ]


def _reached(value: float | None) -> float | None:
    """None for a horizon below the shortest length."""
    return None if value == BELOW else value


def _between(one: Horizon) -> str:
    """`10 to 40 (94%)`, with the level that so few seeds reach."""
    median = one.median
    if median is None or median.low is None or median.level is None:
        return "-"
    return f"{one.shown(median.low)} to {one.shown(median.high)} ({median.level:.0%})"


def _steps(found: MedianInterval | None) -> str:
    """A half-life and its interval; an infinite one is a gradient that does not fall."""
    if found is None:
        return "-"

    def shown(value: float) -> str:
        return f"{value:.2g}" if value < math.inf else "never"

    if found.low is None or found.high is None:
        return shown(found.median)
    return f"{shown(found.median)} ({shown(found.low)} to {shown(found.high)})"
