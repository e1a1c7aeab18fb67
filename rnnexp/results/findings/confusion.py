"""Which classes a run's network takes for which, and how well it tells each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rnnexp.results.answers import class_answers
from rnnexp.results.findings.base import Finding
from rnnexp.results.findings.sentences import FEWEST_ANSWERED
from rnnexp.results.groups import Group
from rnnexp.results.statistics import wilson
from rnnexp.results.summary import Summary
from rnnexp.results.tables import NOTHING, Cell, Table, count
from rnnexp.scores import AUROC, CALIBRATION_ERROR, Score
from rnnexp.scores.classes import ClassTable

#: Classes that a matrix and a table can hold and still be read, and pairs that are told of more.
MAX_CLASSES, MAX_PAIRS = 20, 10


@dataclass(frozen=True)
class Pair:
    """`count` of the `support` examples of class `true` were answered with `answered`."""

    true: str
    answered: str
    count: int
    support: int


@dataclass(frozen=True)
class Confusion(Finding):
    """Of the test split, K classes.

    counts_KK: examples of class i that were answered with class j, at [i, j]. of_steps: they are
    steps with a target. scores: of the whole split, with their values and 95% intervals, but for
    the calibration error, which is a finding of its own.
    """

    place, answer_place = 205, 290
    heading = "Which classes are taken for which"
    equation = (
        "C_ij: test examples of class i that were answered with class j\n"
        "precision_k = C_kk / Σ_i C_ik, recall_k = C_kk / Σ_j C_kj, F1 = 2 · precision · "
        "recall / (precision + recall)"
    )
    reading = (
        "In the figure a row is the right class and a column the answer: what lies off the "
        "diagonal is wrong. In the table precision is the share of right ones among the "
        "answers with a class, recall the share of a class's examples that were answered with "
        "it, F1 their harmonic mean."
    )
    misleads = (
        "A class of few examples has wide intervals. These are over test examples: another "
        "seed may take other classes for each other. Precision changes with how frequent the "
        "classes are."
    )

    model: str
    data: str
    synthetic: bool
    classes: Sequence[str]
    counts_KK: npt.NDArray[np.int64]
    by_class: ClassTable
    of_steps: bool
    scores: Sequence[tuple[Score, float | None, Sequence[float | None] | None]]

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        (only,) = run.runs
        summary, directory = only.summary, only.directory
        answers = class_answers(directory, summary)
        if answers is None:
            return
        record = directory.task
        yield cls(
            run.model, str(summary.data), summary.synthetic,
            record.classes or [str(k) for k in range(answers.classes)],
            answers.confusion_KK, answers.table, record.per_step, list(_scores(summary)),
        )  # fmt: skip

    @property
    def absent(self) -> list[str]:
        """Classes without a test example."""
        return [
            name
            for name, support in zip(self.classes, self.by_class.support_K, strict=True)
            if not support
        ]

    @property
    def worst(self) -> list[Pair]:
        """The confusions of the most examples, of as many of the greatest share of its class."""
        pairs = [
            Pair(
                self.classes[i], self.classes[j], int(self.counts_KK[i, j]),
                int(self.by_class.support_K[i]),
            )
            for i, j in np.argwhere(self.counts_KK)
            if i != j
        ]  # fmt: skip
        return sorted(pairs, key=lambda pair: (-pair.count, pair.support))[:MAX_PAIRS]

    @property
    def title_words(self) -> str:
        """What is seen, in one sentence."""
        unit = "steps" if self.of_steps else "examples"
        if not self.worst:
            return f"no confusion among {int(self.counts_KK.sum())} test {unit}"
        answered = self.counts_KK.sum(axis=0)
        if answered.max() == answered.sum():
            only = self.classes[int(answered.argmax())]
            return f"each of {int(answered.sum())} test {unit} is answered with '{only}'"
        worst = self.worst[0]
        return (
            f"{worst.count} of {worst.support} test {unit} of '{worst.true}' are taken for "
            f"'{worst.answered}'"
        )

    def tables(self) -> list[Table]:
        tables = [self._of_classes()]
        if len(self.classes) > MAX_CLASSES and self.worst:
            tables.append(self._of_pairs())
        return tables

    def _of_classes(self) -> Table:
        by_class = self.by_class
        order = list(range(len(self.classes)))
        notes = []
        if len(order) > MAX_CLASSES:
            f1 = np.where(by_class.support_K > 0, np.nan_to_num(by_class.f1_K), np.inf)
            order = sorted(np.argsort(f1, kind="stable")[:MAX_CLASSES].tolist())
            notes.append(f"the {MAX_CLASSES} of {len(self.classes)} classes with the lowest F1")
        rows = [
            [
                Cell(self.classes[k]),
                _share(by_class.precision_K[k]),
                _recall(by_class, k),
                _share(by_class.f1_K[k]),
                count(int(by_class.support_K[k])),
            ]
            for k in order
        ]
        unit = "test steps" if self.of_steps else "test examples"
        never = int((self.counts_KK.sum(axis=0) == 0).sum())
        interval = "" if self.of_steps else " (95%: Wilson's interval over examples)"
        notes.append(
            "precision: of the answers with a class, the share that is right; recall: of its "
            f"examples, the share answered with it{interval}; F1: their harmonic mean"
        )
        if never:
            notes.append(f"never answered: {never} of {len(self.classes)} classes")
        if self.absent:
            named = ", ".join(self.absent[:MAX_PAIRS])
            more = len(self.absent) - MAX_PAIRS
            named += f" and {more} more" if more > 0 else ""
            notes.append(
                f"without a test example: {named}; the other classes alone are averaged, and there "
                f"is no {AUROC.axis}"
            )
        notes += [_in_words(*scored) for scored in self.scores]
        return Table(["class", "precision %", "recall %", "F1 %", unit], rows, notes)

    def _of_pairs(self) -> Table:
        rows = [
            [
                Cell(pair.true),
                Cell(pair.answered),
                count(pair.count),
                _share(pair.count / pair.support),
            ]
            for pair in self.worst
        ]
        notes = [f"the commonest confusions; no matrix of more than {MAX_CLASSES} classes"]
        return Table(["class", "taken for", "examples", "% of the class"], rows, notes)

    def answer(self) -> str:
        """What is taken for what; of two classes the accuracy says as much, of few examples none
        is said.
        """
        if len(self.classes) < 3 or int(self.counts_KK.sum()) < FEWEST_ANSWERED:
            return ""
        return f"{self.title_words[0].upper()}{self.title_words[1:]}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import confusion

        return confusion.draw(self, folder)


def _scores(
    summary: Summary,
) -> Iterable[tuple[Score, float | None, Sequence[float | None] | None]]:
    for score in summary.further_scores:
        if score.name != CALIBRATION_ERROR.name:
            value = (summary.test or {}).get(score.name)
            yield score, value, (summary.test_interval or {}).get(score.name)


def _in_words(score: Score, value: float | None, ends: Sequence[float | None] | None) -> str:
    """`macro F1 61.2% (95% over examples: 55.0% to 67.1%), chance 33.3%`."""
    if value is None:
        return f"{score.axis}: none"
    text = f"{score.axis} {score.show(value)}"
    if ends is not None and None not in ends:
        text += f" (95% over examples: {' to '.join(map(score.show, ends))})"
    return text + (f", chance {score.show(score.chance)}" if score.chance else "")


def _recall(by_class: ClassTable, k: int) -> Cell:
    """With Wilson's interval."""
    support = int(by_class.support_K[k])
    if not support:
        return Cell(NOTHING)
    recall = float(by_class.recall_K[k])
    rate = wilson(round(recall * support), support)
    return Cell(f"{100 * recall:.1f} ({100 * rate.low:.0f} to {100 * rate.high:.0f})", recall)


def _share(share: float) -> Cell:
    return Cell(NOTHING) if np.isnan(share) else Cell(f"{100 * share:.1f}", float(share))
