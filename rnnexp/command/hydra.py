"""Hydra's own side: its state in the process, its options, its sweeps.

What is done with it is in launch.py, and what is checked before a sweep in sweep.py.
"""

import copy
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psutil
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, RunMode, TaskFunction
from omegaconf import DictConfig, read_write

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.command.choosing import CheckRound, sweeper_type
from rnnexp.command.composing import ComposedOnce
from rnnexp.command.launcher import StudyLauncher, checked_jobs, known
from rnnexp.command.places import Places
from rnnexp.command.side_by_side import SideBySide, jobs_asked_for, runs_here
from rnnexp.command.specs import choices_of
from rnnexp.errors import ConfigError, nearest
from rnnexp.experiment.spec import RunSpec
from rnnexp.variables import environment_variable, safe_path

CONFIG_NAME = "config"

# -- a state of our own -------------------------------------------------------------------------


@contextmanager
def hydra_of_our_own(arguments: Sequence[str], check_round: CheckRound) -> Iterator[None]:
    """Hydra as for a fresh process with these arguments; whoever used it before gets it back."""
    saved_arguments = sys.argv
    saved_hydra, saved_config = GlobalHydra.instance().hydra, HydraConfig.instance().cfg
    root_log = logging.getLogger()
    saved_handlers, saved_level = root_log.handlers[:], root_log.level
    GlobalHydra.instance().clear()
    store_all_probes()
    before = _store_launcher(DEFAULT_LAUNCHER)
    instantiate_launcher, get_mode = Plugins.instantiate_launcher, Hydra.get_mode
    instantiate_sweeper = Plugins.instantiate_sweeper
    Plugins.instantiate_launcher = _launcher_of_study  # type: ignore[method-assign]
    Plugins.instantiate_sweeper = _sweepers(check_round)  # type: ignore[method-assign]
    Hydra.get_mode = _mode  # type: ignore[method-assign]
    # what Plugins.register does, and can be taken back
    search_paths = Plugins.instance().plugin_type_to_subclass_list[SearchPathPlugin]
    search_paths.append(PluginFolders)
    sys.argv = ["rnnexp", *arguments]
    try:
        # Hydra then raises instead of printing and exiting
        with environment_variable("HYDRA_FULL_ERROR", "1"):
            yield
    finally:
        sys.argv = saved_arguments
        GlobalHydra.instance().hydra = saved_hydra
        HydraConfig.instance().cfg = saved_config
        root_log.handlers[:] = saved_handlers  # --info and --cfg add one that writes to stdout
        root_log.setLevel(saved_level)
        ConfigStore.instance().repo[settings.PROBES].pop(f"{settings.ALL_PROBES}.yaml", None)
        search_paths.remove(PluginFolders)
        _store_launcher(before)
        Plugins.instantiate_launcher = instantiate_launcher  # type: ignore[method-assign]
        Plugins.instantiate_sweeper = instantiate_sweeper  # type: ignore[method-assign]
        Hydra.get_mode = get_mode  # type: ignore[method-assign]


_instantiate_launcher = Plugins.instantiate_launcher


def _launcher_of_study(
    self: Plugins, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
) -> Launcher:
    """What a sweeper asks for its launcher, whichever was chosen."""
    if runs_here(config):
        places = Places.here(jobs_asked_for(config), jobs=checked_jobs.values())
        inner: Launcher = SideBySide(places, BasicLauncher(), known)
        inner.setup(hydra_context=hydra_context, task_function=task_function, config=config)
    else:
        inner = _instantiate_launcher(self, hydra_context, task_function, config)

    def spec_of(words: Sequence[str]) -> RunSpec:
        """As a launcher composes a job."""
        job = hydra_context.config_loader.load_sweep_config(config, list(words))
        return RunSpec(
            config=settings.plain(job),
            choices=choices_of(job.hydra),
            words=tuple(job.hydra.overrides.task),
            unnamed=tuple(job.hydra.job.config.override_dirname.exclude_keys),
        )

    return StudyLauncher(inner, config, known, end_jobs_of_workers, spec_of)


_instantiate_sweeper = Plugins.instantiate_sweeper


def _sweepers(check_round: CheckRound) -> Any:
    """What Hydra asks for a study's sweeper: its own, or one of ours that chooses jobs."""

    def sweeper_of_study(
        self: Plugins, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> Sweeper:
        context: Any = {
            "hydra_context": hydra_context, "task_function": task_function, "config": config,
        }  # fmt: skip
        kind = sweeper_type(config)
        if kind is None:
            return _instantiate_sweeper(self, **context)
        sweeper = kind(sweep_jobs(config), check_round)
        sweeper.setup(**context)
        return sweeper

    return sweeper_of_study


_get_mode = Hydra.get_mode


def _mode(self: Hydra, config_name: str | None, overrides: list[str]) -> Any:
    """Whether the configuration itself makes a study (`hydra.mode`), None where it says nothing.

    Hydra composes all of it to find out, a fifth of a second. Of rnnexp's own choices only presets
    say it.
    """
    groups = {word.lstrip("+~").partition("=")[0].partition("@")[0] for word in overrides}
    may_say = any(key == plugins.PRESETS or key.startswith("hydra") for key in groups)
    if not may_say and plugins.config_dirs() == [plugins.own_config_dir()]:
        return None
    return _get_mode(self, config_name, overrides)


#: The launcher of a study that names none.
DEFAULT_LAUNCHER = "auto"


def _store_launcher(name: str) -> str:
    """Make a launcher the one of whoever chooses none, and return which one that was.

    In Hydra's own list of defaults: an `override hydra/launcher` in config.yaml would win over
    those of presets.
    """
    store = ConfigStore.instance()
    conf = copy.deepcopy(store.load("hydra/config.yaml").node)
    (default,) = (item for item in conf.defaults if "launcher" in item)
    before, default.launcher = str(default.launcher), name
    store.store(group="hydra", name="config", node=conf, provider="hydra")
    return before


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
def workers_of_our_own() -> Iterator[None]:
    """Workers start without the modules beside the user, and joblib's end with the block.

    joblib keeps its workers for another sweep, in the directory that was current then; those that
    were there before are somebody else's, and stay. Every launcher starts its workers as
    `python -m` or `python -c`, which would look for the modules of Python itself in the current
    folder first; `launch.job` puts it last.
    """
    before = _joblib_workers()
    try:
        with safe_path():
            yield
    finally:
        workers = _joblib_workers()
        if workers is not None and workers is not before:
            workers.shutdown(wait=True)


def set_up_slurm(config: DictConfig) -> None:
    """The same for jobs of a cluster that gives them no environment of the command's."""
    launcher = config.hydra.launcher
    if "setup" in launcher:
        with read_write(config.hydra):
            launcher.setup = [*(launcher.setup or []), "export PYTHONSAFEPATH=1"]


def end_jobs_of_workers() -> None:
    """Let the jobs of joblib's workers save their work and end; joblib would kill them first."""
    workers = [psutil.Process(pid) for pid in list(getattr(_joblib_workers(), "_processes", {}))]
    for worker in workers:
        with suppress(psutil.Error):
            worker.terminate()  # which its job takes for itself
    while any(map(_has_job, workers)):
        time.sleep(0.05)


def _has_job(worker: psutil.Process) -> bool:
    """Whether it has a child that is neither a template for jobs nor there for multiprocessing."""
    with suppress(psutil.Error):
        return any(
            child.ppid() != worker.pid or "multiprocessing.spawn" in " ".join(child.cmdline())
            for child in worker.children(recursive=True)
        )
    return False


def _joblib_workers() -> Any:
    """joblib's pool of workers, None where it has none: asking joblib would start one."""
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    return None if loky is None else loky._executor


# -- what a configuration says of its run ---------------------------------------------------------


def compose_jobs_once() -> ConfigLoader:
    """From here on Hydra composes the jobs of its command as ComposedOnce does."""
    own = GlobalHydra.instance().hydra
    assert own is not None
    own.config_loader = ComposedOnce(own.config_loader)
    return own.config_loader


def sweep_jobs(config: DictConfig) -> list[list[str]]:
    """The overrides of each job: where a sweeper of ours chooses them as it goes, of those that it
    begins with; none where another does.
    """
    chooses = sweeper_type(config)
    if chooses is None and not str(config.hydra.sweeper._target_).endswith("BasicSweeper"):
        return []
    words = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    words += config.hydra.overrides.task
    return _all_jobs(words) if chooses is None else chooses.first_jobs(config, words, _all_jobs)


def _all_jobs(words: Sequence[str]) -> list[list[str]]:
    overrides = OverridesParser.create().parse_overrides(list(words))
    batches = BasicSweeper.split_arguments(overrides, None)
    return [list(words) for batch in batches for words in batch]


def check_composes_as_study(words: Sequence[str]) -> None:
    """Raise what is wrong with the words of a preset that is a study by itself.

    Hydra takes them for those of a single run where they do not compose, and then complains of
    their several values.
    """
    with initialize_config_dir(str(plugins.own_config_dir()), version_base="1.3"):
        own = GlobalHydra.instance().hydra
        assert own is not None
        own.compose_config(
            CONFIG_NAME, list(words), run_mode=RunMode.MULTIRUN, with_log_configuration=False,
            validate_sweep_overrides=False,
        )  # fmt: skip


# -- the words of a command -----------------------------------------------------------------------

#: Options of Hydra's that run something else than what the words say.
_NOT_OFFERED = ("--experimental-rerun",)


def split_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Hydra's options, each with its value in the same word, and all other words.

    Raises ConfigError for an option or a value that there is not.
    """
    sys.argv = getattr(sys, "argv", None) or [""]  # argparse asks it for the program's name
    known = get_args_parser()._option_string_actions
    known = {name: action for name, action in known.items() if name not in _NOT_OFFERED}
    options: list[str] = []
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            words.append(word)
            continue
        name, equals, value = word.partition("=")
        action = known.get(name)
        if action is None:
            names = [other.removeprefix("--") for other in known if other.startswith("--")]
            near = nearest(name.lstrip("-"), names)
            hint = f"did you mean --{near}?" if near else "see rnnexp --help"
            raise ConfigError(f"unknown option {word}; {hint}")
        long = action.option_strings[0]
        if action.nargs == 0:
            if equals:
                raise ConfigError(f"{name} takes no value: write {name}")
            options.append(long)
            continue
        if not equals and action.nargs == "?":  # a value may follow, else there is one for it
            follows = bool(rest) and rest[0] in (action.choices or ())
            value = rest.pop(0) if follows else str(action.const)
        elif not equals:
            if not rest:
                raise ConfigError(f"{name} needs a value{_one_of(action.choices)}")
            value = rest.pop(0)
        if action.choices and value not in action.choices:
            raise ConfigError(f"{name} takes one of {', '.join(action.choices)} (got {value})")
        options.append(f"{long}={value}")
    return options, words


def _one_of(choices: Any) -> str:
    return f": one of {', '.join(choices)}" if choices else "; see rnnexp --hydra-help"
