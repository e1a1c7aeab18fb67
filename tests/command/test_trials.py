"""The trials of a search: what is tried next follows from the seed and from what has ended."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from rnnexp.command.space import Space
from rnnexp.command.trials import Trials
from rnnexp.results.search import Dimension, Search, Value
from rnnexp.results.summary import Reading

LR = Dimension(
    key="lr", words="tag(log,interval(1e-4,1e-1))", kind="float", low=1e-4, high=0.1, log=True
)
SIZE = Dimension(key="size", words="interval(4,64)", kind="int", low=4, high=64, step=1)
MODEL = Dimension(key="model", words="rnn,gru", kind="choice", choices=("rnn", "gru"))
SPACE = Space([LR, SIZE, MODEL], [], [0])


def search(sampler: str = "tpe", n_trials: int = 12, pruner: str = "none") -> Search:
    return Search(
        space=list(SPACE.dimensions), fixed=[], seeds=[0], score="loss",
        reading=Reading(better="low", axis="loss"), identity="0", sampler=sampler, pruner=pruner,
        n_trials=n_trials,
    )  # fmt: skip


def loss(values: Mapping[str, Value]) -> float:
    """One setting matters, by far; the others do not."""
    return (math.log10(float(values["lr"])) + 2.3) ** 2


def carried_out(
    path: Path, sampler: str, n_trials: int, at_once: int = 1, seed: int = 0, most: int = 1000
) -> list[dict[str, Value]]:
    """Trials until there are so many, or `most` have been told; those that are there."""
    path.mkdir(exist_ok=True)
    trials = Trials(path, search(sampler, n_trials), SPACE, seed, startup=4)
    told = 0
    while lot := trials.next_lot(at_once):
        for trial in lot:
            if told == most:  # as killed by now
                return read(path)
            trials.tell(trial, "complete", {0: loss(trial.values)})
            told += 1
        trials.write()
    return read(path)


def read(path: Path) -> list[dict[str, Value]]:
    there = Search.read(path)
    assert there is not None
    return [trial.values for trial in there.trials]


def test_the_best_of_tpe_is_at_least_as_good_as_that_of_random(tmp_path: Path) -> None:
    best = {
        sampler: min(map(loss, carried_out(tmp_path / sampler, sampler, 24)))
        for sampler in ("tpe", "random")
    }
    assert best["tpe"] <= best["random"]
    assert best["tpe"] < 0.01


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("most", [2, 7])
def test_a_search_that_was_cut_short_tries_what_it_would_have_tried(
    tmp_path: Path, at_once: int, most: int
) -> None:
    whole = carried_out(tmp_path / "whole", "tpe", 12, at_once)
    assert len(whole) == 12
    before = carried_out(tmp_path / "cut", "tpe", 12, at_once, most=most)
    assert len(before) < 12
    assert carried_out(tmp_path / "cut", "tpe", 12, at_once) == whole


GRID = Space([SIZE, MODEL], [], [0])


class Killed(IntegrityError):
    """Which Optuna passes on, and takes back what was not written: as the file is left."""

    def __init__(self) -> None:
        super().__init__("", {}, Exception())


@pytest.mark.parametrize(
    ("sampler", "space"), [("tpe", SPACE), ("grid", GRID)], ids=["tpe", "grid"]
)
def test_killed_before_any_write_it_goes_on_to_the_same_trials(
    tmp_path: Path, sampler: str, space: Space
) -> None:
    def begin(name: str) -> Trials:
        (tmp_path / name).mkdir(exist_ok=True)
        own = search(sampler, 2).model_copy(update={"space": list(space.dimensions)})
        return Trials(tmp_path / name, own, space, 0, startup=4)

    whole = [trial.values for trial in begin("whole").next_lot(2)]
    for survives in range(20):
        trials, left = begin(str(survives)), iter(range(survives))

        def dies(_: object, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Killed

        event.listen(Engine, "commit", dies)
        try:
            trials.next_lot(2)
            break
        except Killed:
            pass
        finally:
            event.remove(Engine, "commit", dies)
        assert [trial.values for trial in begin(str(survives)).next_lot(2)] == whole
    assert survives  # it has been killed at least once


def test_another_seed_tries_something_else_and_the_same_one_the_same(tmp_path: Path) -> None:
    tried = [carried_out(tmp_path / str(i), "random", 3, seed=seed) for i, seed in
             enumerate((0, 0, 1))]  # fmt: skip
    assert tried[0] == tried[1] != tried[2]
    assert len({str(values) for values in tried[0]}) == 3


def test_the_number_of_trials_is_a_total(tmp_path: Path) -> None:
    first = carried_out(tmp_path, "tpe", 4)
    assert carried_out(tmp_path, "tpe", 6)[:4] == first
    assert len(read(tmp_path)) == 6
    assert len(carried_out(tmp_path, "tpe", 5)) == 6


def test_a_trial_without_a_result_comes_again_with_its_values(tmp_path: Path) -> None:
    trials = Trials(tmp_path, search(), SPACE, 0, 4)
    (trial,) = trials.next_lot(1)
    trials.give_up(trial)
    (second,) = trials.next_lot(1)
    assert second.number == 1
    (again,) = Trials(tmp_path, search(), SPACE, 0, 4).next_lot(1)
    assert (again.number, again.values, again.state) == (0, trial.values, "running")


def test_what_diverged_has_no_value_and_is_avoided(tmp_path: Path) -> None:
    """TPE takes such trials for bad ones; it would come back to where they are if it forgot them"""

    def most_rates(diverges: Callable[[float], bool], path: Path) -> int:
        path.mkdir()
        trials = Trials(path, search("tpe", 30), SPACE, 0, startup=8)
        count = 0
        while lot := trials.next_lot(1):
            rate = float(lot[0].values["lr"])
            if diverges(rate):
                count += 1
                trials.tell(lot[0], "diverged", reason="at step 3")
            else:
                trials.tell(lot[0], "complete", {0: -math.log10(rate)})  # higher rates are better
        return count

    assert most_rates(lambda rate: rate > 0.01, tmp_path / "a") < 15
    there = Search.read(tmp_path / "a")
    assert there is not None
    diverged = [trial for trial in there.trials if trial.state == "diverged"]
    assert diverged
    assert all(trial.value is None and trial.reason == "at step 3" for trial in diverged)


def test_every_digit_that_is_shown_is_tried(tmp_path: Path) -> None:
    for values in carried_out(tmp_path, "random", 5):
        assert len(LR.text(values["lr"]).replace("e-05", "").lstrip("0.")) <= 4
