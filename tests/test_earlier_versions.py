"""What earlier versions left is found done, reported, predicted from and loaded.

tests/kept/version_0.1 was made by the first version; its README says how.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import rnnexp as package
from rnnexp import plugins
from rnnexp.experiment.build import build
from rnnexp.experiment.job import _earlier_jobs
from rnnexp.experiment.load import load_model
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.runs import RunDirectory
from rnnexp.types import Batch
from tests.conftest import Outcome, read_npz

KEPT = Path(__file__).parent / "kept" / "version_0.1"

COMMAND = (
    "-m", "data.limit=60", "data.vocab_size=40", "seq_len=8", "model=rnn,lstm",
    "model.hidden_size=4", "embedding.dim=4", "trainer=smoke", "seed=0,1", "study=study",
    "probes=all", "probes.hidden_dynamics.per_class=1", "clip=norm", "init=normal,irnn",
    "plots=false", "threads=1",
    "probes.lyapunov.examples=1",  # the default then; now four
)  # fmt: skip


#: Probes that came later: `probes=all` asks for them too, and a run without them is made again.
SINCE = ("class_separation", "effective_memory", "fixed_points", "parameter_sensitivity")


@pytest.fixture
def study(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The study of version 0.1, where the command that made it would look."""
    files = plugins.option_files

    def of_then(group: str) -> Any:
        found = files(group)
        return {name: path for name, path in found.items() if name not in SINCE}

    monkeypatch.setattr(plugins, "option_files", of_then)
    place = workdir / "outputs" / "studies" / "study"
    shutil.copytree(KEPT / "study", place)
    _earlier_jobs.cache_clear()
    yield place
    _earlier_jobs.cache_clear()


def jobs(study: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime for path in study.glob("*/metrics.csv")}


def test_the_same_command_finds_all_of_it_done(rnnexp: Callable[..., Outcome], study: Path) -> None:
    before = jobs(study)
    outcome = rnnexp(*COMMAND)
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("done before") == 8
    assert jobs(study) == before
    assert not (study / "superseded").exists()


def test_it_can_be_continued(rnnexp: Callable[..., Outcome], study: Path) -> None:
    """New jobs stand beside the old ones, in one table without a setting that is none."""
    words = [word.replace("seed=0,1", "seed=0,1,2") for word in COMMAND]
    outcome = rnnexp(*(word.replace("normal,irnn", "normal") for word in words))
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("done before") == 4
    assert len(jobs(study)) == 10
    found = package.load_study(study)
    assert found.factors == ["model", "init"]
    assert {len(group.runs) for group in found.groups() if group.factors["init"] == "normal"} == {3}


def test_other_probes_or_other_data_are_run_again(
    rnnexp: Callable[..., Outcome], study: Path
) -> None:
    words = [word.replace("probes=all", "probes=[grad_norm]") for word in COMMAND]
    words = [w for w in words if not w.startswith("probes.")]
    words = [w.replace("0,1", "0").replace("rnn,lstm", "rnn").replace(",irnn", "") for w in words]
    before = len(jobs(study))
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    assert "done before" not in outcome.out
    assert len(list((study / "superseded").iterdir())) == 1
    assert len(jobs(study)) == before
    again = rnnexp(*words)
    assert again.out.count("done before") == 1
    assert len(list((study / "superseded").iterdir())) == 1


def test_it_is_reported(rnnexp: Callable[..., Outcome], study: Path) -> None:
    outcome = rnnexp("report", str(study))
    assert outcome.status == 0, outcome.err
    assert "beats chance" in outcome.out
    assert (study / "plots" / "scores.png").is_file()
    gated = next(path for path in sorted(study.glob("lstm_*")))
    assert rnnexp("report", str(gated)).status == 0
    assert (gated / "plots" / "gates.png").is_file()


def test_it_is_predicted_from(rnnexp: Callable[..., Outcome]) -> None:
    for run in sorted((KEPT / "study").glob("*_*")):
        outcome = rnnexp("predict", str(run), "a film with a plot, and a good one", "--steps")
        assert outcome.status == 0, outcome.err
        assert "label:" in outcome.out


@pytest.mark.parametrize("name", ["recall", "adding"])
def test_the_models_of_memory_tasks_are_loaded(name: str) -> None:
    """The first version could not; its files lack the sizes, and the task is asked for them."""
    run = package.load_run(KEPT / name)
    assert outputs_of(run.directory) == pytest.approx(
        read_npz(KEPT / name / "predictions/test.npz")["outputs"]
    )


def outputs_of(run: RunDirectory) -> object:
    """What the loaded model answers to the run's own test split."""
    model = load_model(run).eval()
    test = build(RunSpec.of_run(run)).task.split("test")
    with torch.no_grad():
        return model(Batch(test.inputs, test.targets, test.lengths)).numpy()
