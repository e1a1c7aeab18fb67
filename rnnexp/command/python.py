"""The command from Python: the same run, with the same fingerprint, directory and bytes."""

import contextlib
import io
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, overload

from rnnexp import plugins
from rnnexp.command.hydra import end_jobs_of_workers
from rnnexp.command.launch import launch
from rnnexp.command.words import one_line, user_errors
from rnnexp.errors import ConfigError, DataError, UserError
from rnnexp.experiment.loaded_run import Run
from rnnexp.experiment.loaded_study import LoadedStudy
from rnnexp.interrupts import interrupt
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study


@overload
def run(
    overrides: Sequence[str] = (),
    *,
    multirun: Literal[False] = False,
    config_dir: str | Path | None = None,
    quiet: bool = False,
) -> Run: ...


@overload
def run(
    overrides: Sequence[str] = (),
    *,
    multirun: Literal[True],
    config_dir: str | Path | None = None,
    quiet: bool = False,
) -> LoadedStudy: ...


def run(
    overrides: Sequence[str] = (),
    *,
    multirun: bool = False,
    config_dir: str | Path | None = None,
    quiet: bool = False,
) -> Run | LoadedStudy:
    """What `rnnexp OVERRIDES` does: the run that it leaves, or with `multirun` (`-m`) the study.

    A preset that is a study by itself, such as `quickstart`, gives the study without it too, which
    the type cannot know.

    config_dir: a folder of choices of your own, as with `--config-dir`; the package around it stays
        known to this process, so that its runs can be loaded.
    quiet: show no lines and no tables of what is run, which the run and the study that come back
        have all the same; warnings and bars go to standard error as ever.

    Runs in a thread of its own and gives back what belongs to the process: denormal numbers are
    flushed there alone, and torch's number of threads, its random state and the log are as before.

    Raises rnnexp.errors.UserError for what the command would refuse in a line, and what a run
    raises.

    >>> run = rnnexp.run(["model=rnn", "seq_len=50"])               # doctest: +SKIP
    >>> run.summary.test["accuracy"]                                # doctest: +SKIP
    """
    if isinstance(overrides, str):
        raise ConfigError(f"overrides is a list of words, as in ['{overrides}']")
    words = [str(word) for word in overrides]
    if options := [word for word in words if word.startswith("-")]:
        raise ConfigError(f"'{options[0]}' is an option: use multirun=True or config_dir=...")
    options = ["-m"] if multirun else []
    if config_dir is not None:
        plugins.register(Path(config_dir))  # refused before anything is run
    shown = contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext()
    with _process_state(), shown:
        try:
            path = _in_a_thread([*options, *words])
        except user_errors() as error:
            if isinstance(error, UserError):
                raise
            raise ConfigError(one_line(error)) from error
    if path is None:
        raise ValueError(f"nothing was run by {words}")
    return load_run(path) if (path / "summary.json").is_file() else load_study(path)


def load_run(path: str | Path) -> Run:
    """A run that is on disk, of this version or of an earlier one, whatever became of it.

    Raises DataError where `path` is none.

    >>> run = rnnexp.load_run("outputs/runs/2026-11-22_05-06-46-123456_lstm_T400")  # doctest: +SKIP
    >>> run.notes()  # what is missing of it                                        # doctest: +SKIP
    """
    return Run(RunDirectory.open(Path(path)))


def load_study(path: str | Path) -> LoadedStudy:
    """A study on disk, or any folder of runs, whatever became of them.

    Raises DataError where there is none.

    >>> study = rnnexp.load_study("outputs/studies/lengths")                        # doctest: +SKIP
    >>> study.runs[["model", "seq_len", "seed", "test_accuracy", "status"]]         # doctest: +SKIP
    """
    folder = Path(path)
    if (folder / "summary.json").is_file():
        raise DataError(f"{folder} is a run: use rnnexp.load_run")
    if not any(folder.glob("[!.]*/summary.json")):
        raise DataError(f"{folder} is no study: none of its folders has a summary.json")
    return LoadedStudy(Study.read(folder))


def export(run: Run | str | Path, to: str | Path, trust: bool = False) -> list[Path]:
    """A trained network for those who do not have rnnexp; returns the files that were written.

    to: a file that ends in `.safetensors`, weights under the names that torch's own modules load;
        or in `.pt2`, the whole network, which torch.export.load runs. Beside it FILE.json: the
        vocabulary, how a text becomes words, what the outputs are, by which numbers they were
        standardised; of subwords also FILE.tokenizer.json. None is ever overwritten.

    trust: import code of the user's own where the run names it.

    Raises UserError for a run that diverged or has no weights, and for a network of which torch has
    no module, where weights alone were asked for.

    >>> rnnexp.export(run, "sentiment.safetensors")           # doctest: +SKIP
    >>> torch.export.load("sentiment.pt2").module()(ids_BT, lengths_B)  # doctest: +SKIP
    """
    from rnnexp.experiment.export import export as write

    of = run if isinstance(run, Run) else load_run(run)
    return write(of.directory, Path(to), trust)


def _in_a_thread(arguments: list[str]) -> Path | None:
    """`launch` in a new thread, to which an interrupt is passed on.

    The mode that flushes denormals is a thread's own, and threads that torch starts from it have it
    too, and end with it.
    """
    paths: list[Path | None] = []
    errors: list[BaseException] = []
    done = threading.Event()  # and not Thread.join, which takes an interrupted wait for the end

    def work() -> None:
        try:
            paths.append(launch(arguments))
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work, name="rnnexp.run", daemon=True)
    thread.start()
    while not done.is_set():
        try:
            done.wait()
        except KeyboardInterrupt:
            end_jobs_of_workers()
            interrupt(thread.ident or 0, KeyboardInterrupt)
    thread.join()
    if errors:
        raise errors[0]
    return paths[0]


@contextlib.contextmanager
def _process_state() -> Iterator[None]:
    """What a run sets for the whole process comes back as it was."""
    import torch

    from rnnexp.experiment.build import default_threads
    from rnnexp.experiment.devices import CUBLAS

    threads = torch.get_num_threads()
    default_threads.cache_clear()  # the caller may have set another number since the last run
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    cublas = os.environ.get(CUBLAS)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
            if cublas is None:
                os.environ.pop(CUBLAS, None)
