"""Which runs a study is to have: each command that adds to it leaves a file with its jobs.

So that a table or a figure of a study that was cut short can say how many runs it lacks. Jobs are
told by their fingerprints; a command that is given again writes the same file.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from rnnexp.durable import write_json
from rnnexp.files import read_json

FOLDER = ".planned"


def record_plan(study: Path, fingerprints: Sequence[str]) -> None:
    """Write down the jobs of a command, before the first of them begins."""
    jobs = sorted(set(fingerprints))
    name = hashlib.sha256("\n".join(jobs).encode()).hexdigest()[:16]
    (study / FOLDER).mkdir(exist_ok=True)
    write_json(study / FOLDER / f"{name}.json", {"fingerprints": jobs})


def planned(study: Path) -> set[str]:
    """The fingerprints of all jobs that commands have asked for; none of an earlier version's."""
    files = sorted((study / FOLDER).glob("*.json"))
    return {job for file in files for job in read_json(file).get("fingerprints", [])}
