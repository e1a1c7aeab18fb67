"""Published numbers beside measured ones, as a Markdown table: the presets that promise some.

A preset's header says what is expected, in lines `#: which runs | quantity | expected | source`:

    #: model=lstm | test_mse | every < 0.005 | Hochreiter 1997
    #: model=rnn | tail_loss | 0.169 ± 0.005 | ...

quantity: a column of study.csv, or `tail_loss`, the mean training loss of the last 500 steps.
expected: `a ± b` holds the mean over seeds, `every < a`, `every > a`, `every = a` each seed; with
`a chance` the bound is a times the run's chance level. `#: long` marks a preset that takes more
than a few minutes.

    python benchmarks/published.py [--long] [preset ...]

Runs what is missing under outputs/studies/, as the command itself does, and prints the table; exits
with 1 where a promise was not kept.
"""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnexp.command.main import main as rnnexp
from rnnexp.plugins import own_config_dir
from rnnexp.results.groups import Group
from rnnexp.results.runs import ROOT, RunDirectory
from rnnexp.results.statistics import POSITIVE, t_interval
from rnnexp.results.study import Study
from rnnexp.results.tables import one_by_one, with_interval

TAIL_STEPS = 500
#: Columns that say yes or no of a run.
RATES = ("solved", "beats_chance")


@dataclass(frozen=True)
class Promise:
    """One expectation. settings: of the runs that it is about. relation: `±`, `<`, `>` or `=`."""

    settings: Mapping[str, str]
    quantity: str
    relation: str
    value: float
    tolerance: float
    of_chance: bool
    expected: str
    source: str

    @classmethod
    def parse(cls, line: str) -> "Promise":
        """Raises ValueError for a line that is no promise."""
        parts = [part.strip() for part in line.removeprefix("#:").split("|")]
        if len(parts) != 4:
            raise ValueError(f"'{line}' needs which runs | quantity | expected | source")
        which, quantity, expected, source = parts
        settings = dict(item.strip().split("=", 1) for item in which.split(","))
        number = r"(\d[\d.e-]*)"
        if match := re.fullmatch(rf"{number} ± {number}", expected):
            value, tolerance = float(match[1]), float(match[2])
            return cls(settings, quantity, "±", value, tolerance, False, expected, source)
        if match := re.fullmatch(rf"every ([<>=]) {number}( chance)?", expected):
            value, of_chance = float(match[2]), match[3] is not None
            return cls(settings, quantity, match[1], value, 0.0, of_chance, expected, source)
        raise ValueError(f"'{expected}' is neither `a ± b` nor `every < a`")

    def kept(self, values: Sequence[float], chances: Sequence[float]) -> bool:
        """Whether the runs did what was promised of them."""
        if not values:
            return False
        if self.relation == "±":
            return abs(sum(values) / len(values) - self.value) <= self.tolerance
        bounds = [self.value * (chance if self.of_chance else 1.0) for chance in chances]
        holds = {"<": float.__lt__, ">": float.__gt__, "=": float.__eq__}[self.relation]
        return all(holds(float(v), float(b)) for v, b in zip(values, bounds, strict=True))


def promises(preset: Path) -> tuple[list[Promise], bool]:
    """What a preset's header promises, and whether it is marked as long."""
    lines = [line for line in preset.read_text(encoding="utf-8").splitlines() if line[:2] == "#:"]
    marked = [line for line in lines if line == "#: long"]
    return [Promise.parse(line) for line in lines if line not in marked], bool(marked)


def measured(study: Study, promise: Promise) -> tuple[list[float], list[float]]:
    """The quantity and the chance level of each run, in order of the seeds.

    NaN where a run has none: one that diverged or failed keeps no promise but what `solved` says.
    """
    rows = [
        row
        for row in study.rows
        if all(str(row[key]) == value for key, value in promise.settings.items())
    ]
    rows.sort(key=lambda row: int(row["seed"]))
    chance = f"chance_{promise.quantity.removeprefix('test_')}"
    return (
        [_quantity(study, row, promise.quantity) for row in rows],
        [float(row.get(chance, "nan")) for row in rows],
    )


def _quantity(study: Study, row: Mapping[str, Any], name: str) -> float:
    if row["status"] == "diverged" and name == "solved":
        return 0.0
    if row["status"] != "finished":
        return float("nan")
    if name != "tail_loss":
        return float(row[name])
    metrics = RunDirectory.open(study.path / row["run"]).metrics
    tail = [m["train_loss"] for m in metrics if m["step"] > metrics[-1]["step"] - TAIL_STEPS]
    return sum(tail) / len(tail)


def measured_in_words(study: Study, promise: Promise, values: Sequence[float]) -> str:
    """The mean with its interval, or a rate with Wilson's, and each seed; or each seed alone, where
    no interval over so few would cover.
    """
    wanted = promise.settings.items()
    runs = [r for r in study.runs if all(str(r.row[key]) == value for key, value in wanted)]
    group, each = Group("", "", runs), one_by_one(values, "{:.3g}".format)
    if promise.quantity in RATES:
        return f"{group.rate(promise.quantity)}; {each}"
    interval = group.interval(promise.quantity) or t_interval(values, POSITIVE)
    return each if interval.apart else f"{with_interval(interval).text}; {each}"


def table_rows(
    preset: str, study: Study, expected: Sequence[Promise], long: bool
) -> tuple[list[str], bool]:
    """A line of the table for each promise, and whether all of them were kept."""
    lines, all_kept = [], True
    for promise in expected:
        values, chances = measured(study, promise)
        which = ", ".join(f"{key}={value}" for key, value in promise.settings.items())
        shown = "not measured"
        if any(map(math.isnan, values)):
            shown = "; ".join("none" if math.isnan(value) else f"{value:.3g}" for value in values)
        elif values:
            shown = measured_in_words(study, promise, values)
        kept = promise.kept(values, chances)
        all_kept = all_kept and kept
        verdict = "yes" if kept else "**no**"
        name = f"`{preset}`" + (" (long)" if long else "")
        lines.append(
            f"| {name} | {which} | {promise.quantity} | {promise.expected} | {shown} | {verdict} | "
            f"{promise.source} |"
        )
    return lines, all_kept


HEAD = [
    "| preset | runs | quantity | expected | measured: mean (95% interval); each seed | kept | "
    "source |",
    "| --- | --- | --- | --- | --- | --- | --- |",
]


def main(words: Sequence[str]) -> int:
    names = [word for word in words if not word.startswith("-")]
    lines, all_kept = list(HEAD), True
    presets = {path.stem: path for path in sorted((own_config_dir() / "experiment").glob("*.yaml"))}
    if unknown := [name for name in names if name not in presets]:
        print(f"there is no preset {unknown[0]}: {', '.join(presets)}", file=sys.stderr)
        return 2
    for preset in presets.values():
        expected, long = promises(preset)
        if not expected or (names and preset.stem not in names):
            continue
        path = ROOT / "studies" / preset.stem
        if (not long or "--long" in words or names) and rnnexp([f"experiment={preset.stem}"]):
            print(f"experiment={preset.stem} failed", file=sys.stderr)
            all_kept = False
        if path.is_dir():
            rows, kept = table_rows(preset.stem, Study.read(path), expected, long)
            lines, all_kept = [*lines, *rows], all_kept and kept
        else:
            lines.append(f"| `{preset.stem}` (long) | | | | not run: make published LONG=1 | | |")
    print("\n" + "\n".join(lines))
    return 0 if all_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
