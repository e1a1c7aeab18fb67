"""When probes are asked, what becomes of what they say, and that an error costs nothing else."""

import io
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from rnnexp.data.random_tokens import RandomTokens
from rnnexp.embedding.learned import Learned
from rnnexp.model.fused import RNN
from rnnexp.probes.base import Measurement, Probe, ProbeView
from rnnexp.probes.probe_set import ProbeSet
from rnnexp.training.tensors import tensor_bytes, tensors_of
from tests.conftest import TINY, Outcome, read_npz

Rnnexp = Callable[..., Outcome]
CPU = torch.device("cpu")


class Epochs(Probe):
    """Notes the epochs at which it is asked."""

    def measure(self, view: ProbeView) -> Measurement:
        return {"asked": float(view.epoch), "row": np.arange(float(view.epoch))}


@pytest.mark.parametrize(
    ("schedule", "epochs"),
    [
        ((True, 1, True), [0, 1, 2, 3, 4, 5]),
        ((False, 2, False), [2, 4]),
        ((True, 0, True), [0, 5]),
        ((False, 0, True), [5]),
        ((True, 0, False), [0]),
        ((False, 2, True), [2, 4, 5]),
    ],
)
def test_the_schedule(schedule: tuple[bool, int, bool], epochs: list[int]) -> None:
    saved: dict[str, np.ndarray] = {}
    task = RandomTokens(seq_len=5, count=20)
    model = RNN(Learned(task.vocabulary, 2), 2, hidden_size=2)
    probes = ProbeSet({"asked": Epochs(*schedule)}, model, task, 0, CPU)
    for epoch in range(6):
        probes.measure(epoch, 7 * epoch, epoch == 5, lambda name, arrays: saved.update(arrays))
    assert saved["epoch"].tolist() == epochs
    assert saved["step"].tolist() == [7 * epoch for epoch in epochs]
    assert saved["asked"].tolist() == epochs
    assert saved["row"].shape == (len(epochs), max(epochs))
    assert probes.scalars() == {"asked": {"asked": float(epochs[-1])}}


def test_a_long_run_does_not_write_every_time() -> None:
    written = []
    task = RandomTokens(seq_len=2, count=20)
    model = RNN(Learned(task.vocabulary, 2), 2, hidden_size=2)
    probes = ProbeSet({"asked": Epochs()}, model, task, 0, CPU)
    for epoch in range(1000):
        probes.measure(epoch, epoch, epoch == 999, lambda name, a: written.append(len(a["epoch"])))
    assert written[:9] == list(range(1, 10))
    assert written[-1] == 1000
    assert len(written) < 100


def test_examples_are_the_same_all_through_and_the_longest_fill_the_width() -> None:
    task = RandomTokens(seq_len=5, count=1000)
    model = RNN(Learned(task.vocabulary, 2), 2, hidden_size=2)
    first, again, other = (ProbeSet({}, model, task, seed, CPU) for seed in (0, 0, 1))
    assert torch.equal(first.examples.inputs, again.examples.inputs)
    assert not torch.equal(first.examples.inputs, other.examples.inputs)
    assert first.longest.lengths.tolist() == [5] * 32


class Ragged(Probe):
    """Numbers and arrays whose shapes and keys differ from one measurement to the next."""

    rolls_out = False

    def measure(self, view: ProbeView) -> Measurement:
        drawn = np.random.default_rng(view.epoch)
        values: Measurement = {"number": drawn.normal(), "zero_dimensional": np.array(1.0)}
        values["row"] = drawn.normal(size=drawn.integers(0, 5))
        values["table"] = drawn.normal(size=tuple(drawn.integers(1, 4, 2)))
        if view.epoch % 3 == 1:
            values["sometimes"] = drawn.normal()
            values["sometimes_row"] = drawn.normal(size=view.epoch)
        return values


class FailsAt(Probe):
    """Measures the epoch, and raises an error at some."""

    def __init__(self, *epochs: int, error: BaseException | None = None) -> None:
        super().__init__()
        self.epochs, self.error = epochs, error or ZeroDivisionError("no such\nnumber")

    def measure(self, view: ProbeView) -> Measurement:
        if view.epoch in self.epochs:
            raise self.error
        return {"epoch_seen": float(view.epoch)}


def probe_set(**probes: Probe) -> ProbeSet:
    task = RandomTokens(seq_len=5, count=20)
    return ProbeSet(probes, RNN(Learned(task.vocabulary, 2), 2, hidden_size=2), task, 0, CPU)


class Files(dict[str, bytes]):
    """The bytes of each probe's file, as it is written last."""

    def save(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        self[name] = content.getvalue()

    def read(self, name: str) -> dict[str, Any]:
        if name not in self:
            return {}
        with np.load(io.BytesIO(self[name])) as arrays:
            return {key: arrays[key] for key in arrays.files}


def in_a_checkpoint(
    state: tuple[dict[str, torch.Tensor], dict[str, Any]],
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """As it comes back from a checkpoint's files."""
    tensors, rest = state
    return tensors_of(tensor_bytes(tensors)), json.loads(json.dumps(rest))


EPOCHS = 30


def three_probes() -> ProbeSet:
    return probe_set(ragged=Ragged(), often=Epochs(False, 2, False), failing=FailsAt(1, 5))


def measure(probes: ProbeSet, epochs: range, files: Files) -> None:
    for epoch in epochs:
        probes.measure(epoch, 7 * epoch, epoch == EPOCHS - 1, files.save)


@pytest.mark.parametrize("ahead", [0, 4])
@pytest.mark.parametrize("stop", [0, 1, 7, 22, 23, 29])
def test_restored_probes_end_as_if_never_interrupted(stop: int, ahead: int) -> None:
    """From the state after any epoch, the last too, and files that lag behind or were written
    again since: 30 epochs, after some of which nothing is written.
    """
    whole, whole_files = three_probes(), Files()
    measure(whole, range(EPOCHS), whole_files)
    before, files = three_probes(), Files()
    measure(before, range(stop + 1), files)
    state, scalars = in_a_checkpoint(before.state()), before.scalars()
    seconds, failures = before.seconds, before.failures
    measure(before, range(stop + 1, min(stop + 1 + ahead, EPOCHS)), files)

    after = three_probes()
    after.restore(*state, files.read)
    assert after.scalars() == scalars
    assert (after.seconds, after.failures) == (seconds, failures)
    measure(after, range(stop + 1, EPOCHS), files)
    assert files == whole_files
    assert after.scalars() == whole.scalars()
    assert after.failures == whole.failures


def test_a_state_holds_what_the_files_lack() -> None:
    probes, files = probe_set(often=Epochs()), Files()
    lags = set()
    for epoch in range(40):
        probes.measure(epoch, epoch, False, files.save)
        _, state = probes.state()
        saved = len(files.read("often")["epoch"])
        assert [epoch for epoch, _, _ in state["latest"]["often"]] == list(
            range(min(saved, epoch), epoch + 1)
        )
        assert state["in_file"]["often"] == min(saved, epoch)
        lags.add(epoch + 1 - saved)
    assert lags == {0, 1, 2, 3, 4}


def test_a_file_that_lags_behind_is_written_after_a_restore() -> None:
    probes, files = probe_set(often=Epochs()), Files()
    for epoch in range(24):
        probes.measure(epoch, epoch, False, files.save)
    assert len(files.read("often")["epoch"]) < 24
    again = probe_set(often=Epochs(at_end=False, every=0))  # never asked again
    again.restore(*probes.state(), files.read)
    again.measure(24, 24, True, files.save)
    assert files.read("often")["epoch"].tolist() == list(range(24))


@pytest.mark.parametrize("kept", [0, 3])
def test_a_file_that_has_lost_measurements_is_no_start(kept: int) -> None:
    probes, files, lost = probe_set(often=Epochs()), Files(), Files()
    for epoch in range(9):
        probes.measure(epoch, epoch, False, files.save)
    if kept:
        lost.save("often", {key: array[:kept] for key, array in files.read("often").items()})
    message = f"probe often: its file holds {kept} of 8 measurements that were made before"
    with pytest.raises(ValueError, match=message):
        probe_set(often=Epochs()).restore(*probes.state(), lost.read)


def test_an_error_costs_its_measurement_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    saved: dict[str, Any] = {}
    probes = probe_set(failing=FailsAt(1, 3), unreadable=Unreadable(), sound=Epochs())
    with caplog.at_level(logging.WARNING):
        for epoch in range(4):
            probes.measure(epoch, epoch, epoch == 3, saved.__setitem__)
    assert saved["failing"]["epoch_seen"].tolist() == [0.0, 2.0]
    assert saved["sound"]["epoch"].tolist() == [0, 1, 2, 3]
    assert "unreadable" not in saved
    assert probes.failures == {
        "failing": "epoch 1: ZeroDivisionError: no such (the first of 2)",
        "unreadable": "epoch 0: ValueError: 'word' is no number and no array of numbers "
        "(could not convert string to float: 'often') (the first of 4)",
    }
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "probe failing measured nothing at epoch 1: ZeroDivisionError: no such" in warnings
    assert len(warnings) == 6


class Unreadable(Probe):
    def measure(self, view: ProbeView) -> Measurement:
        return {"word": "often"}  # type: ignore[dict-item]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit()])
def test_what_ends_a_run_still_ends_it(stop: BaseException) -> None:
    with pytest.raises(type(stop)):
        probe_set(failing=FailsAt(0, error=stop)).measure(0, 0, False, lambda name, arrays: None)


def test_a_run_outlives_its_probes(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends well, trains to the same bytes, draws what there is and says what failed."""
    (workdir / "failing.py").write_text(
        "from rnnexp.probes.base import Probe\n"
        "class Failing(Probe):\n"
        "    def measure(self, view):\n"
        "        if view.epoch != 1:\n"
        "            raise RuntimeError('no memory for that')\n"
        "        return {'answer': 1.0}\n"
    )
    monkeypatch.syspath_prepend(str(workdir))
    few = (*TINY, "trainer.epochs=2", "probes=[grad_norm]")
    mine = ("name=with", "+probes.mine._target_=failing.Failing", "plots=true")
    outcome = rnnexp(*few, *mine)
    assert outcome.status == 0, outcome.err
    assert rnnexp(*few, "name=without").status == 0
    watched, alone = sorted((workdir / "outputs" / "runs").iterdir())
    assert (watched / "metrics.csv").read_bytes() == (alone / "metrics.csv").read_bytes()
    for epoch in (0, 2):
        line = f"probe mine measured nothing at epoch {epoch}: RuntimeError: no memory for that"
        assert line in outcome.out + outcome.err
        assert line in (watched / "rnnexp.log").read_text()
    assert read_npz(watched / "probes" / "mine.npz")["epoch"].tolist() == [1]
    summary = json.loads((watched / "summary.json").read_text())
    assert summary["status"] == "finished"
    assert summary["probes"]["mine"] == {"answer": 1.0}
    assert {path.stem for path in (watched / "plots").iterdir()} >= {
        "grad_norm",
        "mine_numbers",
    }
