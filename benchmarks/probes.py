"""What the default probes cost beside the training that they watch, at 400 steps.

    python benchmarks/probes.py

A run of 10 epochs on the built-in corpus has 10 epochs of training and 11 measurements; both are
timed in turns in one process, and the ratio of the medians is printed: the seconds depend on the
machine and on what else it does.
"""

import statistics
import time

import numpy as np
import torch

from rnnexp.clip import NoClip
from rnnexp.data.reviews import Reviews
from rnnexp.embedding import Learned
from rnnexp.model.fused import LSTM, RNN
from rnnexp.model.rollout import rollout
from rnnexp.probes.base import Probe, ProbeSet
from rnnexp.probes.grad_norm import GradNorm
from rnnexp.probes.gradient_flow import GradientFlow
from rnnexp.probes.hidden_dynamics import HiddenDynamics
from rnnexp.probes.lyapunov import lyapunov_spectrum
from rnnexp.sampling import Sampler
from rnnexp.trainer import Trainer

EPOCHS, ROUNDS, BATCHES = 10, 5, 5


def main() -> None:
    torch.set_num_threads(1)
    device = torch.device("cpu")
    task = Reviews(seq_len=400)
    for model_type in (RNN, LSTM):
        torch.manual_seed(0)
        model = model_type(Learned(task.vocabulary or (), 128), 2, hidden_size=128)
        trainer = Trainer()
        optimizer = trainer.make_optimizer(model, device)
        train = Sampler(task.split("train"), device, trim=not model.reads_pads)
        indices = train.epoch(trainer.batch_size, np.random.default_rng(0))
        defaults: dict[str, Probe] = {
            "gradient_flow": GradientFlow(),
            "grad_norm": GradNorm(),
            "hidden_dynamics": HiddenDynamics(),
        }
        probes = ProbeSet(defaults, model, task, 0, device)
        training, probing = [], []
        for round_ in range(ROUNDS):
            part = indices[round_ * BATCHES : (round_ + 1) * BATCHES]
            started = time.perf_counter()
            steps = trainer.train_epoch(model, task, NoClip(), optimizer, train.batches(part))
            training.append((time.perf_counter() - started) / BATCHES * len(indices))
            started = time.perf_counter()
            probes.measure(
                round_, round_ * BATCHES, False, lambda name, arrays: None, steps.by_step()
            )
            probing.append(time.perf_counter() - started)
        epoch, measurement = statistics.median(training), statistics.median(probing)
        share = (EPOCHS + 1) * measurement / (EPOCHS * epoch)
        print(
            f"{model_type.__name__:5} epoch {epoch:6.1f} s, measurement {measurement:5.2f} s: "
            f"the probes take {share:.1%} of a run of {EPOCHS} epochs"
        )
    lstm = torch.nn.LSTM(64, 64)
    started = time.perf_counter()
    lyapunov_spectrum(rollout(lstm, torch.randn(500, 1, 64)))
    print(f"Lyapunov spectrum, LSTM, H = 64, 500 steps: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
