"""The question of a study and its answer: what is planted is told, and nothing else."""

import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnexp.dials import Dials
from rnnexp.results import conclusions, report
from rnnexp.results.findings import sentences
from rnnexp.results.findings.comparisons import Comparisons
from rnnexp.results.findings.longer import Longer
from rnnexp.results.findings.padding import Padding
from rnnexp.results.findings.scores import Scores
from rnnexp.results.statistics import t_interval
from rnnexp.results.study import Study
from rnnexp.results.summary import Summary
from rnnexp.scores import ACCURACY, MSE, Score
from tests.results.test_study import add_run

SEEDS = 6


def plant(
    folder: Path, lstm: float, lengths: tuple[int, ...] = (50, 200), **settings: str
) -> Study:
    """RNN at 0.6 about, LSTM by `lstm` above it, and by 0.1 more at the last length."""
    noise = np.random.default_rng(0).normal(0, 0.01, (2, len(lengths), SEEDS))
    number = 0
    for m, model in enumerate(("rnn", "lstm")):
        for i, length in enumerate(lengths):
            for seed in range(SEEDS):
                gain = m * (lstm + 0.1 * (i == len(lengths) - 1 and lstm > 0))
                score = 0.6 + gain + float(noise[m, i, seed])
                add_run(folder, number, score, model=model, seq_len=length, seed=seed, **settings)
                number += 1
    return Study.read(folder)


def test_a_planted_difference_is_told_with_its_interval_and_p(tmp_path: Path) -> None:
    finding = Comparisons.of(plant(tmp_path, lstm=0.2))
    assert finding is not None
    answer = finding.answer()
    assert answer.startswith("LSTM is better than RNN (200 steps): LSTM - RNN in test accuracy +")
    (pair,) = [pair for pair in finding.comparisons if pair.others == {"seq_len": 200}]
    low, high = pair.difference.difference.ends or (0, 0)
    assert f"over 6 seeds: {100 * low:+.1f} to {100 * high:+.1f})" in answer
    assert answer.endswith("takes 7 seeds for 2 pairs.")


def test_a_planted_loss_names_the_other_one(tmp_path: Path) -> None:
    finding = Comparisons.of(plant(tmp_path, lstm=-0.2, lengths=(50,)))
    assert finding is not None
    assert finding.answer().startswith("RNN is better than LSTM: LSTM - RNN in test accuracy -")
    assert finding.answer().endswith("; p = 0.031.")


def test_where_nothing_differs_no_difference_is_said(tmp_path: Path) -> None:
    finding = Comparisons.of(plant(tmp_path, lstm=0.0, lengths=(50,)))
    assert finding is not None
    assert finding.answer().startswith("Between RNN and LSTM no difference is significant: ")


@pytest.mark.parametrize("score", [ACCURACY, MSE], ids=lambda score: score.name)
def test_which_is_better_is_said_wrongly_no_more_often_than_an_interval_misses(
    score: Score,
) -> None:
    """Differences of mean 0: one of the two is called better in 5%; the shares of both sides."""
    generator = np.random.default_rng(0)
    said = [
        sentences.which_is_better(
            score, t_interval(generator.normal(0, 1, 4).tolist()), "one", "other"
        )
        for _ in range(2000)
    ]
    shares = [said.count(words) / 2000 for words in ("other is better than one",
                                                     "one is better than other")]  # fmt: skip
    assert 0.035 < sum(shares) < 0.065
    assert min(shares) > 0.015


def test_what_more_steps_bring_is_that_planted(tmp_path: Path) -> None:
    finding = Longer.of(plant(tmp_path, lstm=0.2, lengths=(50, 100, 200)))
    assert finding is not None
    rnn, lstm = finding.lines
    assert abs(rnn.gained.difference.mean) < 0.02
    assert lstm.gained.difference.mean == pytest.approx(0.1, abs=0.02)
    assert finding.answer().startswith("From 50 to 200 steps test accuracy changes by: RNN ")
    assert [row["lengths"] for row in finding.as_json()] == [[50, 200]] * 2
    assert "difference, points" in finding.text()


def test_where_one_end_is_missing_or_seeds_differ_nothing_is_subtracted(tmp_path: Path) -> None:
    for number, (length, seed) in enumerate([(50, 0), (200, 1)]):
        add_run(tmp_path, number, 0.6, seq_len=length, seed=seed)
    assert Longer.of(Study.read(tmp_path)) is None


def test_groups_that_read_no_pads_are_told_of_first(tmp_path: Path) -> None:
    number = 0
    for readout in ("last", "last_valid"):
        for model in ("rnn", "lstm"):
            for length in (50, 200):
                for seed in range(2):
                    settings = {"model.readout": readout}
                    add_run(tmp_path, number, 0.5 + number / 100, model=model, seq_len=length,
                            seed=seed, **settings)  # fmt: skip
                    number += 1
    study = Study.read(tmp_path)
    pairs, longer = Comparisons.of(study), Longer.of(study)
    assert pairs is not None
    assert longer is not None
    for answer in (pairs.answer(), longer.answer()):
        assert "read at last real step" in answer
        assert "behind any pads" not in answer


def test_many_groups_are_told_by_their_ends(tmp_path: Path) -> None:
    for number in range(8):
        add_run(tmp_path, number, 0.5 + number / 20, seq_len=10 * (number + 1))
    scores = Scores.of(Study.read(tmp_path))
    assert scores is not None
    answer = scores.answer()
    assert "(chance: 50.0%)" in answer
    assert "of 8 groups the best mean has RNN, 80 steps: 85.0% (one seed: no interval)" in answer
    assert answer.endswith("the worst RNN, 10 steps: 50.0% (one seed: no interval).")


def test_the_question_is_that_of_the_runs_else_one_of_what_varies(tmp_path: Path) -> None:
    made = plant(tmp_path / "made", lstm=0.1)
    assert conclusions.question_of_study(made) == (
        "How does the test accuracy depend on the model and the length of the sequences?"
    )
    asked = plant(tmp_path / "asked", lstm=0.1, question="Does it <forget>?")
    assert conclusions.question_of_study(asked) == "Does it <forget>?"
    add_run(asked.path, 99, 0.5, seed=9, question="Another?")  # two questions are none
    assert conclusions.question_of_study(Study.read(asked.path)).startswith("How does ")


def test_an_answer_that_fails_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(self: Comparisons) -> str:
        raise RuntimeError("no words")

    study = plant(tmp_path, lstm=0.2)
    monkeypatch.setattr(Comparisons, "answer", fails)
    with caplog.at_level(logging.WARNING, "rnnexp"):
        told = report.answers(report.study_findings(study))
    assert any(line.startswith("Test accuracy (chance: ") for line in told)
    assert "the answer of 'comparisons' is left out: RuntimeError: no words" in caplog.text


def test_what_was_asked_stands_before_what_explains_it(tmp_path: Path) -> None:
    study = plant(tmp_path, lstm=0.2)
    question, first, second, *_ = str(
        report.of_study(study, report.study_findings(study), study.path)
    ).splitlines()
    assert question.startswith("How does ")
    assert first.startswith("  LSTM is better")
    assert second.startswith("  From 50 to 200 steps")


def test_where_no_run_beats_chance_no_difference_is_an_answer(tmp_path: Path) -> None:
    for number, (model, length) in enumerate([(m, n) for m in ("rnn", "lstm") for n in (5, 50)]):
        add_run(tmp_path, number, 0.5, model=model, seq_len=length)
    study = Study.read(tmp_path)
    (only,) = report.answers(report.study_findings(study))
    assert only.startswith(
        "None of 4 runs beats chance: their scores say nothing of memory. Test accuracy (chance: "
    )


def test_a_study_without_a_result_says_so(tmp_path: Path) -> None:
    add_run(tmp_path, 0, None, status="diverged")
    study = Study.read(tmp_path)
    assert "No run of it has a score yet (1 diverged)." in str(
        report.of_study(study, [], study.path)
    )


def summary(**values: object) -> Summary:
    of_run = {
        "status": "finished", "model": "rnn", "data": "reviews", "seq_len": 20, "seed": 0,
        "headline": "accuracy", "chance": {"accuracy": 0.5}, "perfect": {"accuracy": 1.0},
        "scores": {"accuracy": {"better": "high", "percent": True, "axis": "accuracy"}},
        "test": {"accuracy": 0.8}, "test_interval": {"accuracy": [0.76, 0.84]},
        "data_report": {"test": 500},
    }  # fmt: skip
    return Summary.model_validate({**of_run, **values})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Test accuracy 80.0% (95% interval over 500 test examples: 76.0% to 84.0%); "
             "chance is 50.0%: it beats chance."),
        ({"test_interval": {"accuracy": [0.45, 0.84]}}, "not clearly above chance."),
        ({"test_interval": {"accuracy": [0.25, 0.45]}}, ": it is worse than chance."),
        ({"data_report": {"test": 1}}, "(95% interval over 1 test example: 76.0% to 84.0%): of so "
             "few examples that says nothing of how well it does."),
        ({"test_interval": {}}, "Test accuracy 80.0%; chance is 50.0%."),
        ({"chance": {}}, "what chance gives is not known."),
        ({"status": "diverged", "reason": "step 3 is not finite"},
         "The training diverged, so that nothing was tested: step 3 is not finite."),
        ({"status": "interrupted", "test": None}, "The run has no result: it is interrupted."),
        ({"test": None}, "The run has finished without a score."),
    ],
    ids=[
        "beats", "not_clearly", "worse", "few", "no_interval", "no_chance", "diverged",
        "interrupted", "no_score",
    ],
)  # fmt: skip
def test_how_a_run_ended_is_said(values: dict[str, object], said: str) -> None:
    assert conclusions.result_of(summary(**values)).endswith(said)


def test_seeds_that_are_all_alike_can_differ(tmp_path: Path) -> None:
    for number, (model, seed) in enumerate([(m, s) for m in ("rnn", "lstm") for s in range(6)]):
        add_run(tmp_path, number, 0.9 if model == "lstm" else 0.4, model=model, seed=seed)
    finding = Comparisons.of(Study.read(tmp_path))
    assert finding is not None
    assert finding.answer().startswith("LSTM is better than RNN in 6 of 6 seeds: ")


def test_of_many_pairs_a_significant_one_is_told_and_how_many_are(tmp_path: Path) -> None:
    """The first two rates do not differ, the third does."""
    noise = np.random.default_rng(1).normal(0, 0.002, (3, 10))
    number = 0
    for i, rate in enumerate((0.1, 0.2, 0.4)):
        for seed in range(10):
            settings = {"optimizer.lr": rate}
            score = 0.7 + 0.1 * (i == 2) + float(noise[i, seed])
            add_run(tmp_path, number, score, seed=seed, **settings)
            number += 1
    finding = Comparisons.of(Study.read(tmp_path))
    assert finding is not None
    answer = finding.answer()
    assert answer.startswith("learning rate 0.4 is better than learning rate 0.")
    assert answer.endswith("adjusted for 3 pairs, of which 2 are significant.")


def test_what_many_seeds_show_above_chance_is_no_chance(tmp_path: Path) -> None:
    """Each run is too near to chance to beat it, and the mean of twenty is not."""
    for seed in range(20):
        add_run(tmp_path, seed, 0.515 + 0.001 * (seed % 5), seed=seed)
    assert not Study.read(tmp_path).at_chance


def test_an_empty_question_is_none(tmp_path: Path) -> None:
    study = plant(tmp_path, lstm=0.1, question="")
    assert conclusions.question_of_study(study).startswith("How does ")
    with pytest.raises(ValueError, match="question is empty"):
        Dials(question=" ")


def test_an_answer_that_is_no_sentence_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    study = plant(tmp_path, lstm=0.2)
    monkeypatch.setattr(Comparisons, "answer", lambda self: 3)
    told = report.answers(report.study_findings(study))
    assert all(isinstance(sentence, str) for sentence in told)
    assert "answer() gives int and no str" in caplog.text


def test_a_study_in_a_folder_whose_name_is_no_text_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"b\xff d")
    study = plant(folder, lstm=0.2)
    report.report_study(study, plots=False)
    assert "b\\udcff d" in (folder / "report.html").read_text(encoding="utf-8")
    assert json.loads((folder / "study.json").read_text(encoding="utf-8"))["study"] == folder.name


def of_models(folder: Path, **scores: float) -> Study:
    """Each model at two lengths, of three seeds, on 20 test examples."""
    number = 0
    for model, score in scores.items():
        for length in (50, 200):
            for seed in range(3):
                at = score + 0.01 * seed
                add_run(folder, number, at, model=model, seq_len=length, seed=seed)
                number += 1
    return Study.read(folder)


def test_of_two_that_do_not_beat_chance_none_is_called_better(tmp_path: Path) -> None:
    """That a third does is no reason to rank them."""
    study = of_models(tmp_path, rnn=0.3, lstm=0.4, bag=0.9)
    rnn, lstm = (next(g for g in study.groups() if g.model == name) for name in ("rnn", "lstm"))
    assert rnn.at_chance(study.score)
    assert lstm.at_chance(study.score)
    assert not study.at_chance
    pairs, longer = Comparisons.of(study), Longer.of(study)
    assert pairs is not None
    assert longer is not None
    two = [pair for pair in pairs.comparisons if pair.values == ("rnn", "lstm")]
    assert replace(pairs, comparisons=two).answer() == (
        "Neither RNN nor LSTM is shown to beat chance (200 steps): nothing can be said of which is "
        "better."
    )
    assert "bag of words" in pairs.answer()
    changes, unknown = longer.answer().split(" Not shown to beat chance at 50 or at 200 steps")
    assert "changes by: bag of words" in changes
    assert "RNN" not in changes
    assert unknown.endswith("is not known: RNN; LSTM.")


@pytest.mark.parametrize(("padding", "known"), [("post", True), ("pre", False), (None, False)])
def test_what_the_pads_cost_is_said_where_their_place_does_not_vary(
    tmp_path: Path, padding: str | None, known: bool
) -> None:
    number = 0
    for readout, accuracy in (("last", 0.7), ("last_valid", 0.9)):
        for seed in range(3):
            settings = {"model.readout": readout}
            if padding is not None:
                settings["data.padding"] = padding
            add_run(tmp_path, number, accuracy + 0.01 * seed, seed=seed, **settings)
            number += 1
    finding = Padding.of(Study.read(tmp_path))
    assert (finding is not None) == known
    if finding is not None:
        assert "+20.0 points" in finding.answer()
        assert "pads before" not in finding.text()
        assert finding.draw(tmp_path) == []  # where it does not vary the score's own figure has it


def test_one_run_at_chance_beside_one_that_diverged_is_not_told_as_several(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.5, **{"optimizer.lr": 0.1})
    add_run(tmp_path, 1, None, status="diverged", **{"optimizer.lr": 10})
    scores = Scores.of(Study.read(tmp_path))
    assert scores is not None
    assert scores.answer().startswith("The one run with a score does not beat chance: it says ")
