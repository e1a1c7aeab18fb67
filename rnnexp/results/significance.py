"""Two settings compared over the seeds that both have, and what p can say of so few.

The sign-flip test assumes nothing of how scores are distributed, and so has few outcomes: of n
seeds there are 2^n ways to swap the two settings within seeds, the p is never below 2/2^n, and of
five seeds it never says "significant". Several pairs are tested together (Holm), since among twenty
pairs that do not differ one is expected below 0.05.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnnexp.results.over_seeds import over_common_seeds
from rnnexp.results.statistics import LEVEL, Interval
from rnnexp.scores import Score

#: Below this an adjusted p is called significant.
SIGNIFICANT = 1 - LEVEL


@dataclass(frozen=True)
class Paired:
    """The difference b - a over the seeds that both have.

    difference: its mean, with the t-interval of paired differences; or the differences one by one.
    p: two-sided sign-flip permutation test: the share of all 2^n ways to swap the two within seeds
    whose mean difference is as far from zero; never below 2/2^n. Exact up to 16 seeds, of more by
    as many random swaps. None for one seed.
    left_out: seeds that only one of them has.
    """

    difference: Interval
    p: float | None
    seeds: Sequence[int]
    left_out: Sequence[int]

    @property
    def least_p(self) -> float:
        """The least p that so many seeds can give, whatever their differences."""
        return 2.0 * math.pow(0.5, len(self.seeds))


def paired(
    a: Mapping[int, float], b: Mapping[int, float], score: Score, solvable: bool = False
) -> Paired | None:
    """Two settings compared over the same seeds, values by seed; None without a common seed.

    solvable: as in `over_seeds`. Source of the test: Fisher 1935; Pitman 1937.
    """
    difference = over_common_seeds(a, b, score, solvable)
    if difference is None:
        return None
    seeds = sorted(a.keys() & b.keys())
    p = None
    if len(seeds) > 1:
        from scipy import stats  # half a second, which is of no use where nothing is compared

        p = float(
            stats.permutation_test(
                (np.array([b[seed] - a[seed] for seed in seeds]),),
                np.mean,
                permutation_type="samples",
                n_resamples=2**16,  # all of them where there are no more
                vectorized=True,
                rng=np.random.default_rng(0),
            ).pvalue
        )
    return Paired(difference, p, seeds, sorted(a.keys() ^ b.keys()))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Each p adjusted for all of them: where nothing differs, at most 5% of tables have one below
    0.05.

    The k-th smallest of m is multiplied by m - k + 1, no smaller than those before it, at most 1.
    What has no p, a pair with one seed, was not tested and does not count.
    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".

    >>> holm([0.04, 0.01, None])
    [0.04, 0.02, None]
    """
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    reached = 0.0
    for rank, (p, place) in enumerate(known):
        reached = max(reached, min(1.0, (len(known) - rank) * p))
        adjusted[place] = reached
    return adjusted


def can_be_significant(pair: Paired, pairs: int) -> bool:
    """Whether so many seeds can give a p, adjusted for `pairs` pairs, that is significant."""
    return pairs * pair.least_p <= SIGNIFICANT


def seeds_needed(pairs: int) -> int:
    """The fewest seeds with which one of `pairs` differences can be called significant.

    >>> seeds_needed(1), seeds_needed(3)
    (6, 7)
    """
    return math.ceil(math.log2(2 * pairs / SIGNIFICANT))


@dataclass(frozen=True)
class PairsTested:
    """Pairs that one table compares, tested together.

    adjusted: the p of each, by Holm's procedure; None where it was not tested, or where so few
        seeds could not have given a significant one.
    """

    pairs: Sequence[Paired | None]
    adjusted: Sequence[float | None]

    @classmethod
    def of(cls, pairs: Sequence[Paired | None]) -> "PairsTested":
        adjusted = holm([None if pair is None else pair.p for pair in pairs])
        tested = _count(pairs)
        return cls(
            pairs,
            [
                p if pair is not None and can_be_significant(pair, tested) else None
                for pair, p in zip(pairs, adjusted, strict=True)
            ],
        )

    def notes(self) -> list[str]:
        """What the p is, and of which numbers of seeds there can be none, in words."""
        tested = _count(self.pairs)
        several = f" ({tested} pairs are compared)" if tested > 1 else ""
        known = [pair for pair in self.pairs if pair is not None and pair.p is not None]
        few = sorted(
            {len(pair.seeds) for pair in known if not can_be_significant(pair, tested)}
        )  # fmt: skip
        notes = []
        if any(p is not None for p in self.adjusted):
            holms = f", adjusted for {tested} pairs (Holm)" if tested > 1 else ""
            notes.append(f"p: sign-flip permutation test over seeds{holms}; significant below 0.05")
        if few:
            counts = " or ".join(map(str, few))
            has_interval = any(pair.difference.ends for pair in known)
            intervals = "; an interval holds where differences are normal" if has_interval else ""
            notes.append(
                f"with {counts} seeds no difference can be called significant{several}: the "
                f"sign-flip test needs {seeds_needed(tested)} seeds{intervals}"
            )
        return notes


def _count(pairs: Sequence[Paired | None]) -> int:
    return sum(pair is not None and pair.p is not None for pair in pairs)
