"""Which run it is: a hash of all that can change its numbers.

By the names of the choices and not by where their code lies, so that a class may move; a component
of the user's own is named by its target. Left out are labels, how a run is kept and carried out,
probes and loggers (which only watch), settings that are null, and settings that came later and are
at the value that does what was done before. A whole number counts the same as an integer and as a
float: 1 is 1.0.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnexp import config as settings
from rnnexp.dials import SECTIONS
from rnnexp.earlier import came_later, in_first_names, upgraded
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary

if TYPE_CHECKING:
    from rnnexp.experiment.build import Experiment


def fingerprint(config: Mapping[str, Any]) -> str:
    """16 hexadecimal digits, the same for runs whose numbers are the same."""
    relevant = {
        key: component(key, value) if key in settings.GROUPS else value
        for key, value in in_first_names(upgraded(config), config).items()
        if key not in (*settings.LABELS, *SECTIONS, *settings.LISTS)
        and value is not None
        and not came_later(key, value)
    }
    return _hash(relevant)


def probes_fingerprint(config: Mapping[str, Any]) -> str:
    """What is measured: a run whose numbers are there may lack measurements asked for now."""
    probes = upgraded(config).get(settings.PROBES) or {}
    return _hash({name: component(settings.PROBES, probe) for name, probe in probes.items()})


def component(group: str, node: Any) -> Any:
    """A component's choice, by name, and its settings."""
    if not isinstance(node, Mapping):
        return node
    target = str(node.get("_target_"))
    return {
        "choice": settings.name_of_target(group, target) or target,
        **{
            key: value
            for key, value in node.items()
            if key != "_target_" and value is not None and not came_later(f"{group}.{key}", value)
        },
    }


def _hash(values: Mapping[str, Any]) -> str:
    text = json.dumps(_whole_numbers(values), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _whole_numbers(value: Any) -> Any:
    """The value with every float that is a whole number as an integer."""
    if isinstance(value, Mapping):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_numbers(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def files_fingerprint(*contents: str) -> str:
    """The content of the files that a run read, from the digests that its components give."""
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()[:16]


def content_of_version_1(contents: tuple[str, str], config: Mapping[str, Any]) -> str:
    """What the first version recorded as `content`: of the files and of the probes' settings.

    config: as that version wrote it.
    """
    probes = json.dumps(config.get(settings.PROBES) or {})
    return hashlib.sha256(f"{contents[0]}\n{contents[1]}\n{probes}".encode()).hexdigest()[:16]


def changes_since(experiment: "Experiment", run: RunDirectory, summary: Summary) -> list[str]:
    """What was otherwise when a run of the same settings was made, in words."""
    if summary.measured is not None:
        return experiment.identity.changes_since(summary)
    config = run.config_as_written  # the first version kept one hash of files and probes
    contents = (experiment.contents, *experiment.contents_before)
    same = summary.content in [content_of_version_1(pair, config) for pair in contents]
    same = same and probes_fingerprint(config) == experiment.spec.probes_fingerprint
    return [] if same else ["the data or the probes have changed"]
