"""Which runs a study is to have: each command that adds to it leaves a file with its jobs.

So that a table or a figure of a study that was cut short can say how many runs it lacks, and how
much of its work is done. Jobs are told by their fingerprints; a command that is given again writes
the same file. A file's name is a digest of what it holds, which is checked when it is read.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnexp.durable import PARTIAL, write_json
from rnnexp.errors import DataError
from rnnexp.files import read_json

FOLDER = ".planned"


@dataclass(frozen=True)
class Carried:
    """What was decided on how a command's jobs are carried out, from settings and machine alone.

    work: of each job by its fingerprint, to compare them. threads: likewise. at_once: how many run
    side by side, in words; empty where a launcher of Hydra's decides.
    """

    work: Mapping[str, float] = field(default_factory=dict)
    threads: Mapping[str, int] = field(default_factory=dict)
    at_once: str = ""
    rounds_left: int | None = None


def record_plan(study: Path, fingerprints: Sequence[str], carried: Carried | None = None) -> None:
    """Write down the jobs of a command, before the first of them begins."""
    plan: dict[str, Any] = {"fingerprints": sorted(set(fingerprints))}
    if carried is not None:
        plan |= {"work": dict(carried.work), "threads": dict(carried.threads)}
        plan["at_once"] = carried.at_once
        if carried.rounds_left is not None:
            plan["rounds_left"] = carried.rounds_left
    (study / FOLDER).mkdir(exist_ok=True)
    write_json(study / FOLDER / _name(plan), plan)


def planned(study: Path) -> set[str]:
    """The fingerprints of all jobs that commands have asked for; none of an earlier version's.

    Without those of files that are damaged, which `plan_faults` names.
    """
    return {
        str(job) for file in _files(study) for job in (_plan(file) or {}).get("fingerprints", ())
    }


def planned_work(study: Path) -> dict[str, float]:
    """The work of each job, by its fingerprint, as far as commands have said it."""
    return {
        job: float(work)
        for file in _files(study)
        for job, work in (_plan(file) or {}).get("work", {}).items()
    }


def rounds_left(study: Path) -> int | None:
    """How many rounds of jobs may follow that are not chosen yet; None where no lengths are chosen
    by the results.
    """
    newest_first = sorted(_files(study), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    plans = [_plan(file) or {} for file in newest_first]
    said = (int(plan["rounds_left"]) for plan in plans if "rounds_left" in plan)
    return next(said, None)


def plan_faults(study: Path) -> list[str]:
    """What cannot be said of which runs the study is to have: a line for each damaged file."""
    return [
        f"{file} is damaged: which runs it asks for is not known; its command writes it anew"
        for file in _files(study)
        if _plan(file) is None
    ]


def _files(study: Path) -> list[Path]:
    files = sorted((study / FOLDER).glob("*.json"))
    return [file for file in files if not file.name.startswith(PARTIAL)]  # being written


def is_study(path: Path) -> bool:
    """Whether a folder is a study's: what a command leaves there before its first run."""
    return any((path / name).exists() for name in (FOLDER, "multirun.yaml", "study.csv"))


def _plan(file: Path) -> dict[str, Any] | None:
    """None of a file that is not what was written."""
    try:
        plan = read_json(file) if file.is_file() else {}
    except (DataError, OSError):
        return None
    whole = isinstance(plan.get("fingerprints"), list) and _name(plan) == file.name
    return plan if whole else None


def _name(plan: Mapping[str, Any]) -> str:
    text = "\n".join(str(job) for job in plan["fingerprints"])
    if others := {key: value for key, value in plan.items() if key != "fingerprints"}:
        text += "\n" + json.dumps(others, sort_keys=True)  # up to version 0.4 there were none
    return hashlib.sha256(text.encode()).hexdigest()[:16] + ".json"
