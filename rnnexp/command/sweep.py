"""Before the first run: every job is checked, and the place of a study found."""

import hashlib
import json
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import hydra
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.command import FAILED, USER_ERROR, study_jobs
from rnnexp.command.console import say
from rnnexp.command.hydra import choices_of, job_fingerprints, set_up_slurm, sweep_jobs
from rnnexp.command.words import one_line, user_errors
from rnnexp.dials import Jobs
from rnnexp.durable import make_directory
from rnnexp.errors import ConfigError, JobFailed, first_line, literal, to_type
from rnnexp.experiment.identity import fingerprint, probes_fingerprint
from rnnexp.experiment.isolation import check_apart, start_template
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.trust import has_foreign_targets
from rnnexp.results.names import safe_name
from rnnexp.results.plan import record_plan
from rnnexp.results.reuse import (
    UNNAMED,
    Identity,
    place_of_study,
    studies_holding,
    taken_as_they_are,
)
from rnnexp.results.runs import ROOT

STUDIES = ROOT / "studies"


class Checks(Callback):
    """What Hydra calls before it makes a directory: bad input leaves nothing behind.

    directory: of the study, once there is one. error: why nothing is run. begun: whether Hydra has
    come as far as this.
    """

    directory: Path | None = None
    error: Exception | None = None
    begun: bool = False

    @staticmethod
    def forget() -> None:
        """What was found for an earlier command of this process."""
        Checks.directory, Checks.error, Checks.begun = None, None, False

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        with _refusing():
            _check_places(config, several=False)
            _check_is_of_use(config, several=False)

    def on_multirun_start(
        self, config: DictConfig, config_name: str | None = None, **kwargs: Any
    ) -> None:
        with _refusing():
            _check_places(config, several=True)
            jobs = sweep_jobs(config)
            _check_is_of_use(config, several=True, swept=swept_keys(jobs))
            _start_template(config)
            checked: dict[tuple[str, str], Identity] = {}
            identities = [_check_job(config_name, words, checked) for words in jobs]
            job_fingerprints.clear()
            for words, identity in zip(jobs, identities, strict=True):
                job_fingerprints[tuple(words)] = identity.fingerprint
            directory, lines = study_place(config, jobs, identities)
            make_directory(directory)
            record_plan(directory, [identity.fingerprint for identity in identities])
            _tell_jobs(config, directory, constant_keys(jobs))
            set_up_slurm(config)
            Checks.directory = directory
            for line in [*lines, *taken_as_they_are(directory, identities)]:
                say(line)


@contextmanager
def _refusing() -> Iterator[None]:
    """SystemExit is all that Hydra lets through from a callback."""
    Checks.begun = True
    try:
        yield
    except user_errors() as error:
        Checks.error = error
        raise SystemExit(USER_ERROR) from None
    except Exception as error:  # which Hydra would turn into a warning, and go on
        Checks.error = error
        raise SystemExit(FAILED) from None


# -- what cannot be set ---------------------------------------------------------------------------

#: What to type instead of settings of Hydra's that rnnexp sets itself.
_INSTEAD = {
    "run.dir": "runs go to outputs/runs/ and name=... ends a run's name (a study's: study=...)",
    "sweep.subdir": "study=... names a study, and its runs are named by what varies",
    "output_subdir": "a run's settings are in its config.yaml",
    "job.chdir": "files are looked for from the folder where rnnexp is started",
}


def _check_places(config: DictConfig, several: bool) -> None:
    """Raise ConfigError for a setting of Hydra's that would have no effect, or a wrong one."""
    own = plugins.read_yaml(plugins.own_config_dir() / "config.yaml")["hydra"]
    for key, value in _leaves(own):
        there = OmegaConf.select(config.hydra, key)
        if key.startswith("callbacks.") or there == value:
            continue
        if key == "sweep.dir":
            if not several:
                raise ConfigError("hydra.sweep.dir has no effect on a single run: add -m")
            continue
        shown = json.dumps(there) if isinstance(there, bool) or there is None else there
        instead = _INSTEAD.get(key)
        raise ConfigError(
            f"hydra.{key}={shown} cannot be set" + (f": {instead}" if instead else "")
        )


def _check_is_of_use(config: DictConfig, several: bool, swept: Collection[str] = ()) -> None:
    """Raise ConfigError for a setting of studies on a single run, and the other way round."""
    if several:
        if config.name is not None or "name" in swept:
            raise ConfigError(
                "name=... ends the name of a single run and has no effect on a study: "
                f"type {to_type('study', str(config.name or 'NAME'))} to name it"
            )
        return
    if config.study is not None:
        name = str(config.study)  # which may look like a number
        raise ConfigError(
            f"{to_type('study', name)} has no effect on a single run: add -m to make a study of "
            f"it, or type {to_type('name', name)}"
        )
    there, default = asdict(settings.jobs({"jobs": settings.plain(config).get("jobs")})), Jobs()
    for key, value in there.items():
        if value != getattr(default, key):
            shown = str(value).lower() if isinstance(value, bool) else value
            raise ConfigError(f"jobs.{key}={shown} has no effect on a single run: add -m")


def _leaves(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _start_template(config: DictConfig) -> None:
    """While the jobs are checked here, the process that they are forked from may import torch.

    Other launchers than Hydra's own start their jobs elsewhere.
    """
    plain = settings.plain(config)
    with suppress(ConfigError):  # told with the job that has it
        here = str(config.hydra.launcher._target_).endswith("BasicLauncher")
        if here and settings.jobs(plain).isolate:
            start_template(str(plain.get("device")))


def _check_job(
    config_name: str | None, words: Sequence[str], checked: dict[tuple[str, str], Identity]
) -> Identity:
    """Build all that the job is made of; jobs that differ in their seed alone are checked once.

    checked: the identities of those before, by their settings without the seed.
    """
    try:
        composed = hydra.compose(config_name, overrides=list(words), return_hydra_config=True)
        config = settings.plain(composed)
        settings.dials(config)
        measured = probes_fingerprint(config)
        alike = fingerprint({**config, "seed": 0}), measured
        if alike not in checked:
            spec = RunSpec(config, choices_of(composed.hydra), tuple(words))
            # what a user's component does when it is built must not end the command
            apart = study_jobs.isolates(spec) and has_foreign_targets(config)
            checked[alike] = check_apart(spec) if apart else _built(spec)
    except user_errors() as error:
        raise ConfigError(f"{one_line(error)} [in {shlex.join(words)}]") from error
    except JobFailed as error:
        raise JobFailed(f"{first_line(error)} [in {shlex.join(words)}]") from error
    except Exception as error:
        what = f"{type(error).__name__}: {first_line(error)}"
        raise JobFailed(f"{what} [in {shlex.join(words)}]") from error
    return replace(checked[alike], fingerprint=fingerprint(config))


def _built(spec: RunSpec) -> Identity:
    from rnnexp.experiment.build import build
    from rnnexp.experiment.together import check_together

    experiment = build(spec)
    check_together(experiment)
    return experiment.identity


# -- where a study goes ---------------------------------------------------------------------------


def study_place(
    config: DictConfig, jobs: Sequence[Sequence[str]], identities: Sequence[Identity]
) -> tuple[Path, list[str]]:
    """The study's directory, and what is said of it.

    It has the name given with study=..., else the preset's. One without a name has one from a hash
    of its words, unless an unnamed study is there of which this one has every run and more, as
    seed=0,1,2 has of seed=0,1: that one goes on.
    """
    given = Path(config.hydra.sweep.dir).expanduser()
    if given != STUDIES:
        if config.study is not None:
            raise ConfigError(
                f"study={config.study} and hydra.sweep.dir={given} both name the study's "
                "directory: leave one out"
            )
        return given, [_begins(given, jobs)]
    if config.study is not None:
        named, told = place_of_study(STUDIES, config.study)
        return named, [*filter(None, [told]), _begins(named, jobs)]
    preset = config.hydra.runtime.choices.get(plugins.PRESETS)
    if "study" in swept_keys(jobs):
        raise ConfigError("study names all runs of a sweep: give it one value")
    if preset not in (None, "null"):
        directory = STUDIES / safe_name(preset)
    else:
        directory = STUDIES / f"{UNNAMED}{_hash_of_words(config.hydra.overrides.task)}"
    if not jobs or (directory.name.startswith(UNNAMED) and directory.is_dir()):
        return directory, [_begins(directory, jobs)]

    holdings = studies_holding(STUDIES, identities)
    extended = next((holding for holding in holdings if holding.extended), None)
    if extended is not None and directory.name.startswith(UNNAMED):
        there = f", {extended.done} of them done before"
        return extended.path, [_begins(extended.path, jobs) + there]
    lines = [_begins(directory, jobs)]
    here = next((holding.done for holding in holdings if holding.path == directory), 0)
    if holdings and holdings[0].done > here:
        other = holdings[0]
        lines.append(
            f"study {other.path.name} holds {other.done} of these {len(jobs)} runs: add "
            f"{to_type('study', other.path.name)} to use them"
        )
    return directory, lines


def _begins(directory: Path, jobs: Sequence[Sequence[str]]) -> str:
    runs = f"{len(jobs)} runs" if jobs else "runs"
    return f"study {directory.name}: {runs} in {directory}"


def _hash_of_words(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(words)).encode()).hexdigest()[:8]


def swept_keys(jobs: Sequence[Sequence[str]]) -> set[str]:
    """The keys that have several values among the jobs."""
    values: dict[str, set[str]] = {}
    for words in jobs:
        for word in words:
            key, _, value = word.lstrip("+").partition("=")
            values.setdefault(key, set()).add(value)
    return {key for key, seen in values.items() if len(seen) > 1}


def constant_keys(jobs: Sequence[Sequence[str]]) -> list[str]:
    """The keys that have one value in all jobs: they tell none of them apart."""
    keys = {word.lstrip("+").partition("=")[0] for words in jobs for word in words}
    return sorted(keys - swept_keys(jobs))


def _tell_jobs(config: DictConfig, directory: Path, constant: Sequence[str]) -> None:
    """Where they go, and what their names leave out: as overrides, which reach any launcher."""
    excluded = config.hydra.job.config.override_dirname.exclude_keys
    left_out = [*excluded, *(key for key in constant if key not in excluded)]
    listed = ",".join(f'"{key}"' for key in left_out)
    with read_write(config.hydra):
        config.hydra.sweep.dir = str(directory)
        config.hydra.overrides.hydra += [
            f"hydra.sweep.dir={literal(str(directory))}",
            f"hydra.job.config.override_dirname.exclude_keys=[{listed}]",
        ]
