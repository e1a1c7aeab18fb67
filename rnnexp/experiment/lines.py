"""What a run says while it runs, and how much of it a study shows. Never imports torch."""

import logging
import math
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from rnnexp.experiment.data_lines import text_lines, vectors_line
from rnnexp.results import words
from rnnexp.results.prose import Kind, Piece, Prose
from rnnexp.results.summary import Summary
from rnnexp.scores import BALANCED_ACCURACY, Score, is_imbalanced

if TYPE_CHECKING:
    from rnnexp.data.base import Task
    from rnnexp.experiment.build import Experiment

log = logging.getLogger(__name__)

#: Marks a line that a study shows too; all others go to each run's own rnnexp.log.
HEADLINE = {"headline": True}

#: What a record of the log can carry beside its words, for the terminal.
MARKS = ("headline", "kind")

#: Columns of the line that a study shows of each of its runs.
WIDTH = 100
#: Of a job's name: longer ones are cut in their middle, and the number before them tells the job.
NAME_WIDTH = 44

#: Whether what runs now is a job of a study.
headlines_only: ContextVar[bool] = ContextVar("headlines_only", default=False)


def headline_of(kind: Kind) -> dict[str, object]:
    """The mark of a line that a study shows too, and what kind of line it is."""
    return {**HEADLINE, "kind": kind}


def say_pieces(pieces: Iterable[Piece]) -> None:
    """Log each line, as a file has it; a terminal takes a table whole, and lays it out."""
    for piece in pieces:
        lines = (piece.text if isinstance(piece, Prose) else piece.text()).split("\n")
        log.info("%s", lines[0], extra={"pieces": [piece]})
        for line in lines[1:]:
            log.info("%s", line, extra={"pieces": []})


def opening_line(experiment: "Experiment", summary: Summary) -> str:
    """What is run: `RNN on IMDb over 400 steps: 10 epochs, seed 0, on cpu`."""
    trainer, model = experiment.trainer, words.model_name(str(summary.model))
    data = words.data_name(str(summary.data), summary.synthetic)
    by_step = trainer.steps is not None
    count, unit = (trainer.steps, "step") if by_step else (trainer.epochs, "epoch")
    training = f"{count} {unit}{'s' * (count != 1)}"
    return (
        f"{model} on {data} over {summary.seq_len} steps: {training}, seed {summary.seed}, "
        f"on {experiment.device}"
    )


def job_line(job: object, summary: Summary, before: str = "") -> str:
    """One line on a job that has ended, of at most `WIDTH` columns where it has a score.

    job: as it is named in all lines of its study. before: what is said before the score. Of the
    interval, chance and seconds as much is said as there is room for.
    """
    start = f"{_shortened(str(job), NAME_WIDTH)}  {before}"
    score = summary.score()
    if summary.status != "finished" or score is None or summary.test is None:
        return f"{start}{result_line(summary)}"
    value = summary.test.get(score.name)
    line = f"{start}test {score.name} {score.show(value)}"
    low, high = (summary.test_interval or {}).get(score.name) or (None, None)
    has_ends = None not in (value, low, high)
    between = "" if not has_ends else f" ({score.show(low)} to {score.show(high)})"
    chance = "" if score.chance is None else f", chance {score.show(score.chance)}"
    took = "" if summary.seconds is None else f", {summary.seconds:.1f} s"
    for part in (between, chance, took):
        if len(line) + len(part) <= WIDTH:
            line += part
    return line


def _shortened(text: str, width: int) -> str:
    """
    >>> _shortened("a long name", 8)
    'a lo…ame'
    """
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[len(text) - end :]}"


def start_lines(experiment: "Experiment", summary: Summary) -> list[str]:
    """The data, the model, and what is left out."""
    task, report = experiment.task, summary.data_report
    training = f"{report['train']} training" if "train" in report else "fresh training samples"
    synthetic = " (synthetic)" if task.synthetic else ""
    lines = _left_out(experiment.skipped_probes)
    lines.append(
        f"data {summary.data}{synthetic}: {training}, {report.get('val', 0)} validation, "
        f"{report.get('test', 0)} test; {_inputs(task)}; "
        f"chance {task.score.show(task.score.chance)}"
    )
    if is_imbalanced(task.chance):
        lines.append(
            "uneven classes: whoever always answers the commonest is right in "
            f"{task.score.show(task.chance['accuracy'])}, so accuracy misleads; balanced accuracy "
            f"weighs them alike (chance {task.score.show(task.chance['balanced_accuracy'])})"
        )
    lines += report.get("notes", [])
    lines += text_lines(report, summary.seq_len)
    for split, called in (("test", "test"), ("val", "validation")):
        if repeated := report.get(f"{split}_duplicates_of_train", 0):
            lines.append(f"{repeated} of the {called} texts also stand in the training split")
    steps = task.split("test").inputs.shape[1]
    read_at = "every step" if task.per_step else experiment.model.readout
    pads = report.get("padding", "behind" if report.get("pads") else "none")
    lines.append(
        f"model {summary.model}: {summary.parameters} parameters, {steps} steps, "
        f"read at {read_at}, pads {pads}, on {experiment.device}, {_threads(experiment)}"
    )
    lines += experiment.model.notes + _two_directions(experiment)
    if summary.embedding_report:
        lines.append(vectors_line(summary.embedding_report))
    return lines


def _left_out(skipped: Mapping[str, str]) -> list[str]:
    """A line for each reason, with the probes that it is the reason of."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in skipped.items():
        by_reason.setdefault(reason, []).append(name)
    return [
        f"probe {names[0]} left out: it {reason}"
        if len(names) == 1
        else f"probes {', '.join(names)} left out; each {reason}"
        for reason, names in by_reason.items()
    ]


def _inputs(task: "Task") -> str:
    """What is read at a step."""
    if task.vocabulary is not None:
        return f"vocabulary {task.report.get('vocabulary', 'none')}"
    return "1 number per step" if task.input_size == 1 else f"{task.input_size} numbers per step"


def _two_directions(experiment: "Experiment") -> list[str]:
    """What a second direction changes of what is asked, where it changes something."""
    if experiment.model.directions == 1:
        return []
    lines = ["two directions: what the initial weights do to the gradient is not predicted"]
    if experiment.task.per_step:
        lines.append(
            "two directions: the answer at each step has read the steps behind it too; of a task "
            "that is to be answered as it is read, the score is none"
        )
    elif experiment.task.memory:
        lines.append(
            "two directions: the second one ends at the first step, so that nothing that stands "
            "there need be remembered over the whole length"
        )
    return lines


def _threads(experiment: "Experiment") -> str:
    count = experiment.threads
    chosen = " (chosen)" if experiment.spec.dials.threads is None else ""
    return f"{count} thread{'s' * (count > 1)}{chosen}"


def result_line(summary: Summary) -> str:
    """The headline score with its interval and chance level, the loss, and of which weights.

    Or why there is none.
    """
    if summary.status == "diverged":
        return f"diverged: {summary.reason}"
    score = summary.score()
    if score is None or summary.test is None:
        return f"{summary.status}, without a score"
    shown = score.show(summary.test.get(score.name))
    low, high = (summary.test_interval or {}).get(score.name, (None, None))
    if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
        shown += f" (95% over examples: {score.show(low)} to {score.show(high)})"
    elif score.name in (summary.test_interval or {}) and summary.test.get(score.name) is not None:
        shown += " (no interval: one example, or all scored alike)"
    against = f", chance {score.show(score.chance)}" if score.chance is not None else ""
    for name, scores in summary.data_report.get("baselines", {}).items():
        against += f", {name} {score.show(scores.get(score.name))}"
    return (
        f"test {score.name} {shown}{against}{_loss(summary, score)}{_weights(summary)}; "
        f"{summary.seconds:.1f} s of training"
    )


def other_scores_line(summary: Summary) -> str:
    """The scores of the whole split that stand beside the headline; empty where it has none.

    Empty of two classes about as common as each other too: balanced accuracy and F1 are then the
    accuracy again. A score that could not be computed is called `none`.
    """
    test, chance = summary.test or {}, summary.chance
    scores = summary.further_scores
    two_classes = (chance.get(BALANCED_ACCURACY.name) or 0) >= 0.5
    if not scores or not test or (two_classes and not is_imbalanced(chance)):
        return ""
    parts = []
    for place, score in enumerate(scores):
        value = test.get(score.name)
        shown = "none" if value is None else score.show(value)
        beside = f" (chance {score.show(score.chance)})" if not place and score.chance else ""
        parts.append(f"{score.axis} {shown}{beside}")
    return ", ".join(parts)


def _loss(summary: Summary, headline: Score) -> str:
    """The test loss, where it is another number than the headline score."""
    loss, test = summary.score("loss"), summary.test or {}
    value, shown = test.get("loss"), test.get(headline.name)
    if loss is None or (value is not None and shown is not None and math.isclose(value, shown)):
        return ""
    return f", loss {loss.show(value)}"


def _weights(summary: Summary) -> str:
    """How far the training had come with the weights that were tested, and with the best."""
    tested = summary.tested
    if tested is None:
        return ""
    by_step = summary.unit == "step"
    at, last, best = (
        (tested.step, summary.steps, summary.best_step)
        if by_step
        else (tested.epoch, summary.epochs, summary.best_epoch)
    )
    if not last:
        return "; initial weights"
    watched = summary.monitor or "loss"
    beside = f" (validation {watched} best at {best})" if best not in (None, at) else ""
    return f"; weights of {summary.unit} {at} of {last}{beside}"


def at_length_line(score: Score, length: int, means: Mapping[str, float | None]) -> str:
    """The score at another length than was trained at, and chance there."""
    shown, chance = score.show(means[score.name]), score.show(score.chance)
    return f"at length {length}: test {score.name} {shown}, chance {chance}"
