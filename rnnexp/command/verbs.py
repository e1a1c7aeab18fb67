"""Verbs on what exists, such as predict, resume and report. Their words are argparse's."""

import argparse
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from rnnexp import plugins
from rnnexp.command import FAILED, OK, compare, export
from rnnexp.command.console import ConsoleHandler, console_lines, give, say_fault
from rnnexp.command.listing import add_info_arguments, add_list_arguments
from rnnexp.command.named import directory, study
from rnnexp.command.output import JSON, JSON_HELP, QUIET, QUIET_HELP, Output, output
from rnnexp.errors import DataError, UserError


def _predict(arguments: argparse.Namespace) -> int:
    from rnnexp.experiment.predict import check_is_text, predicted, text_of
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
        told = predict_file(
            arguments.run, arguments.texts, arguments.to, arguments.column,
            arguments.separator, arguments.quotes, arguments.trust,
        )  # fmt: skip
        return _answers(told, arguments.to)
    beside = [word for word in beside if word != "--to" or table is None]
    if beside:
        raise UserError(f"predict: {beside[0]} goes with --texts FILE, a table of texts")
    if arguments.series is not None:
        told = predict_series(arguments.run, arguments.series, arguments.to, arguments.trust)
        return _answers(told, arguments.to)
    if output.get() is Output.QUIET:
        raise UserError("predict: --quiet leaves nothing of the answer to one text: leave it out")
    if arguments.file is not None:
        text = text_of(arguments.file)
    else:
        check_is_text(arguments.text, arguments.run)
        text = arguments.text
    answer = predicted(arguments.run, text, arguments.steps, arguments.trust)
    give(answer.text, lambda: answer.values)
    return OK


def _answers(told: str, to: Path) -> int:
    """What is said of the answers to a table, of which the file itself is what was asked for."""
    give(told, lambda: {"to": str(to), "told": told.split("\n")}, to)
    return OK


def _resume(arguments: argparse.Namespace) -> int:
    from rnnexp.command.launch import tell_run
    from rnnexp.experiment.resume import resume
    from rnnexp.results.runs import RunDirectory

    with console_lines():
        run, _ = resume(RunDirectory.open(arguments.run), arguments.words, arguments.trust)
    tell_run(run.path)
    return OK


def _report(arguments: argparse.Namespace) -> int:
    from rnnexp.results import report, values
    from rnnexp.results.names import shown_path
    from rnnexp.results.plan import is_study
    from rnnexp.results.report_folder import report_folder
    from rnnexp.results.runs import RunDirectory
    from rnnexp.results.study import Study

    path: Path = arguments.run_or_study
    if (path / "summary.json").is_file():
        if arguments.score is not None:
            raise UserError("report: --score is of a study: the report of a run has all its scores")
        run, to = RunDirectory.open(path), report_folder(path, arguments.to)
        of_run = report.report_run(run, to)
        give(of_run.pieces(), lambda: values.of_run(run, of_run), shown_path(to or run.path))
    elif is_study(path):
        study, to = Study.read(path, arguments.score), report_folder(path, arguments.to)
        of_study, folder = report.report_study(study, to=to), to or study.path
        told = values.of_study
        give(of_study.pieces(), lambda: told(study, of_study, folder), shown_path(folder))
    else:
        raise UserError(f"{path} is neither a run nor a study: no summary.json, no study.csv")
    return OK


def _study(arguments: argparse.Namespace) -> int:
    from rnnexp.results.status import StudyReader, find_study
    from rnnexp.results.values import of_status

    status = StudyReader(find_study(arguments.study)).read()
    give(status.pieces(), lambda: of_status(status))
    return OK


def _check(arguments: argparse.Namespace) -> int:
    from rnnexp.experiment.identity import fingerprint
    from rnnexp.results.check import check_run, check_study, told
    from rnnexp.results.plan import is_study
    from rnnexp.results.values import of_checks

    path: Path = arguments.run_or_study
    others: list[str] = []
    strange: list[str] = []
    if any((path / name).exists() for name in ("summary.json", "manifest.json")):
        checks = [check_run(path, fingerprint)]
    elif is_study(path):
        checks, others, strange = check_study(path, fingerprint)
    else:
        raise UserError(f"{path} is neither a run nor a study: no summary.json, no study.csv")
    lines, whole = told(path, checks, others, strange)
    text = "\n".join(lines)
    give(text, lambda: of_checks(path, whole, checks, others, strange))
    return _passed(whole, text)


def _passed(whole: bool, text: str) -> int:
    """The exit status; of --quiet all that is told, but for what is wrong."""
    if output.get() is Output.QUIET and not whole:
        say_fault(text)
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
    passed, text = all(result.passed for result in results), table(results)
    checks = [asdict(result) | {"passed": result.passed} for result in results]
    give(text, lambda: {"passed": passed, "checks": checks})
    return _passed(passed, text)


@dataclass(frozen=True)
class Verb:
    """words: what is typed behind its name. add: gives the parser its arguments.

    run: does it, and returns the exit status. quiet: whether --quiet leaves anything of it.
    """

    words: str
    purpose: str
    add: Callable[[argparse.ArgumentParser], object]
    run: Callable[[argparse.Namespace], int]
    quiet: bool = True


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=directory, help="directory of a finished run")
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
    parser.add_argument("run", type=directory, help="directory of a run that was stopped")
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
    parser.add_argument("run_or_study", type=directory, help="directory of a run or of a study")


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
    parser.add_argument("study", type=study, metavar="NAME", help="its name, or its directory")


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
        quiet=False,
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
        quiet=False,
    ),
    "export": Verb(
        "RUN --to FILE",
        "a trained network as plain torch has it",
        _export_arguments,
        export.export,
    ),
    "list": Verb(
        "[GROUP]",
        "what can be chosen, a line each",
        add_list_arguments,
        _list,
        quiet=False,
    ),
    "info": Verb(
        "GROUP/CHOICE",
        "what a choice is, and its settings",
        add_info_arguments,
        _info,
        quiet=False,
    ),
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
        raise UserError(f"{self.prog.split()[-1]}: {message}")


def _show_warnings() -> None:
    handler = ConsoleHandler()
    handler.setLevel(logging.WARNING)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def parser_of(name: str) -> argparse.ArgumentParser:
    """A verb's arguments. The two options that all have are taken away before it sees the words."""
    verb = VERBS[name]
    parser = _Parser(prog=f"rnnexp {name}", description=verb.purpose, allow_abbrev=False)
    verb.add(parser)
    if verb.quiet:
        parser.add_argument(*QUIET, action="store_true", help=QUIET_HELP)
    parser.add_argument(*JSON, action="store_true", help=JSON_HELP)
    return parser


def run_verb(words: Sequence[str]) -> int:
    """Carry out `words`, the verb first; returns the exit status."""
    name, verb = words[0], VERBS[words[0]]
    arguments = parser_of(name).parse_args(words[1:])
    if output.get() is Output.QUIET and not verb.quiet:
        raise UserError(f"{name}: --quiet leaves nothing of what it prints: leave it out")
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
