"""What a run or the runs of a study ran on, and the command that makes it again."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnexp.errors import DataError
from rnnexp.results.names import shown_path
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from rnnexp.yamls import yaml_value

#: Different values of one fact that a page lists.
MOST_VALUES = 6

#: Words that a sweep adds to those that were typed.
_ADDED = ("hydra.job.config.override_dirname.exclude_keys=", "hydra.mode=")


def facts(run: RunDirectory) -> dict[str, str]:
    """What environment.json says, in words; of a run without one what its summary does."""
    try:
        said: Mapping[str, Any] = run.environment
    except (DataError, OSError) as error:
        return {"environment": f"cannot be read ({error})"}
    packages = said.get("packages") or {}
    device = said.get("device_name") or said.get("device")
    processor = said.get("processor_name") or said.get("processor")
    git = said.get("git") or {}
    commit = str(git.get("commit") or "")[:12] if isinstance(git, Mapping) else ""
    changed = " with changes" if commit and git.get("diff") else ""
    named = {
        "Python": said.get("python"),
        "rnnexp": packages.get("rnnexp") or run.summary.version,
        "commit": f"{commit}{changed}" if commit else None,
        **{name: version for name, version in packages.items() if name != "rnnexp"},
        "platform": said.get("platform"),
        "processor": processor,
        "instructions": said.get("instructions"),
        "device": device,
        "threads": said.get("threads"),
        "engine": run.summary.engine,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def together(every: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    """The facts of several runs; where they differ in one, each value and how many have it.

    >>> together([{"Python": "3.11", "threads": "1"}, {"Python": "3.11", "threads": "2"}])
    [('Python', '3.11'), ('threads', '1 (1 run); 2 (1 run)')]
    """
    counts: dict[str, dict[str, int]] = {}
    for named in every:
        for name, value in named.items():
            of_name = counts.setdefault(name, {})
            of_name[value] = of_name.get(value, 0) + 1
    return [(name, _values(of_name)) for name, of_name in counts.items()]


def _values(counts: Mapping[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    shown = [f"{value} ({n} run{'s' if n > 1 else ''})" for value, n in counts.items()]
    more = len(shown) - MOST_VALUES
    return "; ".join(shown[:MOST_VALUES]) + (f"; and {more} more" if more > 0 else "")


def command(words: Iterable[str], folders: Iterable[str] = ()) -> str:
    """As it can be pasted into a shell. folders: that --config-dir names.

    >>> command(["report", "outputs/a b"], ["mypkg/conf"])
    "rnnexp --config-dir mypkg/conf report 'outputs/a b'"
    """
    named = [word for folder in folders for word in ("--config-dir", folder)]
    return shlex.join(["rnnexp", *named, *words])


def folders_of(summaries: Iterable[Summary]) -> list[str]:
    """What the commands of the runs named with --config-dir, each folder once."""
    return list(dict.fromkeys(folder for each in summaries for folder in each.config_dirs))


def command_of_run(run: RunDirectory) -> str:
    """The command that made it; empty where it is not known."""
    try:
        words = run.words
    except (DataError, OSError, ValueError):
        return ""
    return command(words, run.summary.config_dirs) if words else ""


def command_of_report(path: Path, folders: Iterable[str] = ()) -> str:
    """The command that draws it anew."""
    return command(["report", shown_path(path)], folders)


def no_figures(path: Path, folders: Iterable[str] = ()) -> str:
    """What a page without figures says: what to type for them."""
    return f"No figures are drawn here: {command_of_report(path, folders)} draws them."


def command_of_study(study: Path, folders: Iterable[str] = ()) -> str:
    """The last command that ran it, by Hydra's own record; empty where there is none."""
    path = study / "multirun.yaml"
    try:
        recorded = yaml_value(path.read_bytes(), path)
        said = recorded["hydra"]["overrides"]
        typed = [str(word) for word in said["task"]]
        words = [str(word) for word in said["hydra"]]
    except (DataError, OSError, KeyError, TypeError):
        return ""
    return command(["-m", *_as_typed(words), *typed], folders)


def _as_typed(words: Sequence[str]) -> list[str]:
    """Without what the sweep has added, the last of which says where the study is."""
    kept = [word for word in words if not word.startswith(_ADDED)]
    if kept and kept[-1].startswith("hydra.sweep.dir="):
        del kept[-1]
    return kept
