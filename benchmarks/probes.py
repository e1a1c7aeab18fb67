"""What the default probes cost beside the training that they watch, at 400 steps.

    python benchmarks/probes.py [seq_len [size]]

A run of 10 epochs on the built-in corpus has 10 epochs of training and 11 measurements; both are
timed in turns in one process, and the ratio of the medians is printed: the seconds depend on the
machine and on what else it does.
"""

import statistics
import sys
import time

import numpy as np
import torch

from rnnexp.clip.none import NoClip
from rnnexp.data.reviews import Reviews
from rnnexp.embedding.learned import Learned
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.model.fused import LSTM, RNN, Fused
from rnnexp.model.rollout import rollout
from rnnexp.optimizer.adam import Adam
from rnnexp.probes.base import Probe
from rnnexp.probes.grad_norm import GradNorm
from rnnexp.probes.gradient_flow import GradientFlow
from rnnexp.probes.hidden_dynamics import HiddenDynamics
from rnnexp.probes.lyapunov import lyapunov_spectrum
from rnnexp.probes.probe_set import ProbeSet
from rnnexp.training.feed import Sampler
from rnnexp.training.recipe import Recipe
from rnnexp.training.trainer import Trainer

EPOCHS = 10


def main(seq_len: int = 400, size: int = 128, rounds: int = 5, batches: int = 5) -> None:
    """size: of the word vectors and of the hidden state. batches: timed in each of the rounds."""
    torch.set_num_threads(1)
    with flushed_denormals():
        task = Reviews(seq_len=seq_len)
        for model_type in (RNN, LSTM):
            print(_share(model_type, task, size, rounds, batches), flush=True)
        lstm = torch.nn.LSTM(size // 2, size // 2)
        started = time.perf_counter()
        lyapunov_spectrum(rollout(lstm, torch.randn(seq_len + 100, 1, size // 2)))
    print(
        f"Lyapunov spectrum, LSTM, H = {size // 2}, {seq_len + 100} steps: "
        f"{time.perf_counter() - started:.1f} s"
    )


def _share(model_type: type[Fused], task: Reviews, size: int, rounds: int, batches: int) -> str:
    device = torch.device("cpu")
    torch.manual_seed(0)
    model = model_type(Learned(task.vocabulary or (), size), 2, hidden_size=size)
    trainer = Trainer()
    recipe = Recipe(optimizer=Adam(), clip=NoClip())
    update = trainer.update(model, recipe, 0, device)
    train = Sampler(task.split("train"), device, trim=not model.reads_pads)
    indices = train.epoch(trainer.batch_size, np.random.default_rng(0))
    defaults: dict[str, Probe] = {
        "gradient_flow": GradientFlow(),
        "grad_norm": GradNorm(),
        "hidden_dynamics": HiddenDynamics(min_length=min(150, task.seq_len)),
    }
    probes = ProbeSet(defaults, model, task, 0, device)
    training, probing = [], []
    for number in range(rounds):
        part = indices[number * batches : (number + 1) * batches]
        started = time.perf_counter()
        steps = trainer.epoch_steps(model)
        trainer.train_epoch(model, task, recipe, update, train.batches(part), steps)
        training.append((time.perf_counter() - started) / batches * len(indices))
        started = time.perf_counter()
        probes.measure(number, number * batches, False, lambda name, arrays: None, steps.by_step())
        probing.append(time.perf_counter() - started)
    epoch, measurement = statistics.median(training), statistics.median(probing)
    share = (EPOCHS + 1) * measurement / (EPOCHS * epoch)
    return (
        f"{model_type.__name__:5} epoch {epoch:6.1f} s, measurement {measurement:5.2f} s: "
        f"the probes take {share:.1%} of a run of {EPOCHS} epochs"
    )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
