"""Verdicts and the best accuracy possible, read off the text of reviews."""

import numpy as np
import pytest

from rnnexp.data.review_reader import bayes_accuracy, token_positions, verdicts
from rnnexp.data.review_writer import Review, write_reviews


@pytest.mark.parametrize(
    ("text", "cue", "verdict"),
    [
        ("The ending was not good at all.", 4, -1),
        ("It is never boring, not even for a minute.", 3, 1),
        ("There is nothing awful about the script.", 3, 1),
        ("The sets are not lovely, but the story is great.", 9, 1),
        ("It was not for me.<br /><br />I hated it.", 7, -1),
    ],
)
def test_verdicts_are_read_off_the_text(text: str, cue: int, verdict: int) -> None:
    assert verdicts(Review(text, 1, (cue,), False, (True,))) == (verdict,)


def test_token_positions_count_letters_outside_tags() -> None:
    text = "It wasn't long.<br /><br />I loved it."
    word = text.split().index("loved")
    tokens = ["it", "wasn", "t", "long", "i", "loved", "it"]
    assert tokens[token_positions(text)[word]] == "loved"


def test_best_accuracy_grows_with_the_tokens_read() -> None:
    reviews = write_reviews(400)
    lengths: list[int | None] = [1, 50, 200, None]
    accuracies = [bayes_accuracy(reviews, tokens) for tokens in lengths]
    assert accuracies[0] == pytest.approx(0.5, abs=0.01)
    assert np.diff(accuracies).min() > -0.005  # noise may favour who has read less, by a hair
    assert accuracies[-1] == 1 - np.mean([review.flipped for review in reviews])


def test_best_accuracy_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one review"):
        bayes_accuracy([], None)
