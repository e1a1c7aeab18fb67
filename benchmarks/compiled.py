"""Whether torch.compile pays for itself in a run of model=unrolled, from a cold start.

Each line is a process of its own with an empty cache of compiled code, as a first run has it: what
the first step takes, compiling included, what a step takes afterwards, and after how many steps the
compiled model has caught up with the one that is not. All in seconds of processor time, the
compiler's included, so that what else the machine does is not counted. Compiled is (step) one step
of the cell, or (layer) the loop over all steps, which torch.compile writes out. A run of 5 epochs
of 100 steps has 500; where a line says that it catches up later, or never, that run is slower
compiled.

    python benchmarks/compiled.py [--steps N] [--limit SECONDS] [cell ...] [seq_len ...] [way ...]

It needs a C++ compiler, as torch.compile does on a CPU.
"""

import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnexp.embedding.learned import Learned
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.model.cells.base import Recurrence, State, hidden_states
from rnnexp.model.unrolled import Unrolled
from rnnexp.types import Batch

VOCABULARY, BATCH, SIZE, CLASSES = 10_002, 64, 128, 3
#: What is compiled.
NOTHING, STEP, LAYER = WAYS = ("nothing", "step", "layer")
#: Seconds after which a process is given up.
LIMIT = 300.0

CELLS, LENGTHS = ("rnn", "lstm", "gru"), (50, 100, 400)


@dataclass(frozen=True)
class Measured:
    """first: seconds of processor time of the first step, compiling included.

    step: of the others, the median. peak: MB of memory.
    """

    first: float
    step: float
    peak: float

    def caught_up(self, plain: "Measured") -> float:
        """Steps after which this one has caught up with `plain`; inf for never."""
        if self.step >= plain.step:
            return math.inf
        return max(0.0, (self.first - plain.first) / (plain.step - self.step))


def layer_of(way: str) -> Callable[[Recurrence, Tensor], Tensor]:
    """The states of a layer, [T, B, H], with that much of it compiled."""

    def loop(layer: Recurrence, x_TBE: Tensor) -> Tensor:
        return hidden_states(layer.run(x_TBE))

    if way != STEP:
        return torch.compile(loop, dynamic=False, fullgraph=True) if way == LAYER else loop
    steps: list[Callable[..., tuple[Tensor, Tensor | None]]] = []

    def loop_of_compiled_steps(layer: Recurrence, x_TBE: Tensor) -> Tensor:
        def step(
            a_BG: Tensor, h_BH: Tensor, c_BH: Tensor | None, w: Tensor, b: Tensor
        ) -> tuple[Tensor, Tensor | None]:
            state = layer.cell.step(a_BG, State(h_BH, c_BH), w, b)
            return state.h, state.c

        if not steps:
            steps.append(torch.compile(step, dynamic=False, fullgraph=True))
        state = layer.initial(x_TBE.shape[1])
        h_BH, c_BH, states = state.h, state.c, []
        constants = layer.cell.constants(layer.weights)
        for a_BG in layer.cell.read(x_TBE, layer.weights).unbind(0):
            h_BH, c_BH = steps[0](a_BG, h_BH, c_BH, *constants)
            states.append(h_BH)
        return torch.stack(states)

    return loop_of_compiled_steps


def measure(cell: str, seq_len: int, way: str, steps: int, size: int = SIZE) -> Measured:
    """In this process, whose peak of memory it is."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    words = [str(i) for i in range(VOCABULARY)]
    # what a run has, or what can be compiled
    engine: Literal["auto", "autograd"] = "auto" if way == NOTHING else "autograd"
    model = Unrolled(Learned(words, size), CLASSES, cell=cell, hidden_size=size, engine=engine)
    if way != NOTHING:
        run = layer_of(way)
        model.states = lambda x_TBE: run(model.recurrences()[0], x_TBE)  # type: ignore[method-assign]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    batch = Batch(
        torch.randint(1, VOCABULARY, (BATCH, seq_len)),
        torch.randint(0, CLASSES, (BATCH,)),
        torch.full((BATCH,), seq_len),
    )
    seconds = []
    with flushed_denormals():
        for _ in range(steps):
            started = _processor_time()
            optimizer.zero_grad()
            loss: Any = F.cross_entropy(model(batch), batch.targets)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            seconds.append(_processor_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(seconds[0], statistics.median(seconds[1:]), peak)


def _processor_time() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def measure_cold(
    cell: str, seq_len: int, way: str, steps: int, size: int, limit: float
) -> Measured | str:
    """In a new process without anything compiled before; else why there is no number."""
    arguments = json.dumps([cell, seq_len, way, steps, size])
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, __file__, "--one", arguments],
                env={**os.environ, "TORCHINDUCTOR_CACHE_DIR": folder},
                capture_output=True, text=True, timeout=limit, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"not compiled and run within {limit:g} s"
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "Error" in line or "error" in line]
        return (lines or ["no result"])[-1][:80]
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def main(
    cells: Sequence[str] = CELLS,
    lengths: Sequence[int] = LENGTHS,
    ways: Sequence[str] = WAYS,
    steps: int = 8,
    size: int = SIZE,
    limit: float = LIMIT,
) -> None:
    print(f"one thread, batch {BATCH}, sizes {size}, a process for each line")
    print("cell  tokens  compiled  first step s  ms a step  catches up at step  peak MB")
    for cell in cells:
        for seq_len in lengths:
            plain: Measured | str = ""
            for way in ways:
                here = measure_cold(cell, seq_len, way, steps, size, limit)
                if way == NOTHING:
                    plain = here
                print(f"{cell:4}  {seq_len:6d}  {way:8}  {_shown(here, plain)}", flush=True)


def _shown(here: Measured | str, plain: Measured | str) -> str:
    if isinstance(here, str):
        return here
    catches_up = "-"
    if isinstance(plain, Measured) and here is not plain:
        steps = here.caught_up(plain)
        catches_up = "never" if math.isinf(steps) else f"{steps:.0f}"
    return f"{here.first:12.2f}  {1000 * here.step:9.1f}  {catches_up:>18}  {here.peak:7.0f}"


def command(words: Sequence[str]) -> None:
    """What is typed behind the script's name."""
    words = list(words)
    if words[:1] == ["--one"]:
        print(json.dumps(asdict(measure(*json.loads(words[1])))))
        return
    given = {"--steps": 8.0, "--limit": LIMIT}
    for option in [word for word in words if word in given]:
        place = words.index(option)
        given[option] = float(words[place + 1])
        del words[place : place + 2]
    lengths = [int(word) for word in words if word.isdigit()] or LENGTHS
    ways = [NOTHING, *(word for word in words if word in WAYS and word != NOTHING)]
    cells = [word for word in words if not word.isdigit() and word not in WAYS] or CELLS
    main(
        cells,
        lengths,
        ways if len(ways) > 1 else WAYS,
        steps=int(given["--steps"]),
        limit=given["--limit"],
    )


if __name__ == "__main__":
    command(sys.argv[1:])
