"""The console command: a Hydra run, or a verb on a directory that exists."""

import argparse
import hashlib
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from rnnexp import config as settings
from rnnexp.errors import ConfigError, DataError, UserError, did_you_mean
from rnnexp.experiment import run as experiment
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.results.runs import ROOT, make_directory, safe_name

log = logging.getLogger(__name__)

OK, FAILED, USER_ERROR, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


def main(argv: Sequence[str] | None = None) -> int:
    """The `rnnexp` command; returns its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    show_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing and exiting
    if "" not in sys.path:
        sys.path.insert(0, "")  # a component may lie in a module beside the user's work
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        if arguments and arguments[0] in VERBS:
            return _verb(arguments)
        return _hydra_run(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED
    except BrokenPipeError:  # `rnnexp ... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        print("rnnexp: interrupted", file=sys.stderr)
        return INTERRUPTED
    except experiment.Terminated:
        print("rnnexp: terminated", file=sys.stderr)
        return TERMINATED
    except (UserError, HydraException, OmegaConfBaseException) as error:
        if show_traceback:
            raise
        print(f"rnnexp: error: {one_line(error)}", file=sys.stderr)
        return USER_ERROR
    except Exception as error:
        if show_traceback:
            raise
        first = (str(error).splitlines() or [""])[0]
        print(
            f"rnnexp: failed: {type(error).__name__}: {first} "
            "(HYDRA_FULL_ERROR=1 shows the traceback; a run that had begun has it in rnnexp.log)",
            file=sys.stderr,
        )
        return FAILED
    finally:
        signal.signal(signal.SIGTERM, previous)
        if not show_traceback:
            del os.environ["HYDRA_FULL_ERROR"]


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise experiment.Terminated


# -- a Hydra run --------------------------------------------------------------------------------


def _hydra_run(arguments: list[str]) -> int:
    if "--version" in arguments:
        from rnnexp import __version__

        print(f"rnnexp {__version__}")
        return OK
    options, words = _split_options(arguments)
    _check_words(words)
    if not any(word.startswith("hydra.sweep.dir=") for word in words):
        # As an override it reaches every job, on any launcher.
        words = [*words, f"hydra.sweep.dir={ROOT / 'studies' / _study_name(words)}"]
    # Hydra's parser takes no option behind an override, where people like to put them.
    arguments = [*options, *words]
    CheckSweep.directory = None
    _failures.clear()
    saved = sys.argv
    sys.argv = [saved[0], *arguments]
    try:
        app = hydra.main(
            version_base="1.3", config_path=str(settings.config_dir()), config_name="config"
        )
        app(job)()
        if _failures:
            raise _failures.pop()
    finally:
        sys.argv = saved
        HydraConfig.instance().cfg = None  # the run is over
        _stop_workers()
        experiment.forget_tasks()
        # Hydra calls no callback after Ctrl-C or a failed job: the table is written from here.
        _show_study(CheckSweep.directory)
    return OK


def _stop_workers() -> None:
    """joblib keeps its workers for another sweep, in the directory that was current then."""
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)


_failures: list[Exception] = []


def job(cfg: DictConfig) -> None:
    """What Hydra calls: for a run on its own, and for each job of a sweep."""
    try:
        experiment.run(cfg)
    except Exception as error:
        if experiment.in_sweep():
            raise  # Hydra goes on with the next job and remembers this one
        _failures.append(error)  # raised behind Hydra's back, which would print lines of its own


def _study_name(words: Sequence[str]) -> str:
    """The study's name: as given, else the preset's, else one from a hash of the overrides."""
    values = dict(word.partition("=")[::2] for word in words)
    for key in ("study", "experiment"):
        value = values.get(key, "null")
        if value != "null" and "," not in value:
            return safe_name(value)
    own = sorted(word for word in words if not word.startswith("hydra"))
    return "sweep_" + hashlib.sha256("\n".join(own).encode()).hexdigest()[:8]


def _split_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Hydra's options, each with its value, and all other words."""
    known = get_args_parser()._option_string_actions
    options: list[str] = []
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            words.append(word)
            continue
        action = known.get(word.partition("=")[0])
        if action is None:
            raise ConfigError(f"unknown option {word}; see rnnexp --help")
        options.append(word)
        takes_one = action.nargs is None or (
            action.nargs == "?" and bool(rest) and rest[0] in (action.choices or ())
        )
        if takes_one and "=" not in word and rest:
            options.append(rest.pop(0))
    return options, words


#: A name or a list of names; several of them, with commas between, for a study.
_PROBE_LIST = re.compile(r"(\[[\w\s,]*\]|\w+)(,(\[[\w\s,]*\]|\w+))*")


def _names_probes(value: str) -> bool:
    names = re.findall(r"\w+", value)
    plain = all(name.isidentifier() and name != "null" for name in names)
    return plain and _PROBE_LIST.fullmatch(value) is not None


def _check_words(words: Sequence[str]) -> None:
    """Refuse what Hydra would answer with a traceback."""
    keys = set(settings.valid_keys())
    for word in words:
        key, equals, value = word.lstrip("+").partition("=")
        if not equals and not word.startswith("~"):
            if key in keys:
                raise ConfigError(f"'{key}' needs a value: {key}=...")
            verbs = ", ".join(VERBS)
            raise ConfigError(
                f"'{word}' is neither a setting (key=value) nor a verb ({verbs})"
                + did_you_mean(word, VERBS)
            )
        if (
            not key
            or (key in (*settings.GROUPS, "experiment") and not value)
            or (key in settings.GROUPS and value == "null")
        ):
            raise ConfigError(f"'{word}' chooses nothing: write name=value")
        if key == settings.PROBES and not word.startswith("~") and not _names_probes(value):
            raise ConfigError(
                f"'{word}' names no probes: write probes=[gradient_flow,gates], or all, or none"
            )


class CheckSweep(Callback):
    """Before the first job of a sweep: check every job, so that bad input leaves nothing behind."""

    directory: Path | None = None

    def on_multirun_start(
        self, config: DictConfig, config_name: str | None = None, **kwargs: Any
    ) -> None:
        try:
            jobs = _sweep_jobs(config)
            checked: set[str] = set()
            for job in jobs:
                _check_job(config_name, job, checked)
            directory = Path(config.hydra.sweep.dir)
            make_directory(directory)
        except (UserError, HydraException, OmegaConfBaseException) as error:
            # the one exception that Hydra lets through from a callback
            print(f"rnnexp: error: {one_line(error)}", file=sys.stderr)
            raise SystemExit(USER_ERROR) from None
        CheckSweep.directory = directory
        if jobs:
            print(f"study {CheckSweep.directory.name}: {len(jobs)} runs in {CheckSweep.directory}")


def _sweep_jobs(config: DictConfig) -> list[list[str]]:
    """The overrides of each job; none where a sweeper decides on them as it goes."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    if not str(config.hydra.sweeper._target_).endswith("BasicSweeper"):
        return []
    params = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    overrides = OverridesParser.create().parse_overrides([*params, *config.hydra.overrides.task])
    batches = BasicSweeper.split_arguments(overrides, None)
    return [list(job) for batch in batches for job in batch]


def _check_job(config_name: str | None, overrides: list[str], checked: set[str]) -> None:
    """Build all that the job is made of; jobs that differ in their seed alone are checked once."""
    try:
        config = settings.plain(hydra.compose(config_name, overrides=overrides))
        settings.dials(config)
        alike = settings.fingerprint({**config, "seed": 0})
        if alike not in checked:
            with flushed_denormals():  # torch may start its threads here, and they keep the mode
                experiment.prepare(config, overrides)
            checked.add(alike)
    except (UserError, HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"{one_line(error)} [in {' '.join(overrides)}]") from error


def _show_study(directory: Path | None) -> None:
    """Table, statistics and figures of what is on disk; nothing where no sweep began."""
    if directory is None or not directory.is_dir():
        return
    from rnnexp.results.report import report_study
    from rnnexp.results.study import Study

    if shown := report_study(Study.read(directory)):
        print(shown)


# -- one-line errors ----------------------------------------------------------------------------


def one_line(error: Exception) -> str:
    """What is wrong and the way out, without Hydra's layers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines)
    if found := re.search(r"Could not override '([^']+)'", text):
        key = found[1].lstrip("+")
        return f"unknown setting '{key}'{settings.suggestion(key)}"
    if found := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return f"{found[1]} has several values: add -m to run each of them as a study"
    if found := re.search(r"Could not delete (?:from config\. )?'([^']+)'", text):
        return f"there is no '{found[1]}' to take away"
    if isinstance(error, OverrideParseException):
        return f"'{error.override}' cannot be read: put quotes around special characters"
    if found := re.search(r"Could not find '([^']+)/([^/']+)'(.*)", text):
        group, option = found[1], found[2]
        listed = found[3].partition(f"Available options in '{group}':")[2].split("Config search")[0]
        options = [name for name in listed.split() if not name.startswith("_")]
        return (
            f"{group}={option} is no option{did_you_mean(option, options)} "
            f"(there are {', '.join(options) or 'none'})"
        )
    noise = ("full_key:", "object_type", "reference_type", "provider=", "Config search path")
    return "; ".join(line for line in lines if not line.startswith(noise)) or type(error).__name__


# -- verbs --------------------------------------------------------------------------------------


def _predict(arguments: argparse.Namespace) -> None:
    from rnnexp.experiment.predict import predict

    print(predict(arguments.run, arguments.text, arguments.steps))


def _report(arguments: argparse.Namespace) -> None:
    from rnnexp.results.report import report_run
    from rnnexp.results.runs import RunDirectory

    path: Path = arguments.run_or_study
    if (path / "summary.json").is_file():
        print(report_run(RunDirectory.open(path)))
    elif (path / "multirun.yaml").is_file() or (path / "study.csv").is_file():
        _show_study(path)
    else:
        raise UserError(f"{path} is neither a run nor a study: no summary.json, no study.csv")


def _verify(arguments: argparse.Namespace) -> int:
    from rnnexp.checks.suite import table, verify

    results = list(verify())
    print(table(results))
    return OK if all(result.passed for result in results) else FAILED


@dataclass(frozen=True)
class Verb:
    """arguments: (name, type, help) in their order; flags: (name, help), anywhere behind the verb.

    run: does it, and returns the exit status, None for 0.
    """

    purpose: str
    arguments: Sequence[tuple[str, type, str]]
    run: Callable[[argparse.Namespace], int | None]
    flags: Sequence[tuple[str, str]] = ()


VERBS = {
    "predict": Verb(
        "the class of a text of your own, by a trained model",
        [("run", Path, "directory of a finished run"), ("text", str, "the text, plain")],
        _predict,
        [("--steps", "a line per word: state, probability so far, gradient")],
    ),
    "report": Verb(
        "draw the figures of a run or a study again",
        [("run_or_study", Path, "directory of a run or of a study")],
        _report,
    ),
    "verify": Verb("check every measurement against cases known in closed form", [], _verify),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        if found := re.match(r"unrecognized arguments: (.*)", message):
            message = f"too many words: '{found[1]}'; put quotes around a text"
        print(f"rnnexp: error: {self.prog.split()[-1]}: {message}", file=sys.stderr)
        raise SystemExit(USER_ERROR)


def _verb(arguments: Sequence[str]) -> int:
    name, words = arguments[0], list(arguments[1:])
    verb = VERBS[name]
    parser = _Parser(prog=f"rnnexp {name}", description=verb.purpose)
    for parameter, kind, text in verb.arguments:
        parser.add_argument(parameter, type=kind, help=text)
    for flag, text in verb.flags:
        parser.add_argument(flag, action="store_true", help=text)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if words[:1] not in (["-h"], ["--help"]):
        if "--" in words and len(words) > len(verb.arguments):
            words.remove("--")
        # What is more than the arguments may be a flag; behind `--` nothing is: a text may begin
        # with a dash.
        given = [flag for flag, _ in verb.flags if flag in words[len(verb.arguments) :]]
        if not given and len(words) > len(verb.arguments):
            given = [flag for flag, _ in verb.flags if flag in words]
        for flag in given:
            words.reverse()
            words.remove(flag)
            words.reverse()
        words = [*given, *(["--"] if verb.arguments else []), *words]
    parsed = parser.parse_args(words)
    try:
        return verb.run(parsed) or OK
    except (KeyError, IndexError, EOFError, UnicodeDecodeError) as error:
        if not verb.arguments:
            raise
        place = getattr(parsed, verb.arguments[0][0])
        raise DataError(
            f"{place} holds files that are damaged or of another version "
            f"({type(error).__name__}: {error})"
        ) from error
