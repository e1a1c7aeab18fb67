"""Where a report is written: into the run or the study, or, with --to, into a folder of its own."""

import tempfile
from pathlib import Path

from rnnexp.durable import write_json
from rnnexp.errors import DataError, UserError
from rnnexp.files import read_json

#: The file by which a report's folder says what it is a report of.
MADE_OF = "report.json"


def report_folder(made_of: Path, to: Path | None) -> Path:
    """The folder for the report of a run or a study; it is there and can be written.

    to: another one than that of the run or study. It is made where it is missing, and says in
    report.json what it is a report of: raises UserError for one that holds anything else.
    """
    if to is None:
        return _own(made_of.absolute())
    made_of = made_of.resolve()
    folder = to.expanduser().resolve()
    if folder.is_relative_to(made_of):
        raise UserError(f"--to {to} lies in {made_of}: name a folder beside it")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--to {to} is a file: name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted(path.name for path in folder.iterdir())
        if others:
            _check_is_report_of(made_of, folder, to, others)
        _write_a_file(folder)
    except OSError as error:
        raise UserError(f"--to {to} cannot be written ({error.strerror or error})") from None
    write_json(folder / MADE_OF, {"report_of": str(made_of)})
    return folder


def _own(made_of: Path) -> Path:
    plots = made_of / "plots"
    try:
        for folder in (made_of, plots) if plots.is_dir() else (made_of,):
            _write_a_file(folder)
    except OSError as error:
        raise UserError(
            f"{made_of} cannot be written ({error.strerror or error}): add --to DIR, a folder for "
            "the report"
        ) from None
    return made_of


def _write_a_file(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder):
        pass


def _check_is_report_of(made_of: Path, folder: Path, to: Path, names: list[str]) -> None:
    if MADE_OF not in names:
        raise UserError(
            f"--to {to} holds other files ({names[0]} among them): name a new or an empty folder"
        )
    try:
        other = read_json(folder / MADE_OF).get("report_of")
    except DataError as error:
        raise UserError(f"--to {to}: {error}: name a new or an empty folder") from None
    if other != str(made_of):
        raise UserError(f"--to {to} holds the report of {other}: name another folder")
