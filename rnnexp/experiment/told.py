"""What loggers are told of a run: its settings and tags, its numbers by name, how it ended."""

import hashlib
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnexp import config as settings
from rnnexp.errors import short
from rnnexp.experiment.build import Experiment
from rnnexp.logger.base import Outcome, RunFacts, Setting
from rnnexp.results.names import shown_path
from rnnexp.results.runs import ROOT, RunDirectory
from rnnexp.results.summary import Summary

#: Columns of metrics.csv whose names begin so are shown as a group by tools: `val/loss`.
GROUPED = ("train", "val", "grad")


def grouped(row: Mapping[str, float | None]) -> dict[str, float | None]:
    """A row of metrics.csv in the names of tools, which take what stands before `/` for a group.

    >>> grouped({"epoch": 1, "step": 10, "val_loss": 0.5})
    {'epoch': 1, 'val/loss': 0.5}
    """
    named = {}
    for column, value in row.items():
        group, _, name = column.partition("_")
        if column != "step":
            named[f"{group}/{name}" if name and group in GROUPED else column] = value
    return named


def facts_of(
    experiment: Experiment, run: RunDirectory, summary: Summary, goes_on: bool
) -> RunFacts:
    """What loggers are told of a run that begins."""
    spec, task = experiment.spec, experiment.task
    digest = hashlib.sha256(f"{summary.fingerprint} {summary.started}".encode()).hexdigest()
    names = [score.name for score in (task.headline, *task.readings)]
    splits = ["test", *(f"test_T{length}" for length in experiment.at_lengths)]
    scores = dict.fromkeys(f"{split}/{name}" for split in splits for name in names)
    return RunFacts(
        id=digest[:16],
        name=run.path.name,
        study=spec.study.name if spec.study is not None else None,
        path=run.path,
        outputs=outputs_of(run.path),
        settings=flat_settings(spec.config, spec.choices),
        tags={
            "data": str(summary.data),
            "model": str(summary.model),
            "synthetic": str(task.synthetic).lower(),
            "rnnexp.version": str(summary.version),
            "rnnexp.fingerprint": str(summary.fingerprint),
            "directory": shown_path(run.path),
            "command": shlex.join(["rnnexp", *spec.words]),
        },
        scores=list(scores),
        goes_on=goes_on,
    )


def outputs_of(run: Path) -> Path:
    """The folder `outputs` that a run lies in, else the one of the current folder."""
    above = [folder for folder in run.absolute().parents if folder.name == ROOT.name]
    return above[0] if above else ROOT.absolute()


def flat_settings(config: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, Setting]:
    """Every setting that is not null, dotted; `model` and the like by the choice made.

    >>> flat_settings({"seed": 0, "model": {"_target_": "a.B", "hidden_size": 8}}, {"model": "b"})
    {'seed': 0, 'model': 'b', 'model.hidden_size': 8}
    """
    flat: dict[str, Setting] = {}

    def add(key: str, value: Any) -> None:
        if isinstance(value, Mapping):
            if key in choices:
                flat[key] = choices[key]
            for name, inner in value.items():
                if name != "_target_":
                    add(f"{key}.{name}" if key else name, inner)
        elif value is not None:
            flat[key] = value if isinstance(value, str | int | float) else str(value)

    add("", {key: value for key, value in config.items() if key != settings.LOGGER})
    return flat


def outcome_of(run: RunDirectory, summary: Summary, step: int) -> Outcome:
    """How a run ended, by its summary."""
    reason = short(((summary.reason or "").splitlines() or [""])[0])
    figures = sorted(run.plots.glob("*.png")) if summary.done else []
    scores = scores_of(summary) if summary.done else {}
    return Outcome(str(summary.status), reason, scores, step, figures, run.path / "summary.json")


def scores_of(summary: Summary) -> dict[str, float]:
    """The numbers that a run ends with, as far as there are any."""
    numbers: dict[str, float | None] = {}
    for name, value in (summary.validation or {}).items():
        numbers[f"validation/{name}"] = value
    splits = {"test": (summary.test or {}, summary.test_interval or {}, summary.chance)}
    for length, at in summary.at_lengths.items():
        splits[f"test_T{length}"] = (at.test, at.test_interval, at.chance)
    for split, (means, intervals, chance) in splits.items():
        for name, value in means.items():
            numbers[f"{split}/{name}"] = value
            low, high = intervals.get(name, (None, None))
            numbers |= {f"{split}/{name}_low": low, f"{split}/{name}_high": high}
            numbers[f"{split}/{name}_chance"] = chance.get(name)
    for key in ("epochs", "steps", "best_epoch", "seconds", "tokens_per_second", "parameters"):
        numbers[f"run/{key}"] = getattr(summary, key)
    return {k: float(v) for k, v in numbers.items() if v is not None and math.isfinite(v)}
