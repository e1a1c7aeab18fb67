"""A study as a table, and two of its groups compared."""

import csv
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.errors import DataError, UserError
from rnnexp.results.study import Study
from tests.conftest import TINY, Outcome

KEPT = Path(__file__).parent.parent / "kept" / "version_0.1"


@pytest.fixture
def study(workdir: Path) -> package.LoadedStudy:
    words = [*TINY, "threads=1", "probes=none", "model=rnn,bag", "seq_len=6,12", "seed=0,1",
             "study=s"]  # fmt: skip
    return package.run(words, multirun=True)


def test_a_study(study: package.LoadedStudy) -> None:
    written = list(csv.DictReader((study.path / "study.csv").read_text().splitlines()))
    assert list(study.runs.columns) == [*written[0], "path"]
    assert len(study.runs) == 8
    assert study.runs.test_accuracy.tolist() == [float(row["test_accuracy"]) for row in written]
    first = study.runs.iloc[0]
    assert (first.status, first.seed, first.path.name) == ("finished", 0, first.run)
    assert study.run(first.run).summary.test is not None
    with pytest.raises(UserError, match=f"no run 'x{first.run}'; did you mean"):
        study.run(f"x{first.run}")
    assert "8 runs, varied: model, seq_len" in repr(study)
    assert set(study.figures) == {"score_vs_length"}
    assert study.notes() == study.study.notes()

    # one group against another, as study.json has it
    told = json.loads((study.path / "study.json").read_text())["comparisons"]
    assert study.comparisons.difference.tolist() == [pair["difference"] for pair in told]
    for pair in told:
        chosen = [{pair["factor"]: value, **pair["others"]} for value in pair["values"]]
        found = study.compare(*chosen)
        assert found.mean == pair["difference"]
        assert (None if found.interval is None else list(found.interval)) == pair["interval_95"]
        assert found.p == pair["p"]
        assert found.significant is None
        assert list(found.by_seed) == pair["seeds"]
        assert [note for note in found.notes if "with 2 seeds no difference" in note]
    by_label = study.compare("rnn, seq_len=6", "bag, seq_len=6", score="loss")
    assert by_label.score.name == "loss"
    assert str(by_label).startswith("bag, seq_len=6 - rnn, seq_len=6: ")
    both = {name: study.run(name).summary for name in study.runs.run}
    of = {(s.model, s.seq_len, s.seed): s.test["loss"] for s in both.values() if s.test}
    assert by_label.by_seed[1] == pytest.approx(of["bag", 6, 1] - of["rnn", 6, 1])

    for a, b, words in (
        ({"model": "rnn"}, "bag, seq_len=6", "fits 2 groups"),
        ("lstm", "bag, seq_len=6", "'lstm' fits no group"),
        ({"clip": "norm"}, "bag, seq_len=6", "'clip' does not vary"),
    ):
        with pytest.raises(UserError, match=words):
            study.compare(a, b)
    with pytest.raises(UserError, match="no run of rnn, seq_len=6 has a test f1"):
        study.compare("rnn, seq_len=6", "bag, seq_len=6", score="f1")
    assert set(study.draw(study.path.parent.parent / "report")) == {"score_vs_length"}


def test_its_table_and_the_numbers_of_a_probe(workdir: Path) -> None:
    words = [*TINY, "threads=1", "probes=[gates]", "probes.gates.every=0", "model=lstm,gru",
             "seed=0,1", "study=s"]  # fmt: skip
    study = package.run(words, multirun=True)
    told = json.loads((study.path / "study.json").read_text())["groups"]
    scores = study.scores
    assert list(scores.columns) == ["model", "mean", "low", "high", "seeds", "chance"]
    for row, group in zip(scores.itertuples(), told, strict=True):
        kept = group["test_accuracy"]
        assert (row.model, row.seeds, row.chance) == (group["model"], 2, 0.5)
        assert row.mean == pytest.approx(kept["mean"])
        ends = kept["interval_95"] or [math.nan, math.nan]
        assert [row.low, row.high] == pytest.approx(ends, nan_ok=True)

    for run in study.study.runs:
        if run.summary.model == "lstm":  # as of a probe that failed
            path = run.directory.path
            held = json.loads((path / "summary.json").read_text())
            (path / "summary.json").write_text(json.dumps(held | {"sealed": False}))
            (path / "manifest.json").unlink()
            (path / "probes" / "gates.npz").unlink()
    study = package.load_study(study.path)
    gates = study.probe("gates")
    assert list(gates.columns[:4]) == ["model", "seed", "epoch", "step"]
    gru = gates[gates.model == "gru"]
    assert [(row.seed, row.epoch) for row in gru.itertuples()] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    own = study.run({"model": "gru", "seed": 1}).probe("gates").frame
    assert gru[gru.seed == 1][own.columns].to_numpy() == pytest.approx(own.to_numpy(), nan_ok=True)
    lstm = gates[gates.model == "lstm"]  # a row each, without numbers
    assert lstm.seed.tolist() == [0, 1]
    assert lstm.epoch.isna().all()
    with pytest.raises(DataError, match=r"'jacobian' has measured nothing in any run.*: gates"):
        study.probe("jacobian")

    for chosen, said in (
        ({"model": "gru"}, "fits 2 runs"),
        ({"model": "gru", "seed": 7}, "fits no run"),
        ({"clip": "norm"}, "'clip' does not vary"),
    ):
        with pytest.raises(UserError, match=said):
            study.run(chosen)


def test_a_study_of_version_0_1() -> None:
    study = package.load_study(KEPT / "study")
    assert len(study.runs) == 8
    assert study.runs.status.eq("finished").all()
    assert study.compare("lstm, init=normal", "rnn, init=normal").left_out == ()
    assert [note for note in study.notes() if "another version" in note]
    run = study.run(study.runs.run[0])
    assert [note for note in run.notes() if "wrote no digests" in note]


def test_a_score_that_the_first_version_did_not_compute(workdir: Path) -> None:
    """As `report --score` computes it, of each run's predictions."""
    a, b = (workdir / name for name in "ab")
    for folder in (a, b):
        shutil.copytree(KEPT / "study", folder)
    study = package.load_study(a)
    found = study.compare("lstm, init=normal", "rnn, init=normal", score="macro_f1")
    as_reported = {
        (group.label, seed): value
        for group in Study.read(a, "macro_f1").groups()
        for seed, value in group.by_seed("test_macro_f1").items()
    }
    assert found.score.name == "macro_f1"
    for seed, difference in found.by_seed.items():
        expected = (as_reported[label, seed] for label in ("rnn, init=normal", "lstm, init=normal"))
        assert difference == pytest.approx(next(expected) - next(expected))
    assert len(found.by_seed) > 1
    assert study.column == "test_accuracy"

    both = study.compare_with(package.load_study(b), score="macro_f1")
    assert both.pairs
    for pair in both.pairs:
        assert pair.a.by_seed("test_macro_f1") == {
            seed: value for (label, seed), value in as_reported.items() if label == pair.a.label
        }
    with pytest.raises(UserError, match="no run of a has a test f1"):
        study.compare_with(package.load_study(b), score="f1")


def test_the_command_computes_it_too(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    for name in "ab":
        shutil.copytree(KEPT / "study", workdir / name)
    outcome = rnnexp("compare", "a", "b", "--score", "macro_f1")
    assert outcome.status == 0, outcome.err
    assert "difference in test macro_f1" in outcome.out
