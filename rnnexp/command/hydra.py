"""Hydra: from the words of a command to specs, and from specs to jobs. The only user of Hydra.

`launch` is what the command and `rnnexp.run` have in common. Hydra composes the configuration and
hands jobs to a launcher; `job` is what it calls, here or in a launcher's worker, and all that is
known to Hydra alone becomes a RunSpec there.
"""

import hashlib
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.experimental.callback import Callback
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from omegaconf import DictConfig

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.command import USER_ERROR
from rnnexp.command.console import console_lines
from rnnexp.command.words import check_words, one_line, user_errors
from rnnexp.errors import ConfigError
from rnnexp.experiment.identity import fingerprint, probes_fingerprint
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.plan import record_plan
from rnnexp.results.runs import ROOT, make_directory, safe_name

log = logging.getLogger(__name__)

# -- launching ----------------------------------------------------------------------------------


def launch(arguments: Sequence[str]) -> Path | None:
    """Run what the words say, once or as a study, and return the directory of the run or study.

    None where nothing was run, as for `--cfg job`. Raises what a run raises; of a study's jobs the
    others are run first, and the study's table is printed in any case. One at a time: a second
    thread waits.
    """
    with _one_at_a_time, console_lines():
        return _launch(arguments)


#: Hydra's state is the process': two launches would take it from each other.
_one_at_a_time = threading.RLock()


def _launch(arguments: Sequence[str]) -> Path | None:
    options, words = split_options(arguments)
    check_words(words)
    if not any(word.startswith("hydra.sweep.dir=") for word in words):
        # As an override it reaches every job, on any launcher.
        words = [*words, f"hydra.sweep.dir={ROOT / 'studies' / study_name(words)}"]
    _launched.clear()
    CheckSweep.directory = CheckSweep.error = None
    # Hydra's parser takes no option behind an override, where people like to put them.
    with _hydra_of_our_own([*options, *words]):
        app = hydra.main(
            version_base="1.3", config_path=str(plugins.own_config_dir()), config_name="config"
        )
        try:
            with _workers_stopped():
                app(job)()
        except BaseException as error:
            if CheckSweep.error is not None:
                raise CheckSweep.error from None
            # Hydra calls no callback after Ctrl-C or a failed job: the table is made here.
            try:
                _show_study(CheckSweep.directory)
            except Exception as fault:  # and must not hide what went wrong first
                if str(fault) != str(error):
                    log.warning("no table: %s", one_line(fault))
            raise error
        _show_study(CheckSweep.directory)
    if _launched and isinstance(_launched[-1], Exception):
        raise _launched[-1]
    return CheckSweep.directory or next((p for p in _launched if isinstance(p, Path)), None)


#: What became of a run on its own: its directory, or what it raised.
_launched: list[Path | Exception] = []


def job(cfg: DictConfig) -> float | None:
    """What Hydra calls for a run, and for each job of a study.

    Returns the last validation score, for a sweeper that searches for good settings.
    """
    from rnnexp.experiment.job import run_spec, validation_score

    for source in HydraConfig.get().runtime.config_sources:
        if source.provider == PluginFolders.provider:  # a launcher's worker has seen no command
            plugins.register(Path(source.path))
    spec = spec_of(cfg)
    with console_lines():  # a launcher's worker has no handler yet
        try:
            run, summary = run_spec(spec)
        except Exception as error:
            if spec.study is not None:
                raise  # Hydra goes on with the next job and remembers this one
            _launched.append(error)  # raised behind Hydra's back, which would print its own lines
            return None
    _launched.append(run.path)
    return None if summary is None else validation_score(summary)


def spec_of(cfg: DictConfig) -> RunSpec:
    """The spec of the job that Hydra is running."""
    known = HydraConfig.get()
    several = known.mode == RunMode.MULTIRUN
    return RunSpec(
        config=settings.plain(cfg),
        choices=_choices(known),
        words=tuple(known.overrides.task),
        study=Path(known.sweep.dir) if several else None,
        job=int(known.job.num) if several else None,
    )


def _choices(known: Any) -> dict[str, str]:
    chosen = known.runtime.choices
    return {group: str(chosen[group]) for group in settings.GROUPS if chosen.get(group)}


@contextmanager
def _hydra_of_our_own(arguments: Sequence[str]) -> Iterator[None]:
    """Hydra as for a fresh process with these arguments; whoever used it before gets it back."""
    saved_arguments, saved_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    saved_hydra, saved_config = GlobalHydra.instance().hydra, HydraConfig.instance().cfg
    GlobalHydra.instance().clear()
    store_all_probes()
    # what Plugins.register does, and can be taken back
    search_paths = Plugins.instance().plugin_type_to_subclass_list[SearchPathPlugin]
    search_paths.append(PluginFolders)
    sys.argv = ["rnnexp", *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing and exiting
    try:
        yield
    finally:
        sys.argv = saved_arguments
        if saved_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = saved_error
        GlobalHydra.instance().hydra = saved_hydra
        HydraConfig.instance().cfg = saved_config
        ConfigStore.instance().repo[settings.PROBES].pop(f"{settings.ALL_PROBES}.yaml", None)
        search_paths.remove(PluginFolders)


class PluginFolders(SearchPathPlugin):
    """Adds the conf/ of every plugin, behind rnnexp's own."""

    provider = "rnnexp-plugin"

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for folder in plugins.config_dirs():
            if folder != plugins.own_config_dir():
                search_path.append(self.provider, f"file://{folder}")


def store_all_probes() -> None:
    """`probes=all`: whatever probes there are."""
    names = sorted(name for name in plugins.option_files(settings.PROBES) if name != "none")
    ConfigStore.instance().store(
        group=settings.PROBES, name=settings.ALL_PROBES, node={"defaults": names}, provider="rnnexp"
    )


@contextmanager
def _workers_stopped() -> Iterator[None]:
    """joblib keeps its workers for another sweep, in the directory that was current then.

    Workers that were there before are somebody else's, and stay.
    """
    before = _joblib_workers()
    try:
        yield
    finally:
        workers = _joblib_workers()
        if workers is not None and workers is not before:
            workers.shutdown(wait=True)


def _joblib_workers() -> Any:
    """joblib's pool of workers, None where it has none: asking joblib would start one."""
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    return None if loky is None else loky._executor


# -- the words of a command -----------------------------------------------------------------------


def split_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Hydra's options, each with its value, and all other words."""
    sys.argv = getattr(sys, "argv", None) or [""]  # argparse asks it for the program's name
    known = get_args_parser()._option_string_actions
    options: list[str] = []
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            words.append(word)
            continue
        name, equals, _ = word.partition("=")
        action = known.get(name)
        if action is None:
            raise ConfigError(f"unknown option {word}; see rnnexp --help")
        options.append(word)
        takes_one = action.nargs is None or (
            action.nargs == "?" and bool(rest) and rest[0] in (action.choices or ())
        )
        if takes_one and not equals:
            if not rest:
                raise ConfigError(f"{name} needs a value; see rnnexp --hydra-help")
            options.append(rest.pop(0))
    return options, words


def study_name(words: Sequence[str]) -> str:
    """The study's name: as given, else the preset's, else one from a hash of the overrides."""
    values = dict(word.partition("=")[::2] for word in words)
    for key in ("study", "experiment"):
        value = values.get(key, "null")
        if value != "null" and "," not in value:
            return safe_name(value)
    own = sorted(word for word in words if not word.startswith("hydra"))
    return "sweep_" + hashlib.sha256("\n".join(own).encode()).hexdigest()[:8]


# -- studies ------------------------------------------------------------------------------------


class CheckSweep(Callback):
    """Before the first job of a sweep: check every job, so that bad input leaves nothing behind."""

    directory: Path | None = None
    error: Exception | None = None

    def on_multirun_start(
        self, config: DictConfig, config_name: str | None = None, **kwargs: Any
    ) -> None:
        try:
            jobs = _sweep_jobs(config)
            checked: set[tuple[str, str]] = set()
            fingerprints = [_check_job(config_name, words, checked) for words in jobs]
            directory = Path(config.hydra.sweep.dir)
            make_directory(directory)
            record_plan(directory, fingerprints)
        except user_errors() as error:
            CheckSweep.error = error
            raise SystemExit(USER_ERROR) from None  # all that Hydra lets through from a callback
        CheckSweep.directory = directory
        if jobs:
            print(f"study {CheckSweep.directory.name}: {len(jobs)} runs in {CheckSweep.directory}")


def _sweep_jobs(config: DictConfig) -> list[list[str]]:
    """The overrides of each job; none where a sweeper decides on them as it goes."""
    if not str(config.hydra.sweeper._target_).endswith("BasicSweeper"):
        return []
    params = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    overrides = OverridesParser.create().parse_overrides([*params, *config.hydra.overrides.task])
    batches = BasicSweeper.split_arguments(overrides, None)
    return [list(words) for batch in batches for words in batch]


def _check_job(config_name: str | None, words: list[str], checked: set[tuple[str, str]]) -> str:
    """Build all that the job is made of; jobs that differ in their seed alone are checked once.

    Returns the job's fingerprint.
    """
    from rnnexp.experiment.build import build

    try:
        composed = hydra.compose(config_name, overrides=words, return_hydra_config=True)
        config = settings.plain(composed)
        settings.dials(config)
        alike = fingerprint({**config, "seed": 0}), probes_fingerprint(config)
        if alike not in checked:
            build(RunSpec(config, _choices(composed.hydra), tuple(words)))
            checked.add(alike)
        return fingerprint(config)
    except user_errors() as error:
        raise ConfigError(f"{one_line(error)} [in {' '.join(words)}]") from error


def _show_study(directory: Path | None) -> None:
    """Table, statistics and figures of what is on disk; nothing where no sweep began."""
    if directory is not None and directory.is_dir():
        from rnnexp.results.report import report_study
        from rnnexp.results.study import Study

        if text := report_study(Study.read(directory)):
            print(text)
