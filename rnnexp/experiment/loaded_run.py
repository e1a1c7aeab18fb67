"""A run on disk as a Python user has it: tables as pandas, arrays as numpy, its network as torch.

`rnnexp.run` and `rnnexp.load_run` return it. Who writes or draws inside this package takes its
`directory`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rnnexp.data.text_encoder import TextRead
from rnnexp.errors import DataError, UserError
from rnnexp.experiment.answers import Answers, encoder_of
from rnnexp.experiment.load import load_model, weights_place
from rnnexp.experiment.measured import Measured
from rnnexp.model.base import SequenceModel
from rnnexp.results import report
from rnnexp.results.page.files import PAGE
from rnnexp.results.report_folder import report_folder
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary, TaskRecord


@dataclass(frozen=True)
class Figure:
    """A figure that was drawn: its files. A notebook shows it where it is the last word of a cell.

    >>> run.figures["learning_curves"]            # doctest: +SKIP
    """

    png: Path

    @property
    def svg(self) -> Path:
        return self.png.with_suffix(".svg")

    def __str__(self) -> str:
        return str(self.png)

    def _repr_png_(self) -> bytes:
        return self.png.read_bytes()


def figures_in(folder: Path) -> dict[str, Figure]:
    """The figures of a folder, by their names; empty where nothing was drawn."""
    return {path.stem: Figure(path) for path in sorted(folder.glob("[!.]*.png"))}


def _refuse_no_texts(name: str, texts: Sequence[str]) -> None:
    """Raise UserError, in the name of the method, for what is no list of texts."""
    if isinstance(texts, str):
        raise UserError(f"{name} takes a list of texts, as in run.{name}(['a fine film'])")
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None:
        raise UserError(f"{name} takes texts, and {wrong!r} is a {type(wrong).__name__}")


class Run:
    """One run, whatever became of it: `summary.status` says.

    directory: the run's directory, which this package reads and writes.

    >>> run = rnnexp.load_run("outputs/runs/2026-11-22_05-06-46-123456_lstm_T400")  # doctest: +SKIP
    >>> run.summary.test["accuracy"], run.metrics.val_loss.min()                    # doctest: +SKIP
    """

    def __init__(self, directory: RunDirectory) -> None:
        self.directory = directory

    def __repr__(self) -> str:
        summary = self.summary
        score, tested = summary.score(), summary.test or {}
        result = f", test {score.name} {score.show(tested.get(score.name))}" if score else ""
        return f"Run({str(self.path)!r}: {summary.model}, {summary.status}{result})"

    @property
    def path(self) -> Path:
        return self.directory.path

    @property
    def summary(self) -> Summary:
        """What it is, how it went and what came out: summary.json, typed.

        A number that could not be measured, or that an earlier version did not write, is None.
        Raises DataError for a file that cannot be read, or is not as it was written.
        """
        return self.directory.summary

    @property
    def config(self) -> dict[str, Any]:
        """Every setting, in the names of this version, as nested dicts."""
        return self.directory.config

    @property
    def task(self) -> TaskRecord:
        """Its vocabulary, its classes, how a text becomes words: task.json, typed."""
        return self.directory.task

    @property
    def words(self) -> Sequence[str]:
        """The words of the command that made it: `rnnexp.run(run.words)` makes the same again."""
        return self.directory.words

    @property
    def environment(self) -> dict[str, Any]:
        """What it ran on: versions, device, threads."""
        return self.directory.environment

    @property
    def plots(self) -> Path:
        """Where its figures are, or would be."""
        return self.directory.plots

    @property
    def metrics(self) -> pd.DataFrame:
        """metrics.csv, a row per epoch; what was not measured is NaN. Shares are fractions.

        >>> run.metrics.plot(x="epoch", y=["train_loss", "val_loss"])  # doctest: +SKIP
        """
        frame = pd.DataFrame(self.directory.metrics)
        whole = [name for name in ("epoch", "step") if name in frame]
        return frame.astype(dict.fromkeys(whole, "int64"))

    @property
    def probe_names(self) -> list[str]:
        """The probes that have measured something."""
        return self.directory.probe_names

    def probe(self, name: str) -> Measured:
        """What a probe has measured: arrays by name, a row per measurement; `.frame` in pandas.

        Raises DataError for one that has measured nothing, and says why.

        >>> run.probe("gradient_flow").frame[["epoch", "ratio"]]  # doctest: +SKIP
        """
        arrays = self.directory.probe(name)
        if arrays is not None:
            return Measured(name, arrays)
        summary = self.summary
        why = summary.failed_probes.get(name, "")
        if name in summary.skipped_probes:
            why = f"it {summary.skipped_probes[name]}"
        there = ", ".join(self.probe_names) or "none"
        raise DataError(
            f"{self.path}: probe '{name}' has measured nothing"
            + (f" ({why})" if why else "")
            + f"; those that have: {there}"
        )

    def model(self, trust: bool = False) -> SequenceModel:
        """The network, a torch module on the CPU in evaluation mode, with the weights that were
        tested; of a run that has not finished, those of its newest checkpoint, with trainer.ema
        their averages there.

        trust: import code that is neither rnnexp's nor an installed plugin's where the run's
        config.yaml names it.

        Raises UserError for a run without weights, or one that diverged, whose weights answer
        nothing; DataError where files are damaged.

        >>> lstm = run.model().recurrence         # doctest: +SKIP
        >>> lstm.weight_hh_l0.shape               # doctest: +SKIP
        """
        return load_model(self.directory, trust).eval()

    def read(self, texts: Sequence[str]) -> list[TextRead]:
        """What the network reads of each text: `.words` and their `.ids`, and what it does not.

        Words outside its vocabulary have the id of <unk>, or are left out where data.unknown=drop;
        `.unknown`, `.dropped` and `.cut` count them. An id is the word's place in
        `task.vocabulary`.

        Raises UserError for a run that was not trained on texts.

        >>> run.read(["A fine film!"])[0].ids     # doctest: +SKIP
        """
        _refuse_no_texts("read", texts)
        encode = encoder_of(self.directory)
        return [encode.read(text) for text in texts]

    def predict(self, texts: Sequence[str], trust: bool = False) -> pd.DataFrame:
        """The answer to each text, a row for each in their order.

        Columns: `text`; `label`, and the probability of each class as `p_CLASS`, or the `number`,
        missing where the network knows no word of the text; `read`, how many words the network
        reads; of them `unknown`, those outside its vocabulary; and of those that it does not read
        `dropped`, unknown ones that are left out, and `cut`, beyond seq_len.

        Raises UserError for a run that was not trained on texts, has no weights, or diverged.

        >>> run.predict(["a fine film", "dull"])  # doctest: +SKIP
        """
        _refuse_no_texts("predict", texts)
        ask = Answers(self.directory, trust)
        columns = ["text", *ask.form.columns, "read", "unknown", "dropped", "cut"]
        rows = [
            [
                text, *answer.cells,
                len(answer.read.words), answer.read.unknown, answer.read.dropped, answer.read.cut,
            ]
            for text, answer in zip(texts, ask(texts), strict=True)
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    @property
    def figures(self) -> Mapping[str, Figure]:
        """The figures that were drawn, by name; none of a run with plots=false: see `draw`."""
        return figures_in(self.plots)

    def draw(self, to: str | Path | None = None) -> Mapping[str, Figure]:
        """Draw every figure anew, into the run's plots/ or into a folder `to`; returns them.

        >>> run.draw()["gates"]                   # doctest: +SKIP
        """
        folder = report_folder(self.path, None if to is None else Path(to))
        report.show_run(self.directory, report.run_findings(self.directory), folder=folder)
        return figures_in(folder / self.plots.name)

    @property
    def page(self) -> Path | None:
        """report.html, which explains the run; None before it has a result, or was reported."""
        path = self.path / PAGE
        return path if path.is_file() else None

    def notes(self) -> list[str]:
        """What is missing of it, a line each: nothing where all is there."""
        summary = self.summary
        notes = []
        if summary.status != "finished":
            place = weights_place(self.directory)
            why = f" ({summary.reason})" if summary.reason else ""
            notes.append(
                f"it has not finished: {summary.status}{why}"
                + (f"; model() has the weights of {place}" if place else "")
            )
        if summary.done and not summary.sealed:
            notes.append(
                f"made by version {summary.version or '0.1 or 0.2'}, which wrote no digests: "
                "whether its files are as they were written cannot be checked"
            )
        if summary.done and summary.test is None:
            notes.append("nothing was tested")
        if summary.done and summary.test is not None and summary.tested is None:
            notes.append("which weights were tested is not recorded: the best where it has these")
        if summary.status == "finished" and summary.validation is None:
            notes.append("no validation scores")
        skipped, failed = summary.skipped_probes, summary.failed_probes
        notes += [f"probe {name} left out: it {why}" for name, why in skipped.items()]
        notes += [f"probe {name} failed: {why}" for name, why in failed.items()]
        return notes + [
            f"logger {name} failed: {why}" for name, why in summary.failed_loggers.items()
        ]
