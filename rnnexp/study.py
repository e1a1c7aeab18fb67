"""Many run directories -> one table and its statistics. Never imports torch."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnexp.runs import DONE, RunDirectory, write_json, write_text
from rnnexp.statistics import Interval, t_interval

#: What a table says of each run, before the settings that vary and after them.
_FIRST = ("run", "status", "model", "data", "seq_len")
_LAST = ("seconds", "tokens_per_second", "epochs", "steps", "best_epoch", "parameters", "reason")
_MODELS = ("rnn", "lstm", "gru", "unrolled", "linear", "bag")
#: Settings that name a run, or say what is measured of it, and do not tell runs apart.
_NO_FACTOR = ("seed", "experiment", "name", "study", "plots", "probes")


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

    def scalars(self, probe: str, key: str) -> list[float]:
        """A number of the probe's last measurement, of each run that has it."""
        return [float(found[key][-1]) for found in self.probe(probe) if key in found]


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


@dataclass(frozen=True)
class Study:
    """rows: one per run, whatever became of it. factors: the settings that vary, seed apart."""

    path: Path
    rows: Sequence[Mapping[str, Any]]
    factors: Sequence[str]
    headline: str

    @classmethod
    def read(cls, path: Path) -> "Study":
        found = [RunDirectory.open(file.parent) for file in sorted(path.glob("*/summary.json"))]
        # In the order they were begun: a table and its lines then follow the command.
        runs = sorted(found, key=lambda run: str(run.summary.get("started")))
        summaries = [run.summary for run in runs]
        configs = [run.config if (run.path / "config.yaml").exists() else {} for run in runs]
        values = _factors(summaries, configs)
        factors = list(values)
        rows = [
            {
                "run": run.path.name,
                "status": summary.get("status"),
                "model": summary.get("model"),
                "data": summary.get("data"),
                "seq_len": summary.get("seq_len"),
                **{name: values[name][i] for name in factors},
                "seed": summary.get("seed"),
                **{f"test_{k}": v for k, v in (summary.get("test") or {}).items()},
                **{f"chance_{k}": v for k, v in summary.get("chance", {}).items()},
                **{name: summary.get(name) for name in _LAST},
            }
            for i, (run, summary) in enumerate(zip(runs, summaries, strict=True))
        ]
        headline = next((s["headline"] for s in summaries if s.get("headline")), "accuracy")
        return cls(path, rows, factors, headline)

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

    def write(self) -> None:
        """study.csv, a row per run, and study.json, the statistics per group."""
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.path / "study.csv", text.getvalue())
        write_json(self.path / "study.json", self.statistics())

    def statistics(self) -> dict[str, Any]:
        numeric = [
            column
            for column in dict.fromkeys(key for row in self.rows for key in row)
            if column.startswith("test_") or column == "seconds"
        ]
        return {
            "study": self.path.name,
            "factors": list(self.factors),
            "interval": "95% t-interval over seeds",
            "groups": [
                {
                    # JSON has no infinity
                    **{k: "inf" if v == math.inf else v for k, v in group.factors.items()},
                    "runs": dict(group.statuses),
                    **{
                        column: {
                            "n": interval.n,
                            "mean": interval.mean,
                            "interval_95": None
                            if interval.low is None
                            else [interval.low, interval.high],
                        }
                        for column in numeric
                        if (interval := group.interval(column))
                    },
                }
                for group in self.groups()
            ],
        }

    def table(self) -> str:
        """For the terminal: a line per group with its score, interval and training time."""
        percent = self.headline == "accuracy"
        head = [*self.factors, f"test {self.headline}" + (" %" if percent else ""), "95% interval",
                "runs", "training time"]  # fmt: skip
        lines = [head]
        for group in self.groups():
            score, seconds = group.interval(self.score), group.interval("seconds")
            lines.append(
                [
                    *(str(value) for value in group.factors.values()),
                    _number(score.mean, percent) if score else "-",
                    _between(score, percent),
                    " ".join(_count(status, n) for status, n in group.statuses.items()),
                    f"{seconds.mean:.1f} s" if seconds else "-",
                ]
            )
        column = f"chance_{self.headline}"
        chances = {row[column] for row in self.rows if column in row}
        notes = [f"chance: {', '.join(sorted(_number(c, percent) for c in chances))}"]
        if any(len(group.values(self.score)) == 1 for group in self.groups()):
            notes.append("one seed gives no interval: add seeds, as in seed=0,1,2")
        return "\n".join([aligned(lines), *notes])


def _factors(
    summaries: Sequence[Mapping[str, Any]], configs: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """The settings that tell runs apart, the seed aside, with the value of each run."""

    def column(name: str) -> list[Any]:
        return [_value(name, s, c) for s, c in zip(summaries, configs, strict=True)]

    # What a command of this study named, where it varies ...
    named = dict.fromkeys(key for s in summaries for key in s.get("overrides", {}))
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
    if name in summary.get("choices", {}):
        return summary["choices"][name]
    value: Any = config
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def group_label(factors: Mapping[str, Any]) -> str:
    """`lstm, seq_len=400`"""
    return ", ".join(
        str(value) if name in ("model", "data") else f"{name}={value}"
        for name, value in factors.items()
    )


def _number(value: float, percent: bool) -> str:
    return f"{100 * value:.1f}" if percent else f"{value:.4g}"


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
