"""Each script of benchmarks/ runs, at a tiny size. What it measures depends on the machine."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def script(name: str) -> ModuleType:
    """The script as a module, which is not run by being loaded."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def test_step(capsys: pytest.CaptureFixture[str]) -> None:
    script("step").main([5], rounds=1)
    head, *rows = capsys.readouterr().out.splitlines()[1:]
    assert "ours/flushed" in head
    assert [row.split()[:2] for row in rows] == [["rnn", "5"], ["lstm", "5"]]
    assert all(float(number) > 0 for row in rows for number in row.split()[2:])


def test_probes(capsys: pytest.CaptureFixture[str]) -> None:
    script("probes").main(seq_len=20, size=8, rounds=2, batches=1)
    rnn, lstm, lyapunov = capsys.readouterr().out.splitlines()
    assert rnn.startswith("RNN   epoch")
    assert lstm.startswith("LSTM  epoch")
    assert all("the probes take" in line for line in (rnn, lstm))
    assert lyapunov.startswith("Lyapunov spectrum, LSTM, H = 4, 120 steps")


def test_published_names_a_preset_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert script("published").main(["nonsense"]) == 2
    assert "there is no preset nonsense" in capsys.readouterr().err
