"""The run directory: the only code that knows its file names. Never imports torch.

A directory belongs to one run and is never shared and never overwritten. What it writes
is in writing.py.
"""

import csv
import io
import math
import shlex
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.durable import make_directory, new_folder
from rnnexp.earlier import upgraded
from rnnexp.errors import DataError, first_line
from rnnexp.files import check_size, content_of, json_object
from rnnexp.manifest import Manifest
from rnnexp.results.liveness import is_alive
from rnnexp.results.names import safe_name
from rnnexp.results.summary import Summary, TaskRecord
from rnnexp.results.writing import RunWriter
from rnnexp.yamls import yaml_value

ROOT = Path("outputs")


class RunDirectory(RunWriter):
    """One run on disk. `create` makes a new one, `open` finds one that is there.

    path: from the root, so that it is found whatever folder becomes current later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._manifest: Manifest | None = None  # of a run that is finished and has been read

    # -- making and finding ---------------------------------------------------------------------

    @classmethod
    def create(cls, title: str, root: Path, summary: Summary) -> Self:
        """A new directory named by the time and a title, `2026-11-22_05-06-46-123456_lstm_T400`."""
        make_directory(root)
        while True:
            stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f")
            try:
                return cls._make(root / f"{stamp}_{safe_name(title)}", summary)
            except FileExistsError:
                continue  # another run began in the same microsecond

    @classmethod
    def create_at(cls, path: Path, summary: Summary) -> Self:
        """A new directory at `path`; what an earlier attempt left there moves to superseded/."""
        make_directory(path.parent)
        if path.exists():
            supersede(path)
        return cls._make(path, summary)

    @classmethod
    def _make(cls, path: Path, summary: Summary) -> Self:
        """There is no directory without a summary: whoever dies, it says that a run was begun."""
        with new_folder(path) as partial:
            cls(partial).write_summary(summary)
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises DataError where `path` is no run directory."""
        if not path.is_dir():
            raise DataError(f"{path}: there is no such run directory")
        if jobs := _runs_in(path):
            raise DataError(
                f"{path} is a study of {len(jobs)} runs: name one of its runs, such as "
                f"{shlex.quote(str(jobs[0]))}"
            )
        if not (path / "summary.json").is_file():
            raise DataError(f"{path} is not a run directory: it has no summary.json")
        return cls(path)

    # -- reading --------------------------------------------------------------------------------

    @property
    def summary(self) -> Summary:
        """What it is and how it went; `killed` where it says `running` and its process is gone.

        Raises DamagedError for what is not as it was written.
        """
        path = self.path / "summary.json"
        summary = Summary.read(path)
        if summary.done and summary.sealed:
            self._manifest = self._manifest or Manifest.read(self.path)
            self._manifest.check(path.name)
        if summary.status == "running" and is_alive(summary.process) is False:
            summary.status, summary.reason = "killed", "its process ended without a word"
        return summary

    def content(self, name: str) -> bytes:
        """What a file holds. Raises DamagedError where the run's manifest says otherwise."""
        if self._manifest is None and (self.path / "summary.json").is_file():
            _ = self.summary  # which finds the manifest
        if self._manifest is not None:
            return self._manifest.content(name)
        return content_of(self.path / name)

    def _has(self, name: str) -> bool:
        """Whether a file is there, or was: then reading it says that it is missing."""
        return (self.path / name).is_file() or bool(
            self._manifest is not None and name in self._manifest.files
        )

    @property
    def has_config(self) -> bool:
        """Whether it came as far as writing its settings."""
        return self._has("config.yaml")

    @property
    def config(self) -> dict[str, Any]:
        """Every setting, in the names of this version."""
        return upgraded(self.config_as_written)

    @property
    def config_as_written(self) -> dict[str, Any]:
        """Every setting, in the names of the version that made the run."""
        path = self.path / "config.yaml"
        config = yaml_value(self.content(path.name), path)
        if not isinstance(config, dict):
            raise DataError(f"{path} is not a configuration")
        return config

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command that made it."""
        if words := self.summary.words:
            return tuple(words)
        first = self.content("config.yaml").decode("utf-8").partition("\n")[0]
        return tuple(shlex.split(first.removeprefix("#"))[1:]) if first.startswith("#") else ()

    @property
    def environment(self) -> dict[str, Any]:
        """What it ran on; empty where it had not come as far as writing it."""
        name = "environment.json"
        return json_object(self.content(name), self.path / name) if self._has(name) else {}

    @property
    def task(self) -> TaskRecord:
        path = self.path / "task.json"
        return TaskRecord.of(json_object(self.content(path.name), path), path)

    @property
    def metrics(self) -> list[dict[str, float]]:
        """metrics.csv, a row per epoch; an empty cell is NaN."""
        path = self.path / "metrics.csv"
        if not self._has(path.name):
            return []
        try:
            text = self.content(path.name).decode("utf-8")
            return [
                {name: float(value) if value else math.nan for name, value in row.items()}
                for row in csv.DictReader(io.StringIO(text, newline=""))
            ]
        except DataError:
            raise
        except (TypeError, ValueError) as error:
            raise DataError(f"{path} cannot be read ({error})") from None

    def probe(self, name: str) -> dict[str, npt.NDArray[Any]] | None:
        """What a probe has measured, a row per measurement; None where it has not been asked."""
        path = f"probes/{name}.npz"
        if not self._has(path):
            return None
        content = self.content(path)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as members:
                held = sum(member.file_size for member in members.infolist())
            check_size(self.path / path, held)
            with np.load(io.BytesIO(content)) as arrays:
                return {key: arrays[key] for key in arrays.files}
        except DataError:
            raise
        except (
            OSError, EOFError, ValueError, SyntaxError, RuntimeError, MemoryError,
            zipfile.BadZipFile, zlib.error,
        ) as error:  # fmt: skip
            raise DataError(f"{self.path / path} cannot be read ({first_line(error)})") from None

    @property
    def probe_names(self) -> list[str]:
        """The probes that have measured something."""
        return sorted(path.stem for path in (self.path / "probes").glob("*.npz"))

    @property
    def plots(self) -> Path:
        return self.path / "plots"


def _runs_in(path: Path) -> list[Path]:
    """The directories of a study's runs, those first that have a result; empty of a run."""
    if (path / "summary.json").is_file():
        return []

    def has_none(job: Path) -> bool:
        try:
            return not RunDirectory(job).summary.done
        except DataError:
            return True

    jobs = sorted(file.parent for file in path.glob("*/summary.json"))
    return sorted(jobs, key=has_none)


def supersede(path: Path) -> None:
    """Move a job's directory into superseded/ beside it: what a user has made is never lost."""
    attempts = path.parent / "superseded"
    attempts.mkdir(exist_ok=True)
    count = sum(1 for _ in attempts.glob(f"{path.name}_*")) + 1
    path.rename(attempts / f"{path.name}_{count}")
