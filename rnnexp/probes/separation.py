"""How far apart the classes lie in a set of states, and whether a linear reader can tell them.

Shapes: N examples, D numbers of a state, K classes, P labellings, F folds, R directions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnexp.probes.base import Array

Classes = npt.NDArray[np.int64]

#: Parts of the examples, of which the reader is tested on each after it was fitted to the others.
FOLDS = 5
#: Strengths of the ridge that are tried, relative to the mean variance of a direction.
RIDGES = 10.0 ** np.arange(-6, 4)


def scatter_ratio(states_ND: Array, class_N: Classes) -> float:
    """tr S_b / tr S_w: how far apart the classes' means lie, over how wide the classes are.

        S_b = Σ_k n_k (m_k - m)(m_k - m)ᵀ    S_w = Σ_k Σ_(i in k) (s_i - m_k)(s_i - m_k)ᵀ

    s_i the states, m_k the mean of the n_k of class k, m that of all. It does not change where the
    axes turn, and does where one is stretched: between networks compare the reader. Of N states
    that the classes do not tell apart it is some (K - 1)/(N - K), and never 0: compare it with the
    same of shuffled labels. Infinite where all states of a class are the same, NaN where all are.
    Source: Fukunaga 1990, Introduction to Statistical Pattern Recognition, section 10.2.

    >>> scatter_ratio(np.array([[0.0], [2.0], [4.0], [6.0]]), np.array([0, 0, 1, 1]))
    4.0
    """
    return float(scatter_ratios(states_ND, class_N[None])[0])


def scatter_ratios(states_ND: Array, class_PN: Classes) -> Array:
    """`scatter_ratio` of the same states under several labellings, [P]."""
    centred_ND = states_ND - states_ND.mean(axis=0)
    total = float((centred_ND**2).sum())
    one_hot_PNK = _one_hot(class_PN)
    count_PK = one_hot_PNK.sum(axis=1)
    sum_PKD = np.einsum("pnk,nd->pkd", one_hot_PNK, centred_ND, optimize=True)
    squares_PK = (sum_PKD**2).sum(axis=2)
    between_P = np.divide(
        squares_PK, count_PK, out=np.zeros_like(squares_PK), where=count_PK > 0
    ).sum(axis=1)
    within_P = total - between_P
    # what rounding leaves of nothing
    within_P = np.where(within_P > 1e-12 * total, within_P, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(between_P / within_P, np.float64)


def reader_accuracy(states_ND: Array, class_PN: Classes, fold_N: Classes) -> Array:
    """How many examples a linear reader of the state gets right, none of which it was fitted to.

    For each labelling the share of the N examples, [P]. The reader is a ridge regression of the
    classes' indicators on the standardised states, its strength by generalised cross-validation
    among the examples that it is fitted to; it answers with the class of the greatest output. It
    is fitted to all folds but one and tested on that one, in turn.
    Source: Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, sections 4.2
    and 7.10; Golub, Heath and Wahba 1979 (generalised cross-validation).
    """
    one_hot_PNK = _one_hot(class_PN)
    right_PN = np.zeros(class_PN.shape, np.bool_)
    for fold in np.unique(fold_N):
        tested_N = fold_N == fold
        outputs_PNK = _fitted_outputs(
            states_ND[~tested_N], one_hot_PNK[:, ~tested_N], states_ND[tested_N]
        )
        right_PN[:, tested_N] = outputs_PNK.argmax(axis=2) == class_PN[:, tested_N]
    return np.asarray(right_PN.mean(axis=1), np.float64)


def _fitted_outputs(fit_ND: Array, target_PNK: Array, test_MD: Array) -> Array:
    """What ridge regressions, one for each labelling, say of other states: [P, M, K]."""
    mean_D, deviation_D = fit_ND.mean(axis=0), fit_ND.std(axis=0)
    scale_D = np.where(deviation_D > 1e-12 * np.abs(fit_ND).max(initial=0.0), deviation_D, np.inf)
    x_ND, z_MD = (fit_ND - mean_D) / scale_D, (test_MD - mean_D) / scale_D
    offset_P1K = target_PNK.mean(axis=1, keepdims=True)
    y_PNK = target_PNK - offset_P1K
    u_NR, s_R, vt_RD = np.linalg.svd(x_ND, full_matrices=False)
    along_PRK = np.einsum("nr,pnk->prk", u_NR, y_PNK, optimize=True)
    n = len(x_ND)
    # what each strength leaves of the squares, over (1 - the share of freedom it takes)²
    scores = []
    ridges = RIDGES * max(float((s_R**2).mean()), np.finfo(float).tiny)
    for ridge in ridges:
        kept_R = s_R**2 / (s_R**2 + ridge)
        explained_P = ((1 - (1 - kept_R) ** 2)[:, None] * along_PRK**2).sum(axis=(1, 2))
        left_P = (y_PNK**2).sum(axis=(1, 2)) - explained_P
        free = 1 - (kept_R.sum() + 1) / n
        scores.append(left_P / free**2 if free > 0 else np.full(len(y_PNK), np.inf))
    best_P = ridges[np.argmin(np.stack(scores), axis=0)]
    weight_PR = s_R / (s_R**2 + best_P[:, None])
    outputs_PMK = np.einsum(
        "mr,prk->pmk", z_MD @ vt_RD.T, weight_PR[:, :, None] * along_PRK, optimize=True
    )
    return np.asarray(outputs_PMK + offset_P1K, np.float64)


def _one_hot(class_PN: Classes) -> Array:
    values = np.unique(class_PN)
    return np.asarray(class_PN[..., None] == values, np.float64)


def folds_of(class_N: Classes, generator: np.random.Generator) -> Classes:
    """A fold for each example, so that each has as many of a class as the others."""
    fold_N = np.zeros(len(class_N), np.int64)
    order = generator.permutation(len(class_N))
    order = order[np.argsort(class_N[order], kind="stable")]
    fold_N[order] = np.arange(len(order)) % FOLDS
    return fold_N


def shuffled(
    class_N: Classes, fold_N: Classes, count: int, generator: np.random.Generator
) -> Classes:
    """The classes of others of the same fold: labels that say nothing of their examples, [P, N].

    Each fold keeps its number of each class, so that a reader that knows nothing is not led astray
    by classes that are rarer in what it was fitted to than in what it is tested on.
    """
    class_PN = np.tile(class_N, (count, 1))
    for fold in np.unique(fold_N):
        places = np.flatnonzero(fold_N == fold)
        for row_N in class_PN:
            row_N[places] = row_N[generator.permutation(places)]
    return class_PN


@dataclass(frozen=True)
class Separation:
    """ratio: `scatter_ratio`. accuracy: of the linear reader. shuffled_...: the mean of the same
    under labels that say nothing, ..._high: what 95% of these stay below.

    examples: that have a finite state here. All else is NaN where a class has too few of them.
    """

    ratio: float
    shuffled_ratio: float
    shuffled_ratio_high: float
    accuracy: float
    shuffled_accuracy: float
    shuffled_accuracy_high: float
    examples: int


def separation(states_ND: Array, class_N: Classes, shuffles: int, seed: int = 0) -> Separation:
    """The separation of the classes in the states, beside that of shuffled labels.

    States that are not finite are left out. Every class that is left needs an example in each fold.
    """
    finite_N = np.isfinite(states_ND).all(axis=1)
    states_ND, class_N = states_ND[finite_N], class_N[finite_N]
    counts = np.unique(class_N, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < FOLDS:
        nan = float("nan")
        return Separation(nan, nan, nan, nan, nan, nan, len(class_N))
    generator = np.random.default_rng(seed)
    fold_N = folds_of(class_N, generator)
    class_PN = np.concatenate([class_N[None], shuffled(class_N, fold_N, shuffles, generator)])
    ratio_P = scatter_ratios(states_ND, class_PN)
    accuracy_P = reader_accuracy(states_ND, class_PN, fold_N)
    return Separation(
        float(ratio_P[0]), float(ratio_P[1:].mean()), float(np.quantile(ratio_P[1:], 0.95)),
        float(accuracy_P[0]), float(accuracy_P[1:].mean()),
        float(np.quantile(accuracy_P[1:], 0.95)), len(class_N),
    )  # fmt: skip
