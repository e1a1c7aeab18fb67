"""The score against the length, a line for each model and setting: a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.padding import varies_padding
from rnnexp.results.groups import Group
from rnnexp.results.statistics import Interval
from rnnexp.results.study import Study
from rnnexp.scores import Score


@dataclass(frozen=True)
class LengthPoint:
    """A group at its length; `interval.n` finished runs are behind it.

    values: their scores. chance: the chance levels of its runs.
    """

    length: int
    interval: Interval
    values: Sequence[float]
    chance: Sequence[float]

    @classmethod
    def of(cls, group: Group, length: int, score: Score) -> Self | None:
        """None without a finished run."""
        column = f"test_{score.name}"
        interval = group.interval(column)
        if interval is None:
            return None
        return cls(length, interval, group.values(column), group.chance_levels(score))


@dataclass(frozen=True)
class LengthLine:
    """All settings alike but the length. variant: the settings beside model, length and data."""

    model: str
    variant: tuple[tuple[str, Any], ...]
    points: Sequence[LengthPoint]


@dataclass(frozen=True)
class LengthPanel:
    """The lines of one data set."""

    data: str
    synthetic: bool
    lines: Sequence[LengthLine]


@dataclass(frozen=True)
class ScoreVsLength(StudyFinding):
    """axis: the setting that is the length."""

    place = 210
    leads = True
    heading = "The score against the length"
    reading = (
        "Each line is a setting and each point its mean test score at one length, with the 95% "
        "interval over seeds. Where a line comes down to chance, networks trained at that "
        "length learn nothing that counts."
    )
    misleads = (
        "Each length is a training of its own: this is not how far one network carries. All "
        "lengths have the same budget and learning rate. The length of a text is where it is "
        "cut, and longer ones may bring little that is new."
    )

    score: Score
    axis: str
    panels: Sequence[LengthPanel]

    @classmethod
    def of(cls, study: Study) -> Self | None:
        axis = length_axis(study)
        if axis is None or varies_padding(study):
            return None
        groups = [
            group
            for group in study.groups()
            if group.interval(study.column) and group.factors[axis] is not None
        ]
        data = dict.fromkeys(str(group.first.summary.data) for group in groups)
        panels = [
            _panel(name, [g for g in groups if g.first.summary.data == name], axis, study.score)
            for name in data
        ]
        return cls(study.score, axis, panels) if panels else None

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import score_vs_length

        return score_vs_length.draw(self, folder)


def length_axis(study: Study) -> str | None:
    """The setting that is the length: a distance that varies, else seq_len; None where neither."""
    return next((name for name in LENGTHS[::-1] if name in study.factors), None)


def _panel(data: str, groups: Sequence[Group], axis: str, score: Score) -> LengthPanel:
    lines: dict[tuple[str, tuple[tuple[str, Any], ...]], list[LengthPoint]] = {}
    for group in groups:
        others = ((k, v) for k, v in group.factors.items() if k not in ("model", axis, "data"))
        point = LengthPoint.of(group, int(group.factors[axis]), score)
        if point is not None:
            lines.setdefault((group.model, tuple(others)), []).append(point)
    return LengthPanel(
        data,
        any(group.first.summary.synthetic for group in groups),
        [
            LengthLine(model, variant, sorted(points, key=lambda point: point.length))
            for (model, variant), points in lines.items()
        ],
    )
