"""The console command: words to what is done, and what became of it to an exit status."""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from rnnexp import plugins
from rnnexp.command import FAILED, INTERRUPTED, OK, TERMINATED, USER_ERROR, output
from rnnexp.command.console import give, say, say_fault, stand_ins
from rnnexp.command.output import Output
from rnnexp.errors import ConfigError, JobFailed, StorageError, Terminated, first_line, short


def main(argv: Sequence[str] | None = None) -> int:
    """The `rnnexp` command; returns its exit status."""
    with stand_ins():
        return _main(list(sys.argv[1:] if argv is None else argv))


def _main(arguments: list[str]) -> int:
    output.forget()
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        how, words = Output.FULL, arguments
        try:
            how, words = _asked(arguments)
        except ConfigError as error:
            return _told(error)
        with output.saying(how):
            status = _status(words)
        return _answered(how, status)
    finally:
        signal.signal(signal.SIGTERM, previous)
        plugins.forget()
        plugins.look_here_no_more()


#: Options that print a page of their own, for people or in YAML, whatever else is typed.
_HELP = ("--help", "-h", "--shell-completion", "-sc")
_HYDRAS = ("--cfg", "-c", "--info", "-i", "--hydra-help")


def _asked(arguments: Sequence[str]) -> tuple[Output, list[str]]:
    """How much is to be said, and the other words."""
    how, words = output.asked(arguments)
    names = [word.partition("=")[0] for word in words]
    if how is Output.FULL or not {*_HELP}.isdisjoint(names):
        return Output.FULL, words
    for name in names:
        if name in _HYDRAS:
            raise ConfigError(f"--{how.value} says nothing of what {name} prints: leave it out")
    return how, words


def _answered(how: Output, status: int) -> int:
    """Print what a script has asked for."""
    if how is not Output.FULL and (text := output.for_script(how)):
        try:
            say(text)
            sys.stdout.flush()
        except BrokenPipeError:
            _to_nobody()
    return status


def _status(arguments: Sequence[str]) -> int:
    """Do what the words say."""
    try:
        return _run(arguments)
    except SystemExit as stop:  # argparse's and Hydra's, or one from a component
        if isinstance(stop.code, str):
            _fault("failed", stop.code, FAILED)
        return OK if stop.code is None else stop.code if stop.code in (OK, USER_ERROR) else FAILED
    except BrokenPipeError:  # `rnnexp ... | head`: nobody reads on
        _to_nobody()
        return OK
    except KeyboardInterrupt:
        return _fault("interrupted", "", INTERRUPTED)
    except Terminated:
        return _fault("terminated", "", TERMINATED)


def _fault(kind: str, message: str, status: int) -> int:
    """The one line that an error gets, and its place in what --json prints."""
    say_fault(": ".join(filter(None, ["rnnexp", kind, message])))
    output.tell({"error": {"kind": kind, "message": message, "exit_status": status}})
    return status


def _to_nobody() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str]) -> int:
    show_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    try:
        return _do(_without_folders(arguments))
    except Exception as error:
        if show_traceback or isinstance(error, BrokenPipeError):
            raise
        return _told(error)


def _do(arguments: list[str]) -> int:
    # Each branch imports what it needs: help must not wait for Hydra, nor Hydra for torch.
    from rnnexp.command.verbs import VERBS, run_verb

    if arguments and arguments[0] in VERBS:
        return run_verb(arguments)
    if arguments and arguments[0] in ("--shell-completion", "-sc"):
        from rnnexp.command.completion import run_completion

        run_completion(arguments[1:])
        return OK
    if not {"--help", "-h"}.isdisjoint(arguments):
        from rnnexp.command.help import help_page

        say(help_page())
    elif "--version" in arguments:
        from rnnexp.checkout import Build

        build = Build.here()
        give(str(build), lambda: asdict(build))
    else:
        from rnnexp.command.launch import launch

        plugins.look_here_last()
        launch(arguments)
    return OK


def _without_folders(arguments: Sequence[str]) -> list[str]:
    """The other words; each `--config-dir FOLDER` makes the folder a plugin's."""
    rest, words = list(arguments), []
    while rest:
        word = rest.pop(0)
        name, equals, folder = word.partition("=")
        if name not in ("--config-dir", "-cd"):
            words.append(word)
            continue
        if not equals:
            folder = rest.pop(0) if rest else ""
        if not folder:
            raise ConfigError(f"{name} needs a folder: {name} mypkg/conf")
        plugins.register(Path(folder))
    return words


def _told(error: Exception) -> int:
    """One line on what went wrong; returns the exit status."""
    from rnnexp.command.words import one_line, user_errors

    if isinstance(error, user_errors()):
        return _fault("error", short(one_line(error)), USER_ERROR)
    if isinstance(error, (JobFailed, StorageError)):  # which say all there is to say
        return _fault("failed", first_line(error), FAILED)
    what = ": ".join(filter(None, [type(error).__name__, first_line(error)]))
    notes = getattr(error, "__notes__", [])  # of a run that had begun, where its log is
    log = notes[0] if notes else "a run that had begun has it in rnnexp.log"
    return _fault("failed", f"{what} (HYDRA_FULL_ERROR=1 shows the traceback; {log})", FAILED)


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise Terminated
