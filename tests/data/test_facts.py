import numpy as np
import pytest

from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import RawCorpus
from rnnexp.data.emptiness import CAUSES, why_empty
from rnnexp.data.text import TextClassification
from rnnexp.errors import DataError

RUSSIAN = "хороший фильм"
CHINESE = "电很这部欢这电影差烂无聊"
THAI = "หนังเรื่องนี้สนุกมากและนักแสดงก็เล่นดีมาก"


def corpus(texts: list[str], **settings: object) -> TextClassification:
    """A task on these texts, of two classes in turns."""

    class Given(TextClassification):
        def __str__(self) -> str:
            return "texts.csv"

        def identity(self) -> str:
            return repr(texts)

        def read(self) -> RawCorpus:
            return RawCorpus(texts, np.arange(len(texts)) % 2, ("no", "yes"))

    return Given(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        (RUSSIAN, {}, "hold letters, but none from a to z (set data.letters=unicode)"),
        (CHINESE, {"non_letters": "delete"}, "none from a to z (set data.letters=unicode)"),
        ("😡👎", {}, "hold digits or signs, but no letter (set data.non_letters=keep)"),
        ("12345", {"letters": "unicode"}, "but no letter (set data.non_letters=keep)"),
        ("<br /><hr>", {}, "hold HTML tags alone (take their rows out, or set"),
        ("", {}, "are blank (take their rows out)"),
        (" \u200b\ufeff\n", {"non_letters": "keep"}, "are blank (take their rows out)"),
    ],
)
def test_most_texts_without_words_are_refused_with_the_way_out(
    text: str, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=r"texts\.csv: 12 of 20 texts have no words") as refused:
        corpus([text] * 12 + ["good"] * 8, **settings)
    assert said in str(refused.value)
    # as many with words as without: a warning, and a count
    task = corpus([text, text, "good", "bad"] * 5, **settings)
    warning = next(line for line in task.report["warnings"] if said in line)
    assert warning.startswith("10 of 20 texts have no words: 10 ")
    assert sum(task.report["empty_texts"].values()) == task.report["without_words"] == 10


def test_the_way_out_is_one() -> None:
    """Whatever the cause, the setting that is named gives the text words."""
    cleaning = Cleaning()
    for text in (RUSSIAN, "😀", "7", "<br />"):
        cause = CAUSES[why_empty(text, cleaning)]
        assert Cleaning(**cause.change).words(text)
    task = corpus([RUSSIAN, "плохой"] * 10, letters="unicode")
    assert (task.report["warnings"], task.report["without_words"]) == ([], 0)


def test_several_causes_are_counted_apart() -> None:
    with pytest.raises(DataError, match=r"10 of 12 texts .*: 6 hold letters.*; 4 are blank"):
        corpus([RUSSIAN, RUSSIAN, RUSSIAN, "", "", "a"] * 2)


def test_only_the_texts_that_are_used_count() -> None:
    task = corpus(["good", "bad"] * 10 + [""] * 100, limit=20)
    assert (task.report["without_words"], task.report["warnings"]) == (0, [])


def test_words_per_text_and_unknown_words() -> None:
    task = corpus(["a b c d", "a"] * 4 + ["a z z z", "b"], seq_len=3, split="80/20")
    assert task.report["words_per_text"] == {
        "median": 2.5, "percentile_95": 4.0, "longer_than_seq_len": 0.5
    }  # fmt: skip
    assert task.report["unknown_words"] == {"train": 0.0, "val": None, "test": 0.6}
    assert task.report["letters_lost"] == 0


def test_lost_letters_are_a_warning_with_an_example() -> None:
    task = corpus(["una película", "otra película"] * 5)
    assert task.report["letters_lost"] == pytest.approx(1 / 11.5)
    (warning,) = task.report["warnings"]
    assert warning.startswith("8.7% of the letters are lost")
    assert "('película' becomes 'pel cula'): set data.letters=unicode" in warning
    (deleting,) = corpus(["una película", "otra"] * 5, non_letters="delete").report["warnings"]
    assert "becomes 'pelcula'" in deleting
    assert not corpus(["una película", "otra"] * 5, letters="unicode").report["warnings"]
    # a name with an accent now and then is no warning: below one in 200
    assert not corpus(["a good film of many words" * 12 + " café", "no"] * 5).report["warnings"]


@pytest.mark.parametrize("text", [CHINESE, "この映画はとても面白かったです", THAI])
def test_texts_without_spaces_are_a_warning(text: str) -> None:
    (warning,) = corpus([text, text[::-1]] * 5, letters="unicode").report["warnings"]
    assert "no spaces between their words" in warning
    spaced = " ".join(text[i : i + 3] for i in range(0, len(text), 3))
    assert not corpus([spaced, "很 好"] * 5, letters="unicode").report["warnings"]
    mixed = f"a long review in English about a film called {text}, and some words more than that"
    assert not corpus([mixed, "so it is"] * 5, letters="unicode").report["warnings"]


def test_texts_that_the_vocabulary_leaves_nothing_of() -> None:
    task = corpus(["the the", "film"] * 10, vocab_size=1, unknown="drop")
    assert task.report["empty_texts"] == {}
    (warning,) = task.report["warnings"]
    assert warning.startswith("10 of 20 texts have no word of the vocabulary")
    assert task.report["without_words"] == 10


@pytest.mark.parametrize(("unknown", "cut"), [("unk", 1.0), ("drop", 0.5)])
def test_texts_are_cut_behind_the_words_that_are_read(unknown: str, cut: float) -> None:
    task = corpus(["the the the", "a the the"] * 10, seq_len=2, vocab_size=1, unknown=unknown)
    assert task.report["words_per_text"]["longer_than_seq_len"] == cut


def test_respelt_texts_are_counted() -> None:
    task = corpus(["cafe\u0301", "caf\u00e9", "FİLM", "film"] * 5, letters="unicode")
    assert task.report["normalised_texts"] == 10
    assert task.vocabulary == ["<pad>", "<unk>", "café", "film"]
