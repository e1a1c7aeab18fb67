"""The confusion matrix, its table and the reliability diagram, of answers that are made up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnexp.results.figures import style
from rnnexp.results.findings.calibration import Calibration
from rnnexp.results.findings.confusion import Confusion
from rnnexp.scores import BALANCED_ACCURACY
from rnnexp.scores.classes import ClassAnswers


def made(counts: list[list[int]]) -> ClassAnswers:
    """Answers with this confusion matrix."""
    pairs = [(i, j) for i, row in enumerate(counts) for j, n in enumerate(row) for _ in range(n)]
    targets, answered = np.array(pairs).T
    answers = ClassAnswers.of(3.0 * np.eye(len(counts))[answered], targets)
    assert answers is not None
    return answers


def confusion(counts: list[list[int]], classes: list[str]) -> Confusion:
    answers = made(counts)
    score = replace(BALANCED_ACCURACY, chance=1 / len(classes))
    return Confusion(
        "lstm", "csv", False, classes, answers.confusion_KK, answers.table, False,
        [(score, answers.balanced_accuracy, [0.4, 0.6])],
    )  # fmt: skip


def test_the_table_has_each_class_and_says_what_is_missing(workdir: Path) -> None:
    finding = confusion([[8, 2, 0], [3, 1, 0], [0, 0, 0]], ["gut", "schlecht", "$egal_"])
    text = finding.text()
    lines = text.splitlines()
    assert lines[2].split() == ["gut", "72.7", "80.0", "(49", "to", "94)", "76.2", "10"]
    assert lines[4].split() == ["$egal_", "-", "-", "-", "0"]
    assert "never answered: 1 of 3 classes" in text
    assert "without a test example: $egal_; the other classes alone are averaged" in text
    assert "there is no AUROC" in text
    assert "balanced accuracy 52.5% (95% over examples: 40.0% to 60.0%), chance 33.3%" in text
    assert "3 of 4 test examples of 'schlecht' are taken for 'gut'" in finding.title_words
    assert [path.name for path in finding.draw(workdir)] == ["confusion.png"]
    svg = (workdir / "confusion.svg").read_text()
    for words in (">80%<", ">$egal_<", "chance, 33% right"):
        assert words in svg


@pytest.mark.parametrize("classes", [2, 20])
def test_a_matrix_is_drawn_up_to_twenty_classes(classes: int, workdir: Path) -> None:
    counts = (np.eye(classes, dtype=int) * 5 + 1).tolist()
    assert confusion(counts, [f"class {k}" for k in range(classes)]).draw(workdir)


def test_of_more_the_worst_confusions_are_told(workdir: Path) -> None:
    counts = np.eye(21, dtype=int) * 5
    counts[3, 4], counts[7, 8] = 9, 2
    finding = confusion(counts.tolist(), [f"class {k}" for k in range(21)])
    by_class, pairs = finding.tables()
    assert len(by_class.rows) == 20
    assert by_class.notes[0] == "the 20 of 21 classes with the lowest F1"
    assert [cell.text for cell in pairs.rows[0]] == ["class 3", "class 4", "9", "64.3"]
    assert len(pairs.rows) == 2
    with pytest.raises(style.TooMuch, match="21 classes, and a matrix of 20"):
        finding.draw(workdir)


def test_nothing_confused() -> None:
    finding = confusion([[3, 0], [0, 4]], ["a", "b"])
    assert finding.title_words == "no confusion among 7 test examples"


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(1.0, "no miscalibration shown"), (4.0, "surer than it is right"),
     (0.3, "less sure than it is right")],
)  # fmt: skip
def test_the_verdict_on_calibration(factor: float, verdict: str, workdir: Path) -> None:
    generator = np.random.default_rng(3)
    outputs = 1.5 * generator.normal(size=(1000, 1))
    targets = (generator.random((1000, 1)) < 1 / (1 + np.exp(-outputs)))[:, 0]
    answers = ClassAnswers.of(factor * outputs, targets)
    assert answers is not None
    finding = Calibration(
        "rnn", "csv", False, answers.reliability, answers.calibration_error,
        answers.calibration_ends, answers.calibration_floor, False,
    )  # fmt: skip
    assert finding.verdict == verdict
    assert verdict in finding.text()
    assert finding.draw(workdir)
