"""What a GPU makes of a training step, engine by engine, and of K runs as one program.

    python benchmarks/gpu.py             on a machine with CUDA: some ten minutes
    python benchmarks/gpu.py --quick     small, also on the CPU, less what needs CUDA

Prints three tables in Markdown. Equality: loss and gradients of a first step on the device beside
the same step on the CPU. Engines: milliseconds per training step of each way to compute the same
recurrence; in turn, medians over rounds with the quartiles. Replicas: K runs as one program beside
the same K runs one after another. All batches are of full length: no way gains from cutting pads,
and a CUDA graph, which is of one width alone, can take part.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import torch
from torch import Tensor, nn

from rnnexp.clip.norm import Norm
from rnnexp.data.base import Classification
from rnnexp.embedding.learned import Learned
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.experiment.devices import pick_device
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.lockstep import Lockstep
from rnnexp.model.unrolled import Unrolled
from rnnexp.optimizer.adam import Adam
from rnnexp.training.epoch import Epoch
from rnnexp.training.recipe import Recipe
from rnnexp.training.together import train_together
from rnnexp.training.trainer import Trainer
from rnnexp.types import Batch

FUSED = {"rnn": RNN, "lstm": LSTM, "gru": GRU}


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    lengths: Sequence[int] = (50, 100, 200, 400)
    size: int = 128
    batch: int = 64
    words: int = 10_002
    steps: int = 4
    rounds: int = 11
    replicas: Sequence[int] = (2, 4, 8, 16)
    replica_length: int = 200


QUICK = Scale((5,), 4, 3, 20, 1, 1, (2,), 5)


class Labels(Classification):
    """Classification without data: the benchmark brings its own batches."""

    chance, report = {"accuracy": 0.5}, {}

    def split(self, name: str) -> Any:
        raise NotImplementedError


class States(nn.Module):
    """The states alone of a recurrence written out, as torch.compile and CUDA graphs want them."""

    def __init__(self, recurrence: nn.Module) -> None:
        super().__init__()
        self.recurrence = recurrence

    def forward(self, x_TBE: Tensor) -> Tensor:
        states_TBH: Tensor = self.recurrence(x_TBE)[0]
        return states_TBH


class Bench:
    """Models, batches and timings of one scale on one device."""

    def __init__(self, scale: Scale, device: torch.device) -> None:
        self.scale, self.device = scale, device
        self.vocabulary = [str(i) for i in range(scale.words)]
        self.trainer, self.task = Trainer(), Labels()
        self.recipe = Recipe(optimizer=Adam(), clip=Norm(max_norm=1.0))

    def batches(self, seq_len: int, seed: int = 0) -> list[Batch]:
        scale, generator = self.scale, torch.Generator().manual_seed(seed)
        made = []
        for _ in range(scale.steps):
            inputs = torch.randint(1, scale.words, (scale.batch, seq_len), generator=generator)
            targets = torch.randint(0, 2, (scale.batch,), generator=generator)
            lengths = torch.full((scale.batch,), seq_len)
            made.append(Batch(inputs, targets, lengths).to(self.device))
        return made

    def model(self, kind: str, engine: str, seed: int = 0) -> SequenceModel:
        """engine: `fused`, or one of model=unrolled."""
        torch.manual_seed(seed)
        encoder, size = Learned(self.vocabulary, self.scale.size), self.scale.size
        made: SequenceModel
        if engine == "fused":
            made = FUSED[kind](encoder, 2, hidden_size=size)
        else:
            made = Unrolled(encoder, 2, cell=kind, hidden_size=size, engine=engine)  # type: ignore[arg-type]
        return made.to(self.device)

    def epoch(self, model: SequenceModel, data: list[Batch]) -> Callable[[], None]:
        """A call trains the batches once."""
        update = self.trainer.update(model, self.recipe, 0, self.device)

        def train() -> None:
            steps = self.trainer.epoch_steps(model)
            self.trainer.train_epoch(model, self.task, self.recipe, update, data, steps)

        return train

    def together(
        self, models: Sequence[SequenceModel], data: Sequence[list[Batch]]
    ) -> Callable[[], None]:
        """A call trains each model's batches once, all models as one program."""
        updates = [self.trainer.update(m, self.recipe, 0, self.device) for m in models]

        def train() -> None:
            steps = [self.trainer.epoch_steps(model) for model in models]
            epochs = [
                Epoch(model, self.task, self.recipe, update, batches, noted)
                for model, update, batches, noted in zip(models, updates, data, steps, strict=True)
            ]
            train_together(epochs, Lockstep)

        return train

    def milliseconds(self, ways: Mapping[str, Callable[[], None]]) -> dict[str, list[float]]:
        """Of a step, over the rounds; the ways take turns within each."""
        for train in ways.values():
            train()
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(self.scale.rounds):
            for name, train in ways.items():
                self._wait()
                started = time.perf_counter()
                train()
                self._wait()
                taken[name].append(1000 * (time.perf_counter() - started) / self.scale.steps)
        return taken

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def equality(scale: Scale, device: torch.device) -> None:
    """The largest differences between a step's numbers on the device and on the CPU."""
    print("\n## The device beside the CPU: one step\n")
    print("| cell | engine | T | loss, relative | gradients, relative to the largest element |")
    print("|---|---|---|---|---|")
    seq_len = scale.lengths[0]
    for kind, engine in [*((kind, "fused") for kind in FUSED),
                         *((kind, "autograd") for kind in FUSED), ("rnn", "bptt")]:  # fmt: skip
        sides = []
        for place in (torch.device("cpu"), device):
            bench = Bench(scale, place)
            model, batch = bench.model(kind, engine), bench.batches(seq_len)[0]
            loss = bench.task.loss(model(batch), batch)
            loss.backward()  # type: ignore[no-untyped-call]
            gradients = [p.grad.cpu() for p in model.parameters() if p.grad is not None]
            sides.append((loss.item(), gradients))
        (loss_cpu, on_cpu), (loss_there, there) = sides
        apart = max(
            float((a - b).abs().max() / a.abs().max().clamp(min=1e-30))
            for a, b in zip(on_cpu, there, strict=True)
        )
        off = abs(loss_there - loss_cpu) / loss_cpu
        print(f"| {kind} | {engine} | {seq_len} | {off:.1e} | {apart:.1e} |", flush=True)


def engines(scale: Scale, device: torch.device) -> None:
    """Milliseconds per training step of each way to compute the same recurrence."""
    print("\n## Milliseconds per training step: median (quartiles)\n")
    print("| cell | T | way | ms | times the fused module |")
    print("|---|---|---|---|---|")
    for kind in ("rnn", "lstm"):
        for seq_len in scale.lengths:
            bench = Bench(scale, device)
            data = bench.batches(seq_len)
            names = ["fused", "autograd", *(["bptt"] if kind == "rnn" else [])]
            ways = {name: bench.epoch(bench.model(kind, name), data) for name in names}
            if device.type == "cuda":
                for name, faster in (("CUDA graph", graphed), ("torch.compile", compiled)):
                    model = bench.model(kind, "autograd")
                    try:
                        faster(model, bench, data[0])
                        ways[name] = bench.epoch(model, data)
                        ways[name]()
                    except Exception as error:  # what this torch cannot do is a result too
                        ways.pop(name, None)
                        print(f"| {kind} | {seq_len} | {name} | {type(error).__name__} | |")
            taken = bench.milliseconds(ways)
            for name, times in taken.items():
                ratio = statistics.median(a / b for a, b in zip(times, taken["fused"], strict=True))
                print(f"| {kind} | {seq_len} | {name} | {_spread(times)} | {ratio:.2f} |")
            sys.stdout.flush()


def graphed(model: SequenceModel, bench: Bench, batch: Batch) -> None:
    """Let one CUDA graph compute all steps of the recurrence, and one their gradients."""
    sample_TBE = model.encoder(batch.inputs.transpose(0, 1)).detach().requires_grad_()
    states = torch.cuda.make_graphed_callables(States(model.recurrence), (sample_TBE,))  # type: ignore[arg-type]
    compute_with(model, states)


def compiled(model: SequenceModel, bench: Bench, batch: Batch) -> None:
    """Let torch.compile unroll the loop, for this one length."""
    compute_with(model, torch.compile(States(model.recurrence), dynamic=False))  # type: ignore[arg-type]


def compute_with(model: SequenceModel, states: Callable[..., Any]) -> None:
    """Let something else compute the model's states.

    Not the module itself as an attribute: torch would keep it among the submodules, and the class'
    own method would go on being called.
    """
    model.states = lambda x_TBE: states(x_TBE)  # type: ignore[method-assign]


def replicas(scale: Scale, device: torch.device) -> None:
    """K runs as one program beside the same runs one after another, and beside cuDNN's."""
    print("\n## K runs: milliseconds for a training step of all of them\n")
    print("| cell | T | K | one program | one by one, autograd | one by one, fused | gain |")
    print("|---|---|---|---|---|---|---|")
    bench = Bench(scale, device)
    for kind in ("rnn", "lstm"):
        for count in scale.replicas:
            data = [bench.batches(scale.replica_length, seed) for seed in range(count)]
            ways = {
                "one program": bench.together(
                    [bench.model(kind, "autograd", seed) for seed in range(count)], data
                ),
                "autograd": in_turn(bench, kind, "autograd", data),
                "fused": in_turn(bench, kind, "fused", data),
            }
            taken = bench.milliseconds(ways)
            pairs = zip(taken["autograd"], taken["one program"], strict=True)
            gain = statistics.median(alone / one for alone, one in pairs)
            columns = " | ".join(_spread(times) for times in taken.values())
            print(f"| {kind} | {scale.replica_length} | {count} | {columns} | {gain:.2f} |")
            sys.stdout.flush()


def in_turn(
    bench: Bench, kind: str, engine: str, data: Sequence[list[Batch]]
) -> Callable[[], None]:
    """A call trains the batches of each of several models once, one model after another."""
    each = [bench.epoch(bench.model(kind, engine, seed), own) for seed, own in enumerate(data)]

    def train() -> None:
        for epoch in each:
            epoch()

    return train


def _spread(times: Sequence[float]) -> str:
    """`12.3 (12.1-12.9)`"""
    if len(times) < 2:
        return f"{times[0]:.2f}"
    low, middle, high = statistics.quantiles(times, n=4)
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"


def main(words: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small, to see that it runs")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    arguments = parser.parse_args(words)
    device = pick_device(arguments.device)
    if device.type != "cuda" and not arguments.quick:
        print(
            f"device={device} is no CUDA device: use --quick to see that it runs", file=sys.stderr
        )
        return 2
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    print(f"# {date.today()}, {device} ({name}), torch {torch.__version__}")
    if device.type != "cuda":
        print("left out, since there is no CUDA here: cuDNN, CUDA graphs and torch.compile")
    scale = QUICK if arguments.quick else Scale()
    with flushed_denormals():  # of the CPU: a GPU has no such mode
        for part in (equality, engines, replicas):
            part(scale, device)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
