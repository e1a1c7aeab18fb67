"""The protocol that the loop writes to is enough: memory and a run directory record the same."""

import pytest
import torch

from rnnexp.clip.norm import Norm
from rnnexp.data.random_tokens import RandomTokens
from rnnexp.embedding.learned import Learned
from rnnexp.model.fused import LSTM
from rnnexp.probes.grad_norm import GradNorm
from rnnexp.probes.gradient_flow import GradientFlow
from rnnexp.probes.probe_set import ProbeSet
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.training.fit import Fit
from rnnexp.training.recorder import Recorder
from rnnexp.training.trainer import Trainer
from tests.conftest import new_run
from tests.training.memory import MemoryRecorder
from tests.training.recipes import recipe

CPU = torch.device("cpu")


def fit(recorder: Recorder, trainer: Trainer, with_probes: bool = True) -> Fit:
    task = RandomTokens(seq_len=6, count=60)
    torch.manual_seed(7)
    model = LSTM(Learned(task.vocabulary, 4), 2, hidden_size=5)
    chosen = {"grad_norm": GradNorm(), "gradient_flow": GradientFlow()}
    probes = ProbeSet(chosen, model, task, 0, CPU) if with_probes else None
    return trainer.fit(model, task, recipe(Norm(max_norm=0.5)), recorder, 0, CPU, probes)


@pytest.mark.parametrize("epochs", [0, 3])
def test_memory_and_a_run_directory_record_the_same(epochs: int) -> None:
    trainer = Trainer(epochs=epochs, batch_size=16)
    memory, run = MemoryRecorder(), new_run("a")
    first, second = fit(memory, trainer), fit(run, trainer)
    assert (first.best_epoch, first.validation) == (second.best_epoch, second.validation)

    assert len(run.metrics) == len(memory.metrics) == len(memory.timings) == epochs
    for on_disk, kept in zip(run.metrics, memory.metrics, strict=True):
        assert list(on_disk) == list(kept)
        assert on_disk == pytest.approx(kept, rel=1e-8)  # metrics.csv has nine digits

    assert run.probe_names == sorted(memory.probes)
    for name, arrays in memory.probes.items():
        saved = run.probe(name)
        assert saved is not None
        assert list(saved) == list(arrays)
        assert all(saved[key].tobytes() == value.tobytes() for key, value in arrays.items())

    (name, (contents, state)), *_ = memory.checkpoints.items()  # the one at the end
    (stored,) = StoredCheckpoint.of_run(run.path)
    on_disk, on_disk_state, _ = stored.read()
    assert stored.path.name == name == f"epoch_{epochs:06d}_step_{first.steps:09d}"
    assert on_disk.keys() == contents.keys()
    assert on_disk["weights.safetensors"] == contents["weights.safetensors"]
    assert on_disk_state.keys() == state.keys()


def test_without_probes_the_training_is_the_same() -> None:
    watched, alone = MemoryRecorder(), MemoryRecorder()
    trainer = Trainer(epochs=2, batch_size=16)
    fit(watched, trainer)
    fit(alone, trainer, with_probes=False)
    assert watched.metrics == alone.metrics
    weights = [
        m.checkpoints[max(m.checkpoints)][0]["weights.safetensors"] for m in (watched, alone)
    ]
    assert weights[0] == weights[1]
    assert not alone.probes
    assert [row["probe_seconds"] for row in alone.timings] == [0.0, 0.0]
