"""Made-up runs that were tested at several lengths."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnexp.durable import write_json
from rnnexp.results.statistics import wilson
from tests.results.test_study import add_run

#: Test examples of a made-up run.
EXAMPLES = 500


def run_tested_at(
    folder: Path,
    number: int,
    right: Mapping[int, float | None],
    seq_len: int,
    report: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """A run of recall that is right at each length with the share given; None: not finite.

    report: more of the data report. settings: as of `add_run`.
    """
    settings = {"data": "recall", "seq_len": seq_len, **settings}
    add_run(folder, number, right.get(seq_len), **settings)
    path = folder / f"job{number:03d}" / "summary.json"
    summary = json.loads(path.read_text())
    ends = {
        n: None if share is None else wilson(round(share * EXAMPLES), EXAMPLES)
        for n, share in right.items()
    }
    intervals = {
        n: {"accuracy": [None, None] if rate is None else [rate.low, rate.high]}
        for n, rate in ends.items()
    }
    if settings.get("status", "finished") == "finished":
        summary |= {
            "test_interval": intervals[seq_len],
            "at_lengths": {
                str(n): {
                    "test": {"accuracy": share, "loss": 0.5},
                    "test_interval": intervals[n],
                    "chance": {"accuracy": 0.5},
                }
                for n, share in right.items()
                if n != seq_len
            },
        }
    more = {"distance": seq_len - 1, "test": EXAMPLES, **(report or {})}
    write_json(path, summary | {"memory": True, "synthetic": True, "data_report": more})
    return path


def up_to(last: int, lengths: Sequence[int], above: float = 0.98) -> dict[int, float | None]:
    """Right with the share `above` up to a length, and as a coin behind it."""
    return {n: above if n <= last else 0.5 for n in lengths}
