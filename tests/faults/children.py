"""The command in processes that may be killed: forked from one that has imported everything."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from rnnexp.results.runs import RunDirectory

#: Words of a run that trains for half a second, and saves itself ten times a second.
RUN = ("data.limit=300", "seq_len=20", "model.hidden_size=16", "embedding.dim=8", "plots=false",
       "trainer.epochs=8", "trainer.batch_size=8", "threads=1", "probes=[grad_norm,gradient_flow]",
       "model.num_layers=2", "model.dropout=0.2", "checkpoint.every_seconds=0.1")  # fmt: skip

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["rnnexp.experiment.template", "rnnexp.command.launch"])


def _command(folder: Path, words: tuple[str, ...], prepare: Callable[[], None] | None) -> None:
    try:
        _run_command(folder, words, prepare)
    except KeyboardInterrupt:  # while it was being imported, as Python itself ends then
        os._exit(130)


def _run_command(folder: Path, words: tuple[str, ...], prepare: Callable[[], None] | None) -> None:
    import torch

    os.chdir(folder)
    # the server may have been started by a study
    os.environ.pop("HYDRA_FULL_ERROR", None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # a shell starts what is put in the background with this one ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    out = os.open("out.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    torch.set_num_threads(1)
    if prepare is not None:
        prepare()
    from rnnexp.command.main import main

    status = main(words)
    sys.stdout.flush()
    os._exit(status)


def start(folder: Path, *words: str, prepare: Callable[[], None] | None = None) -> BaseProcess:
    """`rnnexp WORDS` in a folder; what it prints is added to out.txt there."""
    process = _context.Process(target=_command, args=(folder, words, prepare))
    process.start()
    return process


def send(process: BaseProcess, stop: signal.Signals) -> bool:
    """Whether the process was still there to receive it: it may end between a look and a signal."""
    if process.pid is None or not process.is_alive():
        return False
    try:
        os.kill(process.pid, stop)
    except ProcessLookupError:  # its parent, the fork server, has just collected it
        return False
    return True


def the_run(folder: Path) -> Path | None:
    """The one run that was made in a folder, if one was."""
    runs = [path.parent for path in (folder / "outputs" / "runs").glob("*/summary.json")]
    assert len(runs) <= 1, runs
    return next(iter(runs), None)


def left(run: Path) -> dict[str, bytes]:
    """What must be the same whatever happened on the way, by name."""
    names = ["metrics.csv", "weights.safetensors", "config.yaml", "task.json"]
    paths = [run / name for name in names]
    paths += [*sorted(run.glob("probes/*")), *sorted(run.glob("predictions/*"))]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in paths}


def is_done(run: Path | None) -> bool:
    return run is not None and RunDirectory(run).summary.done


def words_to_go_on(run: Path | None) -> tuple[str, ...]:
    """The same command where nothing was begun, else what goes on with it."""
    return RUN if run is None else ("resume", str(run))
