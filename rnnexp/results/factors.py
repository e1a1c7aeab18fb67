"""Which settings tell the runs of a study apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnnexp.dials import SECTIONS
from rnnexp.earlier import came_later, key_now, optimizer_name
from rnnexp.results.summary import Summary

#: Settings that name a run, or say what is measured of it, and do not tell runs apart.
NO_FACTOR = (
    "seed", "experiment", "name", "study", "question", "plots", "probes", "logger", *SECTIONS
)  # fmt: skip
#: Settings that are an axis, along which nothing is compared pair by pair.
LENGTHS = ("seq_len", "data.distance")


def varying_settings(
    summaries: Sequence[Summary], configs: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """The settings that tell runs apart, the seed aside, with the value of each run."""

    def column(name: str) -> list[Any]:
        return [_value(name, s, c) for s, c in zip(summaries, configs, strict=True)]

    # What a command of this study named, where it varies ...
    named = dict.fromkeys(key_now(key) for summary in summaries for key in summary.overrides)
    names = ["model", "data", "seq_len", *(key for key in named if not _names_run(key))]
    columns = {name: column(name) for name in dict.fromkeys(names)}
    varied = {n: c for n, c in columns.items() if n == "model" or len(set(map(str, c))) > 1}
    # ... and whatever else differs between runs that would count as alike: a preset, an edited
    # default. Different things are never averaged.
    if "data" in varied:  # a path says nothing that the data's name has not said
        varied = {n: c for n, c in varied.items() if not _follows(n, c, varied["data"])}
    flat = [flat_settings(config) for config in configs]
    if "optimizer" in varied:  # its settings follow from it where nobody has named them
        flat = [
            {k: v for k, v in own.items() if not k.startswith("optimizer.") or k in named}
            for own in flat
        ]
    while hidden := _differences_within_groups(list(varied.values()), flat):
        varied |= {key: column(key) for key in hidden}
    return varied


def _names_run(override: str) -> bool:
    """Whether a key of the command line tells no runs apart; `~probes.x` takes a probe away."""
    return override.lstrip("~").partition(".")[0] in NO_FACTOR


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
    differing: set[str] = set()
    for members in groups.values():
        for key in set().union(*members):
            if len({str(member.get(key)) for member in members}) > 1:
                differing.add(key)
    return sorted(differing)


def flat_settings(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"model": {"hidden_size": 8}}` as `{"model.hidden_size": 8}`, without what names a run."""
    settings: dict[str, Any] = {}
    for key, value in config.items():
        if not prefix and key in NO_FACTOR:
            continue
        if isinstance(value, Mapping):
            settings |= flat_settings(value, f"{prefix}{key}.")
        elif not came_later(f"{prefix}{key}", value):  # runs made before had no such setting
            settings[f"{prefix}{key}"] = value
    return settings


def _value(name: str, summary: Summary, config: Mapping[str, Any]) -> Any:
    """A setting of a run: the option chosen in a group, or the value at a dotted key."""
    if name in ("model", "data", "seq_len"):
        return getattr(summary, name)
    if name in summary.choices:
        return summary.choices[name]
    value: Any = config
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):  # a group that the run's version had not
        return optimizer_name(value)
    if isinstance(value, list):
        return str(value)
    if value is None and name in LENGTHS:  # what follows from other settings is in the report
        return summary.data_report.get(name.rpartition(".")[2])
    return value
