"""What all tests share: an empty working directory, the command, and small corpora."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnexp.command.main import main

# Tiny models gain nothing from threads, and threads that wait for a busy core lose a lot.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"

#: Overrides that make a run take well under a second.
TINY = ("data.limit=100", "seq_len=12", "model.hidden_size=8", "embedding.dim=8",
        "trainer.epochs=1", "plots=false")  # fmt: skip


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
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    return tmp_path


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
    """A table of texts whose class is told by one of their words."""

    def write(rows: int = 60, name: str = "texts.csv", header: str = "text,label") -> Path:
        labels = ["bad", "good"]
        lines = [
            f"a {labels[i % 2]} film number {'x' * (i % 7 + 1)},{labels[i % 2]}"
            for i in range(rows)
        ]
        path = workdir / name
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write
