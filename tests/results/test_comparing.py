"""Two studies side by side: what is compared with what, how sure it is, and what is left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnexp.errors import UserError
from rnnexp.results.comparing import StudiesCompared
from rnnexp.results.significance import paired
from rnnexp.results.study import Study
from tests.conftest import Outcome
from tests.results.test_study import add_run

Rnnexp = Callable[..., Outcome]


def study_of(folder: Path, *groups: tuple[dict[str, Any], list[float]], seeds: int = 0) -> Study:
    """A study with a group for each of these settings, of the accuracies of its seeds in order."""
    folder.mkdir(parents=True)
    number = 0
    for settings, accuracies in groups:
        for seed, accuracy in enumerate(accuracies, seeds):
            add_run(folder, number, accuracy, seed=seed, **settings)
            number += 1
    return Study.read(folder)


A_GROUP = [0.60, 0.62, 0.61, 0.63, 0.60, 0.62, 0.64]
BETTER = [0.68, 0.71, 0.69, 0.72, 0.67, 0.70, 0.73]


def test_an_own_cell_against_a_baseline(tmp_path: Path) -> None:
    a = study_of(tmp_path / "a", ({"model": "lstm", "seq_len": 50}, A_GROUP),
                 ({"model": "lstm", "seq_len": 100}, A_GROUP))  # fmt: skip
    b = study_of(tmp_path / "b", ({"model": "mine", "seq_len": 50}, BETTER),
                 ({"model": "mine", "seq_len": 100}, A_GROUP[::-1]))  # fmt: skip
    found = StudiesCompared.of(a, b)
    assert (found.matched, found.between) == (["seq_len"], ["model"])
    assert found.differing == {"model": ("lstm", "mine")}
    assert [(p.a.label, p.b.label) for p in found.pairs] == [
        ("lstm, seq_len=50", "mine, seq_len=50"), ("lstm, seq_len=100", "mine, seq_len=100")
    ]  # fmt: skip
    assert found.left_out == []
    expected = paired(dict(enumerate(A_GROUP)), dict(enumerate(BETTER)), found.score)
    assert expected is not None
    difference = found.pairs[0].difference
    assert difference is not None
    assert difference.p == expected.p == 2 / 2**7
    assert difference.difference.mean == pytest.approx(expected.difference.mean)
    # two pairs are tested together
    assert found.tested.adjusted[0] == pytest.approx(2 * expected.p)
    assert found.tested.adjusted[1] is not None
    assert found.tested.adjusted[1] > 0.5
    text = found.text()
    assert "they differ in: model lstm in a, mine in b" in text
    assert "mine - lstm, seq_len=50 " in text
    assert "adjusted for 2 pairs (Holm)" in text
    assert "differences are paired: of the same seed in both" in text
    assert "compared: 2 of 2 pairs of groups" in text


def test_a_model_in_both_is_compared_with_itself(tmp_path: Path) -> None:
    """A value that both have is matched; the settings that differ are named, also those that vary
    in neither study."""
    a = study_of(tmp_path / "a", ({"model": "rnn", "trainer.epochs": 1}, A_GROUP),
                 ({"model": "lstm", "trainer.epochs": 1}, A_GROUP))  # fmt: skip
    b = study_of(tmp_path / "b", ({"model": "lstm", "trainer.epochs": 5}, BETTER),
                 ({"model": "gru", "trainer.epochs": 5}, BETTER))  # fmt: skip
    found = StudiesCompared.of(a, b)
    assert [(pair.a.model, pair.b.model) for pair in found.pairs] == [("lstm", "lstm")]
    assert found.differing == {"trainer.epochs": ("1", "5")}
    assert [line.partition(":")[0] for line in found.left_out] == ["only in a", "only in b"]
    assert "not compared: 2" in found.text()

    other = study_of(tmp_path / "c", ({"model": "gru", "trainer.epochs": 5}, BETTER))
    only = StudiesCompared.of(Study.read(tmp_path / "a"), other)
    assert only.differing == {"model": ("rnn, lstm", "gru"), "trainer.epochs": ("1", "5")}
    assert len(only.pairs) == 2


def test_seeds_that_one_study_lacks(tmp_path: Path) -> None:
    a = study_of(tmp_path / "a", ({"model": "rnn"}, A_GROUP))
    b = study_of(tmp_path / "b", ({"model": "lstm"}, BETTER), seeds=2)
    (pair,) = StudiesCompared.of(a, b).pairs
    assert pair.difference is not None
    assert list(pair.difference.seeds) == [2, 3, 4, 5, 6]
    assert list(pair.difference.left_out) == [0, 1, 7, 8]
    assert "5 (not in both: 0, 1, 7, 8)" in StudiesCompared.of(a, b).text()
    far = study_of(tmp_path / "c", ({"model": "lstm"}, BETTER), seeds=20)
    found = StudiesCompared.of(a, far)
    assert found.pairs[0].difference is None
    assert "no seed in common (0, 1, 2, 3, 4, 5, 6 and 20, 21" in found.left_out[0]
    assert "compared: 0 of 1 pairs of groups" in found.text()
    assert "  -  " in found.text()


def test_what_is_no_two_of_a_kind_is_refused(tmp_path: Path) -> None:
    a = study_of(tmp_path / "a", ({"model": "rnn"}, A_GROUP))
    for name, settings, why in (
        ("data", {"model": "lstm", "data": "imdb"}, "other data: reviews in a, imdb in b"),
        ("length", {"model": "lstm", "seq_len": 99}, "other seq_len: 50 in a, 99 in b"),
    ):
        b = study_of(tmp_path / name, (settings, BETTER))
        with pytest.raises(UserError, match=f"nothing of a and {name} can be compared: {why}"):
            StudiesCompared.of(a, b)
    with pytest.raises(UserError, match="no run of a has a test f1; it has loss, accuracy"):
        StudiesCompared.of(a, study_of(tmp_path / "b", ({"model": "lstm"}, BETTER)), "f1")
    with pytest.raises(UserError, match="is named twice"):
        StudiesCompared.of(a, Study.read(tmp_path / "a"))
    both = study_of(tmp_path / "partly", ({"model": "lstm", "data": "imdb"}, BETTER),
                    ({"model": "lstm"}, BETTER))  # fmt: skip
    found = StudiesCompared.of(a, both)
    assert len(found.pairs) == 1
    assert found.left_out == ["only in b: lstm, imdb"]


def test_other_files_or_other_chance_are_not_compared(tmp_path: Path) -> None:
    import json

    a = study_of(tmp_path / "a", ({"model": "rnn"}, A_GROUP))
    for name, changed, why in (
        ("content", {"content": "another"}, "other data: the files that they read differ"),
        ("test", {"data_report": {"test": 7}}, "other data: None and 7 test examples"),
        ("chance", {"chance": {"accuracy": 0.7, "loss": 0.6}}, "other chance levels"),
    ):
        study_of(tmp_path / name, ({"model": "lstm"}, BETTER))
        for path in (tmp_path / name).glob("*/summary.json"):
            path.write_text(json.dumps(json.loads(path.read_text()) | changed))
        with pytest.raises(UserError, match=f"lstm - rnn: {why}"):
            StudiesCompared.of(a, Study.read(tmp_path / name))


def test_where_nothing_differs_one_in_twenty_tables_says_so(tmp_path: Path) -> None:
    """Simulated: of tables with four pairs that do not differ, at most 5% call one significant."""
    settings = [{"model": "m", "seq_len": length} for length in (10, 20, 30, 40)]
    template = [
        study_of(tmp_path / name, *((s | {"model": name}, [0.5] * 8) for s in settings))
        for name in ("a", "b")
    ]
    generator, called, tables = np.random.default_rng(0), 0, 400
    compared = StudiesCompared.of(*template)
    from rnnexp.results.significance import PairsTested

    for _ in range(tables):
        pairs = []
        for pair in compared.pairs:
            of_a, of_b = (
                dict(enumerate(generator.normal(0.7, 0.02, len(group.runs)).tolist()))
                for group in (pair.a, pair.b)
            )
            pairs.append(paired(of_a, of_b, compared.score))
        adjusted = PairsTested.of(pairs).adjusted
        called += any(p is not None and p < 0.05 for p in adjusted)
    # 5% of 400 are 20; above 31 with a probability of half a percent
    assert 3 <= called <= 31


def test_the_verb(rnnexp: Rnnexp, workdir: Path) -> None:
    study_of(workdir / "outputs" / "studies" / "base", ({"model": "rnn"}, A_GROUP))
    study_of(workdir / "mine", ({"model": "lstm"}, BETTER))
    outcome = rnnexp("compare", "base", "mine")
    assert outcome.status == 0, outcome.err
    assert "lstm - rnn" in outcome.out
    assert "0.0156" in outcome.out
    assert "+8.3" in outcome.out
    outcome = rnnexp("compare", "base", "mine", "--score", "loss")
    assert outcome.status == 0
    assert "difference in test loss" in outcome.out
    assert "all 7 alike" in outcome.out
    for words, error in {
        ("base", "mine", "--score", "los"): "did you mean 'loss'?",
        ("base", "nowhere"): "there is no study 'nowhere'",
        ("base",): "required: STUDY",
        ("base", "mine", "third"): "too many words",
        ("base", "mine/job000"): "is a run and no study",
        ("base", "base"): "is named twice",
    }.items():
        outcome = rnnexp("compare", *words)
        assert outcome.status == 2
        assert error in outcome.error
    assert not list(workdir.glob("**/study.csv"))
