"""The console command: words to what is done, and what became of it to an exit status."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from rnnexp import plugins
from rnnexp.command import FAILED, INTERRUPTED, OK, TERMINATED, USER_ERROR
from rnnexp.errors import Terminated, UserError


def main(argv: Sequence[str] | None = None) -> int:
    """The `rnnexp` command; returns its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "" not in sys.path:
        sys.path.insert(0, "")  # a component may lie in a module beside the user's work
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED
    except BrokenPipeError:  # `rnnexp ... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        print("rnnexp: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Terminated:
        print("rnnexp: terminated", file=sys.stderr)
        return TERMINATED
    finally:
        signal.signal(signal.SIGTERM, previous)
        plugins.forget()


def _run(arguments: list[str]) -> int:
    # Each branch imports what it needs: help must not wait for Hydra, nor Hydra for torch.
    from rnnexp.command.verbs import VERBS, run_verb

    verb = bool(arguments) and arguments[0] in VERBS
    if not verb and not {"--help", "-h"}.isdisjoint(arguments):
        from rnnexp.command.help import help_page

        try:
            print(help_page(arguments))
        except UserError as error:
            print(f"rnnexp: error: {error}", file=sys.stderr)
            return USER_ERROR
        return OK
    if not verb and "--version" in arguments:
        from rnnexp import __version__

        print(f"rnnexp {__version__}")
        return OK

    from rnnexp.command.words import one_line, user_errors

    show_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    try:
        if verb:
            return run_verb(arguments)
        from rnnexp.command.hydra import launch

        launch(arguments)
        return OK
    except user_errors() as error:
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


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise Terminated
