"""docs/own_data.md: every command is typed, in the order of the page, on German texts."""

import random
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.results.runs import RunDirectory
from tests.conftest import Outcome

TEXT = (Path(__file__).resolve().parents[1] / "docs/own_data.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, flags=re.S)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
TRAININGS = [line for line in COMMANDS if not line.startswith("rnnexp predict")]
#: What makes a training take a second.
QUICK = ("trainer.epochs=1", "model.hidden_size=4", "embedding.dim=4", "plots=false", "threads=1",
         "probes=none")  # fmt: skip

WORDS = {
    "gut": ["gute", "schöner", "größte", "hervorragender"],
    "mittel": ["mäßiger", "übliche", "halbwegs"],
    "schlecht": ["schlechte", "langweiliger", "öde"],
}


def rows(count: int, seed: int) -> list[tuple[str, str, float]]:
    generator = random.Random(seed)
    made = []
    for i in range(count):
        label = list(WORDS)[i % 3]
        filler = generator.choices(["Film", "Straßenszene", "Schauspieler", "und", "ein"], k=12)
        words = [*filler[: 4 + i % 9], generator.choice(WORDS[label])]
        made.append((" ".join(words) + ", sagt sie", label, 5 + 3 * (i % 3) + i % 2))
    return made


@pytest.fixture
def files(workdir: Path) -> None:
    for seed, (name, count) in enumerate(
        {"reviews": 90, "train": 60, "val": 30, "test": 30, "prices": 60, "new": 9}.items()
    ):
        lines = [f'"{text}",{label},{price}' for text, label, price in rows(count, seed)]
        content = "\n".join(["text,label,price", *lines]) + "\n"
        Path(f"{name}.csv").write_text(content, encoding="utf-8")


@pytest.mark.parametrize("command", TRAININGS)
def test_a_training(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], files: None, command: str
) -> None:
    words = shlex.split(command)[1:]
    outcome = rnnexp(*words, *QUICK)
    assert outcome.status == 0, outcome.err
    run = RunDirectory.open(run_directory())
    assert run.summary.status == "finished"
    # predictions, where the files of the training are no more
    for name in ("reviews", "train", "val", "test", "prices"):
        Path(f"{name}.csv").unlink()
    for line in COMMANDS:
        if line not in TRAININGS:
            asked = shlex.split(line.replace("RUN", str(run.path)))[1:]
            said = rnnexp(*asked)
            assert said.status == 0, said.err
    head = Path("answers.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    answer = ["number"] if "csv_regression" in command else ["label", *(f"p_{c}" for c in WORDS)]
    assert head == ["row", "text", *answer, "read", "unknown", "dropped", "cut"]
