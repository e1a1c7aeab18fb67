"""How far a training at one length carries, on made-up runs."""

from pathlib import Path

from rnnexp.results.findings.carrying_over import CarryingGroup, CarryingOver
from rnnexp.results.groups import Group
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.results.tested import Reach
from tests.results.findings.lengths import run_tested_at, up_to

LENGTHS = (5, 10, 20, 40, 80)


def only(study: Study) -> CarryingOver:
    (finding,) = CarryingOver.in_study(study)
    assert isinstance(finding, CarryingOver)
    return finding


def plant(folder: Path, lasts: list[int]) -> CarryingGroup:
    for seed, last in enumerate(lasts):
        run_tested_at(folder, seed, up_to(last, LENGTHS), 10, seed=seed)
    (group,) = only(Study.read(folder)).groups
    return group


def test_planted_ratios_are_recovered(tmp_path: Path) -> None:
    group = plant(tmp_path, [10, 20, 80, 40, 0])
    carried = group.carried
    assert carried is not None
    assert carried.reaches == {
        0: Reach(1, 2), 1: Reach(2, 4), 2: Reach(8, None), 3: Reach(4, 8),
    }  # fmt: skip
    assert carried.not_learned == [4]
    assert carried.median is not None
    assert (carried.median.middle.held, carried.median.low, carried.median.high) == (2, 1, None)
    text = only(Study.read(tmp_path)).text()
    for words in ("carries to, times that length", "1× to beyond 8× (88%)", "4 of 5", "8×",
                  "more than half of its skill", "at other lengths than trained at"):  # fmt: skip
        assert words in text
    (entry,) = only(Study.read(tmp_path)).as_json()
    assert entry["carried"]["not_learned"] == [4]
    assert entry["trained_at"] == 10
    assert "not what the same network could do" in entry["measures"]


def test_a_modest_skill_is_carried_where_half_of_it_is_left(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, {10: 0.7, 20: 0.66, 40: 0.57, 80: 0.5}, 10, data="reviews")
    finding = only(Study.read(tmp_path))
    carried = finding.groups[0].carried
    assert carried is not None
    assert carried.reaches == {0: Reach(2, 8)}


def test_nothing_learned_carries_nothing(tmp_path: Path) -> None:
    group = plant(tmp_path, [0, 0])
    assert group.carried is not None
    assert group.carried.median is None
    assert "nothing learned" in only(Study.read(tmp_path)).text()


def test_shorter_lengths_alone_have_scores_and_no_ratio(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, {10: 1.0, 5: 0.5}, 10)
    finding = only(Study.read(tmp_path))
    assert finding.groups[0].carried is None
    assert "carries to" not in finding.text()
    assert "at 5" in finding.text()


def test_a_training_on_several_lengths_is_told_by_holding(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, {10: 1.0, 20: 0.5}, 10, {"train_lengths": [2, 10]})
    assert list(CarryingOver.in_study(Study.read(tmp_path))) == []


def test_a_score_that_is_not_finite_is_not_averaged_away(tmp_path: Path) -> None:
    run_tested_at(tmp_path, 0, {10: 1.0, 20: 1.0}, 10, seed=0)
    run_tested_at(tmp_path, 1, {10: 1.0, 20: None}, 10, seed=1)
    finding = only(Study.read(tmp_path))
    assert finding.groups[0].points[20] is None
    assert "the score is not finite" in finding.text()


def test_the_figure_replaces_that_of_the_old_name(tmp_path: Path) -> None:
    path = run_tested_at(tmp_path, 0, up_to(80, LENGTHS), 10)
    plots = tmp_path / "plots"
    plots.mkdir()
    (plots / "length_generalisation.png").touch()
    (finding,) = CarryingOver.in_run(Group.of_run(RunDirectory.open(path.parent)))
    finding.draw(plots)
    assert sorted(file.name for file in plots.iterdir()) == [
        "carrying_over.csv",
        "carrying_over.png",
        "carrying_over.svg",
    ]
    svg = (plots / "carrying_over.svg").read_text()
    assert "Trained at length 10, it carries over to 8×, the longest tested" in svg


def test_the_answer_names_every_model_first_and_its_length_once(tmp_path: Path) -> None:
    number = 0
    for model in ("rnn", "lstm"):
        for trained_at in (5, 10, 20):
            right = up_to(40, LENGTHS)
            run_tested_at(tmp_path, number, right, trained_at, model=model)
            number += 1
    answer = only(Study.read(tmp_path)).answer()
    assert answer.startswith("A network keeps more than half of its skill on longer sequences up")
    first, second, *_ = answer.partition("length trained at: ")[2].split("; ")
    assert {first.split(",")[0], second.split(",")[0]} == {"RNN", "LSTM"}
    assert "RNN, 5 steps: 8×" in answer
    assert "trained at 5" not in answer
    assert answer.endswith("and 3 more in the table.")
