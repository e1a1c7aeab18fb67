"""`rnnexp.run` is the command, and leaves the process as it was."""

import csv
import json
import logging
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

import rnnexp as package
from rnnexp import bounds, plugins
from rnnexp import config as settings
from rnnexp.errors import ConfigError, DataError
from rnnexp.experiment import work
from rnnexp.experiment.denormals import flushes_denormals
from rnnexp.experiment.run_spec import validation_score
from rnnexp.experiment.spec import RunSpec
from tests.conftest import HANGS, TINY, Outcome, wait_until

WORDS = (*TINY, "model=rnn", "threads=1", "name=same")


def test_it_leaves_what_the_command_leaves(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    assert rnnexp(*WORDS).status == 0
    (by_command,) = (workdir / "outputs" / "runs").iterdir()
    run = package.run(WORDS)
    assert isinstance(run, package.Run)
    assert run.path != by_command
    assert run.path.name.partition("_rnn")[2] == by_command.name.partition("_rnn")[2]
    names = [
        {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
        for path in (by_command, run.path)
    ]
    assert names[0] == names[1]
    for name in ("metrics.csv", "config.yaml", "task.json", "predictions/test.npz"):
        assert (by_command / name).read_bytes() == (run.path / name).read_bytes(), name
    one, other = (json.loads((p / "summary.json").read_text()) for p in (by_command, run.path))
    measured = {"started", "seconds", "wall_seconds", "probe_seconds", "tokens_per_second",
                "peak_memory_mb"}  # fmt: skip
    assert {k: v for k, v in one.items() if k not in measured} == {
        k: v for k, v in other.items() if k not in measured
    }
    assert run.summary.fingerprint == one["fingerprint"]


def test_a_quiet_run_shows_nothing_and_leaves_the_same(
    workdir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loud = package.run([*WORDS])
    assert "test accuracy" in capfd.readouterr().out
    quiet = package.run([*WORDS], quiet=True)
    assert capfd.readouterr().out == ""
    assert quiet.directory.content("metrics.csv") == loud.directory.content("metrics.csv")
    assert "test accuracy" in (quiet.path / "rnnexp.log").read_text()


def test_a_study_is_the_same_study(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    words = (*TINY, "model=rnn,bag", "seed=0,1", "study=s", "probes=none")
    study = package.run(words, multirun=True)
    assert isinstance(study, package.LoadedStudy)
    assert len(study.runs) == 4
    assert [group.factors["model"] for group in study.groups()] == ["rnn", "bag"]
    outcome = rnnexp("-m", *words)
    assert outcome.out.count("done before") == 4
    assert package.load_study(study.path).path == study.path


def test_the_process_is_left_as_it_was(workdir: Path) -> None:
    handlers = list(logging.getLogger().handlers)
    level = logging.getLogger("rnnexp").level
    random, threads = torch.get_rng_state(), torch.get_num_threads()
    arguments = list(sys.argv)
    mine = logging.FileHandler("mine.log", mode="w")
    logging.getLogger("mine").addHandler(mine)
    plugin_types = list(Plugins.instance().plugin_type_to_subclass_list[SearchPathPlugin])
    package.run([*WORDS, "probes=none"])
    logging.getLogger("mine").warning("my own log goes on")
    mine.close()
    logging.getLogger("mine").removeHandler(mine)
    assert "my own log goes on" in Path("mine.log").read_text()
    assert Plugins.instance().plugin_type_to_subclass_list[SearchPathPlugin] == plugin_types
    assert not flushes_denormals()
    assert torch.equal(torch.get_rng_state(), random)
    assert (torch.get_num_threads(), sys.argv) == (threads, arguments)
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger("rnnexp").level == level
    assert not GlobalHydra.instance().is_initialized()


def test_somebody_elses_hydra_goes_on(workdir: Path) -> None:
    with initialize_config_dir(str(plugins.own_config_dir()), version_base="1.3"):
        package.run([*WORDS, "probes=none"])
        assert compose("config", overrides=["seq_len=7"]).seq_len == 7


def test_denormal_numbers_of_all_threads_are_kept() -> None:
    """The threads that torch starts keep the mode that they were started in: in a process of its
    own, the next product of a notebook is computed as before, by each of them."""
    code = (
        "import torch, rnnexp\n"
        "torch.set_num_threads(2)\n"
        f"rnnexp.run({[w for w in WORDS if w != 'threads=1'] + ['probes=none']!r})\n"
        "tiny = torch.full((4_000_000,), 1e-40)\n"
        "print(int((tiny * 1.0 == 0).sum()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0"


def test_errors_are_raised(workdir: Path) -> None:
    with pytest.raises(ConfigError, match="seq_len must be at least 1"):
        package.run(["seq_len=0"])
    with pytest.raises(ConfigError, match="is neither a setting"):
        package.run(["lstm"])
    with pytest.raises(ConfigError, match="there is no such folder"):
        package.run([], config_dir="nowhere")
    with pytest.raises(
        ConfigError, match=r"seq_len must be at least 1 \(got 0\) \[in data=parity seq_len=0\]"
    ):
        package.run(["data=parity", "seq_len=5,0"], multirun=True)
    with pytest.raises(ConfigError, match="overrides is a list of words"):
        package.run("seed=1")
    for path, message in (("nowhere", "is no study"), (".", "is no study")):
        with pytest.raises(DataError, match=message):
            package.load_study(path)
    with pytest.raises(ConfigError, match="'--help' is an option"):
        package.run(["--help"])
    assert not list(workdir.glob("outputs/*/*"))


def score_told(*words: str) -> tuple[package.Run, float | None]:
    """What a job tells a sweeper of Hydra's."""
    run = package.run([*words, "probes=none"])
    assert isinstance(run, package.Run)
    spec = RunSpec(settings.plain(OmegaConf.load(run.path / "config.yaml")))
    return run, validation_score(spec, run.summary)


def test_the_last_validation_score_is_what_a_job_returns(workdir: Path) -> None:
    run, score = score_told(*WORDS)
    last = float((run.path / "metrics.csv").read_text().splitlines()[-1].split(",")[-1])
    assert score == pytest.approx(last)
    assert score_told(*WORDS, "data.split=80/20")[1] is None
    diverged = score_told(*TINY, "model=linear", "optimizer.lr=1e38", "optimizer=sgd")[1]
    assert diverged is not None
    assert math.isnan(diverged)


def test_a_monitored_score_is_what_a_job_returns_at_its_best(workdir: Path) -> None:
    words = [*TINY, "trainer.epochs=4", "optimizer.lr=0.3"]
    for monitor, best in (("loss", min), ("accuracy", max)):
        run, score = score_told(*words, f"trainer.monitor={monitor}")
        rows = csv.DictReader((run.path / "metrics.csv").read_text().splitlines())
        values = [float(row[f"val_{monitor}"]) for row in rows]
        assert score == pytest.approx(best(values))
        assert score == run.summary.best_validation


def test_an_interrupt_reaches_the_run(workdir: Path) -> None:
    """Ctrl-C, or a notebook's stop button: the run says so, and the caller goes on."""
    code = (
        "import rnnexp\n"
        "try:\n"
        f"    rnnexp.run([*{TINY!r}, 'data.limit=400', 'trainer.epochs=100000', 'threads=1'])\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted, and going on')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        wait_until(lambda: any(workdir.glob("outputs/runs/*/metrics.csv")))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=HANGS)
    finally:
        process.kill()
    assert out.splitlines()[-1] == "interrupted, and going on"
    (run,) = workdir.glob("outputs/runs/*")
    assert package.load_run(run).summary.status == "interrupted"
    assert len(list(run.glob("checkpoints/epoch_*/manifest.json"))) == 1


def test_threads_take_turns(workdir: Path) -> None:
    """Hydra's state is the process': a second run waits for the first."""
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda seed: package.run([*WORDS, f"seed={seed}"]), range(3)))
    assert [run.summary.seed for run in runs] == [0, 1, 2]
    assert {run.summary.status for run in runs} == {"finished"}


def test_the_callers_threads_are_taken_anew_each_time(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the most that a run may take, of a work that would gain from more."""
    monkeypatch.setattr(bounds, "own_cores", lambda: 8)
    monkeypatch.setattr(work, "PER_THREAD", 1)
    before = torch.get_num_threads()
    words = [word for word in WORDS if not word.startswith("threads=")]
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            run = package.run([*words, "probes=none"])
            environment = json.loads((run.path / "environment.json").read_text())
            assert environment["threads"] == threads
    finally:
        torch.set_num_threads(before)
