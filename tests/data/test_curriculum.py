"""Which lengths a network is trained on."""

from typing import Any

import pytest

from rnnexp.data.adding import Adding
from rnnexp.data.curriculum import CURRICULA, Grow
from rnnexp.data.parity import Parity
from rnnexp.data.recall import Recall


def test_growth_is_a_fifth_and_one_step_at_least() -> None:
    lessons, lengths = Grow(2, 14), []
    while lessons.looks_at_skill:
        lengths.append(lessons.length(0, 0))
        lessons = lessons.after(1.0)
    assert [*lengths, lessons.length(0, 0)] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14]
    assert lessons.after(1.0) == lessons


@pytest.mark.parametrize("name", CURRICULA)
def test_a_state_comes_back(name: Any) -> None:
    lessons = CURRICULA[name](3, 9)
    after = lessons.after(1.0)
    assert lessons.restored(after.state()) == after


def test_it_is_reported_and_leaves_the_test_alone() -> None:
    task = Recall(seq_len=30, train_lengths=[2, 6], curriculum="grow", test_count=5)
    assert (task.report["train_lengths"], task.report["curriculum"]) == ([2, 6], "grow")
    assert task.split("test").inputs.shape == (5, 30)
    assert Recall(train_lengths=[2, 6]).report["curriculum"] == "uniform"
    assert not {"train_lengths", "curriculum"} & set(Recall().report)
    assert Recall().curriculum is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Recall(curriculum="grow"),
            r"data.train_lengths=\[2,100\], or data.c",
        ),
        (lambda: Recall(train_lengths=[5]), r"train_lengths=\[5\] must be the shortest and the"),
        (lambda: Recall(train_lengths=[9, 2]), r"train_lengths=\[9,2\] must be the shortest"),
        (lambda: Recall(train_lengths=[0, 2]), "must be the shortest"),
        (lambda: Recall(train_lengths=[2, 10**6]), "train_lengths must be at most"),
        (lambda: Recall(distance=20, train_lengths=[2, 20]), r"\[2,20\]: distance=20 lies beyond"),
        (lambda: Adding(train_lengths=[1, 9]), r"train_lengths=\[1,9\]: adding needs seq_len of 2"),
        (lambda: Parity(seq_len=40, train_lengths=[3, 40]), r"set data.eval_lengths=\[80,160\]"),
    ],
)
def test_bad_lengths_are_one_line(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_parity_is_tested_beyond_what_it_is_trained_on() -> None:
    Parity(seq_len=40, train_lengths=[3, 40], eval_lengths=[256])
    Parity(seq_len=256, train_lengths=[3, 40])
