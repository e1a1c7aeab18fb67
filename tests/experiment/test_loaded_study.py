"""A study as a table, and two of its groups compared."""

import csv
import json
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.errors import UserError
from tests.conftest import TINY

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


def test_a_study_of_version_0_1() -> None:
    study = package.load_study(KEPT / "study")
    assert len(study.runs) == 8
    assert study.runs.status.eq("finished").all()
    assert study.compare("lstm, init=normal", "rnn, init=normal").left_out == ()
    assert [note for note in study.notes() if "another version" in note]
    run = study.run(study.runs.run[0])
    assert [note for note in run.notes() if "wrote no digests" in note]
