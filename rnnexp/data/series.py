"""Numeric time series of the user's own: from a file to tensors, whatever is asked of them.

    file --read--> sequences --split--> scaling of the training split --fill, scale--> cut, pad

Each arrow is a module beside this one: series_table and series_cells read, series_forms makes
sequences, series_splits and series_scaling do as they say. What is predicted is said by
a subclass: series_classes (a class of each sequence, or of each step), series_regression (numbers),
series_forecast (values to come).

Shapes: N sequences, T steps, E channels, S steps of all sequences one behind the other.
"""

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp import bounds
from rnnexp.data.base import IGNORED, Task
from rnnexp.data.columns import Column
from rnnexp.data.corpus import Int64Array
from rnnexp.data.records import Quotes, separator_of
from rnnexp.data.series_facts import duplicates, lengths_report
from rnnexp.data.series_files import Joined, read_files
from rnnexp.data.series_forms import Form
from rnnexp.data.series_scaling import Fill, Scale, Scaling, filled
from rnnexp.data.series_splits import described, split_sequences
from rnnexp.data.series_targets import Targets
from rnnexp.data.series_usable import check_values, usable
from rnnexp.data.series_windows import Cut, padded, read_of
from rnnexp.data.splits import SPLITS, parse_split
from rnnexp.errors import DataError
from rnnexp.files import file_digest, refuse_folder, user_path
from rnnexp.ranges import at_least
from rnnexp.types import Batch, Padding, SequenceDataset, Split

#: Bytes of a value as float32.
FLOAT = 4


class Series(Task):
    """Sequences of numbers from a table; a subclass says what is predicted of them.

    Inputs are float [N, T, E]: T = seq_len steps of E channels, padded with zeros.

    path: a .csv, .tsv or .parquet file, which may lie in a .gz or .zip; see `id_column` for what
        its rows are.
    val_path, test_path: files of the validation and the test split; None: `path` is divided.
    id_column: each row is a step, and this column says of which sequence (long form); None: each
        row is a sequence, and its columns are the steps, in their order (wide form).
    time_column: the order of the steps in long form, numbers or dates (ISO 8601); None: the order
        of the rows.
    value_columns: the channels in long form, the steps in wide form; None: all other columns.
    ignore_columns: columns that are not read.
    separator: between the columns: comma, tab, semicolon, pipe or any character; None finds it.
    quotes: how quotes are used, see `read_delimited`.
    decimal: `comma` where numbers are written 3,14; None: a point.
    missing: what stands for a value that is missing: the one before it in its sequence (`forward`;
        at the beginning the training mean), `zero`, the training `mean`, or its step is left out
        (`drop`); None refuses the file.
    cut: of a longer sequence the `first` or the `last` seq_len steps are read.
    scale: each channel by the mean and the standard deviation of the training split (`standard`),
        by its least and greatest value (`minmax`), or not at all (`none`).
    padding: pads behind the steps (`post`) or before them (`pre`).
    split: percent for train/validation/test, or train/test, of the sequences of `path`.
    shuffle_seed: shuffle the sequences by this seed before the split; None keeps their order.
    limit: use this many sequences of `path`, the first ones.
    eval_lengths: further values of seq_len at which the trained network is tested.

    Raises ValueError for a setting out of range, DataError for what is wrong with a file.
    """

    #: The setting that names the columns of what is predicted.
    target_key: ClassVar[str] = "data.label_column"
    #: Steps that the targets lie ahead of the inputs.
    ahead: int = 0
    #: Each class is divided by itself.
    stratify: bool = False
    #: Of each sequence, long [N] or float [N, O]; or of each step of all, long [S] or float [S, O].
    targets: npt.NDArray[np.int64] | npt.NDArray[np.float32]

    def __init__(
        self,
        *,
        seq_len: int = 100,
        path: str | None = None,
        val_path: str | None = None,
        test_path: str | None = None,
        id_column: Column | None = None,
        time_column: Column | None = None,
        value_columns: list[Column] | None = None,
        ignore_columns: list[Column] | None = None,
        separator: str | None = None,
        quotes: Quotes | None = None,
        decimal: Literal["comma"] | None = None,
        missing: Fill | None = None,
        cut: Cut = "first",
        scale: Scale = "standard",
        padding: Padding = "post",
        split: str = "80/10/10",
        shuffle_seed: int | None = None,
        limit: int | None = None,
        eval_lengths: list[int] | None = None,
    ) -> None:
        if path is None:
            raise ValueError("path is not set: name the file, as in data.path=series.csv")
        at_least("seq_len", seq_len, 1)
        if limit is not None:
            at_least("limit", limit, 1)
        self.shuffled = shuffle_seed is not None or self.stratify
        if shuffle_seed is not None:
            at_least("shuffle_seed", shuffle_seed, 0)
        if time_column is not None and id_column is None:
            raise ValueError(
                f"time_column={time_column} orders the rows of a sequence, and without "
                "data.id_column each row is a sequence: set data.id_column too"
            )
        shares = parse_split(split)
        if None not in (val_path, test_path) and split != "80/10/10":
            raise ValueError(
                f"split={split} has nothing to divide: val_path and test_path give both other "
                "splits; leave it out"
            )
        named: dict[Split | None, str | None] = {None: path, "val": val_path, "test": test_path}
        self._paths = {name: user_path(p) for name, p in named.items() if p is not None}
        for name, file in self._paths.items():
            refuse_folder(f"data.{f'{name}_path' if name else 'path'}", file)
        self.seq_len, self.padding, self.cut, self.missing = seq_len, padding, cut, missing
        self.decimal_comma = decimal == "comma"
        self.eval_lengths = tuple(eval_lengths or ())
        form = Form(id_column, time_column, value_columns, self.target_columns, self.decimal_comma)
        form.check(self.target_key, ignore_columns or ())
        self._reading: dict[str, Any] = {
            "columns": {
                "id": id_column, "time": time_column, "values": value_columns,
                "ignored": ignore_columns or [], "labels": list(self.target_columns),
                "decimal_comma": self.decimal_comma, "separator": separator_of(separator),
                "quotes": quotes,
            },
            "cut": cut, "missing": missing, "ahead": self.ahead,
        }  # fmt: skip
        self.content = self.current_content()
        joined, facts, notes = read_files(
            list(self._paths.values()), form, self.target_key, ignore_columns or (),
            separator_of(separator), quotes, missing,
        )  # fmt: skip
        targets = self.read_targets(joined)
        if missing != "drop":
            check_values(joined)
        shortest = min(length for length in (seq_len, *self.eval_lengths) if length > 0)
        usable_N, left_out = usable(joined, targets, self.ahead, shortest, cut)
        split_of_N = np.array(list(self._paths), object)[joined.part_N]
        self._rows = split_sequences(
            np.flatnonzero(usable_N), split_of_N, shares, shuffle_seed, limit,
            targets.strata if self.stratify else None,
        )  # fmt: skip
        used = np.concatenate([self._rows[name] for name in SPLITS])
        self._begins = joined.begins
        train_S = np.isin(joined.sequence_S, self._rows["train"])
        self.scaling = Scaling.fitted(joined.values_SE[train_S], joined.channels, scale)
        means_E = self.scaling.means_E
        whole_SE = filled(joined.values_SE, joined.begins, missing, means_E)
        self._values = self._float32(self.scaling(whole_SE))
        self.input_size = len(joined.channels)
        self.report = {}
        self.finish_targets()
        self._check_size(seq_len)
        self.chance = self.chance_levels()
        self._splits: dict[Split, SequenceDataset] = {}
        own = {name: str(p) for name, p in self._paths.items() if name is not None}
        lengths, length_notes = lengths_report(self._counts[used], seq_len, cut, padding)
        twice, twice_notes, leaks = duplicates(self._values, self._begins, self._rows)
        channels = ", ".join(joined.channels) if self.input_size > 1 else ""
        self.report = {
            **{name: len(self._rows[name]) for name in SPLITS},
            "channels": list(joined.channels),
            "scaling": self.scaling.state(),
            "padding": padding,
            **lengths,
            **facts,
            **targets.facts,
            **left_out,
            **twice,
            **self.report,
            "warnings": [
                *self.scaling.warnings("channel"), *self.report.get("warnings", ()), *leaks
            ],
            "notes": [
                f"split: {described(own, shares, shuffle_seed, self.stratify)}",
                *notes,
                f"{self.input_size} channels ({channels}), each {self.scaling.words()}"
                if channels
                else f"one number per step, {self.scaling.words()}",
                *length_notes,
                *targets.notes,
                *(f"left out: {n} sequences {w.replace('_', ' ')}" for w, n in left_out.items()),
                *twice_notes,
                *self.report.get("notes", ()),
            ],
        }  # fmt: skip

    def __str__(self) -> str:
        return str(self._paths[None])

    # -- what a subclass says ----------------------------------------------------------------------

    @property
    @abstractmethod
    def target_columns(self) -> Sequence[Column]:
        """The columns of what is predicted, which are no inputs."""

    @abstractmethod
    def read_targets(self, joined: Joined) -> Targets:
        """Read them, of all sequences."""

    @abstractmethod
    def finish_targets(self) -> None:
        """Set `output_size`, `targets` and all else that depends on which sequences are trained on.

        What it puts into `report` is added to it.
        """

    @abstractmethod
    def chance_levels(self) -> dict[str, float]:
        """Of the loss and each score, at this `seq_len`."""

    # -- checks ------------------------------------------------------------------------------------

    def _float32(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Raises DataError for numbers that a float32 cannot hold."""
        with np.errstate(over="ignore"):
            small = values.astype(np.float32)
        if not (np.isfinite(small) | np.isnan(values)).all():
            raise DataError(
                f"{self}: a value is beyond what a float32 holds: set data.scale=standard, or "
                "take it out"
            )
        return small

    def _check_size(self, seq_len: int) -> None:
        """Raise ValueError where sequences of that length, each padded to it, cannot be held."""
        count = sum(map(len, self._rows.values()))
        numbers = self.input_size + (self.output_size if self.per_step else 0)
        needed = count * seq_len * numbers * FLOAT
        bounds.fits("seq_len", seq_len, needed, f"{count} sequences as long")

    # -- what a task gives -------------------------------------------------------------------------

    @property
    def _counts(self) -> Int64Array:
        """The steps of each sequence that can be inputs, [N]."""
        counts: Int64Array = np.diff(self._begins) - self.ahead
        return counts

    def read_of(self, rows: Int64Array, width: int) -> tuple[Int64Array, Int64Array]:
        """Where the steps that are read of some sequences begin, and how many they are."""
        return read_of(self._begins[rows], self._counts[rows], width, self.cut)

    def _examples(self, rows: Int64Array, width: int, padding: Padding) -> SequenceDataset:
        begins, lengths = self.read_of(rows, width)
        inputs = padded(self._values, begins, lengths, width, padding)
        if self.per_step:
            nothing = np.nan if self.regression else IGNORED
            targets = padded(self.targets, begins, lengths, width, padding, nothing)
        else:
            targets = self.targets[rows]
        return SequenceDataset(
            torch.from_numpy(inputs),
            torch.from_numpy(targets),
            torch.from_numpy(lengths),
            padding,
            self.per_step,
        )

    def split(self, name: Split) -> SequenceDataset:
        if name not in self._splits:
            self._splits[name] = self._examples(self._rows[name], self.seq_len, self.padding)
        return self._splits[name]

    def at_length(self, seq_len: int) -> Self:
        at_least("seq_len", seq_len, 1)
        self._check_size(seq_len)
        other = copy.copy(self)
        other.seq_len, other._splits = seq_len, {}
        other.chance = other.chance_levels()
        return other

    def whole_lengths(self, name: Split) -> Tensor:
        return torch.from_numpy(self._counts[self._rows[name]])

    def whole(self, name: Split, rows: Sequence[int]) -> Batch:
        chosen = self._rows[name][np.array(rows, np.int64)]
        width = max(1, int(self._counts[chosen].max()))
        return self._examples(chosen, width, "post").as_batch()

    def current_content(self) -> str:
        return " ".join(file_digest(path) for path in self._paths.values())

    def state(self) -> dict[str, Any]:
        return {"series": {**self._reading, "scaling": self.scaling.state()},
                "padding": self.padding}  # fmt: skip
