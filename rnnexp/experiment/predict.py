"""A trained network's answer to a text of the user's own."""

from pathlib import Path

import torch
from torch import Tensor

from rnnexp.clip.base import total_norm
from rnnexp.data.base import class_probabilities, classification_loss, predicted_class
from rnnexp.data.text import TextEncoder
from rnnexp.errors import UserError
from rnnexp.experiment.load import load_model
from rnnexp.model.base import SequenceModel
from rnnexp.probes.walkthrough import word_by_word
from rnnexp.results.runs import RunDirectory
from rnnexp.results.tables import aligned
from rnnexp.types import Batch


def predict(path: Path, text: str, steps: bool = False) -> str:
    """Three lines: the class, its probability, and the gradient norm of the prediction.

    steps: and a table of all words: norm of the state, probability of the class had the text ended
    there, and norm of the loss' gradient with respect to the word's vector.

    The gradient is that of the loss at the predicted class with respect to all parameters, in L2
    norm: near zero where the network is sure of its answer, or where no gradient arrives.
    """
    run = RunDirectory.open(path)
    summary = run.summary
    if summary.status != "finished":
        raise UserError(f"{path} has not finished (its status is {summary.status})")
    record = run.task
    if record.cleaning is None or record.classes is None:
        raise UserError(f"{path} was trained on {summary.data}, not on texts")
    encode = TextEncoder(record.model_dump(), run.config["seq_len"])
    words, ids = encode(text)
    if not ids:
        raise UserError("the text has no word that the network knows")

    # In float64: of a sure answer's loss and gradient float32 leaves nothing.
    model = load_model(run).double()
    model.eval()
    batch = encode.batch(ids)
    outputs = model(batch)
    answer = predicted_class(outputs)
    classification_loss(outputs, answer).backward()  # type: ignore[no-untyped-call]
    norm = total_norm([p.grad for p in model.parameters() if p.grad is not None])
    probability = class_probabilities(outputs)[0, answer].item()
    unknown = sum(i == encode.unknown_id for i in ids)
    lines = "\n".join(
        [
            f"label:          {record.classes[int(answer)]}",
            f"confidence:     {probability:.1%}",
            f"gradient norm:  {norm.item():.4g}",
            f"words read:     {len(words)}" + (f", {unknown} of them unknown" if unknown else ""),
        ]
    )
    return f"{lines}\n\n{_steps_table(model, batch, words, answer)}" if steps else lines


def _steps_table(model: SequenceModel, batch: Batch, words: list[str], answer: Tensor) -> str:
    """A line per word that is read."""
    if not model.recurrences():
        name = type(model).__name__.lower()
        raise UserError(f"--steps follows a recurrent state, and model={name} has none")
    rollout = model.rollout(batch)
    steps = word_by_word(rollout, classification_loss(rollout.outputs, answer))
    probability = class_probabilities(torch.from_numpy(steps["outputs"]))[:, int(answer)].tolist()
    lines = [["word", "‖h_t‖", "probability so far", "gradient to the word"]]
    first = int(batch.valid_BT[0].long().argmax())  # pads may come before the text
    for t, word in enumerate(words, first):
        lines.append(
            [
                word,
                f"{steps['state'][t]:.3f}",
                f"{probability[t]:.1%}",
                f"{steps['gradient'][t]:.2e}",
            ]
        )
    return aligned(lines)
