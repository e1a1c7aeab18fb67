"""Performance profiles of made-up studies."""

from pathlib import Path

from rnnexp.results.findings.performance_profile import PerformanceProfile
from rnnexp.results.study import Study
from tests.results.test_study import add_run


def plant(folder: Path, solved: dict[str, list[int]], seeds: int = 6, high: float = 0.99) -> Study:
    """Of each model so many of its seeds solved each of the lengths 10, 20, ...; others guess."""
    number = 0
    for model, counts in solved.items():
        for place, count in enumerate(counts):
            for seed in range(seeds):
                score = high if seed < count else 0.51
                add_run(folder, number, score, model=model, seq_len=10 * (place + 1), seed=seed)
                number += 1
    return Study.read(folder)


def test_shares_are_those_planted(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [6, 0], "lstm": [6, 3]})
    finding = PerformanceProfile.of(study)
    assert finding is not None
    rnn, lstm = finding.lines
    assert (rnn.runs, len(rnn.strata)) == (12, 2)
    assert (rnn.above(0.5).mean, lstm.above(0.5).mean) == (0.5, 0.75)
    assert lstm.above(0.99).mean == 0
    text = finding.text()
    for words in ("a whole curve lies in its band less often", "no interval, since a bootstrap"):
        assert words in text
    first, _ = finding.as_json()
    assert first["above"][1]["share"] == 0.5
    assert first["mean_skill_interval_95"] is None
    finding.draw(tmp_path / "plots")
    svg = (tmp_path / "plots" / "performance_profile.svg").read_text()
    for words in ("RNN (12 runs)", "mean over 2 tasks and lengths", "not of whole curves"):
        assert words in svg


def test_a_diverged_run_is_above_no_bound(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [5]})
    add_run(tmp_path, 20, None, model="rnn", seq_len=10, seed=9, status="diverged")
    finding = PerformanceProfile.of(Study.read(study.path))
    assert finding is not None
    (line,) = finding.lines
    assert (line.runs, line.above(0.0).mean, line.above(0.5).mean) == (7, 6 / 7, 5 / 7)


def test_few_runs_and_scores_in_one_bunch_have_none(tmp_path: Path) -> None:
    assert PerformanceProfile.of(plant(tmp_path / "few", {"rnn": [2]}, seeds=5)) is None
    assert PerformanceProfile.of(plant(tmp_path / "one", {"rnn": [6]})) is None


def test_lines_of_few_runs_are_said_to_be_left_out(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [3]})
    add_run(tmp_path, 30, 0.9, model="lstm", seq_len=10)
    finding = PerformanceProfile.of(Study.read(study.path))
    assert finding is not None
    assert finding.left_out == ["lstm"]
    assert "left out, fewer than 6 runs of a task and length: lstm" in finding.text()
