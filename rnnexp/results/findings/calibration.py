"""Whether a run's network is as often right as it is sure: a reliability diagram."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnexp.results.answers import class_answers
from rnnexp.results.findings.base import Finding
from rnnexp.results.findings.sentences import FEWEST_ANSWERED
from rnnexp.results.groups import Group
from rnnexp.scores import CALIBRATION_ERROR
from rnnexp.scores.classes import Reliability


@dataclass(frozen=True)
class Calibration(Finding):
    """Of the test split. floor: what the error would be on average, were every probability right.

    ends: the 95% interval of the error. of_steps: the answers are of steps with a target.
    """

    place, answer_place = 206, 300
    heading = "How sure the answers are, and how often they are right"
    equation = (
        "calibration error: Σ_m (n_m / N) |accuracy_m - confidence_m|, over 15 bins of the "
        "probability that the network gives to its answer"
    )
    reading = (
        "Test answers are put in bins by how sure the network was; each bin sets that against "
        "the share that was right. On the diagonal the two agree, below it the network is "
        "surer than it is right, above it less sure than it could be."
    )
    misleads = (
        "Of few examples the error is above 0 even where every probability is right: compare "
        "it with the average of as many that stands beside it. A network that gives every "
        "example the shares of the classes is calibrated and useless. The probabilities of "
        "classes that were not answered are not looked at."
    )

    model: str
    data: str
    synthetic: bool
    reliability: Reliability
    error: float
    ends: Sequence[float]
    floor: float
    of_steps: bool

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        (only,) = run.runs
        answers = class_answers(only.directory, only.summary)
        if answers is None:
            return
        yield cls(
            run.model, str(only.summary.data), only.summary.synthetic, answers.reliability,
            answers.calibration_error, answers.calibration_ends, answers.calibration_floor,
            only.directory.task.per_step,
        )  # fmt: skip

    @property
    def verdict(self) -> str:
        """Which way it errs; only where the whole interval of the error lies above 0."""
        if self.ends[0] <= 0:
            return "no miscalibration shown"
        kept = self.reliability.count_M > 0
        gap_M = (self.reliability.accuracy_M - self.reliability.confidence_M)[kept]
        mean = float((gap_M * self.reliability.count_M[kept]).sum())
        return "surer than it is right" if mean < 0 else "less sure than it is right"

    def text(self) -> str:
        show = CALIBRATION_ERROR.show
        return (
            f"{CALIBRATION_ERROR.axis} {show(self.error)} (95% {show(self.ends[0])} to "
            f"{show(self.ends[1])}): {self.verdict}; {show(self.floor)} on average of as many "
            "examples, were every probability right"
        )

    def answer(self) -> str:
        """None of so few examples that each decides the verdict."""
        if int(self.reliability.count_M.sum()) < FEWEST_ANSWERED:
            return ""
        return f"{self.text()[0].upper()}{self.text()[1:]}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import calibration

        return calibration.draw(self, folder)
