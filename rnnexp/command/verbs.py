"""Verbs on what exists: predict, resume, report, verify. Their words are argparse's."""

import argparse
import logging
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rnnexp.command import FAILED, OK, USER_ERROR
from rnnexp.errors import DataError, UserError


def _predict(arguments: argparse.Namespace) -> int:
    from rnnexp.experiment.predict import check_is_text, predict, text_of

    if None not in (arguments.text, arguments.file):
        raise UserError("predict: a text and --file are both given: one of them is read")
    if arguments.file is not None:
        text = text_of(arguments.file)
    else:
        check_is_text(arguments.text, arguments.run)
        text = arguments.text
    print(predict(arguments.run, text, arguments.steps))
    return OK


def _resume(arguments: argparse.Namespace) -> int:
    from rnnexp.command.console import console_lines
    from rnnexp.experiment.resume import resume
    from rnnexp.results.runs import RunDirectory

    with console_lines():
        resume(RunDirectory.open(arguments.run), arguments.words)
    return OK


def _report(arguments: argparse.Namespace) -> int:
    from rnnexp.results import report
    from rnnexp.results.runs import RunDirectory
    from rnnexp.results.study import Study

    path: Path = arguments.run_or_study
    if (path / "summary.json").is_file():
        print(report.report_run(RunDirectory.open(path)))
    elif (path / "multirun.yaml").is_file() or (path / "study.csv").is_file():
        print(report.report_study(Study.read(path)))
    else:
        raise UserError(f"{path} is neither a run nor a study: no summary.json, no study.csv")
    return OK


def _verify(arguments: argparse.Namespace) -> int:
    from rnnexp.checks.suite import table, verify

    results = list(verify())
    print(table(results))
    return OK if all(result.passed for result in results) else FAILED


@dataclass(frozen=True)
class Verb:
    """words: what is typed behind its name. add: gives the parser its arguments.

    run: does it, and returns the exit status.
    """

    words: str
    purpose: str
    add: Callable[[argparse.ArgumentParser], object]
    run: Callable[[argparse.Namespace], int]


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="directory of a finished run")
    text = parser.add_argument(
        "text", help="the text, plain; one that begins with a dash stands after --"
    )

    class Instead(argparse.Action):
        """With a file no text is required. A text of nargs="?" would break `RUN --steps TEXT`."""

        def __call__(
            self,
            parser: argparse.ArgumentParser,
            namespace: argparse.Namespace,
            values: Any,
            option_string: str | None = None,
        ) -> None:
            namespace.file, text.required = values, False

    parser.add_argument(
        "--file", type=Path, action=Instead, help="instead of a text: a file, all of it one text"
    )
    parser.add_argument(
        "--steps", action="store_true", help="a line per word: state, probability so far, gradient"
    )


def _resume_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="directory of a run that was stopped")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="name=value",
        help="what may differ, as device=cpu; trainer.epochs=N trains a finished run further",
    )


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_or_study", type=Path, help="directory of a run or of a study")


VERBS = {
    "predict": Verb(
        'RUN "text" | --file F',
        "the class of a text of your own, by a trained model",
        _predict_arguments,
        _predict,
    ),
    "resume": Verb(
        "RUN [name=value ...]",
        "go on with a run that was stopped, or train a finished one further",
        _resume_arguments,
        _resume,
    ),
    "report": Verb(
        "RUN_OR_STUDY", "draw the figures of a run or a study again", _report_arguments, _report
    ),
    "verify": Verb("", "check the measurements against known cases", lambda parser: None, _verify),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if match := re.match(r"unrecognized arguments: (.*)", message):
            message = f"too many words: '{match[1]}'"
            if self.prog.endswith("predict"):
                message += "; put quotes around a text"
        if message.endswith("required: text"):
            message += ", or --file FILE (put -- before a text that begins with a dash)"
        print(f"rnnexp: error: {self.prog.split()[-1]}: {message}", file=sys.stderr)
        raise SystemExit(USER_ERROR)


def run_verb(words: Sequence[str]) -> int:
    """Carry out `words`, the verb first; returns the exit status."""
    verb = VERBS[words[0]]
    parser = _Parser(prog=f"rnnexp {words[0]}", description=verb.purpose)
    verb.add(parser)
    arguments = parser.parse_args(words[1:])
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        return verb.run(arguments)
    except (KeyError, IndexError, EOFError, UnicodeDecodeError) as error:
        place = getattr(arguments, "run", None) or getattr(arguments, "run_or_study", None)
        if place is None:
            raise
        raise DataError(
            f"{place} holds files that are damaged or of another version "
            f"({type(error).__name__}: {error})"
        ) from error
