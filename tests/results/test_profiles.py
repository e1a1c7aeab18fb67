"""Shares of runs above a bound: their intervals cover as often as their docstrings say."""

import numpy as np
import pytest

from rnnexp.results import profiles
from rnnexp.results.profiles import MANY_RUNS, MANY_STRATA, share_above, stratified_mean
from rnnexp.results.statistics import wilson


def test_of_one_stratum_it_is_wilsons_interval() -> None:
    rate, interval = wilson(2, 7), share_above([[1.0, 1.0, 0, 0, 0, 0, 0]], 0.5)
    assert interval.ends == pytest.approx([rate.low, rate.high])
    assert (interval.n, interval.mean) == (7, pytest.approx(2 / 7))


def test_each_stratum_counts_the_same() -> None:
    interval = share_above([[1.0] * 30, [0.0] * 3], 0.5)
    assert interval.mean == 0.5
    assert interval.low is not None
    assert interval.high is not None
    assert 0 < interval.low < 0.5 < interval.high < 1


@pytest.mark.parametrize("strata", [1, 2, 8])
@pytest.mark.parametrize("chance", ["even", "mixed", "high"])
def test_the_interval_of_a_share_covers(strata: int, chance: str) -> None:
    """88% and more of six runs each; the bootstrap's percentiles 44% of one stratum at 0.9."""
    ps = {
        "even": np.full(strata, 0.5),
        "mixed": np.linspace(0.05, 0.95, strata),
        "high": np.full(strata, 0.9),
    }[chance]
    generator = np.random.default_rng(strata)
    covered = []
    for _ in range(500):
        drawn = (generator.random((strata, 6)) < ps[:, None]).astype(float)
        ends = share_above(drawn.tolist(), 0.5).ends
        assert ends is not None
        covered.append(ends[0] <= ps.mean() <= ends[1])
    assert np.mean(covered) >= 0.86  # 500 draws know 0.88 to within 0.015


def test_the_bootstrap_of_a_mean_covers_from_where_it_has_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(profiles, "RESAMPLES", 300)
    generator = np.random.default_rng(0)
    ps = np.linspace(0.05, 0.95, MANY_STRATA)
    covered = []
    for _ in range(150):
        drawn = (generator.random((MANY_STRATA, MANY_RUNS)) < ps[:, None]).astype(float)
        ends = stratified_mean(drawn.tolist()).ends
        assert ends is not None
        covered.append(ends[0] <= ps.mean() <= ends[1])
    assert np.mean(covered) >= 0.85  # 0.91, known to within 0.023
    assert stratified_mean(drawn[:-1].tolist()).ends is None
    assert stratified_mean(drawn[:, :-1].tolist()).ends is None
