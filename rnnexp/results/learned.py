"""Whether a run had learned within a budget of training steps, read from its metrics.csv.

The criterion: the validation score beats chance at two rows in a row, the second at the budget or
before. So one training says it for every budget up to its own length, and what was learned stays
learned. A training with a single row is judged by that one. Two rows, since a run is looked at
again and again: with 1,000 validation examples a network that guesses passes one look in 2,000 at
most.

A share of right answers beats chance as `Score.beats_chance` has it, by Wilson's interval over the
validation examples. Of an error metrics.csv has no interval: it must show twice the skill.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnexp.results.statistics import wilson
from rnnexp.results.study_run import StudyRun
from rnnexp.scores import NEEDED_SKILL, Score

#: The criterion in words.
LEARNED = (
    "learned: the validation score beats chance (95% interval over validation examples, as of "
    f"tests; of an error, a skill above {2 * NEEDED_SKILL:.0%}) at two rows of metrics.csv in a "
    "row within the budget"
)


@dataclass(frozen=True)
class Looks:
    """steps: at which a run was looked at, ascending. beats: whether it beat chance there.

    examples: that each look is at; None where that is not known.
    """

    steps: Sequence[int]
    beats: Sequence[bool]
    examples: int | None = None

    @classmethod
    def at(cls, run: StudyRun) -> "Looks | None":
        """None of a run without a result, and of one of which nothing can be said.

        A run that was not validated is looked at once, in its test.
        """
        score = run.summary.score()
        if not run.summary.done or score is None or score.chance is None or score.perfect is None:
            return None
        report = run.summary.data_report
        rows = [row for row in run.directory.metrics if f"val_{score.name}" in row]
        examples = report.get("val")
        if rows and isinstance(examples, int) and examples > 0:
            return cls(
                [int(row["step"]) for row in rows],
                [_beats(score, row, examples) for row in rows],
                examples,
            )
        if "beats_chance" not in run.row:
            return None
        tested = report.get("test")
        return cls(
            [run.summary.steps or 0],
            [bool(run.row["beats_chance"])],
            tested if isinstance(tested, int) else None,
        )

    def learned_within(self, budget: int) -> bool:
        """
        >>> looks = Looks([100, 200, 300, 400], [True, False, True, True])
        >>> [looks.learned_within(budget) for budget in (100, 200, 300, 400)]
        [False, False, False, True]
        """
        within = [
            beats for step, beats in zip(self.steps, self.beats, strict=True) if step <= budget
        ]
        if len(self.steps) == 1:
            return within == [True]
        return any(one and other for one, other in itertools.pairwise(within))


def _beats(score: Score, row: Mapping[str, float], examples: int) -> bool:
    value = row[f"val_{score.name}"]
    if not math.isfinite(value):
        return False
    if score.percent:
        share = wilson(round(value * examples), examples)
        return score.beats_chance([share.low, share.high])
    skill = score.skill(value)
    return skill is not None and skill > 2 * NEEDED_SKILL
