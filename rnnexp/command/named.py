"""The runs and studies that a verb's words name: by a directory, or by the page that lies in it."""

from pathlib import Path


def directory(word: str) -> Path:
    """The type of a verb's RUN or RUN_OR_STUDY; the last line of a run names its page."""
    from rnnexp.results.page.files import PAGE

    path = Path(word)
    return path.parent if path.name == PAGE and not path.is_dir() else path


def study(word: str) -> str:
    """The type of a verb's STUDY, which may be a name."""
    path = directory(word)
    return word if path == Path(word) else str(path)
