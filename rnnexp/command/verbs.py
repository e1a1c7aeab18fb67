"""Verbs on what exists, such as predict, resume and report. Their words are argparse's."""

import argparse
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rnnexp import plugins
from rnnexp.command import FAILED, OK, USER_ERROR, compare, export
from rnnexp.command.console import console_lines, say, say_fault
from rnnexp.command.listing import add_info_arguments, add_list_arguments
from rnnexp.errors import DataError, UserError
from rnnexp.printable import PrintableFormatter


def _predict(arguments: argparse.Namespace) -> int:
    from rnnexp.experiment.predict import check_is_text, predict, text_of
    from rnnexp.experiment.predict_file import predict_file
    from rnnexp.experiment.predict_series import predict_series

    sources = {"a text": "text", "--file": "file", "--texts": "texts", "--series": "series"}
    given = [called for called, name in sources.items() if getattr(arguments, name) is not None]
    if len(given) > 1:
        raise UserError(f"predict: {given[0]} and {given[1]} are both given: one of them is read")
    table = next((called for called in ("--texts", "--series") if called in given), None)
    if table is not None:
        if arguments.to is None:
            raise UserError(f"predict: {table} FILE needs --to OUT.csv, a new file for the answers")
        if arguments.steps:
            raise UserError(
                f"predict: --steps follows one text, and {table} has many: leave one out"
            )
    options = {"--to": "to", "--column": "column", "--separator": "separator", "--quotes": "quotes"}
    beside = [word for word, name in options.items() if getattr(arguments, name) is not None]
    if arguments.texts is not None:
        say(
            predict_file(
                arguments.run, arguments.texts, arguments.to, arguments.column,
                arguments.separator, arguments.quotes, arguments.trust,
            )
        )  # fmt: skip
        return OK
    beside = [word for word in beside if word != "--to" or table is None]
    if beside:
        raise UserError(f"predict: {beside[0]} goes with --texts FILE, a table of texts")
    if arguments.series is not None:
        say(predict_series(arguments.run, arguments.series, arguments.to, arguments.trust))
        return OK
    if arguments.file is not None:
        text = text_of(arguments.file)
    else:
        check_is_text(arguments.text, arguments.run)
        text = arguments.text
    say(predict(arguments.run, text, arguments.steps, arguments.trust))
    return OK


def _resume(arguments: argparse.Namespace) -> int:
    from rnnexp.experiment.resume import resume
    from rnnexp.results.runs import RunDirectory

    with console_lines():
        resume(RunDirectory.open(arguments.run), arguments.words, arguments.trust)
    return OK


def _report(arguments: argparse.Namespace) -> int:
    from rnnexp.results import report
    from rnnexp.results.plan import is_study
    from rnnexp.results.report_folder import report_folder
    from rnnexp.results.runs import RunDirectory
    from rnnexp.results.study import Study

    path: Path = arguments.run_or_study
    if (path / "summary.json").is_file():
        if arguments.score is not None:
            raise UserError("report: --score is of a study: the report of a run has all its scores")
        run = RunDirectory.open(path)
        say(report.report_run(run, report_folder(path, arguments.to)))
    elif is_study(path):
        study = Study.read(path, arguments.score)
        say(report.report_study(study, to=report_folder(path, arguments.to)))
    else:
        raise UserError(f"{path} is neither a run nor a study: no summary.json, no study.csv")
    return OK


def _study(arguments: argparse.Namespace) -> int:
    from rnnexp.results.status import StudyReader, find_study

    say(StudyReader(find_study(arguments.study)).read().text())
    return OK


def _check(arguments: argparse.Namespace) -> int:
    from rnnexp.experiment.identity import fingerprint
    from rnnexp.results.check import check_run, check_study, told
    from rnnexp.results.plan import is_study

    path: Path = arguments.run_or_study
    if any((path / name).exists() for name in ("summary.json", "manifest.json")):
        lines, whole = told(path, [check_run(path, fingerprint)])
    elif is_study(path):
        lines, whole = told(path, *check_study(path, fingerprint))
    else:
        raise UserError(f"{path} is neither a run nor a study: no summary.json, no study.csv")
    say("\n".join(lines))
    return OK if whole else FAILED


def _list(arguments: argparse.Namespace) -> int:
    from rnnexp.command.listing import run_list

    run_list(arguments)
    return OK


def _info(arguments: argparse.Namespace) -> int:
    from rnnexp.command.info import run_info

    plugins.look_here_last()
    run_info(arguments)
    return OK


def _verify(arguments: argparse.Namespace) -> int:
    from rnnexp.checks.suite import table, verify

    if arguments.components:
        from rnnexp.command.conformance import verify_components

        results = verify_components(arguments.components)
    else:
        results = list(verify())
    say(table(results))
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
            setattr(namespace, self.dest, values)
            text.required = False

    parser.add_argument(
        "--file", type=Path, action=Instead, help="instead of a text: a file, all of it one text"
    )
    parser.add_argument(
        "--texts", type=Path, action=Instead, metavar="TABLE",
        help="instead of a text: a table (.csv, .tsv, .parquet, .xlsx), a text in each row",
    )  # fmt: skip
    parser.add_argument(
        "--series", type=Path, action=Instead, metavar="TABLE",
        help="instead of a text: a table of series",
    )  # fmt: skip
    parser.add_argument(
        "--to", type=Path, metavar="CSV", help="a new file for the answers to TABLE"
    )
    parser.add_argument("--column", help="of the texts in TABLE; else the one of the training")
    parser.add_argument("--separator", help="of the columns of TABLE: comma, tab, semicolon, pipe")
    parser.add_argument(
        "--quotes", choices=["doubled", "backslash", "spaced", "none"],
        help="how TABLE uses quotes; as data.quotes",
    )  # fmt: skip
    parser.add_argument(
        "--steps", action="store_true", help="a line per word: state, probability so far, gradient"
    )
    add_trust(parser)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """The option that a verb has which builds what a run's files name."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run code that is neither rnnexp's nor an installed plugin's where the run names it; "
        "it may lie in this folder",
    )


def _resume_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="directory of a run that was stopped")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="name=value",
        help="what may differ, as device=cpu; trainer.epochs=N trains a finished run further",
    )
    add_trust(parser)


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    export.add_arguments(parser)
    add_trust(parser)


def _run_or_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_or_study", type=Path, help="directory of a run or of a study")


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    _run_or_study(parser)
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="write there, and nothing into the run or study"
    )
    parser.add_argument(
        "--score", metavar="NAME", help="of a study: show this score, such as macro_f1"
    )


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "components",
        nargs="*",
        metavar="KIND/NAME",
        help="components, as cells/mine, data/mine or probes/mine, each with its name=value",
    )


def _study_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["status"], help="how far it has come")
    parser.add_argument("study", metavar="NAME", help="its name, or its directory")


VERBS = {
    "predict": Verb(
        'RUN "text"',
        "the answer to a text; --texts, --series: to a table",
        _predict_arguments,
        _predict,
    ),
    "resume": Verb(
        "RUN [name=value ...]",
        "go on with a run that was stopped",
        _resume_arguments,
        _resume,
    ),
    "report": Verb(
        "RUN_OR_STUDY [--to D]",
        "tables and figures anew, of a study by any --score",
        _report_arguments,
        _report,
    ),
    "study": Verb(
        "status NAME",
        "how far a study has come",
        _study_arguments,
        _study,
    ),
    "check": Verb(
        "RUN_OR_STUDY",
        "whether every file is still what was written",
        _run_or_study,
        _check,
    ),
    "compare": Verb(
        "STUDY STUDY",
        "two studies side by side: differences, intervals, p",
        compare.add_arguments,
        compare.compare,
    ),
    "export": Verb(
        "RUN --to FILE",
        "a trained network as plain torch has it",
        _export_arguments,
        export.export,
    ),
    "list": Verb("[GROUP]", "what can be chosen, a line each", add_list_arguments, _list),
    "info": Verb("GROUP/CHOICE", "what a choice is, and its settings", add_info_arguments, _info),
    "verify": Verb(
        "[KIND/NAME ...]",
        "check the measurements, or a component of yours",
        _verify_arguments,
        _verify,
    ),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if match := re.match(r"unrecognized arguments: (.*)", message):
            message = f"too many words: '{match[1]}'"
            if self.prog.endswith("predict"):
                message += "; put quotes around a text"
        message = message.replace("required: run, name=value", "required: run")
        message = message.replace("required: what, NAME", "required: status NAME")
        if message.endswith("required: text"):
            message += (
                ", or --file FILE, or --texts TABLE (put -- before a text that begins with a dash)"
            )
        say_fault(f"rnnexp: error: {self.prog.split()[-1]}: {message}")
        raise SystemExit(USER_ERROR)


def _show_warnings() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def run_verb(words: Sequence[str]) -> int:
    """Carry out `words`, the verb first; returns the exit status."""
    verb = VERBS[words[0]]
    parser = _Parser(prog=f"rnnexp {words[0]}", description=verb.purpose)
    verb.add(parser)
    arguments = parser.parse_args(words[1:])
    _show_warnings()
    if getattr(arguments, "trust", False):
        plugins.look_here_last()  # where such code often lies
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
