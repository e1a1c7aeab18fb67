"""Numbers of texts: standardised for the training, and told in the user's own unit."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnexp.data.csv import Csv
from rnnexp.data.csv_regression import CsvRegression
from rnnexp.errors import DataError
from rnnexp.experiment.predict import predict
from rnnexp.results.answers import with_scores
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY_MODEL, Outcome, read_npz

#: The number is 1000 + 100 times the share of good words.
TEXTS = [" ".join(["good"] * (i % 5) + ["bad"] * (4 - i % 5)) for i in range(50)]
NUMBERS = [1000 + 25 * (i % 5) for i in range(50)]


def write(numbers: list[object]) -> None:
    rows = [f"{text},{number}" for text, number in zip(TEXTS, numbers, strict=True)]
    Path("t.csv").write_text("\n".join(["text,label", *rows]) + "\n")


def load(**settings: object) -> CsvRegression:
    return CsvRegression(path="t.csv", cache_dir="cache", **settings)


def test_targets_are_standardised_on_the_training_split_alone() -> None:
    write([*NUMBERS[:40], *[5000] * 10])
    task = load()
    train = task.split("train").targets
    assert train.shape == (40, 1)
    assert train.mean().item() == pytest.approx(0, abs=1e-6)
    assert train.std(correction=0).item() == pytest.approx(1)
    assert task.scaling.in_units(task.split("test").targets.double().numpy())[0, 0] == (
        pytest.approx(5000)
    )


def test_chance_is_the_mean_of_the_training_texts_and_scores_are_in_their_unit() -> None:
    write([*NUMBERS[:45], 900, 1000, 1100, 1200, 1300])
    task = load()
    mean = np.mean(NUMBERS[:40])
    error = np.array([900, 1000, 1100, 1200, 1300]) - mean
    assert task.chance["mse"] == pytest.approx(np.square(error).mean(), rel=1e-5)
    assert task.chance["rmse"] == pytest.approx(np.square(error).mean() ** 0.5, rel=1e-5)
    assert task.chance["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert task.chance["r2"] == pytest.approx(1 - np.square(error).mean() / 20000, rel=1e-4)
    batch = task.split("test").as_batch()
    at_mean = torch.zeros(5, 1)
    assert task.loss(at_mean, batch).item() == pytest.approx(task.chance["loss"], rel=1e-5)
    assert task.metrics(at_mean, batch)["mse"] == pytest.approx(task.chance["mse"], rel=1e-5)
    assert [score.name for score in task.readings] == ["loss", "mse", "rmse", "mae", "r2"]
    assert all(score.chance is not None for score in task.readings)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([3] * 50, "t.csv: all 40 training texts have the number 3"),
        ([1e200, *[1] * 49], "standard deviation of"),
        ([*range(40), *[1e40] * 10], "a text has the number 1e.40, more than"),
    ],
)
def test_numbers_that_cannot_be_learned_are_refused(numbers: list[object], said: str) -> None:
    write(numbers)
    with pytest.raises(DataError, match=said):
        load()


def test_without_a_spread_r2_is_not_known() -> None:
    write([*NUMBERS[:45], *[1000] * 5])
    assert "r2" not in load().chance


@pytest.fixture
def trained(rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]) -> Path:
    write(list(NUMBERS))
    outcome = rnnexp(
        "data=csv_regression", "data.path=t.csv", "seq_len=6", "trainer.epochs=30", "model=gru",
        "trainer.batch_size=4", "embedding.dim=4", "probes=none", *TINY_MODEL,
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "numbers of the training texts: mean 1050, standard deviation 35.36" in outcome.out
    return run_directory()


def test_a_run_is_asked_for_a_number(trained: Path, rnnexp: Callable[..., Outcome]) -> None:
    run = RunDirectory.open(trained)
    test = run.summary.test
    assert test is not None
    assert (test["rmse"] or 0) ** 2 == pytest.approx(test["mse"], rel=1e-4)
    assert (test["r2"] or 0) > 0.5
    assert run.task.scaling == pytest.approx({"mean": 1050, "standard_deviation": 1250**0.5})
    arrays = read_npz(trained / "predictions" / "test.npz")
    for row, text in enumerate(TEXTS[45:]):
        said = predict(trained, text)
        number = float(said.splitlines()[0].removeprefix("number:"))
        assert number == pytest.approx(arrays["outputs"][row, 0], abs=0.01)
    assert arrays["targets"][:, 0] == pytest.approx(NUMBERS[45:], rel=1e-6)  # in the user's unit
    error = arrays["outputs"] - arrays["targets"]
    assert np.square(error).mean() == pytest.approx(test["mse"], rel=1e-4)
    assert np.abs(error).mean() == pytest.approx(test["mae"], rel=1e-6)
    assert "of the number, in standard deviations" in said
    steps = predict(trained, "good bad", steps=True)
    assert "number so far" in steps
    assert steps.splitlines()[-1].split()[2] == steps.splitlines()[0].split()[1]
    assert json.loads((trained / "task.json").read_text())["classes"] is None
    Path("q.csv").write_text("text\ngood bad\nzebra\n")
    outcome = rnnexp("predict", str(trained), "--texts", "q.csv", "--to", "a.csv")
    assert outcome.status == 0, outcome.err
    rows = [line.split(",") for line in Path("a.csv").read_text().splitlines()]
    assert rows[0] == ["row", "text", "number", "read", "unknown", "dropped", "cut"]
    assert float(rows[1][2]) == pytest.approx(float(steps.splitlines()[0].split()[1]), rel=1e-5)
    assert rows[2] == ["2", "zebra", "", "1", "1", "0", "0"]


def test_classes_are_not_asked_for(rnnexp: Callable[..., Outcome]) -> None:
    write(list(NUMBERS))
    words = ("data=csv_regression", "data.path=t.csv", "probes=none", *TINY_MODEL)
    assert "data.stratify=true gives each split" in rnnexp(*words, "data.stratify=true").error
    assert "unknown setting 'data.label_case'" in rnnexp(*words, "data.label_case=keep").error
    assert "model.head=auto" in rnnexp(*words, "model.head=softmax").error


@pytest.mark.parametrize("first", [Csv, CsvRegression])
def test_one_file_can_be_read_as_classes_and_as_numbers(first: type[Csv | CsvRegression]) -> None:
    """Both keep what they read in one cache, and neither takes what is the other's."""
    write(list(NUMBERS))
    for kind in (first, Csv, CsvRegression):
        task = kind(path="t.csv", cache_dir="cache")
        assert task.split("train").targets.is_floating_point() == (kind is CsvRegression)
        if kind is Csv:
            assert list(task.report["classes"]) == ["1000", "1025", "1050", "1075", "1100"]


def test_old_predictions_give_a_score_that_was_not_known(trained: Path) -> None:
    """As `report --score` asks for it, of a summary that has no mae."""
    run = RunDirectory.open(trained)
    known = run.summary
    older = known.model_copy(
        update={"scores": {name: known.scores[name] for name in ("loss", "mse")}}
    )
    scored = with_scores(run, older, "mae").test
    assert scored is not None
    assert known.test is not None
    assert scored["mae"] == pytest.approx(known.test["mae"], rel=1e-6)


@pytest.mark.realdata
def test_the_length_of_real_reviews(rnnexp: Callable[..., Outcome], realdata: Path) -> None:
    """A number that is in no word: a way to try it on real texts."""
    import pandas as pd

    reviews = pd.read_csv(realdata / "imdb_subset.csv")[:300]
    reviews.assign(characters=reviews["review"].str.len()).to_csv("r.csv", index=False)
    outcome = rnnexp(
        "data=csv_regression", "data.path=r.csv", "data.text_column=review",
        "data.label_column=characters", "seq_len=20", "trainer.epochs=1", "model=gru",
        "embedding.dim=4", "probes=none", *TINY_MODEL,
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "test mse" in outcome.out
