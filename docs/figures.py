"""The figures of the pages, made by the commands above them, at full size.

    python docs/figures.py [--work FOLDER] [page ...]      minutes; a page: tutorial/3_gradient.md

`<!-- figure: plots/NAME.png -->` above an image says which file of the last run or study it is. The
commands of the block before it are typed in FOLDER/PAGE (where they ran before, a study has nothing
left to do), and the file is made small: 900 pixels wide, at most 128 colours.
"""

import argparse
import contextlib
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from rnnexp.command.main import main as rnnexp

DOCS = Path(__file__).resolve().parent
WIDTH = 900
SHOWN = re.compile(r"<!-- figure: (\S+) -->\n!\[[^\]]*\]\(([^)]+)\)")


def shown(text: str) -> Iterator[tuple[list[str], str, str]]:
    """Of each figure of a page: the commands of the block before it, its file, and its place."""
    for found in SHOWN.finditer(text):
        blocks = re.findall(r"^```sh\n(.*?)^```", text[: found.start()], flags=re.S | re.M)
        if not blocks:
            raise ValueError(f"{found[2]}: no command stands above it")
        yield blocks[-1].replace("\\\n", " ").splitlines(), found[1], found[2]


def made(commands: Sequence[str], file: str, work: Path) -> Path:
    """Type the commands in a folder; the newest file of that name in a run or study there."""
    work.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(work):
        for line in commands:
            program, *words = shlex.split(line, comments=True)
            if program != "rnnexp" or rnnexp(words) != 0:
                raise ValueError(f"this command did not end well: {line}")
    files = sorted(work.glob(f"outputs/*/*/{file}"), key=lambda path: path.stat().st_mtime_ns)
    if not files:
        raise ValueError(f"no run or study in {work} has {file}")
    return files[-1]


def small(source: Path, target: Path) -> None:
    """The picture in a size for a page."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as picture:
        height = round(picture.height * WIDTH / picture.width)
        resized = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
        resized.quantize(128, method=Image.Quantize.MEDIANCUT).save(target, optimize=True)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python docs/figures.py", description=__doc__)
    parser.add_argument("--work", type=Path, help="where the commands are typed; else it is gone")
    parser.add_argument("pages", nargs="*", help="below docs/; every page that shows such a figure")
    options = parser.parse_args(words)
    pages = [DOCS / page for page in options.pages] or sorted(DOCS.rglob("*.md"))
    with tempfile.TemporaryDirectory() as gone:
        work = (options.work or Path(gone)).resolve()
        for page in pages:
            for commands, file, target in shown(page.read_text(encoding="utf-8")):
                source = made(commands, file, work / page.stem)
                small(source, page.parent / target)
                print(f"{page.parent / target}: {(page.parent / target).stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
