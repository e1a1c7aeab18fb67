"""How many directions the states use. Shapes: N samples, H hidden."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import stdtrit

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView


def participation_ratio(states_NH: Array) -> float:
    """(Σλ)² / Σλ², λ the eigenvalues of the states' covariance: k for k equal ones, 1 to H.

    NaN where the states do not vary. Source: Gao et al. 2017, "A theory of multineuronal
    dimensionality, dynamics and measurement".

    >>> participation_ratio(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    2.0
    """
    eigenvalues = covariance_spectrum(states_NH)
    squares = float((eigenvalues**2).sum())
    return float(eigenvalues.sum() ** 2 / squares) if squares > 0 else float("nan")


def covariance_spectrum(states_NH: Array) -> Array:
    """Eigenvalues of the covariance, descending; NaN for a single sample."""
    if len(states_NH) < 2:
        return np.full(states_NH.shape[1], np.nan)
    covariance = np.atleast_2d(np.cov(states_NH, rowvar=False))
    spectrum: Array = np.linalg.eigvalsh(covariance).clip(min=0)[::-1]
    return spectrum


def unbiased_participation_ratio(states_NH: Array, sequence_N: npt.NDArray[np.int64]) -> float:
    """The participation ratio of the distribution of states, from few sequences of it.

    (tr C)² / tr C², C the covariance of a random state of a random sequence. The plain ratio of N
    samples stays below N, and reads 71 for 160 samples of 128 equal directions. Here both are
    U-statistics: means over states of two, three and four different sequences, which have the right
    expectation though states of one sequence depend on each other:

        tr C²  = E[(x·y)²] - 2 E[(x·y)(y·z)] + E[x·y] E[z·w]
        (tr C)² = E|x|² E|y|² - 2 E|x|² E[y·z] + E[x·y] E[z·w]

    The quotient of the two is bounded to 1..H. sequence_N: which sequence each state is of; each
    counts the same. NaN for fewer than four sequences, and where they share no variance.
    Source: Li and Chen 2012, "Two sample tests for high-dimensional covariance matrices" (the
    U-statistics); Chun et al. 2025, "Estimating dimensionality of neural representations from
    finite samples" (their use for the participation ratio, of independent samples).
    """
    return _SequenceMoments.of(states_NH, sequence_N).ratio()


def participation_interval(
    states_NH: Array, sequence_N: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """95% t-interval of the logarithm of `unbiased_participation_ratio`, taken back, within 1..H.

    Its standard error is the jackknife's over the sequences. NaN for fewer than five of them.
    """
    moments = _SequenceMoments.of(states_NH, sequence_N)
    n = len(moments.traces)
    if n < 5:
        return float("nan"), float("nan")
    logs = np.log([moments.without(k).ratio() for k in range(n)])
    error = np.sqrt((n - 1) / n * ((logs - logs.mean()) ** 2).sum())
    half_width = stdtrit(n - 1, 0.975) * error
    ends = moments.ratio() * np.exp(np.array([-half_width, half_width]))
    low, high = np.clip(ends, 1.0, moments.width)
    return float(low), float(high)


@dataclass(frozen=True)
class _SequenceMoments:
    """What the U-statistics need of K sequences with means m_k and second moments S_k = E[x xᵀ].

    traces: tr S_k. means: m_j·m_k. squares: tr S_j S_k. between: m_i·S_j m_k, by j, i, k.
    width: H.
    """

    traces: Array
    means: Array
    squares: Array
    between: Array
    width: int

    @classmethod
    def of(cls, states_NH: Array, sequence_N: npt.NDArray[np.int64]) -> Self:
        # near their mean the numbers keep their digits; the statistics do not depend on it
        centred_NH = states_NH - states_NH.mean(axis=0)
        parts = [centred_NH[sequence_N == k] for k in np.unique(sequence_N)]
        mean_KH = np.stack([part.mean(axis=0) for part in parts])
        traces_K = np.array([(part**2).sum() / len(part) for part in parts])
        seconds = np.stack([(part.T @ part / len(part)).ravel() for part in parts])
        seen = [part @ mean_KH.T for part in parts]
        between_KKK = np.stack([x_TK.T @ x_TK / len(x_TK) for x_TK in seen])
        moments = traces_K, mean_KH @ mean_KH.T, seconds @ seconds.T, between_KKK
        return cls(*moments, states_NH.shape[1])

    def without(self, k: int) -> Self:
        """The same of the others."""
        rest = np.arange(len(self.traces)) != k
        return replace(
            self,
            traces=self.traces[rest],
            means=self.means[np.ix_(rest, rest)],
            squares=self.squares[np.ix_(rest, rest)],
            between=self.between[np.ix_(rest, rest, rest)],
        )

    def ratio(self) -> float:
        n = len(self.traces)
        if n < 4:
            return float("nan")
        pairs, triples = n * (n - 1), n * (n - 1) * (n - 2)
        off = self.means - np.diag(np.diag(self.means))
        row_K, all_pairs = off.sum(axis=1), float(off.sum())
        # over four different sequences: all pairs of pairs but those that share one
        quadruples = all_pairs**2 - 4 * (row_K**2).sum() + 2 * (off**2).sum()
        means = quadruples / (triples * (n - 3))
        middle = 0.0
        for j in range(n):
            others = np.arange(n) != j
            through = self.between[j][np.ix_(others, others)]
            middle += float(through.sum() - np.trace(through))
        squares = float(self.squares.sum() - np.trace(self.squares)) / pairs
        of_square = squares - 2 * middle / triples + means
        traces = (self.traces.sum() ** 2 - (self.traces**2).sum()) / pairs
        mixed = float((self.traces * (all_pairs - 2 * row_K)).sum()) / triples
        of_trace = traces - 2 * mixed + means
        if of_square <= 0 or of_trace <= 0:
            return float("nan")
        return float(np.clip(of_trace / of_square, 1.0, self.width))


class ParticipationRatio(Probe):
    """The dimension of the top layer's states over the real steps of random validation examples.

    ratio: of these states, see `participation_ratio`: never above their number.
    unbiased: of the distribution that they come from, with its 95% interval by the jackknife over
        the examples, see `unbiased_participation_ratio`.
    samples, sequences: states, and examples that they come from.
    eigenvalues: of their covariance, descending, as shares of their sum.
    schedule: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def measure(self, view: ProbeView) -> Measurement:
        parts, sequences, examples = [], [], 0
        with torch.no_grad():
            for rollout, batch in view.rollouts(view.examples):
                states_BTH = torch.stack(list(rollout.states), dim=1)
                used_BT = rollout.valid_BT & rollout.finite_B[:, None]
                parts.append(states_BTH[used_BT].cpu().numpy())
                sequences.append(examples + used_BT.nonzero()[:, 0].cpu().numpy())
                examples += len(batch)
        states_NH, sequence_N = np.concatenate(parts), np.concatenate(sequences)
        if not len(states_NH):
            raise ValueError("no example has finite states")
        eigenvalues = covariance_spectrum(states_NH)
        low, high = participation_interval(states_NH, sequence_N)
        return {
            "ratio": participation_ratio(states_NH),
            "unbiased": unbiased_participation_ratio(states_NH, sequence_N),
            "unbiased_low": low,
            "unbiased_high": high,
            "samples": float(len(states_NH)),
            "sequences": float(len(np.unique(sequence_N))),
            "eigenvalues": eigenvalues / max(eigenvalues.sum(), np.finfo(float).tiny),
            "hidden_size": float(states_NH.shape[1]),
        }
