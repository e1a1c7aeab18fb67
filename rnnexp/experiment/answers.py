"""What a trained network answers to texts of the user's own, a row for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from rnnexp.data.base import class_probabilities
from rnnexp.data.text import TextEncoder, TextRead
from rnnexp.errors import UserError
from rnnexp.experiment.load import load_model, weights_place
from rnnexp.results.runs import RunDirectory
from rnnexp.types import Batch

#: Texts that are answered at once.
AT_ONCE = 128


@dataclass(frozen=True)
class Answer:
    """label: the class with the largest probability; None where no word of the text is known.

    probabilities: of each class, in the order of `classes`; empty where there is no label.
    """

    label: str | None
    probabilities: Sequence[float]
    read: TextRead


def classes_of(run: RunDirectory) -> list[str]:
    """The names of the classes of a run that can be asked about a text.

    Raises UserError, in a line, for one that cannot: diverged, without weights, not on texts.
    """
    summary = run.summary
    if summary.status == "diverged":
        raise UserError(f"{run.path} has diverged: its weights answer nothing")
    if summary.status != "finished" and weights_place(run) is None:
        raise UserError(
            f"{run.path} has not finished (its status is {summary.status}) and has no checkpoint"
        )
    record = run.task
    if record.cleaning is None or record.classes is None:
        raise UserError(f"{run.path} was trained on {summary.data}, not on texts")
    return record.classes


def answers(run: RunDirectory, texts: Sequence[str], trust: bool = False) -> Iterator[Answer]:
    """The answer to each text, in float64, as `rnnexp predict` gives it.

    trust: see `load_model`. Raises UserError as `classes_of` does.
    """
    classes = classes_of(run)
    encode = TextEncoder(run.task.model_dump(), run.config["seq_len"])
    model = load_model(run, trust).double().eval()
    for start in range(0, len(texts), AT_ONCE):
        reads = [encode.read(text) for text in texts[start : start + AT_ONCE]]
        known = [read for read in reads if read.unknown < len(read.ids)]
        probabilities: Iterator[list[float]] = iter(())
        if known:
            with torch.no_grad():
                outputs = model(_together([encode.batch(read.ids) for read in known]))
            probabilities = iter(class_probabilities(outputs).tolist())
        for read in reads:
            if read.unknown == len(read.ids):
                yield Answer(None, (), read)
            else:
                shares = next(probabilities)
                yield Answer(classes[shares.index(max(shares))], shares, read)


def _together(batches: Sequence[Batch]) -> Batch:
    """Batches of one width as one."""
    return Batch(
        torch.cat([batch.inputs for batch in batches]),
        torch.cat([batch.targets for batch in batches]),
        torch.cat([batch.lengths for batch in batches]),
        batches[0].padding,
    )
