"""Before the first run: every job is checked, and the place of a study found."""

import hashlib
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, read_write

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.command import FAILED, USER_ERROR, study_jobs
from rnnexp.command.choosing import sweeper_type
from rnnexp.command.console import say_on_the_way
from rnnexp.command.hydra import compose_jobs_once, set_up_slurm, sweep_jobs
from rnnexp.command.launcher import checked_jobs
from rnnexp.command.places import Places
from rnnexp.command.settable import check_is_of_use, check_places
from rnnexp.command.side_by_side import (
    chooses_itself,
    jobs_asked_for,
    may_run_elsewhere,
    runs_here,
)
from rnnexp.command.specs import choices_of
from rnnexp.command.words import one_line, user_errors
from rnnexp.durable import make_directory
from rnnexp.errors import ConfigError, JobFailed, first_line, literal, to_type
from rnnexp.experiment.checked import Checked
from rnnexp.experiment.identity import fingerprint, probes_fingerprint
from rnnexp.experiment.isolation import check_apart, start_template
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.trust import has_foreign_targets
from rnnexp.results.names import safe_name
from rnnexp.results.plan import Carried, record_plan
from rnnexp.results.reuse import (
    UNNAMED,
    Identity,
    place_of_study,
    studies_holding,
    taken_as_they_are,
)
from rnnexp.results.runs import ROOT
from rnnexp.results.search import is_search

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
        _said.clear()

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        with _refusing():
            check_places(config, several=False)
            check_is_of_use(config, several=False)

    def on_multirun_start(
        self, config: DictConfig, config_name: str | None = None, **kwargs: Any
    ) -> None:
        with _refusing():
            check_places(config, several=True)
            jobs = sweep_jobs(config)
            check_is_of_use(config, several=True, swept=swept_keys(jobs))
            asked = jobs_asked_for(config) if runs_here(config) else None
            _start_template(config)
            _leave_out_of_names(config, constant_keys(jobs))
            compose_jobs_once()
            checked_jobs.clear()
            checked = _check_jobs(config, jobs)
            identities = [job.identity for job in checked]
            chooses = sweeper_type(config)
            begins_with_them = chooses is None or chooses.begins_with_them
            begun = (jobs, identities) if begins_with_them else ([], [])
            directory, lines = study_place(config, *begun)
            if chooses is not None:
                chooses.check_study(config, directory, jobs, checked)
            if begins_with_them and is_search(directory):
                raise ConfigError(
                    f"study {directory.name} holds a search, whose runs are its trials: name "
                    f"another, as in {to_type('study', f'{directory.name}_2')}"
                )
            make_directory(directory)
            at_once = _at_once(config, asked, checked)
            if begins_with_them:
                rounds = None if chooses is None else chooses.rounds_to_come(config)
                _record(directory, checked, at_once, rounds)
            _tell_jobs(config, directory)
            set_up_slurm(config)
            Checks.directory = directory
            shown = [at_once] if len(checked) > 1 and at_once else []
            for line in [
                *lines,
                *what_varies(jobs),
                *taken_as_they_are(directory, identities),
                *shown,
            ]:
                say_on_the_way(line)


def check_round(config: DictConfig, jobs: Sequence[Sequence[str]], rounds_left: int | None) -> None:
    """Check the jobs that a sweeper has chosen, as those of its first round were, and plan them.

    rounds_left: that may still follow; None of a study that has no rounds.
    """
    checked = _check_jobs(config, jobs)
    asked = jobs_asked_for(config) if runs_here(config) else None
    at_once = _at_once(config, asked, checked)
    _record(Path(config.hydra.sweep.dir), checked, at_once, rounds_left)


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


# -- every job -----------------------------------------------------------------------------------


def _check_jobs(config: DictConfig, jobs: Sequence[Sequence[str]]) -> list[Checked]:
    """Every job, in their order; what was found is known to the launcher."""
    own = GlobalHydra.instance().hydra
    assert own is not None
    alike: dict[tuple[str, str], Checked] = {}
    for words in jobs:
        checked_jobs[tuple(words)] = _check_job(own.config_loader, config, words, alike)
    return [checked_jobs[tuple(words)] for words in jobs]


def _at_once(config: DictConfig, asked: int | None, checked: Sequence[Checked]) -> str:
    if not chooses_itself(config) or not checked:
        return ""
    together = not study_jobs.isolates(RunSpec(settings.plain(config)))
    return Places.here(asked, together, checked).line(checked)


def _start_template(config: DictConfig) -> None:
    """While the jobs are checked here, the process that they are forked from may import torch.

    Other launchers start their jobs elsewhere.
    """
    plain = settings.plain(config)
    with suppress(ConfigError):  # told with the job that has it
        if runs_here(config) and settings.jobs(plain).isolate:
            start_template(str(plain.get("device")))


def _check_job(
    loader: ConfigLoader,
    study: DictConfig,
    words: Sequence[str],
    alike: dict[tuple[str, str], Checked],
) -> Checked:
    """Build all that the job is made of; jobs that differ in their seed alone are built once.

    alike: what was found of those before, by their settings without the seed.
    """
    try:
        composed = _composed(loader, study, words)
        config = settings.plain(composed)
        settings.dials(config)
        measured = probes_fingerprint(config)
        but_seed = fingerprint({**config, "seed": 0}), measured
        if but_seed not in alike:
            spec = RunSpec(config, choices_of(composed.hydra), tuple(words))
            if may_run_elsewhere(composed):
                spec = _as_here(spec)
            # what a user's component does when it is built must not end the command
            apart = study_jobs.isolates(spec) and has_foreign_targets(config)
            alike[but_seed] = check_apart(spec) if apart else _built(spec)
    except user_errors() as error:
        raise ConfigError(f"{one_line(error)} [in {shlex.join(words)}]") from error
    except JobFailed as error:
        raise JobFailed(f"{first_line(error)} [in {shlex.join(words)}]") from error
    except Exception as error:
        what = f"{type(error).__name__}: {first_line(error)}"
        raise JobFailed(f"{what} [in {shlex.join(words)}]") from error
    found = alike[but_seed]
    return replace(found, identity=replace(found.identity, fingerprint=fingerprint(config)))


def _composed(loader: ConfigLoader, study: DictConfig, words: Sequence[str]) -> DictConfig:
    try:
        return loader.load_sweep_config(study, list(words))
    except ValueError as error:  # Hydra's own, as of a number for a group's choice
        raise ConfigError(one_line(error)) from error


def _as_here(spec: RunSpec) -> RunSpec:
    """A job for another machine: its device is looked for there, all else is checked here too."""
    from rnnexp.experiment.devices import is_there, without_device

    device = str(spec.config["device"])
    if is_there(device):
        return spec
    once = f"device={device} is not here: it is looked for where the jobs run"
    if once not in _said:
        _said.add(once)
        say_on_the_way(once)
    return without_device(spec)


#: What has been said for the command that is under way.
_said: set[str] = set()


def _record(
    directory: Path, jobs: Sequence[Checked], at_once: str, rounds_left: int | None
) -> None:
    work = {job.identity.fingerprint: job.work for job in jobs}
    threads = {job.identity.fingerprint: job.threads for job in jobs}
    record_plan(directory, list(work), Carried(work, threads, at_once, rounds_left))


def _built(spec: RunSpec) -> Checked:
    from rnnexp.experiment.build import build
    from rnnexp.experiment.together import check_together

    experiment = build(spec)
    check_together(experiment)
    return Checked.of(experiment)


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


#: Values of a setting, and words that are the same in all runs, that are told when a study begins.
_MOST_VALUES, _MOST_WORDS = 10, 10


def what_varies(jobs: Sequence[Sequence[str]]) -> list[str]:
    """The settings that vary with their values, and those that all runs have, a line each."""
    values: dict[str, dict[str, None]] = {}
    for words in jobs:
        for word in words:
            key, _, value = word.partition("=")
            values.setdefault(key, {})[value] = None
    swept, lines = swept_keys(jobs), []
    varying = [_listed(key, list(v)) for key, v in values.items() if key.lstrip("+") in swept]
    same = [f"{key}={next(iter(v))}" for key, v in values.items() if key.lstrip("+") not in swept]
    same = [word for word in same if not word.startswith(("study=", "++hydra."))]
    if varying:
        lines.append(f"  varying: {'  '.join(varying)}")
    if same:
        more = f"  and {len(same) - _MOST_WORDS} more" * (len(same) > _MOST_WORDS)
        lines.append(f"  the same in all: {'  '.join(same[:_MOST_WORDS])}{more}")
    return lines


def _listed(key: str, values: Sequence[str]) -> str:
    """
    >>> _listed("seed", ["0", "1"])
    'seed=0,1'
    """
    if len(values) <= _MOST_VALUES:
        return f"{key}={','.join(values)}"
    return f"{key}={','.join(values[: _MOST_VALUES - 1])},...,{values[-1]} ({len(values)} values)"


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


def _leave_out_of_names(config: DictConfig, constant: Sequence[str]) -> None:
    """What the names of jobs leave out: as an override, which reaches any launcher."""
    excluded = config.hydra.job.config.override_dirname.exclude_keys
    left_out = [*excluded, *(key for key in constant if key not in excluded)]
    listed = ",".join(f'"{key}"' for key in left_out)
    with read_write(config.hydra):
        config.hydra.overrides.hydra.append(
            f"hydra.job.config.override_dirname.exclude_keys=[{listed}]"
        )


def _tell_jobs(config: DictConfig, directory: Path) -> None:
    """Where they go, likewise."""
    with read_write(config.hydra):
        config.hydra.sweep.dir = str(directory)
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={literal(str(directory))}")
