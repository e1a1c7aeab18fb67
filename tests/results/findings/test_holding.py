"""Holding recovers what was planted, on made-up runs, and its interval covers as often as said."""

import json
from pathlib import Path

import numpy as np
import pytest

from rnnexp.results.findings.holding import Holding
from rnnexp.results.groups import Group
from rnnexp.results.held import HeldGroup
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.results.tested import MedianReach, Reach
from tests.results.findings.lengths import run_tested_at, up_to

LENGTHS = (6, 11, 21, 41, 81)
GROWN = {"train_lengths": [2, 11], "curriculum": "grow"}


def plant(folder: Path, lasts: dict[str, list[int]]) -> Study:
    """A study in which seed s of each model, trained on lengths 2 to 11, holds up to a length."""
    number = 0
    for model, by_seed in lasts.items():
        for seed, last in enumerate(by_seed):
            right = up_to(last, LENGTHS)
            run_tested_at(folder, number, right, 11, GROWN, model=model, seed=seed)
            number += 1
    return Study.read(folder)


def only(study: Study) -> Holding:
    (finding,) = Holding.in_study(study)
    assert isinstance(finding, Holding)
    return finding


def groups(finding: Holding) -> dict[str, HeldGroup]:
    return {group.model: group for group in finding.groups}


def test_planted_distances_are_recovered(tmp_path: Path) -> None:
    finding = only(plant(tmp_path, {"rnn": [21, 41, 21, 81, 41], "lstm": [81] * 5, "gru": [0] * 5}))
    rnn, lstm, gru = (groups(finding)[model] for model in ("rnn", "lstm", "gru"))
    # a cue at the first of 21 steps is 20 steps before the last
    assert rnn.axis == "distance"
    assert [reach.held for reach in rnn.reaches.values()] == [20, 40, 20, 80, 40]
    assert [reach.failed for reach in rnn.reaches.values()] == [40, 80, 40, None, 80]
    assert (rnn.median.middle.held, rnn.median.low, rnn.median.high) == (40, 20, None)
    assert rnn.median.level == pytest.approx(0.9375)
    assert str(lstm.to_the_farthest) == "5 of 5 (57-100%)"
    assert [at.rate.successes for at in rnn.points] == [5, 5, 5, 3, 1]
    assert gru.median.middle == Reach(None, 5)
    text = finding.text()
    for words in ("80 or more", "below 5", "20 to beyond 80 (94%)", "2 to 11 (grow)",
                  "not how far it could be trained", "farthest tested is a limit of the test",
                  "halfway from chance", "seeds that hold to it", "lowest seed"):  # fmt: skip
        assert words in text
    first, *_ = finding.as_json()
    assert json.loads(json.dumps(first)) == json.loads(json.dumps(finding.as_json()[0]))
    assert first["at"][0]["distance"] == 5
    assert "holding" in first["measures"]


def test_a_place_that_the_test_leaves_open_is_neither_held_nor_failed(tmp_path: Path) -> None:
    # 0.75 is halfway, and 500 examples know 0.76 to within some 0.04
    right = {6: 1.0, 11: 1.0, 21: 0.76, 41: 0.5, 81: 1.0}
    run_tested_at(tmp_path, 0, right, 11, GROWN)
    (group,) = only(Study.read(tmp_path)).groups
    assert group.reaches == {0: Reach(10, 40, (80,))}
    assert "right again at a distance behind one" in only(Study.read(tmp_path)).text()


def test_shorter_lengths_than_trained_on_do_not_end_it(tmp_path: Path) -> None:
    report = {"train_lengths": [11, 20], "curriculum": "uniform"}
    run_tested_at(tmp_path, 0, {6: 0.5, 11: 1.0, 21: 1.0}, 11, report)
    (group,) = only(Study.read(tmp_path)).groups
    assert group.reaches == {0: Reach(20, None)}
    assert group.first == 10


def test_diverged_seeds_hold_nothing_and_no_finite_score_is_none(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, up_to(81, LENGTHS), 11, GROWN, seed=0)
    run_tested_at(tmp_path, 1, {**up_to(81, LENGTHS), 81: None}, 11, GROWN, seed=1)
    run_tested_at(tmp_path, 2, {11: None}, 11, GROWN, seed=2, status="diverged")
    finding = only(Study.read(tmp_path))
    (group,) = finding.groups
    assert group.untested == [2]
    assert [reach.held for reach in group.reaches.values()] == [80, 40, None]
    assert (group.to_the_farthest.successes, group.to_the_farthest.n) == (1, 3)
    assert group.points[-1].interval is None
    assert (group.points[-1].rate.successes, group.points[-1].rate.n) == (1, 3)
    text = finding.text()
    assert "diverged runs hold nothing" in text
    assert "the score is not finite" in text


def test_a_cue_at_a_fixed_distance_is_held_over_lengths(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, up_to(41, LENGTHS), 11, {**GROWN, "distance": 5})
    finding = only(Study.read(tmp_path))
    (group,) = finding.groups
    assert (group.axis, group.reaches[0].held) == ("length", 41)
    assert "holds to length" in finding.text()


def test_trained_at_one_length_it_is_no_holding(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, up_to(41, LENGTHS), 11)
    assert list(Holding.in_study(Study.read(tmp_path))) == []


def test_a_fixed_curriculum_is_trained_at_its_longest_length(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, up_to(81, LENGTHS), 11, {**GROWN, "curriculum": "fixed"})
    finding = only(Study.read(tmp_path))
    (group,) = finding.groups
    assert (group.trained, group.first) == ("11 (fixed)", 10)
    finding.draw(tmp_path / "plots")
    assert "the length trained at" in (tmp_path / "plots" / "holding.svg").read_text()


def test_one_run_is_shown_on_its_own(tmp_path: Path) -> None:
    path = run_tested_at(tmp_path, 0, up_to(81, LENGTHS), 11, GROWN)
    (finding,) = Holding.in_run(Group.of_run(RunDirectory.open(path.parent)))
    assert "80 or more" in finding.text()
    assert "how other seeds would do it does not say" in finding.text()
    finding.draw(tmp_path / "plots")
    svg = (tmp_path / "plots" / "holding.svg").read_text()
    for words in ("it holds to 80, the farthest tested", "over test examples", "chance",
                  "lengths trained on", "halfway from chance to perfect"):  # fmt: skip
        assert words in svg


def test_the_figure_of_a_study(tmp_path: Path) -> None:
    finding = only(plant(tmp_path, {"rnn": [21, 41, 21], "lstm": [81, 81, 81]}))
    finding.draw(tmp_path / "plots")
    svg = (tmp_path / "plots" / "holding.svg").read_text()
    for words in ("RNN", "LSTM", "3 seeds", "synthetic", "distance of the cue (steps)"):
        assert words in svg


@pytest.mark.parametrize(("seeds", "level"), [(5, 0.9375), (6, 0.96875), (10, 0.978)])
def test_the_interval_covers_the_median_however_coarse_the_places(seeds: int, level: float) -> None:
    """Seeds whose true reach is lognormal, tested at lengths that double."""
    generator = np.random.default_rng(0)
    places = [5 * 2**k for k in range(10)]
    covered = []
    for _ in range(2000):
        true = 60 * np.exp(generator.normal(0, 0.8, seeds))
        median = MedianReach.of([Reach.of({n: n <= reach for n in places}) for reach in true])
        assert median.level is not None
        assert median.level >= level - 0.001
        low = 0.0 if median.low is None else median.low
        high = np.inf if median.high is None else median.high
        covered.append(low <= 60 <= high)
    # at least what order statistics of the true ones would, within the error of 2,000 draws
    assert np.mean(covered) >= level - 0.015
