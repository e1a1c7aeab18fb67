"""How long a study takes beside the same study one job at a time, and how long a command to begin.

Whole commands in processes of their own, in turns; each ratio is of two that ran one after the
other, and its median and quartiles are of the rounds. The cache of texts is warm.

    python benchmarks/studies.py [rounds [jobs]]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROUNDS, JOBS = 5, 10

#: Jobs that train for a moment: what is measured is all that is done around the training.
TINY = ("data=parity", "seq_len=5", "trainer.steps=2", "data.val_count=5", "data.test_count=20",
        "model=rnn", "model.hidden_size=4", "plots=false", "probes=none", "threads=1")  # fmt: skip

RUN = ("data.limit=200", "seq_len=20", "model.hidden_size=8", "trainer.epochs=1", "plots=false",
       "threads=1")  # fmt: skip

#: A command that ends with its first update of the weights. torch's part of it is imported first,
#: so that there is something to hook into; it is imported in any case.
FIRST_STEP = """
import os, sys
import rnnexp.experiment.run_spec
from rnnexp.training import optimizers

update = optimizers.step

def first(optimizer):
    update(optimizer)
    os._exit(0)

optimizers.step = first
from rnnexp.command.main import main
sys.exit(main(sys.argv[1:]) or "there was no step")
"""


@dataclass(frozen=True)
class Row:
    """Two commands: seconds of each by the clock, round by round."""

    name: str
    beside: str
    seconds: Sequence[float]
    seconds_beside: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        return [
            ours / theirs for ours, theirs in zip(self.seconds, self.seconds_beside, strict=True)
        ]

    @property
    def differences(self) -> list[float]:
        """Seconds that ours takes more."""
        return [
            ours - theirs for ours, theirs in zip(self.seconds, self.seconds_beside, strict=True)
        ]

    def line(self) -> str:
        ours, theirs = statistics.median(self.seconds), statistics.median(self.seconds_beside)
        return (
            f"{self.name:34} {ours:6.2f} s   {self.beside:16} {theirs:6.2f} s   "
            f"ratio {_spread(self.ratios)}   more {_spread(self.differences)} s"
        )


def rows(rounds: int = ROUNDS, jobs: int = JOBS) -> list[Row]:
    """The study, `rnnexp --help` beside Hydra's import, and a first step beside torch's."""
    python = [sys.executable, "-c"]
    rnnexp = [sys.executable, "-m", "rnnexp"]
    study = [*rnnexp, "-m", *TINY, f"seed=range({jobs})"]
    pairs = [
        (f"study of {jobs} tiny jobs, side by side", study,
         "one at a time", [*study, "hydra/launcher=basic"]),
        ("rnnexp --help", [*rnnexp, "--help"], "import hydra", [*python, "import hydra"]),
        ("a run to its first step", [*python, FIRST_STEP, *RUN],
         "import torch", [*python, "import torch"]),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        _seconds([*rnnexp, *RUN], Path(folder))  # fills the cache
        return [
            Row(name, beside, *_in_turns(ours, theirs, Path(folder), rounds))
            for name, ours, beside, theirs in pairs
        ]


def _in_turns(
    ours: Sequence[str], theirs: Sequence[str], folder: Path, rounds: int
) -> tuple[list[float], list[float]]:
    first, second = [], []
    for _ in range(rounds):
        first.append(_seconds(ours, folder))
        second.append(_seconds(theirs, folder))
    return first, second


def _seconds(command: Sequence[str], folder: Path) -> float:
    """Of a command in a new folder inside `folder`, whose cache it shares with the others."""
    here = Path(tempfile.mkdtemp(dir=folder))
    (folder / "data").mkdir(exist_ok=True)
    (here / "data").symlink_to(folder / "data", target_is_directory=True)
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), *sys.path]))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr}")
    return seconds


def _spread(numbers: Sequence[float]) -> str:
    """`1.42 (1.40 to 1.47)`: median and quartiles."""
    if len(numbers) == 1:
        return f"{numbers[0]:.2f}"
    low, middle, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main(rounds: int = ROUNDS, jobs: int = JOBS) -> None:
    print(f"whole commands by the clock; medians and quartiles of {rounds} rounds")
    for row in rows(rounds, jobs):
        print(row.line(), flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
