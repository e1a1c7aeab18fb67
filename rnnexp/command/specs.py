"""From a composed configuration to a spec: all that is known to Hydra alone becomes a value."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.types import RunMode
from omegaconf import DictConfig

from rnnexp import config as settings
from rnnexp.command.output import Output
from rnnexp.experiment.spec import RunSpec


@dataclass(frozen=True)
class OfCommand:
    """What a job must know of its command.

    id: tells the command from others at the same study. number: of the job, from 0, in the order of
    the words. again: the job was left to another process, which is done with it. output: how much
    it says.
    """

    id: str
    number: int
    again: bool = False
    output: Output = Output.FULL

    @classmethod
    def of(cls, job: Any) -> "OfCommand":
        """Of a job, by Hydra's part of its configuration."""
        id, number, again, how = str(job.env_set[VARIABLE]).split()
        return cls(id, int(number), again == "again", Output(how))

    def word(self) -> str:
        """The override that tells a job; Hydra's own, it is no part of what is run."""
        turn = "again" if self.again else "first"
        values = f"{self.id} {self.number} {turn} {self.output.value}"
        return f'++hydra.job.env_set.{VARIABLE}="{values}"'

    @staticmethod
    def is_word(word: str) -> bool:
        return word.startswith(f"++hydra.job.env_set.{VARIABLE}=")

    def failure(self, study: Path) -> Path:
        """The file that is there once a job of the command has failed."""
        return study / ".locks" / f"{self.id}.failed"


VARIABLE = "RNNEXP_STUDY_JOB"


def choices_of(known: Any) -> dict[str, str]:
    """The option chosen in each group. known: Hydra's own part of a configuration."""
    chosen = known.runtime.choices
    return {group: str(chosen[group]) for group in settings.GROUPS if chosen.get(group)}


def spec_of(config: DictConfig, known: Any) -> RunSpec:
    """The spec of a run, or of a job of a study. known: Hydra's own part of its configuration."""
    several = known.mode == RunMode.MULTIRUN
    plain = settings.plain(config)
    command = OfCommand.of(known.job) if several else None
    if command is not None and command.again:  # another process has just been at it
        plain["jobs"] = {**(plain.get("jobs") or {}), "retry": "failed"}
    return RunSpec(
        config=plain,
        choices=choices_of(known),
        words=tuple(known.overrides.task),
        study=Path(known.sweep.dir) if several else None,
        job=None if command is None else command.number,
        unnamed=tuple(known.job.config.override_dirname.exclude_keys),
    )
