"""Jobs of a study that run side by side: the same results, the largest first."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_store import ConfigStore

from rnnexp import bounds
from rnnexp.results import report
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]

WORDS = ("-m", "data=parity", "seq_len=5", "trainer.steps=2", "data.val_count=5",
         "data.test_count=20", "model=rnn", "model.hidden_size=4", "plots=false", "probes=none",
         "study=s")  # fmt: skip
STUDIES = Path("outputs/studies")


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "draw", lambda *arguments: None)


def left(study: str) -> dict[str, bytes]:
    """What each job has left that must not depend on the others."""
    names = ("metrics.csv", "weights.safetensors", "task.json", "predictions/test.npz")
    return {
        path.relative_to(STUDIES / study).as_posix(): path.read_bytes()
        for name in names
        for path in (STUDIES / study).glob(f"*/{name}")
    }


def order(outcome: Outcome) -> list[str]:
    return re.findall(r"^#\d+", outcome.out, re.MULTILINE)


@pytest.mark.isolated
def test_however_many_at_a_time_the_results_are_the_same(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*WORDS, "seed=0,1,2", "trainer.steps=20")
    said = {}
    for cores in (1, 3):
        monkeypatch.setattr(bounds, "own_cores", lambda cores=cores: cores)
        outcome = rnnexp(*words, f"study=on_{cores}")
        assert outcome.status == 0, outcome.err
        said[cores] = outcome.out.splitlines()
    outcome = rnnexp(*words, "study=basic", "hydra/launcher=basic")
    assert outcome.status == 0, outcome.err
    assert left("on_1") == left("on_3") == left("basic")
    assert len(left("basic")) == 3 * 4
    assert "1 job at a time: 1 core, 1 thread each" in [line.strip() for line in said[1]]
    assert "3 jobs at a time: 3 cores, 1 thread each" in [line.strip() for line in said[3]]
    assert "at a time" not in outcome.out
    summaries = [json.loads(f.read_text()) for f in sorted(STUDIES.glob("on_3/*/summary.json"))]
    assert [summary["job"] for summary in summaries] == [0, 1, 2]
    assert len({summary["process"]["pid"] for summary in summaries} - {os.getpid()}) == 3


def test_the_largest_come_first_under_their_own_numbers(rnnexp: Rnnexp) -> None:
    """And where they were when the study is read: in the order of their settings."""
    outcome = rnnexp(*WORDS, "seq_len=5,20", "model.hidden_size=4,64", "seed=0")
    assert outcome.status == 0, outcome.err
    assert order(outcome) == ["#4", "#3", "#2", "#1"]
    assert "1 job at a time: jobs.isolate=false keeps them in this process" in outcome.out


def test_what_was_decided_is_written_down(rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "own_cores", lambda: 4)
    assert rnnexp(*WORDS, "seed=0,1", "threads=1").status == 0
    (file,) = STUDIES.glob("s/.planned/*")
    plan = json.loads(file.read_text())
    assert set(plan["threads"].values()) == {1}
    assert plan["work"].keys() == plan["threads"].keys() == set(plan["fingerprints"])
    assert min(plan["work"].values()) > 0
    assert rnnexp(*WORDS, "seed=0,1", "threads=1").status == 0  # and the same again
    assert list(STUDIES.glob("s/.planned/*")) == [file]


def test_jobs_that_choose_the_same_are_composed_once(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study itself, and one composition for each choice among its jobs."""
    asked: list[list[str]] = []
    load = ConfigLoaderImpl._load_configuration_impl

    def counted(self: ConfigLoaderImpl, **words: object) -> object:
        asked.append(list(words["overrides"]))  # type: ignore[call-overload]
        return load(self, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(ConfigLoaderImpl, "_load_configuration_impl", counted)
    outcome = rnnexp(*WORDS, "seed=0,1,2", "seq_len=5,6", "model=rnn,gru")
    assert outcome.status == 0, outcome.err
    assert len(order(outcome)) == 12
    assert len(asked) == 3, asked


@pytest.mark.parametrize("asked", ["0", "-1", "1.5", "two", "true"])
def test_a_number_that_is_none(rnnexp: Rnnexp, asked: str) -> None:
    outcome = rnnexp(*WORDS, f"hydra.launcher.n_jobs={asked}")
    assert outcome.status == 2
    assert "hydra.launcher.n_jobs must be a whole number from 1 on" in outcome.error
    assert not Path("outputs").exists()


@pytest.mark.isolated
def test_variables_for_the_jobs_reach_them(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hydra.job.env_set, which Hydra's own launchers set in this process."""
    package = workdir / "telling"
    (package / "conf" / "init").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "conf/init/telling.yaml").write_text("_target_: telling.init.Telling\n")
    (package / "init.py").write_text(
        "import os\nfrom rnnexp.init.default import Default\n\n\n"
        "class Telling(Default):\n"
        "    def __call__(self, model, generator):\n"
        "        super().__call__(model, generator)\n"
        "        print('told', os.environ.get('MINE'))\n"
    )
    words = (
        "--config-dir",
        "telling/conf",
        "init=telling",
        "+hydra.job.env_set.MINE=x",
        "seed=0,1",
    )
    outcome = rnnexp(*WORDS, *words)
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("told x") == 2
    assert "MINE" not in os.environ


def test_hydra_s_own_default_is_put_back(rnnexp: Rnnexp) -> None:
    def default() -> str:
        defaults = ConfigStore.instance().load("hydra/config.yaml").node.defaults
        return str(next(item.launcher for item in defaults if "launcher" in item))

    assert default() == "basic"
    assert "SideBySide" in rnnexp("--cfg", "hydra").out
    assert default() == "basic"
