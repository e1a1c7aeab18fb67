"""Published numbers beside measured ones, as a Markdown table: the presets that promise some.

A preset's header says what is expected, in lines `#: which runs | quantity | expected | source`:

    #: model=lstm | test_mse | rate of < 0.005 above 50% | Hochreiter 1997
    #: model=rnn | tail_loss | 0.169 ± 0.005 | ...

quantity: a column of study.csv, or `tail_loss`, the mean training loss of the last 500 steps.
expected: `a ± b` is of the mean over seeds; `rate of < a above 50%` of the share of seeds whose
quantity is below a, also `> a`, `= a` and `below 50%`; with `a chance` the bound is a times the
run's chance level. `#: long` marks a preset that takes more than a few minutes.

Kept is `yes` where the whole 95% interval agrees (of a mean the t-interval over seeds, of a rate
Wilson's), `no` where none of it does, else `unclear at n seeds`: three seeds of three leave a rate
of 44%, six of six one of 61%.

    python benchmarks/published.py [--long] [preset ...]

Runs what is missing under outputs/studies/, as the command itself does, and prints the table; exits
with 1 where a promise was broken or could not be measured.
"""

import math
import operator
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rnnexp.command.main import main as rnnexp
from rnnexp.plugins import own_config_dir
from rnnexp.results.groups import Group
from rnnexp.results.runs import ROOT, RunDirectory
from rnnexp.results.statistics import POSITIVE, Interval, Rate, t_interval, wilson
from rnnexp.results.study import Study
from rnnexp.results.tables import with_interval

TAIL_STEPS = 500

#: None: the interval has both.
Verdict = bool | None

NUMBER = r"(\d[\d.e-]*)"


@dataclass(frozen=True)
class Measured:
    """A quantity of some runs, in order of their seeds: NaN of a run that diverged.

    chances: the chance level of each. interval: of the mean; without ends where so few have none.
    without_result: how many more runs there are.
    """

    values: Sequence[float]
    chances: Sequence[float]
    interval: Interval
    without_result: int = 0

    @property
    def diverged(self) -> bool:
        return any(map(math.isnan, self.values))


class Expected(ABC):
    """What is expected of some runs, and what they say to it."""

    @abstractmethod
    def verdict(self, runs: Measured) -> Verdict:
        """Whether what was expected came out; of one run or more."""

    @abstractmethod
    def shown(self, runs: Measured) -> str:
        """The number with its 95% interval; empty where each seed says all there is to say."""


@dataclass(frozen=True)
class MeanIs(Expected):
    """The mean over seeds lies within `tolerance` of `value`. A diverged run has none."""

    value: float
    tolerance: float

    def verdict(self, runs: Measured) -> Verdict:
        interval = runs.interval
        if runs.diverged:
            return False
        if interval.low is None or interval.high is None:
            return None
        low, high = self.value - self.tolerance, self.value + self.tolerance
        if low <= interval.low and interval.high <= high:
            return True
        return False if interval.high < low or high < interval.low else None

    def shown(self, runs: Measured) -> str:
        if runs.diverged:
            return "no mean"
        return "" if runs.interval.apart else with_interval(runs.interval).text


@dataclass(frozen=True)
class RateIs(Expected):
    """The share of seeds with `quantity relation bound` lies above, or below, `share`.

    of_chance: the bound counts in the run's chance level. A diverged run has not done it.
    """

    relation: Literal["<", ">", "="]
    bound: float
    of_chance: bool
    side: Literal["above", "below"]
    share: float

    def rate(self, runs: Measured) -> Rate:
        holds: Callable[[float, float], bool] = {
            "<": operator.lt, ">": operator.gt, "=": operator.eq,
        }[self.relation]  # fmt: skip
        successes = sum(
            holds(value, self.bound * (chance if self.of_chance else 1.0))
            for value, chance in zip(runs.values, runs.chances, strict=True)
        )
        return wilson(successes, len(runs.values))

    def verdict(self, runs: Measured) -> Verdict:
        rate = self.rate(runs)
        if rate.low <= self.share <= rate.high:
            return None
        return (rate.low > self.share) == (self.side == "above")

    def shown(self, runs: Measured) -> str:
        return str(self.rate(runs))


@dataclass(frozen=True)
class Promise:
    """One line of a header. settings: of the runs that it is about."""

    settings: Mapping[str, str]
    quantity: str
    expected: Expected
    words: str
    source: str

    @classmethod
    def parse(cls, line: str) -> "Promise":
        """Raises ValueError for a line that is no promise."""
        parts = [part.strip() for part in line.removeprefix("#:").split("|")]
        if len(parts) != 4:
            raise ValueError(f"'{line}' needs which runs | quantity | expected | source")
        which, quantity, words, source = parts
        settings = dict(item.strip().split("=", 1) for item in which.split(","))
        return cls(settings, quantity, expectation(words), words, source)


def expectation(words: str) -> Expected:
    """Raises ValueError for what is neither a mean nor a rate."""
    if match := re.fullmatch(rf"{NUMBER} ± {NUMBER}", words):
        return MeanIs(float(match[1]), float(match[2]))
    rate = rf"rate of (<|>|=) {NUMBER}( chance)? (above|below) {NUMBER}%"
    if match := re.fullmatch(rate, words):
        relation: Any = match[1]
        side: Any = match[4]
        of_chance = match[3] is not None
        return RateIs(relation, float(match[2]), of_chance, side, float(match[5]) / 100)
    raise ValueError(f"'{words}' is neither `a ± b` nor `rate of < a above 50%`")


def promises(preset: Path) -> tuple[list[Promise], bool]:
    """What a preset's header promises, and whether it is marked as long."""
    lines = [line for line in preset.read_text(encoding="utf-8").splitlines() if line[:2] == "#:"]
    marked = [line for line in lines if line == "#: long"]
    return [Promise.parse(line) for line in lines if line not in marked], bool(marked)


def measured(study: Study, promise: Promise) -> Measured | None:
    """The runs that the promise is about; None where none has a result."""
    runs = [
        run
        for run in study.runs
        if all(str(run.row[key]) == value for key, value in promise.settings.items())
    ]
    done = sorted((run for run in runs if run.summary.done), key=lambda run: run.summary.seed)
    if not done:
        return None
    values = [_quantity(study, run.row, promise.quantity) for run in done]
    chance = f"chance_{promise.quantity.removeprefix('test_')}"
    of_column = Group("", "", done).interval(promise.quantity)
    return Measured(
        values,
        [float(run.row.get(chance, "nan")) for run in done],
        of_column or t_interval(values, POSITIVE),
        len(runs) - len(done),
    )


def _quantity(study: Study, row: Mapping[str, Any], name: str) -> float:
    if row["status"] == "diverged":
        return 0.0 if name == "solved" else math.nan
    if name != "tail_loss":
        return float(row[name])
    metrics = RunDirectory.open(study.path / row["run"]).metrics
    tail = [m["train_loss"] for m in metrics if m["step"] > metrics[-1]["step"] - TAIL_STEPS]
    return sum(tail) / len(tail)


def table_rows(
    preset: str, study: Study, expected: Sequence[Promise], long: bool
) -> tuple[list[str], bool]:
    """A line of the table for each promise, and whether none was broken."""
    lines, none_broken = [], True
    verdict: Verdict
    for promise in expected:
        runs = measured(study, promise)
        which = ", ".join(f"{key}={value}" for key, value in promise.settings.items())
        shown, kept, verdict = "not measured", "**no**", False
        if runs is not None:
            verdict = promise.expected.verdict(runs)
            n = len(runs.values)
            kept = {True: "yes", False: "**no**", None: f"unclear at {n} seed{'s' * (n > 1)}"}[
                verdict
            ]
            each = ", ".join("none" if math.isnan(v) else f"{v:.3g}" for v in runs.values)
            parts = [promise.expected.shown(runs), each]
            if runs.without_result:
                parts.append(f"{runs.without_result} without a result")
            shown = "; ".join(part for part in parts if part)
        none_broken = none_broken and verdict is not False
        name = f"`{preset}`" + (" (long)" if long else "")
        lines.append(
            f"| {name} | {which} | {promise.quantity} | {promise.words} | {shown} | {kept} | "
            f"{promise.source} |"
        )
    return lines, none_broken


def made_when(studies: Sequence[Study]) -> str:
    """The versions that made the runs, and the days on which they did."""
    summaries = [run.summary for study in studies for run in study.runs]
    versions = sorted({str(summary.version) for summary in summaries})
    days = sorted({str(summary.started)[:10] for summary in summaries})
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"rnnexp {', '.join(versions)}; {span}"


HEAD = [
    "| preset | runs | quantity | expected | measured (95% interval); each seed | kept | source |",
    "| --- | --- | --- | --- | --- | --- | --- |",
]


def main(words: Sequence[str]) -> int:
    names = [word for word in words if not word.startswith("-")]
    lines, none_broken, studies = list(HEAD), True, []
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
            none_broken = False
        if path.is_dir():
            studies.append(Study.read(path))
            rows, kept = table_rows(preset.stem, studies[-1], expected, long)
            lines, none_broken = [*lines, *rows], none_broken and kept
        else:
            lines.append(f"| `{preset.stem}` (long) | | | | not run: make published LONG=1 | | |")
    print("\n" + "\n".join(lines))
    if studies:
        print("\n" + made_when(studies))
    return 0 if none_broken else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
