"""Launchers that start jobs elsewhere: what is checked here, what there, and what is missing."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher

from rnnexp.command import side_by_side
from rnnexp.experiment import devices
from rnnexp.experiment.checked import Checked
from rnnexp.results.runs import RunDirectory
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]

STUDY = Path("outputs/studies/s")
WORDS = ("-m", "data=parity", "seq_len=5", "trainer.steps=2", "data.val_count=20", "probes=none",
         "data.test_count=20", "model=rnn", "model.hidden_size=4", "plots=false", "study=s",
         "seed=0,1", "threads=1")  # fmt: skip


class Far(BasicLauncher):
    """A launcher that rnnexp does not know: its jobs may run on any machine."""

    __module__ = "hydra_plugins.far"  # where Hydra looks for launchers that are not its own
    launched: ClassVar[list[list[str]]] = []

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        Far.launched += [list(words) for words in job_overrides]
        return super().launch(job_overrides, initial_job_idx)


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Far]]:
    module = ModuleType(Far.__module__)
    module.Far = Far  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, Far.__module__, module)
    monkeypatch.setattr("hydra_plugins.far", module, raising=False)
    plugins = Plugins.instance()
    plugins.register(Far)
    node = {"_target_": "hydra_plugins.far.Far"}
    ConfigStore.instance().store(group="hydra/launcher", name="far", node=node, provider="test")
    Far.launched = []
    yield Far
    del ConfigStore.instance().repo["hydra"]["launcher"]["far.yaml"]
    plugins.plugin_type_to_subclass_list[Launcher].remove(Far)  # type: ignore[type-abstract]


def reasons() -> list[str | None]:
    return [RunDirectory(path.parent).summary.reason for path in STUDY.glob("*/summary.json")]


def test_a_device_that_is_not_here_is_looked_for_where_the_jobs_run(
    rnnexp: Rnnexp, far: type[Far], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    outcome = rnnexp(*WORDS, "hydra/launcher=far", "device=cuda", "trainer.precision=bf16")
    assert outcome.out.count("device=cuda is not here: it is looked for where the jobs run") == 1
    assert len(far.launched) == 2, outcome.err
    assert reasons() == [
        "ConfigError: device=cuda is not there: use device=cpu or device=auto"
    ] * 2  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["device=gpu"], "device must be auto, cpu, cuda, cuda:N or mps (got gpu)"),
        (["device=cuda", "trainer.steps=x"], "trainer.steps"),
        (["device=cuda", "model.hiden_size=4"], "unknown setting 'model.hiden_size'"),
        (["device=cuda", "data.val_count=-1"], "data.val_count"),
        (["device=cuda", "trainer.precision=half"], "trainer.precision"),
    ],
)
def test_all_else_is_told_here_and_nothing_is_written(
    rnnexp: Rnnexp, far: type[Far], words: Sequence[str], message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    outcome = rnnexp(*WORDS, "hydra/launcher=far", *words)
    assert outcome.status == 2
    assert message in outcome.error
    assert not far.launched
    assert not Path("outputs").exists()


@pytest.mark.parametrize("launcher", ["auto", "basic", "joblib", "two_at_a_time"])
def test_a_launcher_of_this_machine_looks_for_the_device_first(
    rnnexp: Rnnexp, launcher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    outcome = rnnexp(*WORDS, f"hydra/launcher={launcher}", "device=cuda")
    assert outcome.status == 2
    assert "device=cuda is not there" in outcome.error
    assert not Path("outputs").exists()


@pytest.mark.parametrize(
    ("launcher", "command"),
    [
        ("ray", "pip install hydra-ray-launcher==1.2.2 'ray>=2.60'"),
        ("ray_cluster", "pip install hydra-ray-launcher==1.2.2 'ray>=2.60'"),
    ],
)
@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed here")
def test_what_is_not_installed_is_told_with_the_command(
    rnnexp: Rnnexp, launcher: str, command: str
) -> None:
    outcome = rnnexp(*WORDS, f"hydra/launcher={launcher}")
    assert outcome.status == 2
    assert command in outcome.error
    assert "hydra/launcher=ray needs Ray" in outcome.error
    assert not Path("outputs").exists()


@pytest.mark.isolated
def test_of_two_gpus_each_job_sees_one(rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two GPUs that are not there: what each job is given is in its environment."""
    given: list[str] = []

    def noted(spec: Any, command: Any, stop: Any, environment: dict[str, str]) -> None:
        given.append(environment["CUDA_VISIBLE_DEVICES"])

    of = Checked.of
    monkeypatch.setattr(Checked, "of", lambda experiment: replace(of(experiment), device="cuda"))
    monkeypatch.setattr(devices, "gpus", lambda: ("3", "5"))
    monkeypatch.setattr("rnnexp.bounds.own_cores", lambda: 8)
    monkeypatch.setattr(side_by_side.study_jobs, "job_of_study", noted)
    outcome = rnnexp(*WORDS, "seed=0,1,2")
    assert "2 jobs at a time: each of 2 GPUs has one" in outcome.out
    assert len(given) == 3
    assert set(given) == {"3", "5"}
