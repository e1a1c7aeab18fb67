"""What all tests share: an empty working directory, the command, and small corpora."""

import functools
import gzip
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import hydra
import numpy as np
import pytest
import torch
import yaml

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.command import monitor, study_jobs
from rnnexp.command.hydra import store_all_probes
from rnnexp.command.main import main
from rnnexp.results.figures import style
from rnnexp.results.liveness import this_process
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary

# Tiny models gain nothing from threads, and threads that wait for a busy core lose a lot.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"


#: The summary of a run that this process has begun.
BEGUN = Summary(status="running", seed=0, process=this_process())


def new_run(title: str, root: Path = Path("outputs/runs")) -> RunDirectory:
    """A run's directory, of a run that this process is at."""
    return RunDirectory.create(title, root, BEGUN, "# rnnexp\n{}\n")


#: Overrides that make a run take well under a second.
TINY = ("data.limit=100", "seq_len=12", "model.hidden_size=8", "embedding.dim=8",
        "trainer.epochs=1", "plots=false")  # fmt: skip

#: Seconds after which what is waited for is taken to hang. It ends a test that would never end, and
#: says nothing about speed: the machine may be busy with other things.
HANGS = 900.0


def wait_until(condition: Callable[[], bool], every: float = 0.05) -> None:
    """Wait for another process, or thread, to come so far."""
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(every)


TINY_MODEL = ("model.hidden_size=4", "plots=false", "threads=1")


def _small(task: str) -> tuple[str, ...]:
    """Words that make a task take a second; it reads `texts.csv`, `series.csv` or `mnist`."""
    config = settings_of(plugins.own_config_dir() / "data" / f"{task}.yaml")
    if "test_count" in config:  # made by a program
        words = ["seq_len=12", "trainer.steps=3", "data.val_count=5", "data.test_count=20"]
    else:
        words = ["seq_len=64" if "pool" in config else "seq_len=8", "trainer.epochs=1"]
        words += [f"data.{key}=60" for key in ("limit", "count") if key in config][:1]
    if "id_column" in config:
        words += ["data.path=series.csv", "data.id_column=id", "data.time_column=time",
                  "data.value_columns=[value,other]"]  # fmt: skip
        words += ["data.label_column=target"] if task == "series_regression" else []
    elif "path" in config:
        column = "label" if "label_case" in config else "number"
        words += ["data.path=texts.csv", "data.text_column=text", f"data.label_column={column}"]
    if "checksums" in config:  # nothing is ever downloaded: no one listens there
        words += ["data.folder=mnist", "data.pool=4", "data.url=http://127.0.0.1:9"]
    return tuple(words)


def settings_of(path: Path) -> dict[str, Any]:
    """What a file of choices sets, and those that it begins from. To compose takes far longer."""
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    inherited: dict[str, Any] = {}
    for base in values.pop("defaults", []):
        inherited |= settings_of(path.with_name(f"{base}.yaml"))
    return inherited | values


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("RNNEXP_TEST_DATA"):
        return
    skip = pytest.mark.skip(reason="RNNEXP_TEST_DATA names no folder of real reviews")
    for item in items:
        if "realdata" in item.keywords:
            item.add_marker(skip)


@pytest.fixture
def realdata() -> Path:
    return Path(os.environ["RNNEXP_TEST_DATA"]).resolve()


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty directory of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("HYDRA_FULL_ERROR", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    # sentences stay whole, to be looked for: how they are wrapped, test_layout.py says
    monkeypatch.setenv("COLUMNS", "10000")
    monkeypatch.setattr(style, "DPI", 30)  # writing a large picture takes most of a figure's time
    # a study tells now and then how far it is: not where a busy machine lets a test take so long
    monkeypatch.setattr(monitor, "LINE", HANGS)
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run puts 40 files on the disk by fsync, which takes as long as all that it computes here.

    No test pulls the plug. That a failing fsync is told is tried in processes of their own
    (tests/faults/test_io.py), and theirs is the system's.
    """

    def checked(descriptor: int) -> None:
        os.fstat(descriptor)  # a descriptor that is closed stays a fault

    monkeypatch.setattr(os, "fsync", checked)


@pytest.fixture(autouse=True)
def packages_are_forgotten() -> Iterator[None]:
    """Folders of choices that a test names are known to its process, and would be to the next."""
    yield
    plugins.forget()


@pytest.fixture(autouse=True)
def jobs_stay_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of studies run in the test's own process, where it may change what they do.

    Those of a command in a process of its own, and of tests marked `isolated`, run as users' do.
    """
    if "isolated" not in request.keywords:
        monkeypatch.setattr(study_jobs, "isolates", lambda spec: False)


@functools.cache
def _composed(words: tuple[str, ...]) -> str:
    store_all_probes()
    with hydra.initialize_config_dir(str(plugins.own_config_dir()), version_base="1.3"):
        return json.dumps(settings.plain(hydra.compose("config", overrides=list(words))))


def composed(*words: str) -> dict[str, Any]:
    """The plain configuration that the words give; composed once for all tests."""
    config: dict[str, Any] = json.loads(_composed(words))
    return config


#: Each task there is, small.
TASKS = {name: _small(name) for name in plugins.option_files("data")}

#: Those that a program makes.
GENERATED = [
    name
    for name in TASKS
    if "test_count" in settings_of(plugins.own_config_dir() / "data" / f"{name}.yaml")
]


def script(path: Path) -> ModuleType:
    """A script as a module, which is not run by being loaded."""
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def read_npz(path: Path) -> dict[str, Any]:
    """The arrays of a file, which is closed again."""
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that an error prints."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


@pytest.fixture
def rnnexp(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """The `rnnexp` command in this process."""

    def run(*arguments: str) -> Outcome:
        capfd.readouterr()
        status = main(arguments)
        return Outcome(status, *capfd.readouterr())

    return run


@pytest.fixture
def run_directory(workdir: Path) -> Callable[[], Path]:
    """The one run that was made."""

    def find() -> Path:
        (path,) = (workdir / "outputs" / "runs").iterdir()
        return path

    return find


@pytest.fixture
def csv_file(workdir: Path) -> Callable[..., Path]:
    """A table of texts whose class, and whose number, is told by one of their words."""

    def write(rows: int = 60, name: str = "texts.csv", header: str = "text,label") -> Path:
        labels = ["bad", "good"]
        lines = [
            f"a {labels[i % 2]} film number {'x' * (i % 7 + 1)},{labels[i % 2]},{i % 7 + 0.5}"
            for i in range(rows)
        ]
        header += ",number"
        path = workdir / name
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write


@pytest.fixture
def series_file(workdir: Path) -> Callable[..., Path]:
    """A table of series in long form: two channels, whose mean tells the class and the target."""

    def write(count: int = 60, steps: int = 8, name: str = "series.csv") -> Path:
        generator = np.random.default_rng(0)
        lines = ["id,time,value,other,label,target"]
        for i in range(count):
            level, label = (i % 2) + generator.normal() / 9, ["low", "high"][i % 2]
            for t in range(steps - i % 3):  # of unequal lengths
                value, other = level + generator.normal() / 3, 50 + 10 * generator.normal()
                lines.append(f"s{i},{t},{value:.6f},{other:.6f},{label},{level:.6f}")
        path = workdir / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def idx_bytes(values: np.ndarray[Any, Any]) -> bytes:
    """An array of bytes as a file in the idx format."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes()


@pytest.fixture
def mnist_files(workdir: Path) -> Callable[..., Path]:
    """A folder with the four files of MNIST, small: of digit k the k-th column is white."""

    def write(folder: str = "mnist", count: int = 60, test_count: int = 20, side: int = 28) -> Path:
        place = workdir / folder
        place.mkdir(parents=True)
        for name, n in (("train", count), ("t10k", test_count)):
            labels = np.arange(n) % 10
            images = np.zeros((n, side, side), np.uint8)
            images[np.arange(n), :, labels % side] = 255
            files = {"images-idx3": images, "labels-idx1": labels}
            for kind, values in files.items():
                (place / f"{name}-{kind}-ubyte.gz").write_bytes(
                    gzip.compress(idx_bytes(values), mtime=0)
                )
        return place

    return write
