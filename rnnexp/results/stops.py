"""Jobs of a study that need not go on: whoever chose them leaves a file, their process looks.

So a search that reads how its trials get on can stop one wherever its launcher has put it.
"""

from contextlib import suppress
from pathlib import Path

from rnnexp.durable import make_directory, write_text

FOLDER = ".stopped"


def ask_to_stop(study: Path, fingerprint: str, reason: str) -> None:
    make_directory(study / FOLDER)
    write_text(study / FOLDER / fingerprint, reason)


def asked_to_stop(study: Path, fingerprint: str) -> str | None:
    """Why a job is not to go on; None where it is."""
    try:
        return (study / FOLDER / fingerprint).read_text(encoding="utf-8")
    except OSError:
        return None


def withdraw(study: Path, fingerprint: str) -> None:
    """Whoever asks for the job anew gets all of it."""
    with suppress(OSError):
        (study / FOLDER / fingerprint).unlink()
