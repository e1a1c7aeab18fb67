"""What can be said of a difference over few seeds, against enumeration and simulation."""

import itertools

import numpy as np
import pytest
from scipy import stats

from rnnexp.results.significance import (
    PairsTested,
    holm,
    paired,
    seeds_needed,
    sign_flip_p,
)
from rnnexp.scores import Score

#: Without bounds and without a measure.
PLAIN = Score("score", "high", "score")


def test_paired_difference_and_its_exact_p() -> None:
    a = {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4, 7: 9.0}
    b = {0: 0.3, 1: 0.35, 2: 0.45, 3: 0.35, 9: 9.0}
    found = paired(a, b, PLAIN)
    assert found is not None
    assert found.seeds == [0, 1, 2, 3]
    assert found.left_out == [7, 9]
    differences = [b[s] - a[s] for s in found.seeds]
    assert found.difference.mean == pytest.approx(np.mean(differences))
    expected = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert found.difference.ends == pytest.approx([expected.low, expected.high])
    flips = [
        abs(np.mean(np.array(signs) * differences))
        for signs in itertools.product([1, -1], repeat=4)
    ]
    extreme = sum(f >= abs(found.difference.mean) - 1e-12 for f in flips) / 16
    assert found.p == pytest.approx(extreme)


def test_few_seeds_say_little() -> None:
    one = paired({0: 1.0}, {0: 2.0}, PLAIN)
    assert one is not None
    assert (one.p, one.difference.ends) == (None, None)
    three = paired(dict.fromkeys(range(3), 0.0), {0: 1.0, 1: 1.1, 2: 0.9}, PLAIN)
    assert three is not None
    assert three.p == three.least_p == pytest.approx(0.25)
    assert paired({0: 1.0}, {1: 1.0}, PLAIN) is None


def differing(seeds: int) -> dict[int, float]:
    return {seed: 1.0 + 0.01 * seed for seed in range(seeds)}


def test_with_five_seeds_or_fewer_there_is_no_p_and_the_reason_in_words() -> None:
    for seeds in range(2, 9):
        pair = paired(dict.fromkeys(range(seeds), 0.0), differing(seeds), PLAIN)
        tested = PairsTested.of([pair])
        (note,) = tested.notes()
        if seeds <= 5:
            assert tested.adjusted == [None]
            words = f"with {seeds} seeds no difference can be called significant: the sign-flip"
            assert note.startswith(words)
            assert "needs 6 seeds" in note
        else:
            assert tested.adjusted == [2 / 2**seeds]
            assert note.startswith("p: sign-flip permutation test")


def test_pairs_are_tested_together() -> None:
    """Six seeds are enough for one pair, and not for three."""
    pair = paired(dict.fromkeys(range(6), 0.0), differing(6), PLAIN)
    tested = PairsTested.of([pair, pair, pair, None])
    assert tested.adjusted == [None] * 4
    (note,) = tested.notes()
    assert "with 6 seeds no difference can be called significant (3 pairs are compared)" in note
    assert "needs 7 seeds" in note
    seven = paired(dict.fromkeys(range(7), 0.0), differing(7), PLAIN)
    mixed = PairsTested.of([pair, seven, seven])
    assert mixed.adjusted == [None, pytest.approx(6 / 128), pytest.approx(6 / 128)]
    assert "adjusted for 3 pairs (Holm)" in mixed.notes()[0]
    assert mixed.notes()[1].startswith("with 6 seeds no difference")
    assert PairsTested.of([paired({0: 1.0}, {0: 2.0}, PLAIN)]).notes() == []


def test_holm_by_hand() -> None:
    """Holm 1979: the smallest of four times 4, the next times 3, never falling, at most 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([None, 0.7, 0.6]) == [None, 1.0, 1.0]


def test_seeds_needed() -> None:
    for pairs in range(1, 30):
        seeds = seeds_needed(pairs)
        assert pairs * 2 / 2**seeds <= 0.05 < pairs * 2 / 2 ** (seeds - 1)


def test_differences_that_are_none_are_seldom_called_significant() -> None:
    """Eight seeds, three pairs: any of them below 0.05 in at most 5%, whatever the distribution."""
    generator = np.random.default_rng(0)
    called = 0
    for _ in range(300):
        sides = generator.choice([0.0, 1.0], (4, 8)) + 0.01 * generator.standard_normal((4, 8))
        first, *others = ({s: float(v) for s, v in enumerate(side)} for side in sides)
        tested = PairsTested.of([paired(first, other, PLAIN) for other in others])
        called += any(p is not None and p <= 0.05 for p in tested.adjusted)
    assert called / 300 <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_sign_flips_against_scipy() -> None:
    """Exactly, with ties and with zeros; of more seeds than can be enumerated, as far as chance
    lets two sets of 65,536 random flips agree."""
    generator = np.random.default_rng(1)

    def expected(values: np.ndarray) -> float:
        return float(
            stats.permutation_test(
                (values,), np.mean, permutation_type="samples", n_resamples=2**16,
                vectorized=True, rng=generator,
            ).pvalue
        )  # fmt: skip

    for n in range(2, 12):
        for values in (generator.normal(0.3, 1, n), generator.integers(-2, 4, n) / 10):
            assert sign_flip_p(values) == pytest.approx(expected(values), abs=1e-12)
    assert sign_flip_p(np.zeros(5)) == sign_flip_p(np.array([0.1, 0.2, -0.3])) == 1.0
    values = generator.normal(0.4, 1, 20)
    error = 4 * np.sqrt(2 * 0.25 / 2**16) * 2  # scipy's is twice that of one side
    assert sign_flip_p(values) == pytest.approx(expected(values), abs=error)
    assert sign_flip_p(np.ones(30)) == pytest.approx(1 / (2**16 + 1))
