"""How far does it remember? Each recurrence by three numbers, which are three questions.

    python -m benchmarks.remember [--quick] [--folder FOLDER] [model ...]

Runs what is missing of three studies under outputs/studies, as their presets say and as `rnnexp`
does, each with every model that has a cell: memory_trainability, memory_holding, and
memory_carrying_over. Stopped, it goes on where it was. Then it writes memory.md and memory.png (and
.svg) into the folder (docs/, if no other is named). Without --quick: six seeds, about an hour on
two cores. --quick shows in seconds that it all runs, and says nothing.
"""

import argparse
import datetime
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.remember_figure import draw
from benchmarks.remembered import Remembered, remembered
from rnnexp import __version__
from rnnexp.command.choices import choices
from rnnexp.command.main import main as rnnexp
from rnnexp.results.findings import carrying_over, holding, trainability
from rnnexp.results.runs import ROOT

REPOSITORY = Path(__file__).resolve().parents[1]

#: Choices that are no recurrence of their own: no state, a teaching model, and any of the others.
NO_CELLS = ("bag", "linear", "unrolled")

#: The studies, with the words that each adds to its preset.
STUDIES = {
    "trainability": (
        "init=default", "trainer.steps=1000", "trainer.stop_when_solved=true",
        "hydra.sweeper.rounds=2",
    ),
    "holding": ("data.curriculum=grow", "data.classes=2", "data.distractors=0"),
    "carrying_over": (),
}  # fmt: skip

QUICK = ("seed=0,1", "model.hidden_size=4", "embedding.dim=4", "trainer.steps=20",
         "data.val_count=20", "data.test_count=20")  # fmt: skip

MARKS = "<!-- memory: made by benchmarks/remember.py -->", "<!-- end of memory -->"


def main(arguments: Sequence[str], run: Callable[[Sequence[str]], int] = rnnexp) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.remember")
    parser.add_argument("--quick", action="store_true", help="seconds: sizes that say nothing")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "docs", help="where files go")
    parser.add_argument("models", nargs="*", help="of conf/model; all that have a cell")
    options = parser.parse_args(arguments)
    models = options.models or all_models()
    for preset, words in STUDIES.items():
        more = (*words, *(QUICK if options.quick else ()))
        asked = [f"experiment={preset}", f"study={name_of(preset)}", f"model={','.join(models)}"]
        if status := run([*asked, *more]):
            return status
    rows = remembered({preset: ROOT / "studies" / name_of(preset) for preset in STUDIES}, models)
    options.folder.mkdir(parents=True, exist_ok=True)
    draw(rows, options.folder)
    page = options.folder / "memory.md"
    before = page if page.is_file() else REPOSITORY / "docs" / "memory.md"
    page.write_text(filled(before.read_text(encoding="utf-8"), rows), encoding="utf-8")
    print(table(rows))
    return 0


def all_models() -> list[str]:
    """Of conf/model, those that are a recurrence of their own."""
    return [name for name in choices("model") if name not in NO_CELLS]


def name_of(preset: str) -> str:
    return f"memory_{preset}"


def filled(text: str, rows: Sequence[Remembered]) -> str:
    """A page with the table where it stands. Raises ValueError where no place is marked."""
    start, end = MARKS
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"the page must hold '{start}' and '{end}' once")
    block = f"{start}\n{table(rows)}\n{end}"
    return re.sub(f"{re.escape(start)}.*?{re.escape(end)}", lambda _: block, text, flags=re.S)


def table(rows: Sequence[Remembered]) -> str:
    """The three numbers of each recurrence, in Markdown."""
    budgets = list(dict.fromkeys(budget for row in rows for budget in row.budgets))
    head = [
        "recurrence",
        *(f"trainable to (L50 within {budget:,} steps)" for budget in budgets),
        "holds to distance",
        "carries over to",
    ]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        trained = [row.trainable(budget) for budget in budgets]
        lines.append([f"`{row.model}`", *trained, row.holds, row.carries])
    said = datetime.date.today().isoformat()
    seeds = sorted({row.seeds for row in rows})
    return "\n".join(
        [
            *("| " + " | ".join(cells) + " |" for cells in lines),
            "",
            f"Version {__version__}, {said}; {' to '.join(map(str, seeds))} seeds. In brackets: of "
            "L50 its 95% interval; of the others how many seeds reach the farthest tested, or an "
            "interval of the median over seeds, which covers at 97%. Recall of one cue of two, "
            "synthetic; carrying over: trained at 8 steps. "
            + " ".join(f"*{words}.*" for words in NOTES),
        ]
    )


#: What the columns are, as the findings say it.
NOTES = (
    trainability.MEANING,
    "Holds to: " + holding.MEANING.format(axis="distance"),
    "Carries over to: " + carrying_over.MEANING,
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
