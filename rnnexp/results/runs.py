"""The run directory: the only code that knows its file names. Never imports torch.

A directory belongs to one run and is never shared and never overwritten. What it writes
is in writing.py.
"""

import csv
import io
import itertools
import math
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Self

import numpy.typing as npt

from rnnexp.durable import make_directory, new_folder
from rnnexp.earlier import upgraded
from rnnexp.errors import DamagedError, DataError
from rnnexp.files import content_of, json_object
from rnnexp.manifest import NAME as MANIFEST
from rnnexp.manifest import Manifest
from rnnexp.results.arrays import StoredArrays
from rnnexp.results.liveness import is_alive
from rnnexp.results.names import readable_name, shown_path
from rnnexp.results.plan import is_study
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
        self._has_none = False  # of one that is finished, by an earlier version

    # -- making and finding ---------------------------------------------------------------------

    @classmethod
    def create(cls, title: str, root: Path, summary: Summary, config_text: str) -> Self:
        """A new directory named by the time and a title, `2026-11-22_05-06-46-123456_lstm_T400`."""
        make_directory(root)
        while True:
            stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f")
            try:
                return cls._make(root / f"{stamp}_{readable_name(title)}", summary, config_text)
            except FileExistsError:
                continue  # another run began in the same microsecond

    @classmethod
    def create_at(cls, path: Path, summary: Summary, config_text: str) -> Self:
        """A new directory at `path`; what an earlier attempt left there moves to superseded/."""
        make_directory(path.parent)
        if os.path.lexists(path):  # a link that leads in a circle is there too
            supersede(path)
        return cls._make(path, summary, config_text)

    @classmethod
    def _make(cls, path: Path, summary: Summary, config_text: str) -> Self:
        """There is none without summary and settings: whoever dies, the run can be begun again."""
        with new_folder(path) as partial:
            run = cls(partial)
            run.write_config(config_text)
            run.write_summary(summary)
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
            if (path / MANIFEST).exists():
                raise DamagedError(f"{path / 'summary.json'} is missing")
            raise DataError(f"{path} is not a run directory: it has no summary.json")
        return cls(path)

    # -- reading --------------------------------------------------------------------------------

    @property
    def summary(self) -> Summary:
        """What it is and how it went; `killed` where it says `running` and its process is gone.

        Raises DamagedError for what is not as it was written.
        """
        path = self.path / "summary.json"
        with self._advised():
            try:
                summary = Summary.read(path)
            except DataError:
                if (self.path / MANIFEST).exists():  # what it says is more to the point
                    self._check_summary()
                raise
            # not by `sealed` alone: a bit of that word may have flipped too
            if summary.done and (summary.sealed or (self.path / MANIFEST).exists()):
                self._check_summary()
            self._has_none = summary.done and self._manifest is None
        if summary.status == "running" and is_alive(summary.process) is False:
            summary.status, summary.reason = "killed", "its process ended without a word"
        return summary

    @property
    def manifest(self) -> Manifest | None:
        """Of a run that has its result; None of others, and of runs of versions before 0.4.

        Raises DamagedError where it is not as it was written.
        """
        if self._manifest is None and not self._has_none:
            if (self.path / "summary.json").is_file():
                _ = self.summary  # which finds it
            elif (self.path / MANIFEST).exists():
                with self._advised():
                    raise DamagedError(f"{self.path / 'summary.json'} is missing")
        return self._manifest

    def _check_summary(self) -> None:
        """Find the manifest, and ask it for the summary."""
        self._manifest = self._manifest or Manifest.read(self.path)
        self._manifest.check("summary.json")

    def content(self, name: str) -> bytes:
        """What a file holds. Raises DamagedError where the run's manifest says otherwise."""
        if (manifest := self.manifest) is not None:
            with self._advised():
                return manifest.content(name)
        return content_of(self.path / name)

    def check(self, name: str) -> None:
        """Raises DamagedError where a file is not what the run's manifest says; reads it once."""
        if (manifest := self.manifest) is not None:
            with self._advised():
                manifest.check(name)

    def _has(self, name: str) -> bool:
        """Whether a file is there, or was: then reading it says that it is missing."""
        manifest = self.manifest
        return os.path.lexists(self.path / name) or (
            manifest is not None and name in manifest.files
        )

    @contextmanager
    def _advised(self) -> Iterator[None]:
        """A DamagedError inside the block says what to do."""
        try:
            yield
        except DamagedError as error:
            way_out = "the study's command makes it again"
            if not is_study(self.path.parent):
                check = shlex.join(["rnnexp", "check", shown_path(self.path)])
                way_out = (
                    f"{check} says what else is; the command on the first line of config.yaml "
                )
                way_out += "makes the run anew"
            raise DamagedError(f"{error}; {way_out}") from None

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
        except (TypeError, ValueError, csv.Error) as error:
            raise DataError(f"{path} cannot be read ({error})") from None

    def probe(self, name: str) -> dict[str, npt.NDArray[Any]] | None:
        """What a probe has measured, a row per measurement; None where it has not been asked."""
        arrays = self.probe_arrays(name)
        return None if arrays is None else dict(arrays)

    def probe_arrays(self, name: str) -> StoredArrays | None:
        """As `probe`, but each array is read when it is asked for."""
        path = f"probes/{name}.npz"
        return StoredArrays(self.content(path), self.path / path) if self._has(path) else None

    def predictions(self, split: str) -> StoredArrays | None:
        """Targets, outputs and scores of every example, by these names; None where it has none."""
        path = f"predictions/{split}.npz"
        return StoredArrays(self.content(path), self.path / path) if self._has(path) else None

    @property
    def probe_names(self) -> list[str]:
        """The probes that have measured something; those too whose file is gone."""
        manifest = self.manifest
        names = {f"probes/{path.name}" for path in (self.path / "probes").glob("[!.]*.npz")}
        if manifest is not None:
            names |= {name for name in manifest.files if name.startswith("probes/")}
        return sorted(PurePosixPath(name).stem for name in names)

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

    jobs = sorted(file.parent for file in path.glob("[!.]*/summary.json"))
    return sorted(jobs, key=has_none)


def supersede(path: Path) -> None:
    """Move a job's directory into superseded/ beside it: what a user has made is never lost."""
    attempts = path.parent / "superseded"
    attempts.mkdir(exist_ok=True)
    places = (attempts / f"{path.name}_{count}" for count in itertools.count(1))
    path.rename(next(place for place in places if not os.path.lexists(place)))
