"""The folders of a study: which hold runs, and whether what tables read of them can be read.

Never imports torch.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rnnexp.errors import DataError
from rnnexp.results.names import shown_text
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary

#: What tables and figures of a study read; folders end with `/`. The rest of a run, its weights and
#: its predictions, may be large, and a fault in them makes no number of a table wrong.
READ_BY_TABLES = ("summary.json", "config.yaml", "task.json", "metrics.csv", "probes/")

#: Folders of a study that hold no runs of it, beside those whose names begin with a dot.
_NO_JOBS = ("plots", "superseded")


def job_folders(study: Path) -> list[Path]:
    """The folders of a study in which runs are looked for: those that are not empty, by name.

    Links that lead nowhere are among them, and folders that are no runs: reading them says so.
    """
    return [
        entry
        for entry in sorted(study.iterdir() if study.is_dir() else ())
        if entry.name not in _NO_JOBS and not entry.name.startswith(".") and _holds_any(entry)
    ]


def folders_by_fingerprint(study: Path) -> dict[str, list[Path]]:
    """A study's folders by the beginning of a fingerprint that ends their names: one listing.

    For who asks of many jobs where they are: to look for each is to list all of them for each.
    """
    folders: dict[str, list[Path]] = {}
    for name in sorted(os.listdir(study)) if study.is_dir() else ():
        _, mark, beginning = name.rpartition("_")
        if mark and not name.startswith("."):
            folders.setdefault(beginning, []).append(study / name)
    return folders


def read_for_tables(folder: Path) -> tuple[RunDirectory, Summary, Mapping[str, Any]]:
    """A run, its summary and its settings, where tables and figures can trust what they read.

    Raises DataError, or OSError, for a folder that is no run or has a damaged file.
    """
    if not (folder / "summary.json").is_file():
        raise DataError(f"{folder} is no run: it has no summary.json")
    run = RunDirectory(folder)
    summary = run.summary
    if run.manifest is not None:
        for name in dict.fromkeys([*run.manifest.files, *map(probe_file, run.probe_names)]):
            if name.startswith(READ_BY_TABLES):
                run.check(name)
    config = run.config if run.has_config else {}
    if run.manifest is None and summary.done:
        for read in _readers(run):
            read()
    return run, summary, config


def unreadable(run: RunDirectory) -> list[str]:
    """What cannot be read of a run without a manifest, a line for each file."""
    faults = []
    for read in (lambda: run.config if run.has_config else None, *_readers(run)):
        try:
            read()
        except DataError as error:
            faults.append(str(error))
    return faults


def _readers(run: RunDirectory) -> Iterator[Callable[[], object]]:
    """What reads the files beside the settings, each of them."""
    if os.path.lexists(run.path / "task.json"):
        yield lambda: run.task
    yield lambda: run.metrics
    for name in run.probe_names:
        yield partial(run.probe, name)


def probe_file(name: str) -> str:
    return f"probes/{name}.npz"


def below(root: Path, line: object) -> str:
    """One line for the terminal, with its paths from `root` on."""
    return shown_text(str(line).replace(f"{root.absolute()}{os.sep}", ""))


def _holds_any(entry: Path) -> bool:
    try:
        return any(entry.iterdir()) if entry.is_dir() else not entry.exists()
    except OSError:  # it may not be read: told when it is
        return True
