"""Many run directories -> one table and its statistics. Never imports torch."""

import csv
import io
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnexp.errors import DataError
from rnnexp.results.runs import RunDirectory, write_json, write_text
from rnnexp.results.statistics import (
    NEEDED_SKILL,
    Interval,
    Paired,
    Rate,
    beats_chance,
    paired,
    skill,
    t_interval,
    wilson,
)
from rnnexp.results.summary import DONE

#: What a table says of each run, before the settings that vary and after them.
_FIRST = ("run", "status", "model", "data", "seq_len")
_LAST = ("seconds", "tokens_per_second", "epochs", "steps", "best_epoch", "parameters", "reason")
_MODELS = ("rnn", "lstm", "gru", "unrolled", "linear", "bag")
#: Settings that name a run, or say what is measured of it, and do not tell runs apart.
_NO_FACTOR = ("seed", "experiment", "name", "study", "plots", "probes")
#: Settings that are an axis, along which nothing is compared pair by pair.
LENGTHS = ("seq_len", "data.distance")
#: Lines of comparisons, and of missing runs, that a table can carry.
MAX_LINES = 12


@dataclass(frozen=True)
class Series:
    """Runs that differ in their seed alone, as one line of a figure or of a table.

    factors: the settings that tell it from the other series of its study.
    """

    label: str
    model: str
    runs: Sequence[RunDirectory]
    factors: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_run(cls, run: RunDirectory) -> "Series":
        model = str(run.summary["model"])
        return cls(model, model, [run])

    def probe(self, name: str) -> list[dict[str, Any]]:
        """What a probe has measured in each run that has it."""
        return [found for run in self.runs if (found := run.probe(name)) is not None]

    def scalars(self, probe: str, key: str, row: int = -1) -> list[float]:
        """A number of the probe's last (or `row`-th) measurement, of each run that has it."""
        return [float(found[key][row]) for found in self.probe(probe) if key in found]


@dataclass(frozen=True)
class Group:
    """The runs that differ in their seed alone.

    factors: the settings that tell this group from the others.
    statuses: how many runs ended how.
    """

    factors: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    statuses: Mapping[str, int]

    def values(self, column: str) -> list[float]:
        """The column of the finished runs that have it."""
        finished = (row for row in self.rows if row["status"] == "finished")
        return [row[column] for row in finished if row.get(column) is not None]

    def interval(self, column: str) -> Interval | None:
        values = self.values(column)
        return t_interval(values) if values else None

    def level(self, headline: str) -> list[float]:
        """The chance levels of its runs."""
        column = f"chance_{headline}"
        return sorted({row[column] for row in self.rows if row.get(column) is not None})

    def by_seed(self, column: str) -> dict[int, float]:
        """The column of the finished runs that have it, by their seed."""
        return {
            int(row["seed"]): row[column]
            for row in self.rows
            if row["status"] == "finished" and row.get(column) is not None
        }

    def rate(self, column: str) -> Rate | None:
        """How many of the runs that came to an end did it; a diverged one did not."""
        ended = [row for row in self.rows if row["status"] in DONE and row.get(column) is not None]
        return wilson(sum(row[column] for row in ended), len(ended)) if ended else None


@dataclass(frozen=True)
class Comparison:
    """Two values of one setting, all others alike, over the seeds that both have.

    difference: the second minus the first, of `column`.
    """

    factor: str
    values: tuple[Any, Any]
    others: Mapping[str, Any]
    column: str
    found: Paired


@dataclass(frozen=True)
class Study:
    """rows: one per run, whatever became of it. factors: the settings that vary, seed apart.

    older: runs of which there is a newer one with the same settings and seed; no row is theirs.
    """

    path: Path
    rows: Sequence[Mapping[str, Any]]
    factors: Sequence[str]
    headline: str
    older: Sequence[str] = ()

    @classmethod
    def read(cls, path: Path) -> "Study":
        found = [RunDirectory.open(file.parent) for file in sorted(path.glob("*/summary.json"))]
        # In the order they were begun: a table and its lines then follow the command.
        runs = sorted(found, key=lambda run: str(run.summary.get("started")))
        summaries = [run.summary for run in runs]
        for run, summary in zip(runs, summaries, strict=True):
            _check_summary(run, summary)
        configs = [run.config if (run.path / "config.yaml").exists() else {} for run in runs]
        values = _factors(summaries, configs)
        factors = list(values)
        rows = [
            {
                "run": run.path.name,
                "status": summary.get("status"),
                "model": summary.get("model"),
                "data": summary.get("data"),
                "synthetic": summary.get("synthetic", summary.get("data") == "reviews"),
                "memory": bool(summary.get("memory")),
                "distance": summary.get("data_report", {}).get("distance"),
                "seq_len": summary.get("seq_len"),
                **{name: values[name][i] for name in factors},
                "seed": summary.get("seed"),
                **{f"test_{k}": v for k, v in (summary.get("test") or {}).items()},
                **_at_lengths(summary),
                **_judged(summary),
                **{f"chance_{k}": v for k, v in (summary.get("chance") or {}).items()},
                **{name: summary.get(name) for name in _LAST},
            }
            for i, (run, summary) in enumerate(zip(runs, summaries, strict=True))
        ]
        rows, older = _newest(rows, factors)
        headline = next((s["headline"] for s in summaries if s.get("headline")), "accuracy")
        return cls(path, rows, factors, headline, older)

    @property
    def score(self) -> str:
        return f"test_{self.headline}"

    def groups(self) -> list[Group]:
        """In order of the factors: numbers by value, models plain to gated, others as they came."""
        found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for row in self.rows:
            found.setdefault(tuple(row[name] for name in self.factors), []).append(row)
        seen = {name: list(dict.fromkeys(row[name] for row in self.rows)) for name in self.factors}
        # jobs that run side by side begin in any order
        seen["model"].sort(
            key=lambda name: _MODELS.index(name) if name in _MODELS else len(_MODELS)
        )

        def place(key: tuple[Any, ...]) -> list[float]:
            return [
                float(value) if isinstance(value, int | float) else seen[name].index(value)
                for name, value in zip(self.factors, key, strict=True)
            ]

        groups = []
        for key in sorted(found, key=place):
            statuses = [row["status"] for row in found[key]]
            groups.append(
                Group(
                    dict(zip(self.factors, key, strict=True)),
                    sorted(found[key], key=lambda row: int(row["seed"])),
                    {status: statuses.count(status) for status in dict.fromkeys(statuses)},
                )
            )
        return groups

    def series(self) -> list[Series]:
        """The groups with their runs that came to an end, diverged ones among them."""
        return [
            Series(
                group_label(group.factors),
                str(group.factors["model"]),
                [
                    RunDirectory(self.path / str(row["run"]))
                    for row in group.rows
                    if row["status"] in DONE
                ],
                group.factors,
            )
            for group in self.groups()
        ]

    def write(self, more: Mapping[str, Any] | None = None) -> None:
        """study.csv, a row per run, and study.json, the statistics per group and `more`."""
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.path / "study.csv", text.getvalue())
        write_json(self.path / "study.json", {**self.statistics(), **(more or {})})

    def statistics(self) -> dict[str, Any]:
        numeric = [
            column
            for column in dict.fromkeys(key for row in self.rows for key in row)
            if column.startswith("test_") or column in ("skill", "seconds")
        ]
        return {
            "study": self.path.name,
            "factors": list(self.factors),
            "interval": "95% t-interval over seeds; of rates Wilson's",
            "beats_chance": BEATS_CHANCE,
            "groups": [
                {
                    **_plain(group.factors),
                    "runs": dict(group.statuses),
                    **{
                        column: {
                            "n": interval.n,
                            "mean": interval.mean,
                            "standard_deviation": interval.deviation,
                            "interval_95": interval.ends,
                        }
                        for column in numeric
                        if (interval := group.interval(column))
                    },
                    **{
                        name: {
                            "successes": rate.successes,
                            "n": rate.n,
                            "interval_95": [rate.low, rate.high],
                        }
                        for name in ("beats_chance", "solved")
                        if (rate := group.rate(name))
                    },
                }
                for group in self.groups()
            ],
            "comparisons": [
                {
                    "factor": one.factor,
                    "values": list(_plain(dict(enumerate(one.values))).values()),
                    "others": _plain(one.others),
                    "column": one.column,
                    "seeds": list(one.found.seeds),
                    "difference": one.found.difference.mean,
                    "interval_95": one.found.difference.ends,
                    "p": one.found.p,
                    "left_out": list(one.found.left_out),
                }
                for factor in self.factors
                if factor not in LENGTHS
                for one in self.comparisons(factor)
            ],
            "notes": self.notes(),
        }

    def comparisons(self, factor: str) -> Iterator[Comparison]:
        """The score at each pair of values of a setting, over the same seeds, all else alike."""
        alike: dict[str, list[Group]] = {}
        for group in self.groups():
            others = {key: value for key, value in group.factors.items() if key != factor}
            alike.setdefault(str(others), []).append(group)
        for groups in alike.values():
            for a, b in itertools.combinations(groups, 2):
                if a.level(self.headline) != b.level(self.headline):
                    continue  # scores above different chance levels are no two of a kind
                found = paired(a.by_seed(self.score), b.by_seed(self.score))
                if found is not None:
                    others = {key: value for key, value in a.factors.items() if key != factor}
                    values = a.factors[factor], b.factors[factor]
                    yield Comparison(factor, values, others, self.score, found)

    def notes(self) -> list[str]:
        """What is missing or uneven, a line each: nothing is averaged over it in silence."""
        groups = self.groups()
        values = [list(dict.fromkeys(group.factors[f] for group in groups)) for f in self.factors]
        there = {tuple(group.factors.values()) for group in groups}
        absent = [key for key in itertools.product(*values) if key not in there]
        seeds = {row["seed"] for row in self.rows}
        lines = []
        other = {r["headline"]: r["data"] for r in self.rows if r["headline"] is not None}
        other.pop(self.headline, None)
        if other:
            names = [f"{data} by {name}" for name, data in other.items()]
            lines.append(f"scored otherwise, see study.json and study.csv: {_listed(names)}")
        if self.older:
            lines.append(
                f"left out, since there is a newer run of the same settings and seed: "
                f"{_listed(self.older)}"
            )
        if absent:
            names = [group_label(dict(zip(self.factors, key, strict=True))) for key in absent]
            lines.append(f"no run of: {_listed(names)}")
        ended = [
            (group, sorted(row["seed"] for row in group.rows if row["status"] in DONE))
            for group in groups
        ]
        uneven = [
            f"{group_label(group.factors)} (seeds {', '.join(map(str, there)) or 'none'})"
            for group, there in ended
            if set(there) != seeds
        ]
        if uneven:
            lines.append(
                f"unequal seeds, of {', '.join(map(str, sorted(seeds)))}: {_listed(uneven)}"
            )
        unsure = [
            row["run"]
            for row in self.rows
            if row["status"] == "finished" and "beats_chance" not in row
        ]
        if unsure:
            lines.append(
                f"without an interval over test examples, so nothing is said of beating chance (an "
                f"earlier version made them): {len(unsure)} of {len(self.rows)} runs"
            )
        if any(len(group.values(self.score)) == 1 for group in groups):
            lines.append("one seed gives no interval: add seeds, as in seed=0,1,2")
        return lines

    def table(self) -> str:
        """For the terminal: a line per group with its score, interval, rate and training time."""
        percent = self.headline == "accuracy"
        rate_name = "solved" if any(row.get("solved") is not None for row in self.rows) else ""
        rate_name = rate_name or "beats_chance"
        head = [*self.factors, f"test {self.headline}" + (" %" if percent else ""), "95% interval",
                "sd", rate_name.replace("_", " "), "runs", "training time"]  # fmt: skip
        column = f"chance_{self.headline}"
        shown = [row for row in self.rows if row["headline"] in (None, self.headline)]
        chances = sorted({row[column] for row in shown if column in row})
        if len(chances) > 1:
            head.insert(len(self.factors) + 1, "chance")
        lines = [head]
        for group in self.groups():
            score, seconds = group.interval(self.score), group.interval("seconds")
            deviation = score.deviation if score else None
            lines.append(
                [
                    *(str(value) for value in group.factors.values()),
                    _number(score.mean, percent) if score else "-",
                    *(
                        [", ".join(_number(c, percent) for c in group.level(self.headline)) or "-"]
                        if len(chances) > 1
                        else []
                    ),
                    _between(score, percent),
                    "-" if deviation is None else _number(deviation, percent),
                    str(group.rate(rate_name) or "-"),
                    " ".join(_count(status, n) for status, n in group.statuses.items()),
                    _seconds(seconds),
                ]
            )
        made_up = sorted({str(row["data"]) for row in self.rows if row["synthetic"]})
        notes = [f"chance: {', '.join(_number(c, percent) for c in chances)}"]
        if made_up:
            notes.append(f"synthetic data: {', '.join(made_up)}")
        if rate_name == "beats_chance":
            notes.append(f"beats chance: {BEATS_CHANCE}")
        else:
            notes.append(f"solved: {self._solved_at()}; of how many runs (Wilson's 95% interval)")
        return "\n".join([aligned(lines), *notes, *self.notes()])

    def _solved_at(self) -> str:
        bounds = {
            row["solved_at"]
            for row in self.rows
            if row.get("solved_at") is not None and row["headline"] == self.headline
        }
        sign = "at least" if self.headline == "accuracy" else "at most"
        shown = ", ".join(_number(b, self.headline == "accuracy") for b in sorted(bounds))
        return f"test {self.headline} {sign} {shown}" + ("%" if self.headline == "accuracy" else "")

    def comparison_table(self) -> str:
        """For the terminal: pairs of models, or of the first setting that varies, seed by seed."""
        varied = [f for f in self.factors if f not in LENGTHS]
        several = [f for f in varied if len({str(row[f]) for row in self.rows}) > 1]
        if not several:
            return ""
        found = list(self.comparisons(several[0]))
        if not found:
            return ""
        percent = self.headline == "accuracy"
        head = ["compared over the same seeds", f"difference in {self.score.replace('_', ' ')}",
                "95% interval", "p", "seeds"]  # fmt: skip
        lines = [head]
        for one in found[:MAX_LINES]:
            difference = one.found.difference
            others = f", {group_label(one.others)}" if one.others else ""
            left_out = f" (not in both: {', '.join(map(str, one.found.left_out))})"
            lines.append(
                [
                    f"{_shown(one.values[1])} - {_shown(one.values[0])}{others}",
                    _signed(difference.mean, percent),
                    _between(difference, percent),
                    "-" if one.found.p is None else f"{one.found.p:.3g}",
                    str(difference.n) + (left_out if one.found.left_out else ""),
                ]
            )
        notes = ["p: sign-flip permutation test over seeds; of n seeds never below 2/2^n"]
        if len(found) > MAX_LINES:
            notes.append(f"{len(found) - MAX_LINES} more in study.json")
        return "\n".join([aligned(lines), *notes])


#: The criterion in words.
BEATS_CHANCE = (
    f"a run's bootstrap interval over test examples lies above {NEEDED_SKILL:.0%} of the way from "
    "chance to perfect"
)


def _judged(summary: Mapping[str, Any]) -> dict[str, Any]:
    """How sure a run's score is, how far from chance, and what that makes it."""
    headline = summary.get("headline")
    chance = (summary.get("chance") or {}).get(headline)
    perfect = (summary.get("perfect") or {}).get(headline)
    solved_at = summary.get("solved_at")
    found: dict[str, Any] = {"headline": headline}
    if chance is None or perfect is None or summary.get("status") not in DONE:
        return found  # what did not come to its end has shown nothing, neither way
    if solved_at is not None:
        found |= {"solved_at": solved_at, "solved": False}
    found["beats_chance"] = False
    score = (summary.get("test") or {}).get(headline)
    interval = (summary.get("test_interval") or {}).get(headline)
    if score is None or interval is None or None in interval:
        return found
    found |= {
        "interval_low": interval[0],
        "interval_high": interval[1],
        "skill": skill(score, chance, perfect),
        "beats_chance": beats_chance(interval, chance, perfect),
    }
    if solved_at is not None:
        found["solved"] = skill(score, chance, perfect) >= skill(solved_at, chance, perfect)
    return found


def _check_summary(run: RunDirectory, summary: Mapping[str, Any]) -> None:
    """Raise DataError, which names the file, where a table cannot be made of it."""
    wrong = [
        name
        for name in ("test", "test_interval", "chance", "perfect", "overrides", "choices")
        if not isinstance(summary.get(name) or {}, Mapping)
    ]
    for name in ("test", "chance", "perfect") if not wrong else ():
        values = (summary.get(name) or {}).values()
        if not all(value is None or isinstance(value, int | float) for value in values):
            wrong.append(name)
    if not isinstance(summary.get("seed"), int):
        wrong.append("seed")
    if not isinstance(summary.get("status"), str):
        wrong.append("status")
    if wrong:
        raise DataError(
            f"{run.path / 'summary.json'} is damaged ({', '.join(wrong)}): move its folder away, "
            "and the same command makes it anew"
        )


def _newest(
    rows: Sequence[dict[str, Any]], factors: Sequence[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows without those that a newer one of the same settings and seed replaces; their runs.

    Runs of an earlier version, whose settings had other names, may stand beside newer ones.
    """
    newest = {str([row["seed"], *(row[name] for name in factors)]): row for row in rows}
    kept = [row["run"] for row in newest.values()]
    return (
        [row for row in rows if row["run"] in kept],
        [row["run"] for row in rows if row["run"] not in kept],
    )


def _seconds(interval: Interval | None) -> str:
    """`12.3 s ± 0.4`, the half width of the 95% interval."""
    if interval is None:
        return "-"
    half = interval.half_width
    return f"{interval.mean:.1f} s" + ("" if half is None else f" ± {half:.1f}")


def _at_lengths(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The headline score at each length beside its own that the network was tested at."""
    headline = summary.get("headline")
    return {
        f"test_{headline}_at_{length}": found["test"].get(headline)
        for length, found in (summary.get("at_lengths") or {}).items()
    }


def _plain(factors: Mapping[Any, Any]) -> dict[Any, Any]:
    """JSON has no infinity."""
    return {key: "inf" if value == math.inf else value for key, value in factors.items()}


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_LINES
    return "; ".join(names[:MAX_LINES]) + (f"; and {more} more" if more > 0 else "")


def _factors(
    summaries: Sequence[Mapping[str, Any]], configs: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """The settings that tell runs apart, the seed aside, with the value of each run."""

    def column(name: str) -> list[Any]:
        return [_value(name, s, c) for s, c in zip(summaries, configs, strict=True)]

    # What a command of this study named, where it varies ...
    named = dict.fromkeys(key for s in summaries for key in (s.get("overrides") or {}))
    names = ["model", "data", "seq_len", *(key for key in named if not _names_run(key))]
    columns = {name: column(name) for name in dict.fromkeys(names)}
    varied = {n: c for n, c in columns.items() if n == "model" or len(set(map(str, c))) > 1}
    # ... and whatever else differs between runs that would count as alike: a preset, an edited
    # default. Different things are never averaged.
    if "data" in varied:  # a path says nothing that the data's name has not said
        varied = {n: c for n, c in varied.items() if not _follows(n, c, varied["data"])}
    flat = [_flat(config) for config in configs]
    while hidden := _differences_within_groups(list(varied.values()), flat):
        varied |= {key: column(key) for key in hidden}
    return varied


def _names_run(override: str) -> bool:
    """Whether a key of the command line tells no runs apart; `~probes.x` takes a probe away."""
    return override.lstrip("~").partition(".")[0] in _NO_FACTOR


def _follows(name: str, column: Sequence[Any], data: Sequence[Any]) -> bool:
    """Whether a setting of the data has one value for each of the data sets."""
    pairs = {(str(d), str(value)) for d, value in zip(data, column, strict=True)}
    return name.startswith("data.") and len(pairs) == len(set(map(str, data)))


def _differences_within_groups(
    columns: Sequence[Sequence[Any]], flat: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Settings in which runs differ that agree in all `columns`."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row, settings in enumerate(flat):
        if settings:  # else the run failed before it wrote its configuration
            groups.setdefault(str([column[row] for column in columns]), []).append(settings)
    found: set[str] = set()
    for members in groups.values():
        for key in set().union(*members):
            if len({str(member.get(key)) for member in members}) > 1:
                found.add(key)
    return sorted(found)


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"model": {"hidden_size": 8}}` as `{"model.hidden_size": 8}`, without what names a run."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if not prefix and key in _NO_FACTOR:
            continue
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _value(name: str, summary: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """A setting of a run: the option chosen in a group, or the value at a dotted key."""
    if name in ("model", "data", "seq_len"):
        return summary.get(name)
    if name in (summary.get("choices") or {}):
        return summary["choices"][name]
    value: Any = config
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, list):
        return str(value)
    if value is None and name in LENGTHS:  # what follows from other settings is in the report
        return summary.get("data_report", {}).get(name.rpartition(".")[2])
    return value


def group_label(factors: Mapping[str, Any]) -> str:
    """`lstm, seq_len=400`"""
    return ", ".join(
        str(value) if name in ("model", "data") else f"{name}={value}"
        for name, value in factors.items()
    )


def _number(value: float, percent: bool) -> str:
    return f"{100 * value:.1f}" if percent else f"{value:.4g}"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _signed(value: float, percent: bool) -> str:
    return f"{100 * value:+.1f}" if percent else f"{value:+.4g}"


def _between(interval: Interval | None, percent: bool) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return "-"
    return f"{_number(interval.low, percent)} to {_number(interval.high, percent)}"


def _count(status: str, n: int) -> str:
    return str(n) if status == "finished" else f"{n} {status}"


def aligned(lines: Iterable[Sequence[str]]) -> str:
    """Columns padded to their widest cell, a rule under the head."""
    table = [list(line) for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    return "\n".join([texts[0], "-" * max(map(len, texts)), *texts[1:]])
