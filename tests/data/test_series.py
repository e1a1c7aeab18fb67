"""Series of the user's own: a table in every form, and a scaling of the training split alone."""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from rnnexp.data.base import IGNORED, Task
from rnnexp.data.series import Series
from rnnexp.data.series_classes import SeriesClassification, SeriesSteps
from rnnexp.data.series_forecast import SeriesForecast
from rnnexp.data.series_regression import SeriesRegression
from rnnexp.data.series_scaling import Scaling
from rnnexp.errors import DataError
from rnnexp.scores import Score
from rnnexp.types import Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")
LONG: Mapping[str, Any] = {"path": "long.csv", "id_column": "id", "time_column": "time"}


def frame(count: int = 20, steps: int = 5) -> pd.DataFrame:
    """Steps of sequences of two classes, of unequal lengths."""
    generator = np.random.default_rng(0)
    rows = [
        (f"s{i}", t, round(100 + (i % 2) + generator.normal(), 4), "ab"[i % 2], i / 10)
        for i in range(count)
        for t in range(steps - i % 2)
    ]
    return pd.DataFrame(rows, columns=["id", "time", "value", "label", "target"])


def write_long(table: pd.DataFrame, name: str = "long.csv") -> Path:
    path = Path(name)
    table.drop(columns="target").to_csv(path, index=False)
    return path


def write_wide(table: pd.DataFrame, name: str = "wide.csv") -> Path:
    """The same sequences, a row each, by the csv module."""
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["label", *range(int(table.time.max()) + 1)])
        for _, steps in table.groupby("id", sort=False):
            values = [*steps.value, *[""] * (int(table.time.max()) + 1 - len(steps))]
            out.writerow([steps.label.iloc[0], *values])
    return Path(name)


def same(one: Task, other: Task) -> bool:
    return all(
        torch.equal(getattr(one.split(name), part), getattr(other.split(name), part))
        for name in SPLITS
        for part in ("inputs", "targets", "lengths")
    )


def test_every_form_of_a_table_gives_the_same_tensors() -> None:
    table = frame()
    write_long(table)
    write_wide(table)
    table.drop(columns="target").to_parquet("long.parquet")
    mixed = table.sample(frac=1, random_state=0).sort_values("id", kind="stable", key=_number)
    write_long(mixed, "mixed.csv")
    dated = table.assign(time=pd.Timestamp("2026-01-31") + pd.to_timedelta(table.time, "h"))
    write_long(dated, "dated.csv")
    plain = table.drop(columns="target")
    plain.to_csv("quoted.csv", index=False, quoting=csv.QUOTE_ALL)  # read line by line
    german = table.assign(value=table.value.astype(str).str.replace(".", ","))
    german.drop(columns="target").to_csv("german.csv", sep=";", index=True)

    long = SeriesClassification(**LONG, seq_len=6)
    assert long.split("train").inputs.shape == (16, 6, 1)
    assert long.split("train").lengths.tolist()[:4] == [5, 4, 5, 4]
    assert long.split("train").inputs[1, 4:].abs().sum() == 0  # pads
    for other in (
        {"path": "wide.csv"},
        {**LONG, "path": "long.parquet"},
        {**LONG, "path": "mixed.csv"},
        {**LONG, "path": "quoted.csv"},
        {**LONG, "path": "dated.csv"},
        {**LONG, "path": "german.csv", "decimal": "comma"},
    ):
        assert same(long, SeriesClassification(**other, seq_len=6)), other
    mixed_notes = SeriesClassification(**LONG | {"path": "mixed.csv"}).report["notes"]
    assert any("were not in the order of time: sorted" in note for note in mixed_notes)


def _number(ids: pd.Series) -> pd.Series:
    return ids.str[1:].astype(int)


def before_and_after() -> tuple[SeriesClassification, SeriesClassification]:
    """The task, and the same once every value of validation and test is another."""
    table = frame()
    write_long(table)
    before = SeriesClassification(**LONG, seq_len=5)
    held_out = table.id.isin([f"s{i}" for i in range(16, 20)])
    write_long(table.assign(value=np.where(held_out, 9e9 - table.value, table.value)))
    return before, SeriesClassification(**LONG, seq_len=5)


def test_the_scaling_knows_nothing_of_validation_and_test() -> None:
    """Their rows can be anything: not one bit of the scaling and of the training inputs moves."""
    before, after = before_and_after()
    assert before.scaling.state() == after.scaling.state()
    assert torch.equal(before.split("train").inputs, after.split("train").inputs)
    assert not torch.equal(before.split("test").inputs, after.split("test").inputs)
    batch = before.split("train").as_batch()
    values = batch.inputs[..., 0][batch.valid_BT].double()
    assert values.mean().abs() < 1e-6
    assert abs(values.std(correction=0) - 1) < 1e-6


def test_a_scaling_that_knows_the_whole_file_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The leak that the test above is there for, planted."""
    fitted = Scaling.fitted

    def leaks(values_SE: Any, names: Sequence[str], kind: Any) -> Scaling:
        return fitted(pd.read_csv("long.csv")[["value"]].to_numpy(), names, kind)

    monkeypatch.setattr(Scaling, "fitted", leaks)
    before, after = before_and_after()
    assert before.scaling.state() != after.scaling.state()
    assert not torch.equal(before.split("train").inputs, after.split("train").inputs)


@pytest.mark.parametrize(("scale", "ends"), [("minmax", (0.0, 1.0)), ("none", (95.0, 105.0))])
def test_other_scales(scale: Any, ends: tuple[float, float]) -> None:
    write_long(frame())
    task = SeriesClassification(**LONG, scale=scale, seq_len=4)
    inputs = task.split("train").inputs
    assert inputs.min() >= ends[0]
    assert inputs.max() <= ends[1]
    warned = any("is not scaled" in line for line in task.report["warnings"])
    assert warned == (scale == "none")


def test_a_constant_channel_is_told_and_divides_by_nothing() -> None:
    table = frame().assign(same=3.5)
    write_long(table)
    task = SeriesClassification(**LONG)
    assert task.input_size == 2
    assert task.split("train").inputs[..., 1].abs().sum() == 0
    assert any("'same' is 3.5 throughout" in line for line in task.report["warnings"])


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("forward", [1, 2, 2, 4]), ("zero", [1, 2, 0, 4]), ("drop", [1, 2, 4, 0])],
)
def test_what_stands_for_a_missing_value_is_counted(missing: Any, expected: list[float]) -> None:
    rows = "".join(f"{'ab'[i % 2]},1,2,{'' if i == 0 else 3},4\n" for i in range(20))
    Path("gap.csv").write_text(f"label,0,1,2,3\n{rows}")
    with pytest.raises(DataError, match=r"gap.csv: row 1 has no value in column '2' \(line 2\)"):
        SeriesClassification(path="gap.csv")
    task = SeriesClassification(path="gap.csv", missing=missing, scale="none", seq_len=4)
    assert task.split("train").inputs[0, :, 0].tolist() == expected
    assert task.report["missing_values"] == 1
    assert any("1 of 80 values are missing" in note for note in task.report["notes"])


def test_the_training_mean_stands_where_no_value_came_before() -> None:
    rows = "".join(f"{'ab'[i % 2]},{'' if i == 19 else 10},4\n" for i in range(20))
    Path("gap.csv").write_text(f"label,0,1\n{rows}")
    task = SeriesClassification(path="gap.csv", missing="forward", scale="none", seq_len=2)
    assert task.split("test").inputs[-1, :, 0].tolist() == [7, 4]


def test_which_steps_are_read() -> None:
    rows = "".join(f"{'ab'[i % 2]},1,2,3,{'' if i % 4 else 4}\n" for i in range(20))
    Path("w.csv").write_text(f"label,0,1,2,3\n{rows}")
    plain: dict[str, Any] = {"path": "w.csv", "scale": "none"}
    first = SeriesClassification(**plain, seq_len=2)
    last = SeriesClassification(**plain, seq_len=2, cut="last")
    before = SeriesClassification(**plain, seq_len=5, padding="pre")
    assert first.split("train").inputs[:2, :, 0].tolist() == [[1, 2], [1, 2]]
    assert last.split("train").inputs[:2, :, 0].tolist() == [[3, 4], [2, 3]]
    assert before.split("train").inputs[1, :, 0].tolist() == [0, 0, 1, 2, 3]
    assert first.report["steps"] == {"least": 3, "median": 3, "most": 4, "cut": 20, "kept": "first"}
    assert any("15 of 20 rows end before the last column" in n for n in first.report["notes"])
    assert first.at_length(3).split("test").inputs.shape == (2, 3, 1)
    assert first.whole("train", [0]).inputs[0, :, 0].tolist() == [1, 2, 3, 4]


def test_numbers_of_a_sequence_are_scored_in_their_own_units() -> None:
    table = frame()
    table.drop(columns="label").to_csv("r.csv", index=False)
    task = SeriesRegression(**LONG | {"path": "r.csv", "label_column": "target"})
    scaled = task.split("test").targets
    assert np.allclose(task.in_units(scaled.numpy())[:, 0], [1.8, 1.9], atol=1e-6)
    train, test = np.arange(16) / 10, np.array([1.8, 1.9])
    assert math.isclose(task.chance["mse"], np.square(test - train.mean()).mean(), rel_tol=1e-6)
    assert math.isclose(task.chance["loss"], task.chance["mse"] / train.var(), rel_tol=1e-6)
    batch = task.split("test").as_batch()
    mean = torch.zeros(2, 1)  # scaled, the training mean is 0
    assert math.isclose(float(task.metrics(mean, batch)["mse"]), task.chance["mse"], rel_tol=1e-5)
    assert math.isclose(float(task.loss(mean, batch)), task.chance["loss"], rel_tol=1e-5)
    of_split = task.of_split(mean.numpy(), scaled.numpy())
    assert math.isclose(of_split["mae"] or 0, np.abs(test - train.mean()).mean(), rel_tol=1e-5)
    assert task.chance["mae"] == of_split["mae"]


def test_targets_of_the_test_split_move_no_scaling() -> None:
    table = frame().drop(columns="label")
    table.to_csv("r.csv", index=False)
    words: dict[str, Any] = {**LONG, "path": "r.csv", "label_column": "target"}
    before = SeriesRegression(**words)
    table.assign(target=np.where(table.id == "s19", 1e6, table.target)).to_csv("r.csv", index=False)
    after = SeriesRegression(**words)
    assert before.target_scaling.state() == after.target_scaling.state()
    assert torch.equal(before.split("train").targets, after.split("train").targets)


def test_a_class_for_each_step() -> None:
    table = frame()
    table["label"] = np.where(table.value > 100.5, "high", "low")
    table.loc[1, "label"] = ""
    write_long(table)
    with pytest.raises(DataError, match=r"row 2 has no 'label' \(line 3\)"):
        SeriesSteps(**LONG)
    task = SeriesSteps(**LONG, missing_labels="drop", seq_len=6)
    targets = task.split("train").targets
    assert targets.shape == (16, 6)
    assert targets[0, 1] == IGNORED
    assert (targets[:, 5] == IGNORED).all()
    told = np.where(table.value > 100.5, 0, 1)[:5]  # classes are sorted: high, low
    assert targets[0, [0, 2, 3, 4]].tolist() == told[[0, 2, 3, 4]].tolist()
    assert task.report["steps_without_label"] == 1


def test_a_forecast_is_the_value_to_come() -> None:
    table = frame()
    write_long(table)
    task = SeriesForecast(**LONG, ignore_columns=["label"], horizon=2, seq_len=4)
    split = task.split("train")
    assert split.lengths.tolist()[:2] == [3, 2]
    own = table[table.id == "s0"].value.to_numpy()
    assert np.allclose(task.in_units(split.targets.numpy())[0, :3, 0], own[2:], atol=1e-4)
    assert torch.isnan(split.targets[0, 3]).all()

    test = [table[table.id == f"s{i}"].value.to_numpy() for i in (18, 19)]
    errors = [np.square(values[2:] - values[:-2]).mean() for values in test]
    assert math.isclose(task.report["baselines"]["persistence"]["mse"], np.mean(errors))
    batch = task.split("test").as_batch()
    mean = torch.zeros(2, 4, 1)
    assert math.isclose(float(task.metrics(mean, batch)["mse"]), task.chance["mse"], rel_tol=1e-5)
    assert math.isclose(float(task.loss(mean, batch)), task.chance["loss"], rel_tol=1e-5)
    assert float(task.followed_loss(mean, batch)) > 0
    outputs = mean.requires_grad_()
    task.loss(outputs, batch).backward()  # type: ignore[no-untyped-call]
    assert outputs.grad is not None
    assert outputs.grad.isfinite().all()  # at pads too, whose targets are NaN


def test_a_value_that_was_missing_is_no_target() -> None:
    table = frame()
    table.loc[2, "value"] = np.nan
    write_long(table)
    task = SeriesForecast(**LONG, ignore_columns=["label"], missing="forward", seq_len=4)
    split = task.split("train")
    assert torch.isnan(split.targets[0, 1, 0])
    assert split.inputs.isfinite().all()


def without_some_labels() -> None:
    """20 sequences of 8 steps: of every fifth all labels are missing, of its next the first six."""
    table = frame(20, 8)
    number, table["label"] = _number(table.id), np.where(table.value > 100.5, "high", "low")
    table.loc[(number % 5 == 1) | ((number % 5 == 2) & (table.time < 6)), "label"] = ""
    write_long(table)


@pytest.mark.parametrize(
    ("options", "unread"),
    [
        ({"seq_len": 8}, {}),
        ({"seq_len": 6}, {"without_a_target_in_the_first_6_steps": 4}),
        (
            {"seq_len": 8, "eval_lengths": [12, 5]},
            {"without_a_target_in_the_first_5_steps": 4},
        ),
        ({"seq_len": 2, "cut": "last"}, {}),
    ],
    ids=["all", "seq_len", "eval_lengths", "last"],
)
def test_steps_that_are_read_have_a_class_in_every_sequence(
    options: Mapping[str, Any], unread: Mapping[str, int]
) -> None:
    without_some_labels()
    task = SeriesSteps(**LONG, missing_labels="drop", split="50/25/25", **options)
    told = {"without_a_target": 4, **unread}
    assert {name: n for name, n in task.report.items() if "without_a_target" in name} == told
    for why, count in told.items():
        assert f"left out: {count} sequences {why.replace('_', ' ')}" in task.report["notes"]
    assert sum(len(task.split(name)) for name in SPLITS) == 20 - sum(told.values())
    for length in (task.seq_len, *task.eval_lengths):
        for name in SPLITS:
            batch = task.at_length(length).split(name).as_batch()
            scores = task.scores(torch.zeros(*batch.targets.shape, 2), batch)
            assert scores["accuracy"].isfinite().all()


def test_steps_that_are_read_have_a_value_to_forecast_in_every_sequence() -> None:
    table = frame(20, 8)
    number = _number(table.id)
    gap = (number % 5 == 2) & (table.time > 0) & (table.time < 6)  # the first 4 have no target
    table.loc[gap | ((number % 5 == 1) & (table.time > 0)), "value"] = np.nan
    write_long(table)
    words: dict[str, Any] = {**LONG, "ignore_columns": ["label"], "missing": "forward"}
    whole = SeriesForecast(**words, horizon=2, split="50/25/25", seq_len=8)
    assert whole.report["without_a_target"] == 4
    assert sum(len(whole.split(name)) for name in SPLITS) == 16
    task = SeriesForecast(**words, horizon=2, split="50/25/25", seq_len=4)
    assert task.report["without_a_target_in_the_first_4_steps"] == 4
    for name in SPLITS:
        batch = task.split(name).as_batch()
        assert task.scores(torch.zeros(batch.targets.shape), batch)["mse"].isfinite().all()
    every = np.where(table.time < 6, np.nan, table.value)
    write_long(table.assign(value=every, other=1.0))
    told = "since none has a target in its first 3 steps: read more of them, or data.cut=last"
    with pytest.raises(DataError, match=re.escape(told)):
        SeriesForecast(**words, forecast_columns=["value"], seq_len=3)


class Tube(SeriesRegression):
    """With a score of its own."""

    split_scores = (*SeriesRegression.split_scores, Score("cubed", "low", "cubed", unit_power=3))


@pytest.mark.parametrize(
    ("column", "unit"), [("target", "target"), (["target", "other"], "units")], ids=["one", "two"]
)
def test_the_unit_of_a_score_is_on_its_axis(column: Any, unit: str) -> None:
    table = frame().drop(columns="label")
    table.assign(other=3 * table.target).to_csv("r.csv", index=False)
    task = Tube(**LONG | {"path": "r.csv", "label_column": column, "value_columns": ["value"]})
    assert [score.axis for score in task.readings] == [
        "loss (1: the variance in training)",
        f"mse ({unit}²)",
        f"mean absolute error ({unit})",
        "R²",
        f"cubed ({unit}^3)",
    ]
    assert task.score.axis == f"mse ({unit}²)"


def test_files_of_their_own_for_validation_and_test() -> None:
    table = frame()
    write_long(table[table.id.isin([f"s{i}" for i in range(10)])])
    write_long(table[table.id.isin(["s10", "s11"])], "val.csv")
    write_long(table[table.id.isin(["s12", "s13", "s14"])], "test.csv")
    task = SeriesClassification(**LONG, val_path="val.csv", test_path="test.csv")
    assert [len(task.split(name)) for name in SPLITS] == [10, 2, 3]
    both = SeriesClassification(**LONG, test_path="test.csv")
    assert [len(both.split(name)) for name in SPLITS] == [8, 2, 3]
    Path("val.csv").write_text(Path("long.csv").read_text())
    leaking = SeriesClassification(**LONG, val_path="val.csv", test_path="test.csv")
    assert leaking.content != task.content
    assert any("10 of 10 validation sequences also stand" in w for w in leaking.report["warnings"])


def test_each_class_is_divided_by_itself() -> None:
    table = frame(40)
    table = table.sort_values("label", kind="stable")
    write_long(table)
    with pytest.raises(DataError, match=r"data\.shuffle_seed=0 or data\.stratify=true"):
        SeriesClassification(**LONG, split="50/50")
    task = SeriesClassification(**LONG, split="50/50", stratify=True)
    assert np.bincount(task.split("test").targets).tolist() == [10, 10]


FAULTS: list[tuple[type[Series], str, Mapping[str, Any], str]] = [
    (SeriesClassification, "s3,1,foo,b", {}, "row 11 has 'foo' in column 'value', no number"),
    (SeriesClassification, "s3,1,inf,b", {}, "row 11 has inf in column 'value'"),
    (SeriesClassification, '"s3",1,"1,5",b', {}, "data.decimal=comma"),
    (SeriesClassification, "s3,0,1,b", {}, "row 11 has the time 0 of id s3 again, which row 10"),
    (SeriesClassification, ",1,1,b", {}, "row 11 has no 'id'"),
    (SeriesClassification, "s3,,1,b", {}, "row 11 has no time in column 'time'"),
    (SeriesClassification, "s3,noon,1,b", {}, "row 11 has the time 'noon'"),
    (SeriesClassification, "s3,1,1,a", {}, "row 11 has 'a' in column 'label' where an earlier"),
    (SeriesClassification, "s3,1,1", {}, "row 11 has too few fields"),
    (SeriesClassification, "s3,1,1e300,b", {}, "more than the 3.4e+38 that a float32 holds"),
    (SeriesClassification, "s3,1,1,b", {"id_column": "ID"}, "set data.id_column to one of them"),
    (SeriesClassification, "s3,1,1,b", {"id_column": None, "time_column": None}, "with data.id_co"),
    (SeriesRegression, "s3,1,1,b", {}, "'a' in column 'label', no number"),
    (SeriesForecast, "s3,1,1,b", {"ignore_columns": ["label"], "horizon": 9}, "data.horizon=9 nee"),
    (SeriesForecast, "s3,1,1,b", {"ignore_columns": ["label"], "forecast_columns": ["x"]},
     "no channel 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "line", "options", "told"), FAULTS, ids=[str(i) for i in range(len(FAULTS))]
)
def test_what_is_wrong_is_told_by_its_place(
    cls: type[Series], line: str, options: Mapping[str, Any], told: str
) -> None:
    rows = [f"s{i},{t},{i % 2 + t / 10},{'ab'[i % 2]}" for i in range(20) for t in range(3)]
    rows[10] = line
    Path("long.csv").write_text("\n".join(["id,time,value,label", *rows]) + "\n")
    with pytest.raises(DataError, match=re.escape(told)):
        cls(**{**LONG, **options})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "path is not set"),
        ({"path": "a.csv", "time_column": "t"}, "set data.id_column too"),
        ({"path": "a.csv", "id_column": "x", "time_column": "x"}, "are both 'x'"),
        ({"path": "a.csv", "value_columns": ["x", "x"]}, "value_columns names 'x' twice"),
        (
            {"path": "a.csv", "val_path": "v", "test_path": "t", "split": "50/50"},
            "nothing to divide",
        ),
        ({"path": "a.csv", "limit": 0}, "limit must be at least 1"),
    ],
)
def test_settings_that_contradict_each_other(options: Mapping[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        SeriesClassification(**options)


def test_what_does_not_fit_is_told_before_anything_is_made() -> None:
    write_long(frame())
    with pytest.raises(ValueError, match=r"^seq_len=10+: 20 sequences as long would take"):
        SeriesClassification(**LONG, seq_len=10**13)


def test_columns_without_a_name_and_uneven_steps_are_told() -> None:
    table = frame().drop(columns="target")
    table["time"] = table.time**2
    table.to_csv("long.csv")  # with its index
    notes = SeriesClassification(**LONG).report["notes"]
    assert any("column 1 has no name" in note for note in notes)
    assert any("the time between steps is not always" in note for note in notes)
