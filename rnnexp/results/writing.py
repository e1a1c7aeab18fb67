"""What a run writes into its directory: the side of `RunDirectory` that the training sees."""

import csv
import io
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.durable import (
    PARTIAL,
    append_text,
    json_text,
    new_folder,
    remove_folder,
    sync_file,
    told,
    write_bytes,
    write_json,
    write_text,
)
from rnnexp.errors import DamagedError
from rnnexp.manifest import NAME as MANIFEST
from rnnexp.manifest import Content, Manifest
from rnnexp.printable import PrintableFormatter
from rnnexp.results.page.files import PAGE
from rnnexp.results.progress import NAME as PROGRESS
from rnnexp.results.progress import Phase, ProgressWriter, remove_progress
from rnnexp.results.summary import Summary, TaskRecord

#: Checkpoints that are kept while a run goes on: the older one serves where the newer is damaged.
KEPT_CHECKPOINTS = 2

#: Files that grow by a line: a checkpoint says how long they were.
GROWING = ("metrics.csv", "timings.csv")

#: What a run's manifest does not name: what is drawn or written anew, what belongs to others and
#: still grows, and what knows by itself.
UNSEALED = ("plots", PAGE, "logger", "checkpoints", "rnnexp.log", PROGRESS, ".lock", MANIFEST)


class RunWriter:
    """Writes the files of one run. Each appears whole or not at all, but for those that grow."""

    path: Path
    _progress: ProgressWriter | None = None

    def write_config(self, text: str) -> None:
        write_text(self.path / "config.yaml", text)

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        write_json(self.path / "environment.json", environment)

    def write_task(self, record: TaskRecord) -> None:
        write_json(self.path / "task.json", record.model_dump())

    def write_beside_task(self, files: Mapping[str, bytes]) -> None:
        """What a task keeps beside task.json, by the names of files."""
        for name, content in files.items():
            write_bytes(self.path / name, content)

    def write_summary(self, summary: Summary) -> None:
        write_json(self.path / "summary.json", summary.model_dump())

    def finish(self, summary: Summary) -> None:
        """Write the summary of a run that has its result, and the manifest of all its files.

        The manifest comes first: a run that says that it is finished has one.
        """
        content = json_text(summary.model_copy(update={"sealed": True}).model_dump()).encode()
        names = sorted(
            path.relative_to(self.path).as_posix()
            for path in self.path.rglob("*")
            if path.is_file()
            and path.relative_to(self.path).parts[0] not in (*UNSEALED, "summary.json")
            and not any(part.startswith(PARTIAL) for part in path.parts)
        )
        Manifest.seal(self.path, names, known={"summary.json": Content.of(content)})
        write_bytes(self.path / "summary.json", content)
        summary.sealed = True  # not before: until then it may be said that the run has failed
        remove_progress(self.path)

    def append_epoch(
        self, metrics: Mapping[str, float | None], timings: Mapping[str, float]
    ) -> None:
        """A row of metrics.csv, the same bytes for the same run, and one of timings.csv."""
        _append_row(self.path / "metrics.csv", metrics)
        _append_row(self.path / "timings.csv", timings)

    def report_progress(self, phase: Phase, epoch: int, epochs: int, step: int, steps: int) -> None:
        """Where the run stands, for whoever looks on: progress.json, about once a second.

        Called at every step, it costs nothing in between, and it never raises.
        """
        if self._progress is None:
            self._progress = ProgressWriter(self.path)
        self._progress.report(phase, epoch, epochs, step, steps)

    def file_sizes(self) -> dict[str, int]:
        """The bytes of each file that grows; of one that is not there, 0."""
        paths = {name: self.path / name for name in GROWING}
        return {name: path.stat().st_size if path.is_file() else 0 for name, path in paths.items()}

    def save_checkpoint(
        self, name: str, contents: Mapping[str, bytes], state: Mapping[str, Any], keep_all: bool
    ) -> None:
        """Save a training: a folder of files that are there together or not at all.

        name: later ones come later in the alphabet. contents: files by name. state: JSON values;
        for the sizes of growing files, `files`, it gets the content up to there. keep_all: else the
        last two checkpoints are kept.
        """
        folder = self.path / "checkpoints"
        with told(folder):
            folder.mkdir(exist_ok=True)
        place = folder / name
        # one of that name is damaged, and was gone back behind
        with new_folder(place, replace=True) as partial:
            grown = {file: self._grown(file, size) for file, size in state["files"].items()}
            known = {**contents, "state.json": json.dumps({**state, "files": grown}).encode()}
            for file, content in known.items():
                with told(place / file):
                    (partial / file).write_bytes(content)
            digests = {file: Content.of(content) for file, content in known.items()}
            Manifest.seal(partial, (), digests)
        if not keep_all:
            for old in sorted(folder.glob("epoch_*"))[:-KEPT_CHECKPOINTS]:
                remove_folder(old)

    def _grown(self, name: str, size: int) -> Content:
        """What the first bytes of a growing file hold, which are put on the disk."""
        if not size:
            return Content.of(b"")
        sync_file(self.path / name)
        with told(self.path / name), (self.path / name).open("rb") as file:
            return Content.of(file.read(size))

    def grown(self, files: Mapping[str, Content]) -> dict[str, bytes]:
        """What the growing files held when a checkpoint was made.

        Raises DamagedError for one that holds less, or something else.
        """
        contents = {}
        for name, then in files.items():
            path = self.path / name
            content = path.read_bytes()[: then.size] if then.size and path.is_file() else b""
            if Content.of(content) != then:
                raise DamagedError(
                    f"{path} is damaged: its first {then.size} bytes are not what they were when "
                    "the checkpoint was made"
                )
            contents[name] = content
        return contents

    def write_grown(self, contents: Mapping[str, bytes]) -> None:
        """Give the growing files these contents; one that holds nothing is taken away."""
        for name, content in contents.items():
            if content:
                write_bytes(self.path / name, content)
            else:
                (self.path / name).unlink(missing_ok=True)

    def begin_anew(self) -> None:
        """Remove what a try has left that made no checkpoint."""
        self.write_grown(dict.fromkeys(GROWING, b""))
        for folder in ("probes", "predictions", "checkpoints"):
            remove_folder(self.path / folder)

    def save_weights(self, name: str, content: bytes) -> None:
        """Of a finished run, as safetensors: the `weights` that were tested, the `best` epoch's."""
        write_bytes(self.path / f"{name}.safetensors", content)

    def drop_checkpoints(self) -> None:
        """Of a run that is finished: all that a longer training would need goes."""
        remove_folder(self.path / "checkpoints")

    def save_predictions(
        self,
        split: str,
        targets: npt.NDArray[Any],
        outputs: npt.NDArray[Any],
        scores: Mapping[str, npt.NDArray[Any]],
    ) -> None:
        """Targets, outputs and scores of every example: what intervals over examples rest on."""
        arrays = {"targets": targets, "outputs": outputs, **scores}
        self._save_arrays(self.path / "predictions" / f"{split}.npz", arrays)

    def save_probe(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """What a probe has measured so far: arrays with a row per measurement."""
        self._save_arrays(self.path / "probes" / f"{name}.npz", arrays)

    def _save_arrays(self, path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        with told(path):
            path.parent.mkdir(exist_ok=True)
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        write_bytes(path, content.getvalue())

    def log_to_file(self) -> logging.Handler:
        """A handler that writes to rnnexp.log."""
        with told(self.path / "rnnexp.log"):
            handler = _LogFile(self.path / "rnnexp.log", encoding="utf-8")
        handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        return handler


class _LogFile(logging.FileHandler):
    """One that stops writing where the disk is full: what it would have said is on the screen."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        self.setLevel(logging.CRITICAL + 1)


def _append_row(path: Path, row: Mapping[str, float | None]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not path.exists():
        writer.writerow(row)
    # nine digits tell any two float32 numbers apart
    writer.writerow("" if v is None else f"{v:.9g}" for v in row.values())
    append_text(path, text.getvalue())
