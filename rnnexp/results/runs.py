"""The run directory: the only code that knows its file names. Never imports torch.

A directory belongs to one run and is never shared and never overwritten. Files that others read
while the run goes on (summary.json, checkpoints) appear whole or not at all.
"""

import csv
import hashlib
import io
import json
import logging
import math
import os
import shlex
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import yaml

from rnnexp.earlier import upgraded
from rnnexp.errors import DataError, UserError
from rnnexp.results.names import safe_name
from rnnexp.results.summary import Summary, TaskRecord

ROOT = Path("outputs")
KEPT_CHECKPOINTS = 2


#: The one in C, where PyYAML was built with it: some ten times as fast.
_YAML_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RunDirectory:
    """One run on disk. `create` makes a new one, `open` finds one that is there.

    path: from the root, so that it is found whatever folder becomes current later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    # -- making and finding ---------------------------------------------------------------------

    @classmethod
    def create(cls, title: str, root: Path = ROOT / "runs") -> Self:
        """A new directory named by the time and a title, `2026-11-22_05-06-46-123456_lstm_T400`."""
        while True:
            stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f")
            try:
                return cls._make(root / f"{stamp}_{safe_name(title)}")
            except FileExistsError:
                continue  # another run began in the same microsecond

    @classmethod
    def create_at(cls, path: Path) -> Self:
        """A new directory at `path`; what an earlier attempt left there moves to superseded/."""
        if path.exists():
            supersede(path)
        return cls._make(path)

    @classmethod
    def _make(cls, path: Path) -> Self:
        make_directory(path.parent)
        path.mkdir()
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

    # -- writing --------------------------------------------------------------------------------

    def write_config(self, text: str) -> None:
        write_text(self.path / "config.yaml", text)

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        write_json(self.path / "environment.json", environment)

    def write_task(self, record: TaskRecord) -> None:
        write_json(self.path / "task.json", record.model_dump())

    def write_summary(self, summary: Summary) -> None:
        write_json(self.path / "summary.json", summary.model_dump())

    def append_epoch(
        self, metrics: Mapping[str, float | None], timings: Mapping[str, float]
    ) -> None:
        """A row of metrics.csv, the same bytes for the same run, and one of timings.csv."""
        _append_row(self.path / "metrics.csv", metrics)
        _append_row(self.path / "timings.csv", timings)

    def save_checkpoint(self, epoch: int, save: Callable[[Path], None]) -> None:
        """Write the epoch's checkpoint and its SHA-256; keep the last two."""
        folder = self.path / "checkpoints"
        folder.mkdir(exist_ok=True)
        path = folder / f"epoch_{epoch:06d}.pt"
        _write_atomically(path, save)
        digest = _sha256(path)
        write_text(path.with_suffix(".pt.sha256"), f"{digest}  {path.name}\n")
        for old in sorted(folder.glob("epoch_*.pt"))[:-KEPT_CHECKPOINTS]:
            old.with_suffix(".pt.sha256").unlink(missing_ok=True)
            old.unlink()

    def save_best(self, save: Callable[[Path], None]) -> None:
        (self.path / "checkpoints").mkdir(exist_ok=True)
        _write_atomically(self.best_weights, save)

    def save_predictions(
        self,
        split: str,
        targets: npt.NDArray[Any],
        outputs: npt.NDArray[Any],
        scores: Mapping[str, npt.NDArray[Any]],
    ) -> None:
        """Targets, outputs and scores of every example: what intervals over examples rest on."""
        (self.path / "predictions").mkdir(exist_ok=True)
        path = self.path / "predictions" / f"{split}.npz"
        arrays = {"targets": targets, "outputs": outputs, **scores}
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

    def save_probe(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """What a probe has measured so far: arrays with a row per measurement."""
        (self.path / "probes").mkdir(exist_ok=True)
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        path = self.path / "probes" / f"{name}.npz"
        _write_atomically(path, lambda partial: _write_bytes(partial, content.getvalue()))

    def log_to_file(self) -> logging.Handler:
        """A handler that writes to rnnexp.log."""
        handler = logging.FileHandler(self.path / "rnnexp.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        return handler

    # -- reading --------------------------------------------------------------------------------

    @property
    def summary(self) -> Summary:
        return Summary.read(self.path / "summary.json")

    @property
    def has_config(self) -> bool:
        """Whether it came as far as writing its settings."""
        return (self.path / "config.yaml").is_file()

    @property
    def config(self) -> dict[str, Any]:
        """Every setting, in the names of this version."""
        return upgraded(self.config_as_written)

    @property
    def config_as_written(self) -> dict[str, Any]:
        """Every setting, in the names of the version that made the run."""
        path = self.path / "config.yaml"
        try:
            config = yaml.load(path.read_text(encoding="utf-8"), _YAML_LOADER)
        except (OSError, yaml.YAMLError) as error:
            raise DataError(f"{path} cannot be read ({error})") from None
        if not isinstance(config, dict):
            raise DataError(f"{path} is not a configuration")
        return config

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command that made it, from the first line of config.yaml."""
        first = (self.path / "config.yaml").read_text(encoding="utf-8").partition("\n")[0]
        return tuple(shlex.split(first.removeprefix("#"))[1:]) if first.startswith("#") else ()

    @property
    def task(self) -> TaskRecord:
        return TaskRecord.read(self.path / "task.json")

    @property
    def metrics(self) -> list[dict[str, float]]:
        """metrics.csv, a row per epoch; an empty cell is NaN."""
        path = self.path / "metrics.csv"
        if not path.is_file():
            return []
        try:
            with path.open(newline="", encoding="utf-8") as file:
                return [
                    {name: float(value) if value else math.nan for name, value in row.items()}
                    for row in csv.DictReader(file)
                ]
        except (TypeError, ValueError) as error:
            raise DataError(f"{path} cannot be read ({error})") from None

    def probe(self, name: str) -> dict[str, npt.NDArray[Any]] | None:
        """What a probe has measured, a row per measurement; None where it has not been asked."""
        path = self.path / "probes" / f"{name}.npz"
        if not path.is_file():
            return None
        try:
            with np.load(path) as arrays:
                return {key: arrays[key] for key in arrays.files}
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} cannot be read ({error})") from None

    @property
    def probe_names(self) -> list[str]:
        """The probes that have measured something."""
        return sorted(path.stem for path in (self.path / "probes").glob("*.npz"))

    @property
    def best_weights(self) -> Path:
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def last_checkpoint(self) -> Path:
        """The latest checkpoint whose content still has its SHA-256."""
        for path in sorted((self.path / "checkpoints").glob("epoch_*.pt"), reverse=True):
            recorded = path.with_suffix(".pt.sha256")
            if recorded.is_file() and recorded.read_text("utf-8").split()[0] == _sha256(path):
                return path
        raise DataError(f"{self.path / 'checkpoints'} holds no checkpoint that is whole")

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


def make_directory(path: Path) -> None:
    """Make sure that a folder is there and can be written. Raises UserError where it cannot."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(
            f"{path.absolute()} cannot be written ({error.strerror}): "
            "start rnnexp from a folder where outputs/ can be made"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Replace the file at once: a reader sees the old content or the new."""
    _write_atomically(path, lambda partial: _write_bytes(partial, text.encode("utf-8")))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """As strict JSON: what is not finite becomes null."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _append_row(path: Path, row: Mapping[str, float | None]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(row)
        # nine digits tell any two float32 numbers apart
        writer.writerow("" if v is None else f"{v:.9g}" for v in row.values())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
