"""Performance profiles: what share of runs does better than each score, over tasks and lengths.

Where scores lie in two bunches, runs that solved a task and runs that stayed at chance, a mean is
like none of them. Scores of different tasks and lengths are made comparable by their skill, the
share of the way from chance to perfect. Without torch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings.base import MAX_GROUPS, StudyFinding
from rnnexp.results.groups import Group, group_label
from rnnexp.results.over_seeds import bunched
from rnnexp.results.profiles import MANY_RUNS, MANY_STRATA, share_above, stratified_mean
from rnnexp.results.statistics import Interval
from rnnexp.results.study import Study
from rnnexp.results.study_run import SKILL, StudyRun
from rnnexp.results.tables import Cell, Table, with_ends, with_interval

#: A profile of fewer runs says less than the runs one by one.
FEWEST = 6
#: Bounds of the skill that the table has, and those at which a curve is drawn.
SHOWN = (0.1, 0.5, 0.9, 0.98)
BOUNDS = np.linspace(0.0, 1.0, 101)

#: What it is.
MEANING = (
    "share of runs whose skill, the share of the way from chance to perfect, is above a bound; "
    "each task and length counts the same, and a diverged run is above none"
)
#: What its intervals are.
BANDS = (
    "95% interval at each bound, of Wilson's of each task and length; a whole curve lies in its "
    "band less often"
)


@dataclass(frozen=True)
class ProfileLine:
    """All settings alike but task, length and seed. strata: skills by task and length; of a
    diverged run -inf.
    """

    label: str
    model: str
    strata: Mapping[str, Sequence[float]]

    @property
    def runs(self) -> int:
        return sum(map(len, self.strata.values()))

    def above(self, bound: float) -> Interval:
        return share_above(list(self.strata.values()), bound)

    @property
    def fewest(self) -> int:
        """The runs of the task and length that has the fewest of them."""
        return min(map(len, self.strata.values()))

    @property
    def mean(self) -> Interval:
        """Of the skill, no less than 0 in any run and no more than 1."""
        return stratified_mean(
            [[min(max(skill, 0.0), 1.0) for skill in skills] for skills in self.strata.values()]
        )


@dataclass(frozen=True)
class PerformanceProfile(StudyFinding):
    """lines: those of `FEWEST` runs of each task and length. left_out: labels of the others."""

    place = 25
    heading = "What share of runs does better than each score"
    equation = (
        "share of runs with skill > b, mean over tasks and lengths; skill = (score - chance) / "
        "(perfect - chance)"
    )
    reading = (
        "A point of a line is the share of runs whose skill lies above the bound: 0 is chance, "
        "1 is perfect, and a higher line is better. A line that is level in the middle is of "
        "runs that either solve the task or stay at chance. Each task and length counts the "
        "same, and a diverged run is above no bound."
    )
    misleads = (
        "The band is of each bound by itself: a whole curve lies in it less often. Lines of "
        "other tasks and lengths do not compare. A mean skill of 0.5 may be that of no run at "
        "all."
    )

    lines: Sequence[ProfileLine]
    left_out: Sequence[str]

    @classmethod
    def of(cls, study: Study) -> Self | None:
        """None where no line has enough runs, or none has scores in two bunches."""
        strata: dict[tuple[str, str], dict[str, list[float]]] = {}
        for group in study.groups():
            others = {k: v for k, v in group.factors.items() if k not in (*LENGTHS, "data")}
            there = {k: v for k, v in group.factors.items() if k in (*LENGTHS, "data")}
            if skills := _skills(group):
                line = strata.setdefault((group_label(others) or group.model, group.model), {})
                line.setdefault(group_label(there) or "all", []).extend(skills)
        lines = [ProfileLine(label, model, of) for (label, model), of in strata.items()]
        enough = [line for line in lines if line.fewest >= FEWEST]
        if not any(_bunched(line) for line in enough) or len(enough) > MAX_GROUPS:
            return None
        return cls(enough, [line.label for line in lines if line.fewest < FEWEST])

    @property
    def same_strata(self) -> bool:
        return len({tuple(sorted(line.strata)) for line in self.lines}) == 1

    def tables(self) -> list[Table]:
        head = ["runs % with a skill above", *(f"{bound:g}" for bound in SHOWN), "mean skill",
                "runs", "tasks and lengths"]  # fmt: skip
        means = [line.mean for line in self.lines]
        rows = [
            [
                Cell(line.label),
                *(with_interval(line.above(b), lambda v: f"{100 * v:.0f}") for b in SHOWN),
                with_ends(mean.mean, *(mean.ends or (math.nan, math.nan)), digits=2),
                Cell(str(line.runs), line.runs),
                Cell(str(len(line.strata)), len(line.strata)),
            ]
            for line, mean in zip(self.lines, means, strict=True)
        ]
        notes = [f"{MEANING}; {BANDS}"]
        if any(mean.ends for mean in means):
            notes.append("mean skill: 95% by a bootstrap that draws runs anew within each of them")
        else:
            notes.append(
                f"mean skill: no interval, since a bootstrap within each needs {MANY_STRATA} tasks "
                f"or lengths with {MANY_RUNS} runs"
            )
        if not self.same_strata:
            notes.append("the lines are not of the same tasks and lengths")
        if self.left_out:
            shown = "; ".join(self.left_out[:MAX_GROUPS])
            notes.append(f"left out, fewer than {FEWEST} runs of a task and length: {shown}")
        return [Table(head, rows, notes)]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import performance_profile

        return performance_profile.draw(self, folder)

    def as_json(self) -> list[dict[str, Any]]:
        means = [line.mean for line in self.lines]
        return [
            {
                "label": line.label,
                "measures": f"{MEANING}; {BANDS}",
                "runs": line.runs,
                "strata": {name: len(skills) for name, skills in line.strata.items()},
                "above": [
                    {"skill": bound, "share": at.mean, "interval_95": at.ends}
                    for bound, at in ((bound, line.above(bound)) for bound in SHOWN)
                ],
                "mean_skill": mean.mean,
                "mean_skill_interval_95": mean.ends,
            }
            for line, mean in zip(self.lines, means, strict=True)
        ]


def _skills(group: Group) -> list[float]:
    """Of the runs that have a result, and a score with a chance level."""
    skills = [_skill(run) for run in group.runs if run.summary.done]
    return [skill for skill in skills if skill is not None]


def _skill(run: StudyRun) -> float | None:
    if not run.finished:
        return -np.inf
    score, value = run.summary.score(), run.row.get("skill")
    if score is None or score.chance is None or score.perfect is None:
        return None
    return -np.inf if value is None else float(value)


def _bunched(line: ProfileLine) -> bool:
    skills = [max(skill, 0.0) for skills in line.strata.values() for skill in skills]
    return bunched(skills, SKILL)
