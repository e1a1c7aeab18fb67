"""What the lessons share: their size, the reviews they read, and how a figure is shown.

Two variables of the environment change all lessons:

    COURSE_SIZE=quick        seconds, to see that all of it runs; lesson (the default); full
    COURSE_DATA="data=imdb data.path=reviews.csv.gz data.limit=3000"       other reviews
"""

import os
import sys
from pathlib import Path

SIZES = ("quick", "lesson", "full")

#: The words that choose the reviews. The built-in ones are synthetic: a program writes them.
REVIEWS = os.environ.get("COURSE_DATA", "data=reviews").split()

#: Small networks gain nothing from more threads. No pictures of each run: `run.draw()` makes them.
SMALL = ["threads=1", "plots=false"]


def size(*, quick: str, lesson: str, full: str) -> list[str]:
    """The words of the size that COURSE_SIZE names, and those that all runs share.

    >>> size(quick="seed=0", lesson="seed=0,1,2", full="seed=0,1,2,3,4,5")[0]
    'seed=0,1,2'
    """
    chosen = os.environ.get("COURSE_SIZE", "lesson")
    if chosen not in SIZES:
        sys.exit(f"COURSE_SIZE={chosen}: it is one of {', '.join(SIZES)}")
    return [*{"quick": quick, "lesson": lesson, "full": full}[chosen].split(), *SMALL]


def keep(figure: "matplotlib.figure.Figure", name: str) -> None:  # noqa: F821
    """Write a figure of yours to outputs/course/NAME.png; a notebook shows it too."""
    path = Path("outputs", "course", f"{name}.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    print(f"figure: {path}")
