"""What the best answer without memory scores on tasks made by a program."""

import numpy as np
import torch

from rnnexp.checks.suite import Values, check
from rnnexp.data.adding import Adding
from rnnexp.data.copying import Copying
from rnnexp.data.parity import Parity
from rnnexp.data.recall import Recall
from rnnexp.data.temporal_order import TemporalOrder


@check("chance: adding: the mean's squared error, 1/6, and of half the sum, 1/24", 0.02)
def adding_variance() -> tuple[Values, Values]:
    measured = []
    for target in ("sum", "half_sum"):
        batch = Adding(seq_len=50, target=target).fresh(20_000, np.random.default_rng(0))
        measured.append(float(batch.targets.var()))
    return np.array([1 / 6, 1 / 24]), np.array(measured)


@check("chance: copying, T = 100: blanks, then a guess among eight: loss 0.17329", 1e-4)
def copying_blanks() -> tuple[Values, Values]:
    task = Copying(seq_len=100)
    batch = task.fresh(200, np.random.default_rng(0))
    logits = torch.full((*batch.targets.shape, task.output_size), -1e4)
    logits[:, :-10, 0], logits[:, -10:, 1:] = 0.0, 0.0
    return 0.17329, float(task.loss(logits, batch))


@check("chance: temporal_order, recall, parity: the commonest class' share", 0.01, relative=False)
def commonest_class() -> tuple[Values, Values]:
    tasks = TemporalOrder(seq_len=20), Recall(seq_len=20, classes=4), Parity(seq_len=20)
    shares = []
    for task in tasks:
        targets = task.fresh(40_000, np.random.default_rng(0)).targets
        shares.append(float(torch.bincount(targets).max()) / len(targets))
    return np.array([task.chance["accuracy"] for task in tasks]), np.array(shares)
