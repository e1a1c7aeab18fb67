"""A run on a GPU, where there is one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rnnexp.errors import Terminated
from rnnexp.results.runs import RunDirectory
from rnnexp.training.checkpoint import Saver
from tests.conftest import TINY, Outcome

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru", "unrolled", "linear", "bag"])
def test_every_model_trains_and_answers(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], model: str
) -> None:
    outcome = rnnexp(*TINY, f"model={model}", "device=cuda", "clip=norm")
    assert outcome.status == 0, outcome.err
    assert json.loads((run_directory() / "summary.json").read_text())["status"] == "finished"
    assert rnnexp("predict", str(run_directory()), "a good film").status == 0


def test_the_same_bytes_twice_and_the_cpu_agrees(
    rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    for device in ("cuda", "cuda", "cpu"):
        assert rnnexp(*TINY, f"device={device}").status == 0
    first, again, cpu = (RunDirectory(path) for path in sorted(Path("outputs/runs").iterdir()))
    assert (first.path / "metrics.csv").read_bytes() == (again.path / "metrics.csv").read_bytes()
    on_gpu, on_cpu = (run.metrics[0]["train_loss"] for run in (first, cpu))
    assert on_gpu == pytest.approx(on_cpu, rel=1e-4)


@pytest.mark.parametrize("data", ["adding", "copying", "temporal_order", "recall", "parity"])
def test_every_memory_task_trains_and_is_measured(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], data: str
) -> None:
    words = (f"data={data}", "seq_len=12", "model.hidden_size=8", "trainer.steps=4", "clip=agc")
    outcome = rnnexp(*words, "device=cuda", "data.eval_lengths=[20]", "probes=all")
    assert outcome.status == 0, outcome.err
    assert RunDirectory(run_directory()).summary.status == "finished"


def test_divergence_is_seen_on_the_device(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    assert rnnexp(*TINY, "device=cuda", "model=linear", "optimizer.lr=1e38",
                  "optimizer=sgd", "trainer.epochs=3").status == 0  # fmt: skip
    assert json.loads((run_directory() / "summary.json").read_text())["status"] == "diverged"


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru", "unrolled"])
def test_a_resumed_run_leaves_the_same_bytes(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """With dropout between the layers, whose random numbers are functions of (seed, step)."""
    words = (*TINY, f"model={model}", "device=cuda", "model.num_layers=2", "model.dropout=0.3",
             "trainer.epochs=3", "trainer.batch_size=16", "checkpoint.every_seconds=0")  # fmt: skip
    assert rnnexp(*words, "name=whole").status == 0
    save, saved = Saver.save, 0

    def save_and_stop(self: Saver) -> None:
        nonlocal saved
        save(self)
        saved += 1
        if saved == 8:
            raise Terminated

    with monkeypatch.context() as patched:
        patched.setattr(Saver, "save", save_and_stop)
        assert rnnexp(*words, "name=stopped").status == 143
    whole, stopped = (next(Path("outputs/runs").glob(f"*_{n}")) for n in ("whole", "stopped"))
    assert rnnexp("resume", str(stopped)).status == 0
    for name in ("metrics.csv", "weights.safetensors", "predictions/test.npz",
                 "probes/gradient_flow.npz"):  # fmt: skip
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_runs_as_one_program_equal_single_ones(
    rnnexp: Callable[..., Outcome], workdir: Path, cell: str
) -> None:
    words = ("-m", *TINY, "model=unrolled", f"model.cell={cell}", "device=cuda", "seed=0,1",
             "optimizer.lr=0.1,0.01", "trainer.batch_size=16")  # fmt: skip
    together = ("jobs.replicas=4", "jobs.isolate=false")
    assert rnnexp(*words, *together, "study=together").status == 0
    assert rnnexp(*words, "study=alone").status == 0
    made, alone = (
        {
            str(run.summary.fingerprint): run
            for path in Path("outputs/studies", study).glob("[!.]*/summary.json")
            for run in [RunDirectory.open(path.parent)]
        }
        for study in ("together", "alone")
    )
    assert made.keys() == alone.keys()
    for key, run in made.items():
        assert run.summary.replicas == 4
        for row, row_alone in zip(run.metrics, alone[key].metrics, strict=True):
            assert list(row.values()) == pytest.approx(list(row_alone.values()), rel=1e-3, abs=1e-5)
