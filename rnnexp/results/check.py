"""Whether the files of a run or of a study are what was written: `rnnexp check`.

A run that has its result has a manifest with the digest of every file; each checkpoint has one of
its own. Of a run that has not ended, and of one of a version before 0.4, it is asked whether its
files can be read and belong together. Nothing is written. Never imports torch.
"""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnexp.errors import DamagedError, DataError
from rnnexp.manifest import NAME as MANIFEST
from rnnexp.manifest import Content, Manifest
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.plan import plan_faults, planned
from rnnexp.results.reading import below, job_folders, probe_file, unreadable
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary

#: The settings of a run, as config.yaml holds them, to the fingerprint of the run.
Fingerprint = Callable[[Mapping[str, Any]], str]

#: What tells a folder that was a run, whatever has become of it.
_OF_A_RUN = ("summary.json", MANIFEST, "config.yaml", "task.json", "metrics.csv", "checkpoints")

#: Why the files of a run are compared with nothing, and what is said of such runs.
EARLIER, UNENDED = "earlier", "unended"
_LACKS = {
    EARLIER: "of an earlier version, without a manifest: what can be read was read, and nothing "
    "says what was written",
    UNENDED: "without a result, which have no manifest yet: their checkpoints were compared, and "
    "what can be read of the rest was read",
}

#: Fingerprints that one line can carry.
_MAX_NAMES = 12


@dataclass(frozen=True)
class Check:
    """What is said of one run.

    files: how many were compared with what was written. faults: a line for each that differs.
    lacks: EARLIER or UNENDED, of a run without a manifest; else empty.
    fingerprint: of the run, None where it is not known.
    """

    folder: Path
    files: int
    faults: Sequence[str]
    lacks: str = ""
    fingerprint: str | None = None


def check_run(folder: Path, fingerprint: Fingerprint | None = None) -> Check:
    """Look at every file of a run, and of its checkpoints.

    fingerprint: what makes the settings' fingerprint, to compare it with the summary's where there
        is no manifest.
    """
    run = RunDirectory(folder)
    summary, unread = _summary(run)
    lacks, faults, files = _files(run, summary, unread)
    if lacks and summary is not None and fingerprint is not None and not faults:
        faults = _strange_settings(run, summary, fingerprint)
    for checkpoint in StoredCheckpoint.of_run(run.path):
        differing, count = _compared(checkpoint.path)
        faults += differing
        files += count
        if lacks == UNENDED and not differing:
            faults += _shortened(run.path, checkpoint)
    return Check(run.path, files, faults, lacks, summary.fingerprint if summary else None)


def check_study(
    study: Path, fingerprint: Fingerprint | None = None
) -> tuple[list[Check], list[str], list[str]]:
    """Each of a study's runs; what else is damaged or missing, and what is strange, a line each."""
    study = study.absolute()
    checks, others, strange = [], plan_faults(study), []
    for folder in job_folders(study):
        try:
            if any(os.path.lexists(folder / name) for name in _OF_A_RUN):
                checks.append(check_run(folder, fingerprint))
            else:
                strange.append(f"{folder} is no run: it has no summary.json")
        except OSError as error:
            others.append(f"{folder} cannot be read ({error.strerror or error})")
    # a damaged summary does not tell its fingerprint, of which the folder's name has the beginning
    beginnings = {check.folder.name.rpartition("_")[2] for check in checks}
    there = {check.fingerprint for check in checks}
    missing = [job for job in planned(study) - there if job[:8] not in beginnings]
    # the fingerprints of runs of the first version are others than those that are planned
    if missing and not any(check.lacks == EARLIER for check in checks):
        names = ", ".join(sorted(job[:8] for job in missing)[:_MAX_NAMES])
        more = ", ..." if len(missing) > _MAX_NAMES else ""
        runs = _counted(len(missing), "run", "runs")
        others.append(f"{runs} that the study is to have: not there ({names}{more})")
    return checks, others, strange


def told(
    root: Path, checks: Sequence[Check], others: Sequence[str] = (), strange: Sequence[str] = ()
) -> tuple[list[str], bool]:
    """What `rnnexp check` prints, and whether all is there and as it was written."""
    faults = [fault for check in checks for fault in check.faults]
    files = sum(check.files for check in checks)
    runs = _counted(len(checks), "run", "runs")
    if faults:
        damaged = sum(bool(check.faults) for check in checks)
        ended = f"{_counted(len(faults), 'damaged file', 'damaged files')} in {damaged} of {runs}"
    elif files:
        ended = f"{runs}, {_counted(files, 'file', 'files')}: all as they were written"
    else:
        ended = f"{runs}, no file of which it is known what was written"
    for lacks, meaning in _LACKS.items():
        if count := sum(check.lacks == lacks for check in checks):
            ended += f"; {_counted(count, 'run', 'runs')} {meaning}"
    lines = [below(root, line) for line in (*faults, *others, *strange)]
    return [*lines, ended], not faults and not others


def whole_result(folder: Path) -> tuple[Summary | None, str]:
    """The summary of a run that has its result and all of whose files are what was written.

    Else None, and what is damaged; nothing where there is no result yet.
    """
    run = RunDirectory(folder)
    if not any(os.path.lexists(run.path / name) for name in ("summary.json", MANIFEST)):
        return None, ""
    summary, unread = _summary(run)
    if summary is not None and not summary.done:
        return None, ""
    faults = _files(run, summary, unread)[1]
    if not faults:
        return summary, ""
    more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
    return None, f"{below(run.path.parent, faults[0])}{more}"


def _files(run: RunDirectory, summary: Summary | None, unread: str) -> tuple[str, list[str], int]:
    """Why its files are compared with nothing; what is damaged; how many were compared."""
    sealed = os.path.lexists(run.path / MANIFEST) or (summary is not None and summary.sealed)
    if sealed and (summary is None or summary.done):
        faults, files = _compared(run.path)
        return "", faults or ([unread] if unread else _came_later(run)), files
    if summary is None:
        return "", [unread], 0
    return EARLIER if summary.done else UNENDED, unreadable(run), 0


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _summary(run: RunDirectory) -> tuple[Summary | None, str]:
    """What it says, whether or not it is what was written; else why it cannot be read."""
    path = run.path / "summary.json"
    if not path.is_file():
        return None, f"{path} is missing"
    try:
        return Summary.read(path), ""
    except DataError as error:
        return None, str(error)


def _compared(folder: Path) -> tuple[list[str], int]:
    """What differs from a folder's manifest, and how many files were compared, itself one."""
    try:
        manifest = Manifest.read(folder)
    except DamagedError as error:
        return [str(error)], 1
    return manifest.faults(), len(manifest.files) + 1


def _came_later(run: RunDirectory) -> list[str]:
    """Measurements that are not the run's."""
    faults = []
    for name in run.probe_names:
        try:
            run.check(probe_file(name))
        except DamagedError as error:
            faults.append(str(error))
    return faults


def _strange_settings(run: RunDirectory, summary: Summary, fingerprint: Fingerprint) -> list[str]:
    """Where config.yaml holds other settings than those that the summary is of."""
    if summary.fingerprint is None or summary.measured is None or not run.has_config:
        return []  # the first version's fingerprints were made otherwise
    try:
        if fingerprint(run.config) == summary.fingerprint:
            return []
    except (ValueError, TypeError, AttributeError):
        pass
    return [f"{run.path / 'config.yaml'} holds other settings than those that were run"]


def _shortened(run: Path, checkpoint: StoredCheckpoint) -> list[str]:
    """Files that grow, where they do not begin with what a checkpoint says that they held."""
    faults = []
    for name, then in checkpoint.read()[2].items():
        path = run / Path(name).name
        try:
            with path.open("rb") if then.size else io.BytesIO() as file:
                now = Content.of(file.read(then.size))
        except OSError as error:
            faults.append(f"{path} cannot be read ({error.strerror or error})")
            continue
        if now != then:
            faults.append(
                f"{path} is damaged: its first {then.size} bytes are not what they were at "
                f"checkpoint {checkpoint.path.name}"
            )
    return faults
