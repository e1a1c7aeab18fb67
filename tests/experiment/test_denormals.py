"""Denormal numbers are flushed during a run, everywhere a run can take place, and only there."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnnexp.experiment.denormals import flushed_denormals, flushes_denormals
from tests.conftest import TINY, Outcome, read_npz

#: A run whose gradients leave the range of float32, and nearly that of float64.
VANISHING = (
    "data=random_tokens", "data.count=20", "seq_len=400", "model=rnn", "model.hidden_size=16",
    "embedding.dim=16", "init=normal", "init.std=0.02", "trainer.epochs=1", "threads=1",
    "plots=false", "probes=[gradient_flow,grad_norm,jacobian]", "trainer.batch_size=10",
)  # fmt: skip


def in_a_child(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_mode_is_given_back() -> None:
    in_a_child(
        "import torch\n"
        "from rnnexp.experiment.denormals import flushed_denormals, flushes_denormals\n"
        "tiny = torch.tensor([1e-40])\n"
        "for before in (False, True):\n"
        "    torch.set_flush_denormal(before)\n"
        "    with flushed_denormals() as there:\n"
        "        assert there and flushes_denormals() and float(tiny * 1.0) == 0.0\n"
        "    assert flushes_denormals() is before, before\n"
    )
    with pytest.raises(RuntimeError), flushed_denormals():
        raise RuntimeError
    assert not flushes_denormals()


def test_a_run_gives_the_same_bytes_with_and_without(tmp_path: Path) -> None:
    code = (
        "import sys, torch\n"
        "from rnnexp.command.main import main\n"
        "if sys.argv[1] == 'without': torch.set_flush_denormal = lambda mode: False\n"
        "sys.exit(main(sys.argv[2:]))\n"
    )
    runs = {}
    for side in ("with", "without"):
        in_a_child(code, side, *VANISHING, f"name={side}")
        (runs[side],) = (tmp_path / "outputs" / "runs").glob(f"*_{side}")
        environment = json.loads((runs[side] / "environment.json").read_text())
        assert environment["flushes_denormals"] is (side == "with")
    for name in ("metrics.csv", "predictions/test.npz"):
        assert len({(path / name).read_bytes() for path in runs.values()}) == 1, name
    for name in ("gradient_flow", "grad_norm", "jacobian"):
        flushed, kept = (read_npz(path / "probes" / f"{name}.npz") for path in runs.values())
        assert flushed.keys() == kept.keys()
        for key in kept:
            told = ~(np.abs(kept[key]) < 1e-300)  # what the probes' floor says nothing of
            assert np.array_equal(flushed[key][told], kept[key][told], equal_nan=True), (name, key)
    gradients = read_npz(runs["without"] / "probes" / "gradient_flow.npz")["input"]
    assert np.nanmin(gradients[gradients > 0]) < 1e-200, "else the run shows nothing"


MODE_OF_EACH_PROCESS = """
import os
from pathlib import Path
from rnnexp.experiment.denormals import flushes_denormals
from rnnexp.init.default import Default

class Told(Default):
    def __call__(self, model, generator):
        with Path("modes.txt").open("a") as file:
            file.write(f"{os.getpid()} {flushes_denormals()}\\n")
"""


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_the_mode_is_on_where_a_job_runs(
    rnnexp: Callable[..., Outcome], workdir: Path, monkeypatch: pytest.MonkeyPatch, launcher: str
) -> None:
    Path("told.py").write_text(MODE_OF_EACH_PROCESS)
    Path("myconf/init").mkdir(parents=True)
    Path("myconf/init/told.yaml").write_text("_target_: told.Told\n")
    monkeypatch.syspath_prepend(str(workdir))
    outcome = rnnexp(
        "--config-dir", "myconf", "-m", *TINY, "init=told", "seed=0,1", "study=s", "probes=none",
        f"hydra/launcher={launcher}",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    lines = [line.split() for line in Path("modes.txt").read_text().splitlines()]
    assert {mode for _, mode in lines} == {"True"}
    processes = {process for process, _ in lines}
    assert (processes - {str(os.getpid())} != set()) is (launcher == "joblib")
    assert not flushes_denormals()
