"""From the words of a command to specs, and from specs to jobs.

`launch` is what the command and `rnnexp.run` have in common. Hydra composes the configuration and
hands jobs to a launcher; `job` is what it calls, here or in a launcher's worker, and all that is
known to Hydra alone becomes a RunSpec there.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import hydra
import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from rnnexp import plugins
from rnnexp.command.console import console_lines, give, say_on_the_way
from rnnexp.command.hydra import (
    CONFIG_NAME,
    PluginFolders,
    check_composes_as_study,
    hydra_of_our_own,
    split_options,
    workers_of_our_own,
)
from rnnexp.command.monitor import study_shown
from rnnexp.command.output import is_full, saying
from rnnexp.command.specs import OfCommand, spec_of
from rnnexp.command.study_jobs import job_of_study
from rnnexp.command.sweep import Checks, check_round
from rnnexp.command.words import has_several_values, one_line, readable
from rnnexp.errors import ConfigError, JobFailed, Terminated
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.names import shown_path
from rnnexp.results.runs import RunDirectory

log = logging.getLogger(__name__)


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
    options, typed = split_options(arguments)
    words = readable(typed)
    _launched.clear()
    Checks.forget()
    # Hydra's parser takes no option behind an override, where people like to put them.
    with hydra_of_our_own([*options, *words], check_round):
        app = hydra.main(
            version_base="1.3", config_path=str(plugins.own_config_dir()), config_name=CONFIG_NAME
        )
        try:
            shown = study_shown(lambda: Checks.directory) if is_full() else nullcontext()
            with workers_of_our_own(), shown:
                app(job)()
        except BaseException as error:
            if Checks.error is not None:
                raise Checks.error from None
            if not Checks.begun and isinstance(error, Exception):
                _explain(error, words)
            # Hydra calls no callback after Ctrl-C or a failed job: the table is made here.
            try:
                _show_study(Checks.directory)
            except Exception as fault:  # and must not hide what went wrong first
                if str(fault) != str(error):
                    log.warning("no table: %s", one_line(fault))
            if Checks.directory is not None and isinstance(
                error, JobFailed | KeyboardInterrupt | Terminated
            ):
                say_on_the_way("the same command goes on with what has no result")
            raise error
        _show_study(Checks.directory)
    if _launched and isinstance(_launched[-1], Exception):
        raise _launched[-1]
    for path in _launched:
        if isinstance(path, Path):
            tell_run(path)
    return Checks.directory or next((p for p in _launched if isinstance(p, Path)), None)


def _explain(error: Exception, words: Sequence[str]) -> None:
    """Raise what is behind an error of Hydra's from before anything was run, if it is known."""
    if has_several_values(error):
        check_composes_as_study(words)
    elif isinstance(error, yaml.YAMLError):  # of a choice that Hydra has read
        raise ConfigError(" ".join(str(error).split())) from None
    elif type(error) is ValueError:  # of options that contradict each other
        raise ConfigError(one_line(error)) from None


#: What became of a run on its own: its directory, or what it raised.
_launched: list[Path | Exception] = []


def job(cfg: DictConfig) -> float | str | None:
    """What Hydra calls for a run, and for each job of a study.

    Returns the last validation score, for a sweeper that searches for good settings.
    """
    plugins.look_here_last()  # a launcher's worker may not, and has seen no command
    known = HydraConfig.get()
    for source in known.runtime.config_sources:
        if source.provider == PluginFolders.provider:
            plugins.register(Path(source.path))
    spec = spec_of(cfg, known)
    if spec.study is None:
        return _run_alone(spec)
    command = OfCommand.of(known.job)
    # a launcher's worker has no handler yet, and has heard of no option
    with saying(command.output), console_lines():
        return job_of_study(spec, command)


def _run_alone(spec: RunSpec) -> float | None:
    from rnnexp.experiment.run_spec import run_spec, validation_score

    try:
        run, summary = run_spec(spec)
    except Exception as error:
        _launched.append(error)  # raised behind Hydra's back, which would print its own lines
        return None
    _launched.append(run.path)
    return None if summary is None else validation_score(spec, summary)


def _show_study(directory: Path | None) -> None:
    """Table, statistics and figures of what is on disk; nothing where no sweep began."""
    if directory is not None and directory.is_dir():
        from rnnexp.results.prose import GAP
        from rnnexp.results.report import report_study
        from rnnexp.results.study import Study
        from rnnexp.results.values import of_study

        study = Study.read(directory)
        report = report_study(study)
        if pieces := report.pieces():
            give([GAP, *pieces], lambda: of_study(study, report, directory), shown_path(directory))


def tell_run(path: Path) -> None:
    """What a script gets of a run, which has said the rest itself."""
    from rnnexp.results import report
    from rnnexp.results.values import of_run

    def values() -> dict[str, object]:
        run = RunDirectory(path)
        return of_run(run, report.of_run(run, report.run_findings(run)))

    if not is_full():
        give("", values, shown_path(path))
