"""A run as pandas, numpy and torch have it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import rnnexp as package
from rnnexp.errors import DataError, UserError
from rnnexp.experiment.predict import predict
from tests.conftest import TINY, Outcome, read_npz

KEPT = Path(__file__).parent.parent / "kept" / "version_0.1"
WORDS = (*TINY, "threads=1", "trainer.epochs=2")


def test_tables_arrays_and_the_network(workdir: Path) -> None:
    run = package.run([*WORDS, "model=gru", "probes=[gates,gradient_flow]"])
    assert isinstance(run, package.Run)
    assert "gru, finished, test accuracy" in repr(run)

    written = list(csv.DictReader((run.path / "metrics.csv").read_text().splitlines()))
    assert list(run.metrics.columns) == list(written[0])
    assert run.metrics.epoch.tolist() == [1, 2]
    assert run.metrics.train_loss.tolist() == [float(row["train_loss"]) for row in written]

    flow = run.probe("gradient_flow")
    stored = read_npz(run.path / "probes" / "gradient_flow.npz")
    assert set(flow) == set(stored)
    assert np.array_equal(flow["input"], stored["input"], equal_nan=True)
    assert list(flow.frame.epoch) == stored["epoch"].tolist()
    assert np.array_equal(flow.frame["ratio"], stored["ratio"], equal_nan=True)
    assert "input" not in flow.frame
    long = flow.long("layers")
    assert list(long.columns) == ["epoch", "step", "axis_1", "axis_2", "value"]
    assert len(long) == stored["layers"].size
    row = long.iloc[-1]
    assert row.value == pytest.approx(stored["layers"][-1, -1, -1], nan_ok=True)
    with pytest.raises(KeyError, match="has no 'nothing': it has epoch"):
        flow["nothing"]

    model = run.model()
    assert not model.training
    weights = run.directory.content("weights.safetensors")
    from safetensors.torch import load

    assert all(torch.equal(model.state_dict()[name], w) for name, w in load(weights).items())
    assert run.figures == {}
    assert run.config["model"]["hidden_size"] == 8
    assert run.notes() == []


def test_what_the_network_reads(csv_file: Callable[..., Path]) -> None:
    run = package.run(
        [*WORDS, "seq_len=4", "data=csv", f"data.path={csv_file()}", "data.text_column=text",
         "data.label_column=label", "trainer.epochs=0", "probes=none"], quiet=True
    )  # fmt: skip
    short, long = run.read(["A GOOD xyzzy", "a bad film number x x"])
    vocabulary = run.task.vocabulary
    assert vocabulary is not None
    assert (short.words, short.unknown, short.cut) == (["a", "good", "xyzzy"], 1, 0)
    assert [vocabulary[i] for i in short.ids] == ["a", "good", "<unk>"]
    assert (long.words, long.cut) == (["a", "bad", "film", "number"], 2)
    with pytest.raises(UserError, match=r"read takes a list of texts, as in run.read"):
        run.read("a text")


def test_a_probe_that_has_measured_nothing_says_why(workdir: Path) -> None:
    run = package.run([*WORDS, "model=rnn", "probes=all", "data.limit=20"])
    with pytest.raises(DataError, match=r"'gates' has measured nothing \(it needs a gated model"):
        run.probe("gates")
    with pytest.raises(DataError, match="'unheard_of' has measured nothing; those that have: "):
        run.probe("unheard_of")
    assert "lyapunov" in run.probe_names
    assert [note for note in run.notes() if "probe gates left out" in note]


def test_a_logger_that_was_given_up_is_missing(workdir: Path) -> None:
    run = package.run([*WORDS, "model=rnn", "probes=none"])
    summary = run.path / "summary.json"
    (run.path / "manifest.json").unlink()
    changed = {"sealed": False, "failed_loggers": {"mlflow": "epoch: no connection"}}
    summary.write_text(json.dumps(json.loads(summary.read_text()) | changed))
    notes = package.load_run(run.path).notes()
    assert "logger mlflow failed: epoch: no connection" in notes


def test_its_figures(workdir: Path) -> None:
    run = package.run([*WORDS, "model=rnn", "probes=[grad_norm]"])
    drawn = run.draw(workdir / "report")
    assert run.figures == {}
    assert {"grad_norm", "learning_curves"} <= set(drawn)
    figure = drawn["grad_norm"]
    assert figure._repr_png_()[:4] == b"\x89PNG"
    assert figure.svg.is_file()
    assert set(run.draw()) == set(run.figures) == set(drawn)


TEXTS = ["a wonderful film, great", "zzzz qqqq", "terrible " * 30, ""]


@pytest.mark.parametrize("words", [(), ("model.head=softmax", "data.unknown=drop")])
def test_answers_are_those_of_rnnexp_predict(workdir: Path, words: tuple[str, ...]) -> None:
    run = package.run([*WORDS, "model=lstm", "probes=none", *words])
    found = run.predict(TEXTS)
    assert list(found.columns) == [
        "text", "label", "p_negative", "p_positive", "read", "unknown", "dropped", "cut"
    ]  # fmt: skip
    assert found.text.tolist() == TEXTS
    for place in (0, 2):
        row = found.iloc[place]
        told = predict(run.path, TEXTS[place])
        assert f"label:          {row.label}" in told
        assert f"confidence:     {max(row.p_negative, row.p_positive):.1%}" in told
        assert row.p_negative + row.p_positive == pytest.approx(1)
    assert (found.read[2], found.cut[2]) == (12, 18)
    for place in (1, 3):  # no word is known: no answer, and why
        assert pd.isna(found.label[place])
        assert pd.isna(found.p_positive[place])
    unknown, dropped = (2, 0) if not words else (0, 2)
    assert (found.unknown[1], found.dropped[1]) == (unknown, dropped)
    assert run.predict([]).empty
    assert list(run.predict([]).columns) == list(found.columns)
    many = run.predict(TEXTS * 100)
    assert np.allclose(many.p_positive[:4], found.p_positive, equal_nan=True)
    with pytest.raises(UserError, match="predict takes a list of texts"):
        run.predict("a film")
    with pytest.raises(UserError, match="3 is a int"):
        run.predict(["a", 3])  # type: ignore[list-item]


def test_the_answers_to_tested_texts_are_those_of_the_test(csv_file: Callable[..., Path]) -> None:
    csv_file(rows=60)
    run = package.run(
        [*WORDS, "data=csv", "data.path=texts.csv", "data.text_column=text",
         "data.label_column=label", "data.limit=60", "model=gru", "probes=none"]
    )  # fmt: skip
    texts = pd.read_csv("texts.csv").text[-6:].tolist()
    outputs = read_npz(run.path / "predictions" / "test.npz")["outputs"]
    expected = torch.sigmoid(torch.tensor(outputs[:, 0])).numpy()
    assert run.predict(texts).p_good.to_numpy() == pytest.approx(expected, abs=1e-5)


def test_what_cannot_be_asked_is_told(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    run = package.run(
        ["data=parity", "seq_len=5", "trainer.steps=3", "data.val_count=5", "data.test_count=20",
         "model.hidden_size=4", "plots=false", "threads=1", "probes=none"]
    )  # fmt: skip
    with pytest.raises(UserError, match="was trained on parity, not on texts"):
        run.predict(["a film"])
    with pytest.raises(UserError, match="was trained on parity, not on texts"):
        run.read(["a film"])
    summary = run.path / "summary.json"
    (run.path / "manifest.json").unlink()
    held = json.loads(summary.read_text())
    changed = {"sealed": False, "status": "diverged", "reason": "step 3"}
    summary.write_text(json.dumps({**held, **changed}))
    run = package.load_run(run.path)
    for ask in (run.model, lambda: run.predict(["a"])):
        with pytest.raises(UserError, match="has diverged"):
            ask()
    assert "it has not finished: diverged (step 3)" in run.notes()


@pytest.mark.parametrize("folder", sorted(KEPT.glob("*/summary.json")), ids=lambda p: p.parent.name)
def test_a_run_of_version_0_1_is_loaded_and_says_what_it_lacks(folder: Path) -> None:
    run = package.load_run(folder.parent)
    assert len(run.metrics) == len((run.path / "metrics.csv").read_text().splitlines()) - 1
    assert run.summary.test is not None
    assert run.model().recurrences()
    assert [note for note in run.notes() if "wrote no digests" in note]
    assert [note for note in run.notes() if "which weights were tested is not recorded" in note]
    assert run.figures == {}


def test_texts_and_probes_of_version_0_1() -> None:
    for path in sorted((KEPT / "study").glob("*_*")):
        run = package.load_run(path)
        (row,) = run.predict(["a film with a plot, and a good one"]).itertuples()
        assert f"label:          {row.label}" in predict(path, row.text)
        assert run.probe("lyapunov").frame.largest.notna().all()


@pytest.mark.realdata
def test_real_reviews(realdata: Path, workdir: Path) -> None:
    path = realdata / "imdb_30k.csv.gz"
    run = package.run(
        [*WORDS, "data=imdb", f"data.path={path}", "data.limit=400", "model=lstm", "probes=none"]
    )
    texts = pd.read_csv(path, nrows=400).iloc[-40:, 0].tolist()
    found = run.predict(texts)
    outputs = read_npz(run.path / "predictions" / "test.npz")["outputs"]
    expected = torch.sigmoid(torch.tensor(outputs[:, 0])).numpy()
    assert found.p_positive.to_numpy() == pytest.approx(expected, abs=1e-5)
    assert (found.cut > 0).all()
