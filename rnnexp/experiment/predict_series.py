"""A trained network's answers to all series of a table: a row for each, or for each step."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rnnexp.data.base import class_probabilities
from rnnexp.data.series_reader import Asked, SeriesReader
from rnnexp.data.series_scaling import Scaling
from rnnexp.errors import UserError
from rnnexp.experiment.load import load_model
from rnnexp.experiment.to_file import check_is_new, new_table
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import TaskRecord
from rnnexp.types import Batch

#: Sequences that are asked about together.
TOGETHER = 256


def predict_series(path: Path, file: Path, to: Path, trust: bool = False) -> str:
    """Write a CSV file with the answer to each series of a table; returns what is said of it.

    file: as the run's own data.path, whose columns it has but for what is predicted; it is filled
        and scaled as in training, with the means and the widths of the training split.
    to: a new file. Columns: `sequence`, its id or the number of its row; of an answer at every step
        `step`, its time or its number; `label` and p_CLASS for each class, or each number in the
        user's units, of a forecast `ahead`, how many steps later.

    Raises UserError where `to` is there already and for a run without an answer, DataError for a
    file that cannot be read.
    """
    check_is_new(to)
    run = RunDirectory.open(path)
    model = load_model(run, trust).double().eval()
    record = run.task
    state = record.model_dump()
    if "series" not in state:
        raise UserError(f"{path} was trained on {run.summary.data}, not on series of one's own")
    asked = SeriesReader(state, run.config["seq_len"])(file)
    outputs: list[npt.NDArray[Any]] = []
    with torch.inference_mode():
        for start in range(0, len(asked.batch), TOGETHER):
            part = asked.batch.rows(start, start + TOGETHER)
            exact = Batch(part.inputs.double(), part.targets, part.lengths, part.padding)
            outputs.append(model(exact).numpy())
    rows = list(_rows(record, state["series"], asked, np.concatenate(outputs)))
    with new_table(to) as written:
        csv.writer(written, lineterminator="\n").writerows(rows)
    lines = [f"{to}: answers to {len(asked.names)} series, {len(rows) - 1} rows", *asked.notes]
    if asked.cut:
        lines.append(f"{asked.cut} series are cut to {run.config['seq_len']} steps, as in training")
    return "\n".join(lines)


def _rows(
    record: TaskRecord, series: dict[str, Any], asked: Asked, outputs: npt.NDArray[Any]
) -> Iterator[Sequence[Any]]:
    """The header, and a row for each answer."""
    classes = record.classes
    ahead = series["ahead"]
    if classes is not None:
        names = ["label", *(f"p_{name}" for name in classes)]
    else:
        targets = Scaling.of(series["targets"])
        outputs, names = targets.undone(outputs), list(targets.names)
    step_names = ["step"] * record.per_step + ["ahead"] * bool(ahead)
    yield ["sequence", *step_names, *names]
    for row, name in enumerate(asked.names):
        if not record.per_step:
            yield [name, *_answer(outputs[row], classes)]
            continue
        times = asked.times[row]
        first = outputs.shape[1] - len(times) if asked.batch.padding == "pre" else 0
        for t, time in enumerate(times, first):
            between = [time, ahead] if ahead else [time]
            yield [name, *between, *_answer(outputs[row, t], classes)]


def _answer(output_O: npt.NDArray[Any], classes: Sequence[str] | None) -> list[str]:
    if classes is None:
        return [f"{value:.9g}" for value in output_O]
    shares = class_probabilities(torch.from_numpy(output_O)[None])[0].numpy()
    return [classes[int(shares.argmax())], *(f"{share:.9g}" for share in shares)]
