"""Intervals over examples of what is a function of a whole split. Never imports torch.

Of a mean over examples `statistics.example_interval` says more.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from rnnexp.results.statistics import LEVEL, UNBOUNDED, Bounds, ends_on_scale
from rnnexp.streams import stream_seed

#: Groups of examples that are left out in turn.
GROUPS = 40

OfSplit = Callable[[npt.NDArray[Any], npt.NDArray[Any]], Mapping[str, float | None]]


def split_intervals(
    of_split: OfSplit,
    outputs: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    bounds: Mapping[str, Bounds],
) -> dict[str, list[float | None]]:
    """95% intervals of scores of a split: other splits of as many examples.

    of_split: the scores, by name, of outputs [N, ...] and targets [N, ...]. bounds: of each score.

    The delete-a-group jackknife: the N examples are dealt to G = 40 groups, or N, each with the
    same share of every class, and the score is computed without each in turn. With θ the score of
    all and θ_g that without group g, s² = (G - 1)/G sum_g (θ_g - mean θ)², and the interval is
    θ ± t(0.975, G - 1) s on the scale that the score's bounds give (`t_interval`). Its cost is G
    times that of the scores. The groups are the same whenever it is repeated.

    [None, None] where a score is None of all or without some group, as where a class has a single
    example; where all θ_g are the same; and of fewer than two examples.

    Simulated (150 splits of 2, of 3 with 85, 10 and 5%, and of 10 classes), of macro F1, balanced
    accuracy and AUROC it covers with 83 to 99% for 50 examples, 91 to 99% for 200, 93 to 100% for
    1,000; the percentiles of a bootstrap, stratified or not, with 57 to 96%, 87 to 96%, 88 to 96%.
    Source: Kott 2001, "The delete-a-group jackknife".
    """
    scores, count = of_split(outputs, targets), len(outputs)
    groups = min(GROUPS, count)
    if not scores or groups < 2:
        return {name: [None, None] for name in scores}
    group_N = _dealt(targets, groups)
    without = [of_split(outputs[group_N != g], targets[group_N != g]) for g in range(groups)]
    quantile = float(stdtrit(groups - 1, (1 + LEVEL) / 2))
    intervals: dict[str, list[float | None]] = {}
    for name, score in scores.items():
        intervals[name] = [None, None]
        values = [others.get(name) for others in without]
        if score is None or any(value is None for value in values):
            continue
        values_G = np.array(values, np.float64)
        deviation = math.sqrt((groups - 1) * float(values_G.var()))
        if deviation > 0:
            ends = ends_on_scale(score, quantile * deviation, bounds.get(name, UNBOUNDED))
            intervals[name] = list(ends)
    return intervals


def _dealt(targets: npt.NDArray[Any], groups: int) -> npt.NDArray[np.int64]:
    """The group of each example, [N]: in random order class by class."""
    count = len(targets)
    order = np.random.default_rng(stream_seed(0, "jackknife")).permutation(count)
    if targets.ndim == 1:
        order = order[np.argsort(targets[order], kind="stable")]
    group_N = np.empty(count, np.int64)
    group_N[order] = np.arange(count) % groups
    return group_N
