"""What a run is, as a value: everything that identifies it. Never imports torch.

A spec is made by the command, by a launcher's worker or in a notebook, and whoever holds it can run
it: it is frozen, plain and can be pickled.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from rnnexp import bounds
from rnnexp import config as settings
from rnnexp.dials import Dials
from rnnexp.earlier import engine_before, has_engines
from rnnexp.experiment.identity import fingerprint, probes_fingerprint
from rnnexp.experiment.trust import refuse_foreign_targets
from rnnexp.plugins import PRESETS
from rnnexp.printable import in_one_line
from rnnexp.results.names import readable_name
from rnnexp.results.runs import ROOT, RunDirectory

#: Ends a line in YAML, which writes it as it is and reads it back as a blank.
_NEXT_LINE = chr(0x85)

#: Characters of a job's name before its hash.
JOB_NAME_LENGTH = 100


@dataclass(frozen=True)
class RunSpec:
    """One run.

    config: every setting, resolved, without Hydra's own part.
    choices: the option chosen in each group, by its name.
    words: the overrides, as typed.
    root: where its directory is made, if it is no job of a study.
    study: the directory of the study that it is a job of, and `job` its number there, from 0.
    unnamed: keys that all jobs of its study have at one value, and that its name leaves out.
    begun_with: how settings that leave a choice open were settled when the run began, by key.
    """

    config: Mapping[str, Any]
    choices: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    root: Path = ROOT / "runs"
    study: Path | None = None
    job: int | None = None
    unnamed: tuple[str, ...] = ()
    begun_with: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> "RunSpec":
        """The run of a configuration alone, as of a config.yaml: choices told by their classes."""
        choices = {}
        for group in settings.GROUPS:
            target = str((config.get(group) or {}).get("_target_"))
            name = settings.name_of_target(group, target)
            choices[group] = name or target.rpartition(".")[2].lower()
        return cls(config, choices)

    @classmethod
    def of_run(cls, run: RunDirectory, trust: bool = False) -> "RunSpec":
        """The spec of a run on disk: its settings, its words, its choices by their names.

        Raises ConfigError where it names code that is neither rnnexp's nor a known plugin's, unless
        `trust` is given: building a spec runs what it names.
        """
        config = run.config
        if not trust:
            refuse_foreign_targets(config, run.path / "config.yaml")
        spec = cls.of_config(config)
        return replace(spec, choices={**spec.choices, **run.summary.choices}, words=run.words)

    def as_begun(self, run: RunDirectory) -> "RunSpec":
        """The spec with the choices that a run was begun with: threads and engine.

        Both are chosen from the configuration and the machine alone. Either can change how sums are
        rounded, so a run that goes on keeps them, on whatever machine.
        """
        return replace(
            self,
            begun_with={
                "threads": run.environment.get("threads"),
                "model.engine": run.summary.engine or engine_before(run.config),
            },
        )

    @property
    def settled(self) -> dict[str, Any]:
        """`config`, with `begun_with` where it leaves a choice open."""
        config, model = dict(self.config), self.config.get("model") or {}
        threads, engine = (self.begun_with.get(key) for key in ("threads", "model.engine"))
        if config.get("threads") is None and threads is not None:
            config["threads"] = min(threads, bounds.own_cores())  # on a smaller machine fewer
        if model.get("engine", "auto") == "auto" and engine is not None and has_engines(model):
            config["model"] = {**model, "engine": engine}
        return config

    @cached_property
    def dials(self) -> Dials:
        """The top-level settings, checked."""
        return settings.dials(self.config)

    @cached_property
    def fingerprint(self) -> str:
        """Of all that can change its numbers; see identity.py."""
        return fingerprint(self.config)

    @cached_property
    def probes_fingerprint(self) -> str:
        """Of what is measured while it runs."""
        return probes_fingerprint(self.config)

    @property
    def title(self) -> str:
        """`lstm_T400_s0`"""
        config = self.config
        return f"{self.choices['model']}_T{config['seq_len']}_s{config['seed']}"

    @property
    def overrides(self) -> dict[str, str]:
        """What the command line, and a preset's sweep, set: by key."""
        pairs = (word.lstrip("+").partition("=") for word in self.words)
        return {key: value for key, _, value in pairs}

    @property
    def job_name(self) -> str:
        """The name of a job's directory: what it varies for people, a hash to tell it apart.

        What would make it longer than `JOB_NAME_LENGTH` is left out, and not cut.
        """
        shown = (PRESETS, "model", "seq_len", "seed", *settings.LABELS, *self.unnamed)
        name = self.title
        for key, value in self.overrides.items():
            if key in shown or key.lstrip("~").partition(".")[0] in settings.LISTS:
                continue
            longer = f"{name}_{readable_name(f'{key}={_last_part(value)}')}"
            name = longer if len(longer) <= JOB_NAME_LENGTH else name
        return f"{name}_{self.fingerprint[:8]}"

    @property
    def config_text(self) -> str:
        """config.yaml: the command on its first line, for people, then every setting.

        A comment cannot hold what ends a line, nor what YAML takes for no text; the words as they
        were typed are in summary.json.
        """
        command = in_one_line(shlex.join(["rnnexp", *self.words]))
        text = OmegaConf.to_yaml(OmegaConf.create(dict(self.config)))
        if _NEXT_LINE in text:
            text = yaml.safe_dump(dict(self.config), sort_keys=False)  # as an escape, as all others
        return f"# {command}\n{text}"

    def asks_for_probe(self, name: str) -> bool:
        """Whether the command or the preset names the probe, rather than the default or `all`.

        A probe that cannot be measured here is then refused; else it is left out in one line.
        """
        chosen = [
            re.findall(r"\w+", word.partition("=")[2])
            for word in self.words
            if word.lstrip("+").partition("=")[0] == settings.PROBES
        ]
        if any(name in names for names in chosen):
            return True
        return name not in settings.DEFAULT_PROBES and not any("all" in names for names in chosen)


def _last_part(value: str) -> str:
    """Of a path its last part, of any other value all, without the quotes that it was typed in."""
    plain = value[1:-1] if len(value) > 1 and value[0] == value[-1] in "\"'" else value
    return plain.rstrip("/").rpartition("/")[2]
