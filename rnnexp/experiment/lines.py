"""What a run says while it runs, and how much of it a study shows. Never imports torch."""

import logging
import math
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from rnnexp.results.summary import Summary
from rnnexp.scores import Score

if TYPE_CHECKING:
    from rnnexp.experiment.build import Experiment

log = logging.getLogger(__name__)

#: Marks a line that a study shows too; all others go to each run's own rnnexp.log.
HEADLINE = {"headline": True}

#: Whether what runs now is a job of a study.
headlines_only: ContextVar[bool] = ContextVar("headlines_only", default=False)


def start_lines(experiment: "Experiment", summary: Summary) -> list[str]:
    """The data, the model, and what is left out."""
    task, report = experiment.task, summary.data_report
    training = f"{report['train']} training" if "train" in report else "fresh training samples"
    synthetic = " (synthetic)" if task.synthetic else ""
    lines = [
        f"probe {name} left out: it {reason}"
        for name, reason in experiment.skipped_probes.items()
    ]  # fmt: skip
    lines.append(
        f"data {summary.data}{synthetic}: {training}, {report.get('val', 0)} validation, "
        f"{report.get('test', 0)} test; vocabulary {report.get('vocabulary', 'none')}; "
        f"chance {task.score.show(task.score.chance)}"
    )
    lines += _text_lines(report, summary.seq_len)
    if repeated := report.get("test_duplicates_of_train", 0):
        lines.append(f"{repeated} of the test texts also stand in the training split")
    steps = task.split("test").inputs.shape[1]
    read_at = "every step" if task.per_step else experiment.model.readout
    pads = report.get("padding", "behind" if report.get("pads") else "none")
    lines.append(
        f"model {summary.model}: {summary.parameters} parameters, {steps} steps, "
        f"read at {read_at}, pads {pads}, on {experiment.device}"
    )
    if vectors := summary.embedding_report:
        passed_over = [
            f"{count} {what}" for what, count in vectors.get("lines_passed_over", {}).items()
        ]
        lines.append(
            f"Found embeddings for {vectors['matched']} / {vectors['words']} words"
            + (f"; lines passed over: {', '.join(passed_over)}" if passed_over else "")
        )
    return lines


#: A class' count is shown of so many classes, the commonest.
MAX_CLASSES = 12


def _text_lines(report: Mapping[str, Any], seq_len: int | None) -> list[str]:
    """What the texts hold, for tasks that read texts: wrong columns and lost letters show here."""
    if "words_per_text" not in report:
        return []
    classes = sorted(report["classes"].items(), key=lambda item: -item[1])
    shown = sorted(classes[:MAX_CLASSES], key=lambda item: list(report["classes"]).index(item[0]))
    named = ", ".join(f"{name} {count}" for name, count in shown)
    more = f" and {len(classes) - len(shown)} rarer ones" if len(classes) > len(shown) else ""
    words, unknown = report["words_per_text"], report["unknown_words"]
    causes = ", ".join(f"{count} {cause}" for cause, count in report["empty_texts"].items())
    by_split = ", ".join(
        f"{unknown[split]:.1%} of {words_of} words"
        for split, words_of in (("train", "training"), ("test", "test"))
        if unknown.get(split) is not None
    )
    lines = [
        f"{len(classes)} classes: {named}{more}",
        f"words per text: median {words['median']:.0f}, 95% have up to "
        f"{words['percentile_95']:.0f}; {words['longer_than_seq_len']:.1%} of the texts are cut at "
        f"{seq_len}; texts without words: {report['without_words']}"
        + (f" ({causes})" if causes else ""),
        f"letters lost: {_small_share(report['letters_lost'])}; unknown words: {by_split}",
    ]
    if count := report["normalised_texts"]:
        lines.append(
            f"{count} texts are not read character by character: letters that can be written in "
            "several ways become one (Unicode NFC; 'İ' in lower case is 'i'), and what nobody sees "
            "is left out"
        )
    return lines


def _small_share(share: float) -> str:
    """In percent; what is not 0 is never shown as 0.

    >>> _small_share(0.0), _small_share(0.00002), _small_share(0.024)
    ('0%', 'below 0.01%', '2.40%')
    """
    if not share:
        return "0%"
    return f"{share:.2%}" if share >= 1e-4 else "below 0.01%"


_warned: set[str] = set()


def warn_once(report: Mapping[str, Any]) -> None:
    """The warnings on the data; in a study on the screen once, though each run's log has them."""
    for line in report.get("warnings", ()):
        again = headlines_only.get() and line in _warned
        _warned.add(line)
        log.log(logging.INFO if again else logging.WARNING, "warning: %s", line)


def result_line(summary: Summary) -> str:
    """The headline score with its interval and chance level, or why there is none."""
    if summary.status == "diverged":
        return f"diverged: {summary.reason}"
    score = summary.score()
    if score is None or summary.test is None:
        return f"{summary.status}, without a score"
    shown = score.show(summary.test.get(score.name))
    low, high = (summary.test_interval or {}).get(score.name, (None, None))
    if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
        shown += f" (95% over examples: {score.show(low)} to {score.show(high)})"
    against = f", chance {score.show(score.chance)}" if score.chance is not None else ""
    return f"test {score.name} {shown}{against}; {summary.seconds:.1f} s of training"


def at_length_line(score: Score, length: int, means: Mapping[str, float | None]) -> str:
    """The score at another length than was trained at, and chance there."""
    shown, chance = score.show(means[score.name]), score.show(score.chance)
    return f"at length {length}: test {score.name} {shown}, chance {chance}"
