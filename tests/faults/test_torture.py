"""`make torture`, of which one kind of fault is tried here."""

import subprocess
import sys
from pathlib import Path

from tests.faults import torture

SCRIPT = Path(torture.__file__)


def test_counts_are_added_by_kind() -> None:
    rows: list[dict[str, object]] = [
        {"what": "kills", "tried": 3, "differing": 0},
        {"what": "flips", "tried": 2},
        {"what": "kills", "tried": 4, "differing": 1},
    ]
    assert torture.table(rows) == "flips: tried 2\nkills: tried 7, differing 1"
    assert torture.table([]) == "no faults were tried"


def test_the_script_prints_what_came_of_the_faults() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--short", "-k", "damaged_cache", "-p", "no:cacheprovider"],
        capture_output=True, text=True, cwd=SCRIPT.parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "of the cache: silent 0, tried" in done.stdout
