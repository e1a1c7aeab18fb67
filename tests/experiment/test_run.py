"""What a run leaves on disk."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from rnnexp import config as settings
from rnnexp.experiment.run_spec import run_spec
from rnnexp.experiment.spec import RunSpec
from tests.conftest import TINY, Outcome

Rnnexp = Callable[..., Outcome]


@pytest.fixture
def finished(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> Path:
    outcome = rnnexp(*TINY, "trainer.epochs=2", "plots=true", "clip=norm")
    assert outcome.status == 0, outcome.err
    return run_directory()


def test_the_files_of_a_run(finished: Path) -> None:
    files = sorted(str(p.relative_to(finished)) for p in finished.rglob("*") if p.is_file())
    assert files == [
        "config.yaml",
        "environment.json",
        "manifest.json",
        "metrics.csv",
        *(
            f"plots/{name}.{kind}"
            for name in (
                "calibration",
                "confusion",
                "grad_norm",
                "gradient_flow",
                "gradient_flow_over_training",
                "hidden_dynamics",
                "learning_curves",
            )
            for kind in ("csv", "png", "svg")
        ),
        "predictions/test.npz",
        "probes/grad_norm.npz",
        "probes/gradient_flow.npz",
        "probes/hidden_dynamics.npz",
        "report.html",
        "rnnexp.log",
        "summary.json",
        "task.json",
        "timings.csv",
        "weights.safetensors",
    ]


def test_the_summary(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    assert {
        "status", "reason", "model", "data", "seq_len", "seed", "fingerprint", "parameters",
        "epochs", "steps", "best_epoch", "test", "chance", "regime", "probes", "seconds",
        "tokens_per_second", "peak_memory_mb",
    } <= set(summary)  # fmt: skip
    assert (summary["status"], summary["reason"]) == ("finished", None)
    assert (summary["model"], summary["data"], summary["seq_len"]) == ("lstm", "reviews", 12)
    assert summary["steps"] == 2 * 2  # 80 texts in batches of 64
    assert summary["chance"]["accuracy"] == pytest.approx(0.5, abs=0.1)
    with np.load(finished / "predictions" / "test.npz") as test:
        accuracy = ((test["outputs"][:, 0] > 0) == test["targets"]).mean()
    assert summary["test"]["accuracy"] == pytest.approx(accuracy)


def test_the_environment(finished: Path) -> None:
    environment = json.loads((finished / "environment.json").read_text())
    assert environment["packages"]["torch"].startswith("2.")
    assert (environment["device"], environment["threads"]) == ("cpu", 1)
    git = environment["git"]
    assert git is None or re.fullmatch("[0-9a-f]{40}", git["commit"])


def test_tables_a_row_per_epoch(finished: Path) -> None:
    for name in ("metrics.csv", "timings.csv"):
        with (finished / name).open() as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    assert "epoch 2/2" in (finished / "rnnexp.log").read_text()


def test_the_configuration_is_enough_to_rerun(finished: Path, workdir: Path) -> None:
    text = (finished / "config.yaml").read_text()
    assert text.startswith("# rnnexp data.limit=100 seq_len=12")
    dials = {"seed", "seq_len", "device", "threads", "name", "study", "question", "plots"}
    assert set(yaml.safe_load(text)) == {
        *settings.GROUPS,
        *settings.LISTS,
        "checkpoint",
        "jobs",
        *dials,
    }
    run, _ = run_spec(RunSpec.of_config(yaml.safe_load(text)))
    again = run.path
    assert again != finished
    assert (again / "metrics.csv").read_bytes() == (finished / "metrics.csv").read_bytes()
    fingerprints = [
        json.loads((p / "summary.json").read_text())["fingerprint"] for p in (again, finished)
    ]
    assert fingerprints[0] == fingerprints[1]


def test_the_same_command_gives_the_same_bytes(rnnexp: Rnnexp, workdir: Path) -> None:
    for extra in ((), ("plots=true", "name=other"), ("seed=1",)):
        assert rnnexp(*TINY, "model.num_layers=2", "model.dropout=0.3", *extra).status == 0
    first, labelled, other = (
        (path / "metrics.csv").read_bytes()
        for path in sorted((workdir / "outputs" / "runs").iterdir())
    )
    assert first == labelled
    assert first != other


def test_a_component_of_the_users_own(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One Python file, one YAML file, `--config-dir`: nothing else is edited."""
    Path("mypkg.py").write_text(
        "import torch\n"
        "from rnnexp.init.base import WeightInit\n"
        "class Constant(WeightInit):\n"
        "    def __init__(self, value: float = 0.0) -> None:\n"
        "        if value > 1: raise ValueError(f'value must be at most 1 (got {value})')\n"
        "        self.value = value\n"
        "    def fill(self, weight_HH, generator):\n"
        "        weight_HH.fill_(self.value)\n"
    )
    Path("myconf/init").mkdir(parents=True)
    Path("myconf/init/constant.yaml").write_text("_target_: mypkg.Constant\nvalue: 0.5\n")
    monkeypatch.syspath_prepend(str(workdir))
    own = ("--config-dir", "myconf", "init=constant")
    assert rnnexp(*TINY, *own).status == 0
    assert "init.value must be at most 1 (got 2.0)" in rnnexp(*TINY, *own, "init.value=2").error
    assert "unknown setting 'init.vale'" in rnnexp(*TINY, *own, "+init.vale=2").error


def test_smoke_preset(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> None:
    assert rnnexp("experiment=smoke").status == 0
    assert run_directory().name.endswith("_lstm_T20_s0")
