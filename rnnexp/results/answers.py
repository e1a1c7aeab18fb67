"""What a run's network answered on its test split, and scores that its version did not compute.

Never imports torch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.results.jackknife import split_intervals
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Reading, Summary
from rnnexp.scores import ACCURACY, CALIBRATION_ERROR, MSE, OF_CLASSES, OF_NUMBERS, Score
from rnnexp.scores.classes import IGNORED, ClassAnswers
from rnnexp.scores.numbers import number_scores

#: By which a score of float32 numbers may differ from itself.
ROUNDING = 1e-5


def class_answers(run: RunDirectory, summary: Summary) -> ClassAnswers | None:
    """What a classifier answered on the test split, of all steps with a target.

    None without such answers, where one is not finite, and where they are not those that its
    accuracy is of: a task may score some of its steps alone.
    """
    outputs, targets, accuracy_N = _stored(run, summary, ACCURACY)
    if outputs is None or targets is None or accuracy_N is None:
        return None
    if targets.dtype.kind not in "iu":
        return None
    asked = targets != IGNORED
    if outputs.shape[:-1] != targets.shape or not asked.any(axis=-1).all():
        return None
    answers = ClassAnswers.of(outputs[asked], targets[asked])
    if answers is None:
        return None
    right = np.zeros(targets.shape)
    right[asked] = answers.answer_N == answers.target_N
    if targets.ndim == 2:
        right = right.sum(axis=1) / asked.sum(axis=1)
    return answers if np.allclose(right, accuracy_N, atol=ROUNDING) else None


def with_scores(run: RunDirectory, summary: Summary, name: str) -> Summary:
    """The summary with a score that its version did not know, computed from its predictions.

    The summary itself where it knows the score already, or it cannot be computed.
    """
    if name in summary.scores or summary.status != "finished":
        return summary
    if name in {score.name for score in OF_CLASSES}:
        return _with_classes(run, summary)
    if name in {score.name for score in OF_NUMBERS}:
        return _with_numbers(run, summary)
    return summary


def _with_classes(run: RunDirectory, summary: Summary) -> Summary:
    answers = class_answers(run, summary)
    if answers is None:
        return summary
    outputs, targets, _ = _stored(run, summary, ACCURACY)
    assert outputs is not None
    assert targets is not None

    def of_split(o: npt.NDArray[Any], t: npt.NDArray[Any]) -> Mapping[str, float | None]:
        asked = t != IGNORED
        answered = ClassAnswers.of(o[asked], t[asked])
        return {} if answered is None else answered.scores()

    intervals = split_intervals(of_split, outputs, targets, _bounds(OF_CLASSES))
    intervals[CALIBRATION_ERROR.name] = list(answers.calibration_ends)
    classes = summary.data_report.get("classes")
    count = len(classes) if isinstance(classes, dict) else int(answers.present_K.sum())
    equal = 1 / count
    chance = {"balanced_accuracy": equal, "macro_f1": equal, "auroc": 0.5, "calibration_error": 0.0}
    return _added(summary, OF_CLASSES, answers.scores(), intervals, chance)


def _with_numbers(run: RunDirectory, summary: Summary) -> Summary:
    outputs, targets, error_N = _stored(run, summary, MSE)
    if outputs is None or targets is None or error_N is None:
        return summary
    if outputs.shape != targets.shape or outputs.ndim != 2:
        return summary
    if not np.allclose(np.square(outputs - targets).mean(axis=1), error_N, rtol=ROUNDING):
        return summary
    intervals = split_intervals(number_scores, outputs, targets, _bounds(OF_NUMBERS))
    return _added(summary, OF_NUMBERS, number_scores(outputs, targets), intervals, {"r2": 0.0})


_Stored = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]] | tuple[None, None, None]


def _stored(run: RunDirectory, summary: Summary, headline: Score) -> _Stored:
    """Outputs, targets and the headline of each test example, of a run that is scored by it."""
    stored = run.predictions("test") if headline.name in summary.scores else None
    if stored is None or any(name not in stored for name in ("outputs", "targets", headline.name)):
        return None, None, None
    return stored["outputs"], stored["targets"], stored[headline.name]


def _bounds(scores: tuple[Score, ...]) -> dict[str, tuple[float, float]]:
    return {score.name: score.bounds for score in scores}


def _added(
    summary: Summary,
    scores: tuple[Score, ...],
    values: Mapping[str, float | None],
    intervals: Mapping[str, list[float | None]],
    chance: Mapping[str, float | None],
) -> Summary:
    return summary.model_copy(
        update={
            "scores": summary.scores | {score.name: Reading.of(score) for score in scores},
            "perfect": summary.perfect | {score.name: score.perfect for score in scores},
            "chance": summary.chance | dict(chance),
            "test": (summary.test or {}) | dict(values),
            "test_interval": (summary.test_interval or {}) | dict(intervals),
        }
    )
