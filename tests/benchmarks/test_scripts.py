"""Each script of benchmarks/ runs, at a tiny size. What it measures depends on the machine."""

import math
import re
from pathlib import Path

import pytest
import torch

from tests.conftest import script

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def test_compiled(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a compiler that leaves all as it is: what it makes takes a quarter of a minute."""
    compiled = script(FOLDER / "compiled.py")
    compiled.main(["rnn"], [5], [compiled.NOTHING], steps=2, size=4)
    _, head, row = capsys.readouterr().out.splitlines()
    assert "catches up at step" in head
    assert row.split()[:3] == ["rnn", "5", "nothing"]
    assert float(row.split()[3]) >= 0
    asked = []
    monkeypatch.setattr(torch, "compile", lambda f, **options: asked.append(options) or f)
    for way in compiled.WAYS:
        for cell in compiled.CELLS:
            measured = compiled.measure(cell, 4, way, 2, 4)
            assert measured.peak > 0
    assert len(asked) == 2 * len(compiled.CELLS)
    first, second = compiled.Measured(10.0, 0.1, 1.0), compiled.Measured(0.0, 0.2, 1.0)
    assert first.caught_up(second) == pytest.approx(100)
    assert second.caught_up(first) == math.inf


def test_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    """Without CUDA it says what it leaves out, and does not run at its full size."""
    gpu = script(FOLDER / "gpu.py")
    assert gpu.main(["--quick", "--device=cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("left out, since there is no CUDA here")
    rows = [
        line.split("|")[1:-1] for line in lines if line.startswith(("| rnn", "| lstm", "| gru"))
    ]
    assert len(rows) == 7 + 5 + 2
    assert all(float(row[3]) == float(row[4]) == 0 for row in rows[:7])  # the CPU beside itself
    assert all(float(number) > 0 for row in rows[7:12] for number in row[3:])
    assert all(float(number) > 0 for row in rows[12:] for number in row[3:])
    bench, calls = gpu.Bench(gpu.QUICK, torch.device("cpu")), []
    model = bench.model("rnn", "autograd")
    states = gpu.States(model.recurrence)
    states.register_forward_hook(lambda *_: calls.append(1))
    gpu.compute_with(model, states)
    bench.epoch(model, bench.batches(5))()
    assert calls == [1]
    assert gpu.main(["--device=cpu"]) == 2
    assert "use --quick" in capsys.readouterr().err


def test_probes(capsys: pytest.CaptureFixture[str]) -> None:
    script(FOLDER / "probes.py").main(seq_len=20, size=8, rounds=2, batches=1)
    rnn, lstm, lyapunov = capsys.readouterr().out.splitlines()
    assert rnn.startswith("RNN   epoch")
    assert lstm.startswith("LSTM  epoch")
    assert all("the probes take" in line for line in (rnn, lstm))
    assert lyapunov.startswith("Lyapunov spectrum, LSTM, H = 4, 120 steps")


def test_preparation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides do the same work: the same ids of every text, the same vectors."""
    monkeypatch.delenv("RNNEXP_TEST_DATA", raising=False)
    preparation = script(FOLDER / "preparation.py")
    preparation.main(rounds=1, texts=30, vectors=20)
    rows = [re.split("  +", row) for row in capsys.readouterr().out.splitlines()[2:]]
    reviews, vectors = "30 synthetic reviews", "20 word vectors, "
    assert [row[:2] for row in rows] == [
        [reviews, "rnnexp, cold"], [reviews, "rnnexp, warm"], [reviews, "notebook"],
        *([vectors + suffix, way] for suffix in (".txt", ".gz", ".zip")
          for way in ("rnnexp", "notebook")),
    ]  # fmt: skip
    # a thousandth of a second and less is shown as 0.000
    assert all(len(row) == 7 and float(row[-1]) > 0 for row in rows)
    preparation.write_texts(tmp_path / "texts.csv", 30)
    ids = preparation.notebook(tmp_path / "texts.csv")
    for _ in range(2):
        assert (preparation.ours(tmp_path / "texts.csv", tmp_path / "cache") == ids).all()
    for path in preparation.write_vectors(tmp_path, 20):
        made, theirs = preparation.our_vectors(path, ["word3"]), preparation.notebook_vectors(path)
        assert made["word3"] == pytest.approx(theirs["word3"].tolist(), rel=1e-6)
        assert len(theirs) == 20


def test_published_names_a_preset_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert script(FOLDER / "published.py").main(["nonsense"]) == 2
    assert "there is no preset nonsense" in capsys.readouterr().err


def test_same_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two recordings of one version are the same; a changed byte is named."""
    same_numbers = script(FOLDER / "same_numbers.py")
    for side in ("old", "new"):
        assert same_numbers.command(["record", str(tmp_path / side), "task_parity"]) == 0
    both = ["compare", str(tmp_path / "old"), str(tmp_path / "new")]
    assert same_numbers.command(both) == 0
    assert "0 cases differ" in capsys.readouterr().out
    (metrics,) = (tmp_path / "new").rglob("metrics.csv")
    metrics.write_text(metrics.read_text().replace("1", "2", 1))
    assert same_numbers.command(both) == 1
    assert "metrics.csv" in capsys.readouterr().out
    assert same_numbers.command(["nonsense"]) == 2


def test_studies(capsys: pytest.CaptureFixture[str]) -> None:
    script(FOLDER / "studies.py").main(rounds=1, jobs=2)
    study, begin, step = capsys.readouterr().out.splitlines()[1:]
    assert study.startswith("study of 2 tiny jobs, side by side")
    assert "import hydra" in begin
    assert "import torch" in step
