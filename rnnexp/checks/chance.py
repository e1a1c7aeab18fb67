"""What the best answer without memory scores on tasks made by a program.

Shapes: N examples, T steps, V tokens, C classes.
"""

import importlib

import numpy as np
import torch

from rnnexp import plugins
from rnnexp.checks.suite import Values, check
from rnnexp.data.adding import Adding
from rnnexp.data.base import IGNORED
from rnnexp.data.copying import Copying
from rnnexp.data.generated import Generated
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


def without_memory(task: Generated, count: int = 40_000) -> dict[str, float]:
    """Scores and loss of the best answer by the number of a step and the token read there.

    It is estimated: the share of each class by step and token in `count` examples, and what these
    shares score on as many others. Only for classes, and inputs that are tokens.
    """
    learned, asked = (task.fresh(count, np.random.default_rng(seed)) for seed in (0, 1))
    row_N, last_N = torch.arange(count), learned.last_valid_B
    tokens, classes = task.input_size, task.output_size

    def answered(values: torch.Tensor) -> torch.Tensor:
        """Of all steps, or of the last one alone where that is asked about: [N, T] or [N, 1]."""
        return values if task.per_step else values[row_N, last_N][:, None]

    read_NT = answered(learned.inputs)
    steps = read_NT.shape[1]
    cell_NT = torch.arange(steps) * tokens + read_NT
    target_NT = learned.targets.reshape(count, -1)
    there_NT = target_NT != IGNORED
    seen = torch.bincount(
        cell_NT[there_NT] * classes + target_NT[there_NT], minlength=steps * tokens * classes
    )
    seen_SC = seen.reshape(steps * tokens, classes) + 1e-3
    share_SC = seen_SC / seen_SC.sum(dim=1, keepdim=True)
    # of two classes a model has one output, and of a loss over logits both are the same
    outputs = share_SC.log()[torch.arange(steps) * tokens + answered(asked.inputs)]
    outputs = outputs if task.per_step else outputs[:, 0]
    metrics = task.metrics(outputs, asked)
    return {name: float(value) for name, value in metrics.items()} | {
        "loss": float(task.loss(outputs, asked))
    }


def _of_classes() -> list[Generated]:
    """Every task that a program makes and that asks for classes, at its defaults."""
    tasks = []
    for path in sorted((plugins.own_config_dir() / "data").glob("*.yaml")):
        choice = plugins.read_yaml(path)
        if "_generated" not in choice.get("defaults", []):
            continue
        module, _, name = choice["_target_"].rpartition(".")
        cls = getattr(importlib.import_module(module), name)
        if not cls.regression:
            tasks.append(cls(seq_len=20))
    return tasks


@check("chance: every task of classes: the best answer without memory", 0.015, relative=False)
def best_without_memory() -> tuple[Values, Values]:
    expected, measured = [], []
    for task in _of_classes():
        scores = without_memory(task, 20_000)
        expected += [task.chance[name] for name in scores]
        measured += list(scores.values())
    return np.array(expected), np.array(measured)
