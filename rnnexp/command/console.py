"""What is shown on the terminal: log lines beside a progress bar, signs that it can write.

All that the command says goes through here, so that no control character of a file's reaches it.
"""

import codecs
import io
import logging
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from rnnexp.command.colours import has_colours, is_terminal, painted
from rnnexp.command.output import Output, is_full, made, output, tell
from rnnexp.printable import PrintableFormatter, printable
from rnnexp.results.prose import Kind, Piece, Prose

# -- signs that a terminal's encoding lacks ------------------------------------------------------

#: ASCII for signs in what rnnexp says; Greek letters and letters with accents follow by rule.
STAND_INS = {
    "‖": "|", "²": "^2", "³": "^3", "ᵀ": "^T", "√": "sqrt", "½": "1/2", "±": "+-", "×": "x",
    "·": "*", "∏": "prod", "∑": "sum", "∞": "inf", "∂": "d", "≤": "<=", "≥": ">=", "≠": "!=",
    "≈": "~", "→": "->", "←": "<-", "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'",
    "µ": "u", "°": "deg", "′": "'", "“": '"', "”": '"', "…": "...", "\N{NO-BREAK SPACE}": " ",
}  # fmt: skip

#: The name by which a stream is told to write stand-ins.
ERRORS = "rnnexp_ascii"

#: How a stream meets what its encoding lacks when nobody has asked for a way of their own.
_DEFAULT_ERRORS = ("strict", "surrogateescape", "backslashreplace")


def ascii_text(text: str) -> str:
    """`text` in ASCII: `|h|` for `‖h‖`, `rho` for `ρ`, `e` for `é`, else its number, `\\u5317`.

    >>> ascii_text("σ² ± ½")
    'sigma^2 +- 1/2'
    """
    alone = [
        len(text) == 1 or not (text[i - 1 : i].isalpha() or text[i + 1 : i + 2].isalpha())
        for i in range(len(text))
    ]
    return "".join(_ascii(c, is_sign) for c, is_sign in zip(text, alone, strict=True))


def _ascii(c: str, is_sign: bool) -> str:
    """is_sign: whether it stands apart from other letters, and is no letter of a word."""
    if c.isascii() or c in STAND_INS:
        return STAND_INS.get(c, c)
    greek = unicodedata.name(c, "").split()
    if is_sign and greek[:1] == ["GREEK"] and len(greek) == 4:  # GREEK SMALL LETTER RHO
        letter = "LAMBDA" if greek[3] == "LAMDA" else greek[3]
        return letter.lower() if greek[1] == "SMALL" else letter.capitalize()
    # a letter without its accents, a raised or lowered sign as a plain one; nothing for what nobody
    # sees, or for an accent on its own
    unseen = ("Mn", "Cf")
    seen = [p for p in unicodedata.normalize("NFKD", c) if unicodedata.category(p) not in unseen]
    parts = [STAND_INS.get(part, part) for part in seen]
    if all(part.isascii() for part in parts):
        return "".join(parts)
    if 0xDC80 <= ord(c) <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        return f"\\x{ord(c) - 0xDC00:02x}"
    return c.encode("ascii", "backslashreplace").decode()


def _write_stand_ins(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = ascii_text(error.object[error.start : error.end])
    return text, error.end


codecs.register_error(ERRORS, _write_stand_ins)


@contextmanager
def stand_ins() -> Iterator[None]:
    """Inside the block the terminal's streams write any text, as well as their encoding can.

    A console of code page 1252 or plain ASCII then loses no line; files are UTF-8 in any case.
    """
    changed: list[tuple[io.TextIOWrapper, str]] = []
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in _DEFAULT_ERRORS:
            changed.append((stream, stream.errors))
            with suppress(OSError, ValueError):  # one that is closed, or that nobody reads
                stream.reconfigure(errors=ERRORS)
    try:
        yield
    finally:
        for stream, errors in changed:
            with suppress(OSError, ValueError):
                stream.reconfigure(errors=errors)


# -- what is said ---------------------------------------------------------------------------------


def say(text: str) -> None:
    """Print what was asked for, in the lines that it has."""
    print(printable(text))


def show(pieces: Iterable[Piece]) -> None:
    """Print sentences and tables as the terminal has room for them."""
    from rnnexp.command.layout import lines_for

    print("\n".join(lines_for(pieces, sys.stdout)))


def say_on_the_way(text: str) -> None:
    """Print what happens, which --quiet and --json leave out."""
    if is_full():
        show([Prose(text)])


def say_fault(text: str) -> None:
    """Print, to standard error, what went wrong: one line, however long it is."""
    line = printable(text)
    print(painted(line, "fault") if has_colours(sys.stderr) else line, file=sys.stderr)


def give(
    answer: str | Sequence[Piece], values: Callable[[], Mapping[str, Any]], *paths: object
) -> None:
    """What a verb was asked for.

    answer: a page, or pieces. values: what --json prints of it. paths: of what was made, which is
    all that --quiet leaves.
    """
    if output.get() is Output.JSON:
        tell(values())
    elif output.get() is Output.QUIET:
        made(*paths)
    elif isinstance(answer, str):
        say(answer)
    else:
        show(answer)


# -- log lines -------------------------------------------------------------------------------------


#: Back to the beginning of a terminal's line, and what stands there away.
ERASE = "\r\x1b[K"


class ConsoleHandler(logging.Handler):
    """Results and progress to standard output, warnings to standard error; bars stay whole.

    In a study a run's own lines go to its rnnexp.log alone, and what the terminal shows is what was
    marked as a headline, and warnings; with --quiet and --json warnings alone.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO if is_full() else logging.WARNING)
        self._closed: list[TextIO] = []
        self.setFormatter(PrintableFormatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        from rnnexp.command.layout import lines_for
        from rnnexp.experiment.lines import headlines_only

        headline = getattr(record, "headline", False)
        if record.levelno < logging.WARNING and not headline and headlines_only.get():
            return

        pieces = self._pieces(record)
        stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
        if stream is None or stream in self._closed or not pieces:
            return
        try:
            # a launcher's worker knows nothing of the line that another process draws there
            bare = ERASE if headline and os.name != "nt" and is_terminal(stream) else ""
            lines = lines_for(pieces, stream)
            tqdm.write(bare + "\n".join(lines), file=stream)
        except OSError:  # nobody reads on, as behind `| head`: the run goes on without words
            self._closed.append(stream)
        except Exception:
            self.handleError(record)

    def _pieces(self, record: logging.LogRecord) -> Sequence[Piece]:
        """What the record carries as a terminal shows it, else its words."""
        if (pieces := getattr(record, "pieces", None)) is not None:
            return list(pieces)
        is_warning = record.levelno >= logging.WARNING
        kind: Kind = getattr(record, "kind", "warning" if is_warning else "plain")
        return [Prose(self.format(record), kind)]


@contextmanager
def console_lines() -> Iterator[None]:
    """The package's log goes to the terminal inside the block, and all of it to a run's log file.

    Nothing else of the process' logging is touched; within another such block nothing changes.
    """
    package_log = logging.getLogger("rnnexp")
    if any(isinstance(handler, ConsoleHandler) for handler in package_log.handlers):
        yield
        return
    level, propagate, handler = package_log.level, package_log.propagate, ConsoleHandler()
    package_log.setLevel(logging.DEBUG)
    package_log.propagate = False  # the process' own handlers would show each line again
    package_log.addHandler(handler)
    try:
        with stand_ins():
            yield
    finally:
        package_log.removeHandler(handler)
        package_log.setLevel(level)
        package_log.propagate = propagate
