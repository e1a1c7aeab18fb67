"""One sequence word by word: state, logits and gradient, and the loss before and after training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results import words
from rnnexp.results.conclusions import is_of_few_examples
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.study_run import Arrays, StudyRun
from rnnexp.results.tables import Cell, Table

Array = npt.NDArray[np.float64]

#: Hidden units that the table shows.
SHOWN_UNITS = 10


@dataclass(frozen=True)
class WordByWord:
    """One run, M measurements of T words with H hidden units and O outputs.

    words: their places, from 1, where inputs are numbers: `unit` is then `step`. answer: what an
    output is: a logit, or a number. hidden_TH, norm_T: the state and its L2 norm at the first
    measurement. outputs_MTO: outputs, had the sequence ended there. gradient_MT: ‖dL/de_t‖.
    first_norms: the gradient norms of the first training step, of the recurrence's matrices and of
    all weights; empty where not recorded.
    """

    label: str
    words: Sequence[str]
    unit: Literal["word", "step"]
    answer: Literal["logit", "output"]
    hidden_TH: Array
    norm_T: Array
    outputs_MTO: Array
    gradient_MT: Array
    losses: Sequence[float]
    first_norms: Mapping[str, float]
    steps: int

    @classmethod
    def of(cls, label: str, run: StudyRun, arrays: Arrays) -> Self:
        norms = run.probe("grad_norm") or {}
        of_all = {"all weights": norms["before"]} if "before" in norms else {}
        of_matrices = {
            key.removeprefix("before."): norm
            for key, norm in norms.items()
            if key.startswith("before.")
        }
        return cls(
            label,
            _words(run, arrays),
            "word" if "token" in arrays else "step",
            "output" if run.directory.task.regression else "logit",
            arrays["hidden"][0],
            arrays["state"][0],
            arrays["outputs"],
            arrays["gradient"],
            [float(loss) for loss in arrays["loss"]],
            {name: float(norm[0][0]) for name, norm in (of_matrices | of_all).items()},
            run.summary.steps or 0,
        )

    def table(self) -> Table:
        logits_TO = self.outputs_MTO[0]
        heads = [f"{self.answer} {k}" for k in range(logits_TO.shape[1])]
        more = " ..." if self.hidden_TH.shape[1] > SHOWN_UNITS else ""
        rows = []
        for t, word in enumerate(self.words):
            hidden = " ".join(f"{h:+.2f}" for h in self.hidden_TH[t][:SHOWN_UNITS])
            rows.append(
                [
                    Cell(word),
                    Cell(hidden + more),
                    Cell(f"{self.norm_T[t]:.3f}", float(self.norm_T[t])),
                    *(Cell(f"{logit:+.4f}", float(logit)) for logit in logits_TO[t]),
                    Cell(f"{self.gradient_MT[0][t]:.3e}", float(self.gradient_MT[0][t])),
                ]
            )
        return Table(
            [self.unit, "hidden state", "‖h_t‖", *heads, "‖dL/de_t‖"], rows, [self.verdict]
        )

    @property
    def moved(self) -> str:
        return "after one step" if self.steps == 1 else f"after {self.steps} steps of training"

    def sentence(self) -> str:
        """The loss before and after, and the gradient at the first word and at the last."""
        told = f"loss {self.losses[0]:.3g} before training"
        if len(self.losses) > 1:
            told += f", {self.losses[-1]:.3g} {self.moved}"
        gradient_T = self.gradient_MT[0]
        if len(self.words) < 2 or not np.isfinite(gradient_T[[0, -1]]).all():
            return told
        first, last = (words.literal(self.words[t]) for t in (0, -1))
        grows = "grows" if gradient_T[-1] > gradient_T[0] else "goes"
        return (
            f"{told}; before it the gradient ‖dL/de_t‖ {grows} from {gradient_T[0]:.2g} at the "
            f"first {self.unit} ('{first}') to {gradient_T[-1]:.2g} at the last ('{last}')"
        )

    @property
    def verdict(self) -> str:
        """The loss before training, and whether it is lower after it."""
        before, after = self.losses[0], self.losses[-1]
        norms = ", ".join(f"of {name} {norm:.4f}" for name, norm in self.first_norms.items())
        norm = f", gradient norm {norms}" if norms else ""
        later = f"; {after:.4f} {self.moved}: {'lower' if after < before else 'not lower'}"
        if len(self.losses) < 2:  # nothing was trained, or it diverged
            later = ""
        return f"loss {before:.4f} before training{norm}{later}"


@dataclass(frozen=True)
class Walkthrough(ProbeFinding):
    """alone: of a run that is looked at on its own, which is drawn.

    few_examples: whether no run has a score that says anything: then this is the answer.
    """

    place, probe, answer_place = 130, "walkthrough", 10
    leads = True
    heading = "One sequence, word by word"
    equation = (
        "h_t, ‖h_t‖, the outputs that the readout makes of h_t, and ‖dL/de_t‖, of one sequence"
    )
    reading = (
        "Each row is a step: the first ten hidden numbers, the size of the state, the outputs "
        "had the sequence ended there, and how strongly the step's input moves the loss. The "
        "table is of the first measurement, mostly before training; the line below it has the "
        "loss then and after training."
    )
    misleads = (
        "It is one sequence, and shows how the network works and not how well. An output at an "
        "early word is one that the network was never trained to give. The colours of the map "
        "are the state's numbers: that a unit is large does not say that the answer needs it."
    )

    runs: Sequence[WordByWord]
    alone: bool
    few_examples: bool = False

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        runs = [
            WordByWord.of(group.label, run, arrays)
            for group in groups
            for run, arrays in group.measured(cls.probe)
        ]
        few = all(is_of_few_examples(run.summary) for group in groups for run in group.ended)
        return cls(runs, groups[0].alone, few) if runs else None

    def tables(self) -> list[Table]:
        return [run.table() for run in self.runs]

    def answer(self) -> str:
        """One sequence, so that it answers nothing in a study of scores."""
        if not self.alone and not self.few_examples:
            return ""
        parts = [f"{words.label(run.label)}: {run.sentence()}" for run in self.runs]
        return f"{sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import walkthrough

        return walkthrough.draw(self.runs[0], folder) if self.alone else []


def _words(run: StudyRun, arrays: Arrays) -> list[str]:
    """The words that were read; their places, from 1, where the inputs are no words."""
    if "token" not in arrays:
        return [str(t + 1) for t in range(arrays["state"].shape[1])]
    vocabulary = run.directory.task.vocabulary or []
    tokens = arrays["token"][0].astype(int)
    return [vocabulary[token] if token < len(vocabulary) else str(token) for token in tokens]
