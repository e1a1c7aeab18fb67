"""Two settings compared over the seeds that both have, and what p can say of so few.

The sign-flip test assumes nothing of how scores are distributed, and so has few outcomes: of n
seeds there are 2^n ways to swap the two settings within seeds, the p is never below 2/2^n, and of
five seeds it never says "significant". Several pairs are tested together (Holm), since among twenty
pairs that do not differ one is expected below 0.05.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rnnexp.results.over_seeds import over_common_seeds
from rnnexp.results.statistics import LEVEL, Interval
from rnnexp.scores import Score

#: Below this an adjusted p is called significant.
SIGNIFICANT = 1 - LEVEL

#: The most differences of which every way to flip signs is looked at; of more so many random ones,
#: and so many at once, which is some megabytes.
EXACT, RANDOM_FLIPS, AT_ONCE = 16, 2**16, 2**12
#: Sums that differ by less than this, relative to that of the sizes, are equally far from zero.
TIES = 1e-12


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
    p = sign_flip_p([b[seed] - a[seed] for seed in seeds]) if len(seeds) > 1 else None
    return Paired(difference, p, seeds, sorted(a.keys() ^ b.keys()))


def sign_flip_p(differences: Sequence[float]) -> float:
    """The share of all ways to flip signs whose sum is as far from zero as that of `differences`.

    All 2^n of them up to 16 differences; of more, `RANDOM_FLIPS` random ones, the observed one
    counted among them, so that p is never 0. The same as `scipy.stats.permutation_test` with
    permutation_type="samples", which takes half a second to import and 100 times as long for each
    of the many pairs of a large study.
    """
    values = np.asarray(differences, np.float64)
    n, observed = len(values), abs(float(values.sum()))
    least = observed - TIES * float(np.abs(values).sum())
    if n <= EXACT:
        # the other half are these with all signs turned, whose sums are as far from zero
        return float((np.abs(_all_signs(n) @ values) >= least).mean())
    generator, as_far, total = np.random.default_rng(0), 0, float(values.sum())
    for _ in range(RANDOM_FLIPS // AT_ONCE):
        bits = np.frombuffer(generator.bytes(AT_ONCE * -(-n // 8)), np.uint8)
        turned = np.unpackbits(bits.reshape(AT_ONCE, -1), axis=1, count=n).astype(np.float64)
        as_far += int((np.abs(total - 2 * (turned @ values)) >= least).sum())
    return (as_far + 1) / (RANDOM_FLIPS + 1)


@lru_cache(EXACT)
def _all_signs(n: int) -> npt.NDArray[np.float64]:
    """A row for each way to choose n signs, the first of them +."""
    numbers = np.arange(2 ** (n - 1))[:, None]
    turned = (numbers >> np.arange(n) & 1)[:, ::-1].astype(np.float64)
    return np.asarray(1.0 - 2.0 * turned, np.float64)


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
