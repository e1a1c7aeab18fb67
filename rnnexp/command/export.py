"""`rnnexp export RUN --to FILE`: a trained network for those who do not have rnnexp."""

import argparse
from pathlib import Path

from rnnexp.command import OK
from rnnexp.command.console import give
from rnnexp.command.named import directory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=directory, help="directory of a run")
    parser.add_argument(
        "--to", type=Path, metavar="FILE", required=True,
        help="NAME.safetensors: weights by the names that torch's own modules load; NAME.pt2: the "
        "whole network, which torch.export.load runs; beside it NAME....json, what it reads",
    )  # fmt: skip


def export(arguments: argparse.Namespace) -> int:
    from rnnexp.experiment.export import export
    from rnnexp.experiment.load import weights_place
    from rnnexp.results.runs import RunDirectory

    run = RunDirectory.open(arguments.run)
    paths = export(run, arguments.to, arguments.trust)
    lines = [str(path) for path in paths]
    if (place := weights_place(run)) is not None:
        lines.append(f"weights of {place}: the run has not finished ({run.summary.status})")
    files = [str(path) for path in paths]
    give("\n".join(lines), lambda: {"files": files, "unfinished_at": place}, *files)
    return OK
