"""What a trained network answers to texts of the user's own, a row for each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch

from rnnexp.data.text_encoder import TextEncoder, TextRead
from rnnexp.data.tokens import KINDS
from rnnexp.experiment.answer_forms import AnswerForm, Value, form_of
from rnnexp.experiment.load import load_model
from rnnexp.model.base import SequenceModel
from rnnexp.results.runs import RunDirectory
from rnnexp.training.feed import Sampler

#: Words, pads among them, of the texts that are put together by their length, and of those that
#: are answered at once: what a layer makes of these takes some hundred megabytes.
_SORTED, _AT_ONCE = 2_000_000, 50_000
_MOST_SORTED, _MOST_AT_ONCE = 4096, 256


@dataclass(frozen=True)
class Answer:
    """cells: by the `columns` of the answers' form, None where no word of the text is known."""

    cells: Sequence[Value]
    read: TextRead


class Answers:
    """Asks a trained network, in float64: of a sure answer's loss float32 leaves nothing.

    form: what its answers are. trust: see `load_model`.

    Raises UserError, in a line, for a run that cannot be asked: diverged, without weights, not on
    texts.
    """

    def __init__(self, run: RunDirectory, trust: bool = False) -> None:
        # first of all: it refuses a run that answers nothing, whatever it was trained on
        self.model: SequenceModel = load_model(run, trust).double().eval()
        self.form: AnswerForm = form_of(run)
        self.encode = encoder_of(run)

    def __call__(self, texts: Iterable[str]) -> Iterator[Answer]:
        """The answer to each text, in their order; a part of the texts is read at a time."""
        together = max(1, min(_MOST_SORTED, _SORTED // self.encode.seq_len))
        source = iter(texts)
        while part := list(islice(source, together)):
            yield from self._of(part)

    def _of(self, texts: Sequence[str]) -> Iterator[Answer]:
        reads = [self.encode.read(text) for text in texts]
        answered = [row for row, read in enumerate(reads) if read.is_known]
        values = [self.form.none for _ in reads]
        if answered:
            dataset = self.encode.dataset(reads[row].ids for row in answered)
            data = Sampler(dataset, torch.device("cpu"), trim=not self.model.reads_pads)
            indices = data.by_length(max(1, min(_MOST_AT_ONCE, _AT_ONCE // self.encode.seq_len)))
            with torch.inference_mode():
                for index, batch in zip(indices, data.batches(indices), strict=True):
                    made = self.form.values(self.model(batch))
                    for row, value in zip(index.tolist(), made, strict=True):
                        values[answered[row]] = value
        for value, read in zip(values, reads, strict=True):
            yield Answer(value, read)


def encoder_of(run: RunDirectory) -> TextEncoder:
    """How the run's network reads a text.

    Raises UserError for a run that was not trained on texts.
    """
    form_of(run)
    record = run.task
    names = KINDS[record.tokens or "words"].files
    files = {name: run.content(name) for name in names}
    return TextEncoder(record.model_dump(), run.config["seq_len"], files)
