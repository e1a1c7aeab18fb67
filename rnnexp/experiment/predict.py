"""A trained network's answer to a text of the user's own."""

import copy
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnexp.clip.base import total_norm
from rnnexp.data.text_encoder import TextEncoder, TextRead
from rnnexp.errors import DataError, UserError
from rnnexp.experiment.answer_forms import AnswerForm
from rnnexp.experiment.answers import Answers
from rnnexp.experiment.load import weights_place
from rnnexp.files import content_of
from rnnexp.model.base import SequenceModel
from rnnexp.probes.walkthrough import word_by_word
from rnnexp.results.runs import RunDirectory
from rnnexp.results.tables import aligned
from rnnexp.types import Batch


@dataclass(frozen=True)
class Predicted:
    """What is said of the answer to a text, and the values in it."""

    text: str
    values: dict[str, Any]


def predict(path: Path, text: str, steps: bool = False, trust: bool = False) -> str:
    """What a terminal shows of `predicted`."""
    return predicted(path, text, steps, trust).text


def predicted(path: Path, text: str, steps: bool = False, trust: bool = False) -> Predicted:
    """The class and its probability, or the number; two gradient norms; what was read of the text.

    steps: and a table of all words: norm of the state, what is answered had the text ended
    there, and norm of the loss' gradient with respect to the word's vector. Where the answer is
    read behind the pads, some of these follow: the first, the second, the fourth, ... and the last.
    trust: see `load_model`.

    The gradient is that of the loss at the predicted class, in L2 norm: near zero where the network
    is sure of its answer, or where no gradient arrives; of a number, that of the number itself. One
    norm is over all parameters, the other over W_hh of layer 0 alone, from state to state.
    """
    run = RunDirectory.open(path)
    ask = Answers(run, trust)
    encode, model, form = ask.encode, ask.model, ask.form
    read = encode.read(text)
    if not read.is_known:
        count = len(read.ids) + read.dropped
        raise UserError(
            f"no known word: the text has no word that the network knows ({count} words, none of "
            f"them among the {encode.known_words} of {path})"
        )

    batch = encode.batch(read.ids)
    outputs = model(batch)
    form.loss(outputs).backward()  # type: ignore[no-untyped-call]
    norm = total_norm([p.grad for p in model.parameters() if p.grad is not None])
    norms = f"{norm.item():.4g} of all parameters"
    if (recurrent := _recurrent_gradient(model)) is not None:
        which = "recurrent" if model.directions == 1 else "forward recurrent"
        norms += f", {recurrent.norm().item():.4g} of layer 0's {which} weights (h2h) alone"
    lines = "\n".join(
        [
            *form.lines(outputs),
            f"gradient norm:  {norms}; {form.followed}",
            f"{encode.tokens} read:".ljust(16) + _what_was_read(read, encode, batch, model),
            *_unfinished(run),
        ]
    )
    values = {
        "answer": dict(zip(form.columns, form.values(outputs.detach())[0], strict=True)),
        "gradient_norm": norm.item(),
        "recurrent_gradient_norm": None if recurrent is None else recurrent.norm().item(),
        "read": read.words,
        **{name: getattr(read, name) for name in ("unknown", "dropped", "cut", "lost_letters")},
        "unfinished_at": weights_place(run),
    }
    if not steps:
        return Predicted(lines, values)
    table = _steps_table(model, batch, read.words, form)
    head, *rows = table
    values["steps"] = [dict(zip(head, row, strict=True)) for row in rows]
    return Predicted(f"{lines}\n\n{aligned(table)}", values)


def _unfinished(run: RunDirectory) -> list[str]:
    """A line on the weights of a run that has not finished."""
    place = weights_place(run)
    if place is None:
        return []
    return [f"weights:        of {place}: the run has not finished ({run.summary.status})"]


def text_of(file: Path) -> str:
    """What a file holds, which is one text. Raises DataError where it holds none."""
    try:
        text = content_of(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"{file} is not UTF-8 text (byte 0x{byte:02x}): save it as UTF-8") from None
    if not text.strip():
        raise DataError(f"{file} is empty")
    return text


def check_is_text(text: str, run: Path) -> None:
    """Refuse the name of a file in the place of a text, and bytes that are no text."""
    if os.path.isfile(text):
        words = shlex.join(["rnnexp", "predict", str(run), "--file", text])
        raise UserError(f"'{text}' is a file: to ask about what it holds, type {words}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UserError("the text is not UTF-8") from None


def _recurrent_gradient(model: SequenceModel) -> Tensor | None:
    """dL/dW_hh of layer 0; None of a model without a recurrence, or without such a matrix.

    W_hh can be a part of a parameter. A copy of the model that holds the gradients in the place of
    the weights finds that part of them.
    """
    if not model.recurrences() or "weight_hh" not in model.recurrences()[0].weights:
        return None
    gradients = copy.deepcopy(model)
    with torch.no_grad():
        for gradient, weight in zip(gradients.parameters(), model.parameters(), strict=True):
            gradient.copy_(torch.zeros_like(weight) if weight.grad is None else weight.grad)
    return gradients.recurrences()[0].weight_hh.detach()


def _what_was_read(read: TextRead, encode: TextEncoder, batch: Batch, model: SequenceModel) -> str:
    """How many words, and what was not read, or read beside them."""
    parts = [str(len(read.words))]
    if read.unknown:
        parts.append(f"{read.unknown} of them unknown")
    if read.dropped:
        parts.append(f"{read.dropped} unknown ones left out")
    if read.cut:
        because = f"since seq_len={encode.seq_len}"
        if encode.cut != "first":
            because = f"{read.cut_before} of them before, {because} and data.cut={encode.cut}"
        parts.append(f"{read.cut} cut off, {because}")
    if read.lost_letters:
        parts.append(f"letters lost by data.letters=ascii: {read.lost_letters}")
    pads = batch.inputs.shape[1] - len(read.words)
    if pads and batch.padding == "pre" and model.recurrences():
        parts.append(f"behind {_pads(pads)} that the state has crossed")
    elif pads and model.reads_pads and batch.padding == "post":
        parts.append(f"then {_pads(pads)}, behind which the answer is read (model.readout=last)")
    return ", ".join(parts)


def _pads(count: int) -> str:
    return "1 pad" if count == 1 else f"{count} pads"


def _steps_table(
    model: SequenceModel, batch: Batch, words: list[str], form: AnswerForm
) -> list[list[str]]:
    """A line per word that is read, and of pads behind them that are read too some lines."""
    if not model.recurrences():
        raise UserError(f"--steps follows a recurrent state, and {model.called} has none")
    if model.directions > 1:
        raise UserError(
            "--steps follows a recurrent state word by word, and the run has two directions "
            "(model.bidirectional=true): leave --steps out"
        )
    rollout = model.rollout(batch)
    steps = word_by_word(rollout, form.loss(rollout.outputs))
    head, so_far = form.so_far(torch.from_numpy(steps["outputs"]), rollout.outputs.detach())
    lines = [["word", "‖h_t‖", head, "gradient to the word"]]
    first = int(batch.valid_BT[0].long().argmax())  # pads may come before the text
    shown = list(enumerate(words, first))
    behind = first + len(words)
    if model.reads_pads and (pads := batch.inputs.shape[1] - behind):
        shown += [(behind + n - 1, f"pad {n} of {pads}") for n in _doubling(pads)]
    for t, word in shown:
        lines.append(
            [
                word,
                f"{steps['state'][t]:.3f}",
                so_far[t],
                f"{steps['gradient'][t]:.2e}" if t < behind else "-",  # a pad is no word
            ]
        )
    return lines


def _doubling(last: int) -> list[int]:
    """1, 2, 4, ... and `last`.

    >>> _doubling(5), _doubling(1)
    ([1, 2, 4, 5], [1])
    """
    return sorted({*(2**k for k in range(last.bit_length())), last})
