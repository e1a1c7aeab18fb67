"""Loss and score over a run's training, on training and validation data: a figure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnexp.results.findings.base import Finding
from rnnexp.results.groups import Group
from rnnexp.scores import Score


@dataclass(frozen=True)
class Curve:
    """A number per row of metrics.csv. validation: NaN where it was not computed."""

    score: Score
    training: Sequence[float]
    validation: Sequence[float]

    @property
    def validated(self) -> bool:
        return not all(math.isnan(value) for value in self.validation)


@dataclass(frozen=True)
class LearningCurves(Finding):
    """progress: how far the training had come, counted in `unit`. test: the score on test data."""

    place = 200
    heading = "Loss and score over the training"
    reading = (
        "The lines are the loss and the score on training and on validation data as the "
        "training went on. Where both stay at chance nothing was learned; where the training "
        "data go on improving and validation does not, the network learns its examples by "
        "heart."
    )
    misleads = (
        "Values of training are means over an epoch, each at the weights of its step, and "
        "those of validation are of its end: early on validation may look better. It is one "
        "seed."
    )

    model: str
    data: str
    synthetic: bool
    seq_len: int
    seed: int
    diverged: bool
    progress: Sequence[float]
    unit: str
    loss: Curve
    headline: Curve
    test: float | None

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        (only,) = run.runs
        rows, summary = only.directory.metrics, only.summary
        loss, headline = summary.score("loss"), summary.score()
        if not rows or loss is None or headline is None:
            return
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        yield cls(
            run.model, str(summary.data), summary.synthetic, summary.seq_len or 0, summary.seed,
            summary.status == "diverged", *only.progress(columns),
            _curve(loss, columns), _curve(headline, columns),
            (summary.test or {}).get(headline.name),
        )  # fmt: skip

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import learning_curves

        return learning_curves.draw(self, folder)


def _curve(score: Score, columns: dict[str, list[float]]) -> Curve:
    return Curve(score, columns[f"train_{score.name}"], columns[f"val_{score.name}"])
