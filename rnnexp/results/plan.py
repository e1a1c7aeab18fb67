"""Which runs a study is to have: each command that adds to it leaves a file with its jobs.

So that a table or a figure of a study that was cut short can say how many runs it lacks. Jobs are
told by their fingerprints; a command that is given again writes the same file. A file's name is a
digest of what it holds, which is checked when it is read.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from rnnexp.durable import PARTIAL, write_json
from rnnexp.errors import DataError
from rnnexp.files import read_json

FOLDER = ".planned"


def record_plan(study: Path, fingerprints: Sequence[str]) -> None:
    """Write down the jobs of a command, before the first of them begins."""
    jobs = sorted(set(fingerprints))
    (study / FOLDER).mkdir(exist_ok=True)
    write_json(study / FOLDER / _name(jobs), {"fingerprints": jobs})


def planned(study: Path) -> set[str]:
    """The fingerprints of all jobs that commands have asked for; none of an earlier version's.

    Without those of files that are damaged, which `plan_faults` names.
    """
    return set().union(*(_jobs(file) or () for file in _files(study)))


def plan_faults(study: Path) -> list[str]:
    """What cannot be said of which runs the study is to have: a line for each damaged file."""
    return [
        f"{file} is damaged: which runs it asks for is not known; its command writes it anew"
        for file in _files(study)
        if _jobs(file) is None
    ]


def _files(study: Path) -> list[Path]:
    files = sorted((study / FOLDER).glob("*.json"))
    return [file for file in files if not file.name.startswith(PARTIAL)]  # being written


def is_study(path: Path) -> bool:
    """Whether a folder is a study's: what a command leaves there before its first run."""
    return any((path / name).exists() for name in (FOLDER, "multirun.yaml", "study.csv"))


def _jobs(file: Path) -> set[str] | None:
    """None of a file that is not what was written."""
    try:
        jobs = read_json(file).get("fingerprints") if file.is_file() else None
    except (DataError, OSError):
        return None
    if not isinstance(jobs, list) or _name([str(job) for job in jobs]) != file.name:
        return None
    return {str(job) for job in jobs}


def _name(jobs: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(jobs).encode()).hexdigest()[:16] + ".json"
