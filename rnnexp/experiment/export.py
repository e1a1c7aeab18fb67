"""`rnnexp export`: a trained network for those who do not have rnnexp.

A file that ends in `.safetensors` holds weights, under the names that torch's own modules load
(`plain.py`). One that ends in `.pt2` holds the whole network as a program that torch.export wrote:
torch.export.load runs it, of any cell, without the code that made it. It reads texts of seq_len
words, padded, as many as one likes at once; a cell that is written out has each of its steps in it.
TorchScript, which would do the same, is deprecated: torch 2.13 warns of torch.jit.script, trace,
save and load.

Beside each file stands FILE.json: how its inputs are made (vocabulary, cleaning, tokens, cut,
padding, seq_len), what its outputs are and by which scaling they were standardised, which run it
is and how it did. Of subwords FILE.tokenizer.json stands there too, which the package tokenizers
reads.

Shapes: T time, B batch, E features, O outputs.
"""

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnnexp import __version__
from rnnexp.data.cleaning import Cleaning
from rnnexp.data.tokens import KINDS, Tokens
from rnnexp.durable import json_text, write_bytes
from rnnexp.errors import UserError, first_line
from rnnexp.experiment.load import load_model, weights_place
from rnnexp.experiment.plain import arguments_of, plain_modules
from rnnexp.experiment.to_file import check_is_new
from rnnexp.model.base import SequenceModel
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import TaskRecord
from rnnexp.training.tensors import tensor_bytes, weights_of
from rnnexp.types import Batch, Padding

#: What FILE.json says of itself; another number where a reader of this one would misread it.
FORMAT = "rnnexp export 1"


def export(run: RunDirectory, to: Path, trust: bool = False) -> list[Path]:
    """Write the run's network to `to`, what there is to know of it to `to`.json, and what else its
    inputs are made with beside them; returns all of these, in this order.

    trust: see `load_model`.

    Raises UserError, before anything is written, for a name of another kind, a file that is there,
    a run that diverged or has no weights, and for a network that the kind of file cannot hold.
    """
    if to.suffix not in _KINDS:
        raise UserError(
            f"--to {to}: name a file that ends in .safetensors (weights, for torch's own modules) "
            "or in .pt2 (the whole network, which torch.export.load runs)"
        )
    check_is_new(to, facts_file := _beside(to, "json"))
    files = {name: _beside(to, name) for name in KINDS[_tokens(run.task)].files}
    check_is_new(*files.values())
    model = load_model(run, trust).eval()
    content, more = _KINDS[to.suffix](model, run)
    facts = _facts(run, model) | more | {"files": {name: f.name for name, f in files.items()}}
    contents = {
        to: content,
        facts_file: json_text(facts).encode(),
        **{path: run.content(name) for name, path in files.items()},
    }
    check_is_new(*contents)  # to follow a network takes a while, in which one may have come there
    for path, written in contents.items():
        write_bytes(path, written)
    return list(contents)


def _beside(to: Path, name: str) -> Path:
    return to.with_name(f"{to.name}.{name}")


def _tokens(record: TaskRecord) -> Tokens:
    return record.tokens or "words"


def _weights(model: SequenceModel, run: RunDirectory) -> tuple[bytes, dict[str, Any]]:
    plain = plain_modules(model)
    made = {name: arguments_of(part) for name, part in plain.items()}
    return tensor_bytes(weights_of(plain)), {"modules": made}


class Program(nn.Module):
    """The network as a function of tensors alone.

    inputs: token ids, long [B, T], or numbers, float [B, T, E]. lengths: long [B], how many steps
    of each example are real; the others are pads.
    """

    def __init__(self, model: SequenceModel, padding: Padding) -> None:
        super().__init__()
        self.network, self.padding = model, padding

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Logits, or numbers: [B, O], of a task that asks at every step [B, T, O]."""
        outputs: Tensor = self.network(Batch(inputs, lengths, lengths, self.padding))
        return outputs


def _program(model: SequenceModel, run: RunDirectory) -> tuple[bytes, dict[str, Any]]:
    record, steps = run.task, run.summary.seq_len or int(run.config["seq_len"])
    inputs = torch.zeros(2, steps, dtype=torch.long)
    if record.vocabulary is None:
        inputs = torch.zeros(2, steps, record.input_size or 1)
    lengths = torch.full((2,), steps)
    batch = torch.export.Dim("batch", min=1)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # of torch's own modules, which keep a list of their weights beside them
            warnings.filterwarnings("ignore", ".*_flat_weights", UserWarning)
            program = torch.export.export(
                Program(model, record.padding or "post"),
                (inputs, lengths),
                dynamic_shapes={"inputs": {0: batch}, "lengths": {0: batch}},
            )
        buffer = io.BytesIO()
        torch.export.save(program, buffer)
    except Exception as error:  # it raises many kinds, of what it cannot follow
        raise UserError(
            f"torch.export cannot follow {model.called} ({type(error).__name__}: "
            f"{first_line(error)})"
        ) from error
    return buffer.getvalue(), {"arguments": ["inputs", "lengths"]}


#: What makes the content of a file, and what FILE.json says of that, by how its name ends.
_KINDS: Mapping[str, Callable[[SequenceModel, RunDirectory], tuple[bytes, dict[str, Any]]]] = {
    ".safetensors": _weights,
    ".pt2": _program,
}


def _facts(run: RunDirectory, model: SequenceModel) -> dict[str, Any]:
    """What there is to know of a network whose weights are elsewhere, as JSON values."""
    summary, record = run.summary, run.task
    return {
        "format": FORMAT,
        "rnnexp": __version__,
        "torch": torch.__version__,
        "run": run.path.name,
        "fingerprint": summary.fingerprint,
        "unfinished": weights_place(run),
        "model": summary.model,
        "data": summary.data,
        "synthetic": summary.synthetic,
        "test": summary.test,
        "test_interval": summary.test_interval,
        "seq_len": summary.seq_len,
        "readout": model.readout,
        "padding": record.padding or "post",
        "state_lag": model.state_lag,
        "per_step": record.per_step,
        "inputs": "numbers" if record.vocabulary is None else "token ids",
        "outputs": _outputs(record, model),
        "scaling": record.scaling,
        "classes": record.classes,
        "vocabulary": record.vocabulary,
        **_of_texts(record),
        **(record.model_extra or {}),
    }


def _of_texts(record: TaskRecord) -> dict[str, Any]:
    """How a text becomes tokens, and which of them are read: null where inputs are no texts.

    Of a run of an earlier version, which recorded less, what it did.
    """
    if record.cleaning is None:
        return dict.fromkeys(("cleaning", "tokens", "cut"))
    cleaning = asdict(Cleaning.of(record.cleaning))
    return {"cleaning": cleaning, "tokens": _tokens(record), "cut": record.cut or "first"}


def _outputs(record: TaskRecord, model: SequenceModel) -> str:
    """What the outputs are, and where the numbers are by which they were standardised."""
    if not record.regression:
        return _ONE_COLUMN if _has_one_column(model) else "softmax: a logit per class"
    if record.scaling is not None:
        return "numbers, standardised: output * standard_deviation + mean, see scaling"
    if "targets" in (record.model_extra or {}).get("series", {}):
        return "numbers, standardised: output * width + shift, see series.targets"
    return "numbers"


_ONE_COLUMN = "sigmoid: the second class' logit"


def _has_one_column(model: SequenceModel) -> bool:
    layers = [part for part in model.head.modules() if isinstance(part, nn.Linear)]
    return bool(layers) and layers[-1].out_features == 1
