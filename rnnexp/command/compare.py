"""`rnnexp compare STUDY STUDY`: the groups of two studies side by side."""

import argparse

from rnnexp.command import OK
from rnnexp.command.console import give
from rnnexp.command.named import study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "a", type=study, metavar="STUDY", help="a study's name or directory, as the baseline"
    )
    parser.add_argument("b", type=study, metavar="STUDY", help="the study that is compared with it")
    parser.add_argument(
        "--score", metavar="NAME", help="another score than the headline, such as loss"
    )


def compare(arguments: argparse.Namespace) -> int:
    from rnnexp.results.comparing import StudiesCompared
    from rnnexp.results.status import find_study
    from rnnexp.results.study import Study
    from rnnexp.results.values import of_comparison

    a, b = (Study.read(find_study(name)) for name in (arguments.a, arguments.b))
    compared = StudiesCompared.of(a, b, arguments.score)
    give(compared.pieces(), lambda: of_comparison(compared))
    return OK
