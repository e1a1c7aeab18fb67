"""Words found in many texts at once are those that are found text by text."""

import csv
import hashlib
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnexp.data import words_of_texts
from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import RawCorpus, TokenisedCorpus, tokenise
from rnnexp.data.emptiness import why_empty

CLEANINGS = [
    Cleaning(lowercase, strip_html, non_letters, letters)  # type: ignore[arg-type]
    for lowercase, strip_html, non_letters, letters in product(
        (True, False), (True, False), ("space", "delete", "keep"), ("ascii", "unicode")
    )
]
CLEANINGS += [cleaning.without_normalising() for cleaning in CLEANINGS[::5]]

#: What texts are made of: what is read in some way of its own stands beside plain characters.
PIECES = [
    "the ", "Film", "film", "BAD,", " ", "  ", "\n", "\t", "\x00", "\x1c", "\x7f", "7", "it's",
    "<br />", "<br>", "<b", "<", ">", "/>", "</i>", "<i class='x'>", "< b>", "&amp;", "&lt;br&gt;",
    "&eacute;", "&#65;", "&#0;", "&", ";", "caf\u00e9", "cafe\u0301", "\u0301", "\u0338",
    "F\u0130LM", "i\u0307", "J\u030c", "\u212a", "\u03a3", "\u00a0", "\u2028", "\u0085", "\u200b",
    "co\u00adop", "\u7535\u5f71", "\U0001f600", "\u0939\u093f\u0928\u094d", "x\u00b2", "\xff",
    "\x96", "\ufeff",
]  # fmt: skip
TEXTS = st.lists(
    st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.text(max_size=20)),
    max_size=12,
)


def one_by_one(texts: Sequence[str], cleaning: Cleaning) -> TokenisedCorpus:
    """As up to version 0.4, in a few lines."""
    numbers: dict[str, int] = {}
    tokens, offsets, digests, lost, normalised, empty = [], [0], [], [], [], []
    before = cleaning.without_normalising()
    for text in texts:
        words, lost_letters = cleaning.words_and_lost_letters(text)
        tokens += [numbers.setdefault(word, len(numbers)) for word in words]
        offsets.append(len(tokens))
        digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()
        digests.append(int.from_bytes(digest, "little"))
        lost.append(lost_letters)
        normalised.append(words != before.words(text))
        empty.append(0 if words else why_empty(text, cleaning))
    return TokenisedCorpus(
        tuple(numbers), np.array(tokens, np.int32), np.array(offsets, np.int64),
        np.array(digests, np.uint64), np.array(lost, np.int64), np.array(normalised, bool),
        np.array(empty, np.uint8), np.zeros(len(texts), np.int64), ("x",), None, {}, (), False,
    )  # fmt: skip


def assert_same(texts: Sequence[str], cleaning: Cleaning) -> None:
    made = tokenise(RawCorpus(texts, np.zeros(len(texts), np.int64), ("x",)), cleaning)
    expected = one_by_one(texts, cleaning)
    assert made.words == expected.words
    for name in ("tokens", "offsets", "digests", "lost_letters", "normalised", "empty"):
        array, wanted = getattr(made, name), getattr(expected, name)
        assert array.dtype == wanted.dtype, name
        assert array.tolist() == wanted.tolist(), name


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from(CLEANINGS), st.sampled_from([1, 7, 30, 4_000_000]))
def test_generated_texts(texts: list[str], cleaning: Cleaning, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words_of_texts, "AT_ONCE", at_once)
        assert_same(texts, cleaning)


@pytest.mark.parametrize("cleaning", CLEANINGS)
def test_tags_and_entities_end_where_texts_do(cleaning: Cleaning) -> None:
    """What one text begins, the next one does not end."""
    texts = [
        "a <b",
        "r /> c",
        "d <",
        "i> e",
        "f &am",
        "p; g",
        "",
        "<",
        "",
        ">",
        "h <b<br />> k",
        "l<",
    ]
    assert_same(texts, cleaning)
    assert_same(
        ["<" + "x" * 300 + ">", "<" + "x" * 301 + "> <b\nr>", "<br /><BR/><br />"], cleaning
    )


@pytest.mark.parametrize("texts", [[], [""], ["", "7", " "], ["\u00e9", ""], ["a"]])
def test_few_words(texts: list[str]) -> None:
    for cleaning in (Cleaning(), Cleaning(non_letters="keep"), Cleaning(letters="unicode")):
        assert_same(texts, cleaning)


def test_every_character_between_letters() -> None:
    """In plain text and in one that is not: all of the first plane, a few hundred at a time."""
    codes = [code for code in range(0x3000) if not 0xD800 <= code < 0xE000]
    texts = [
        "".join(f"Ab{chr(code)}Cd " for code in codes[i : i + 200]) for i in range(0, 0x3000, 200)
    ]
    for cleaning in (Cleaning(), Cleaning(letters="unicode"), Cleaning(non_letters="delete")):
        assert_same(texts, cleaning)


@pytest.mark.realdata
def test_real_reviews(realdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (realdata / "imdb_subset.csv").open(newline="", encoding="utf-8") as file:
        texts = [review for review, _ in csv.reader(file)][1:]
    monkeypatch.setattr(words_of_texts, "AT_ONCE", 300_000)
    second_notebook = Cleaning(strip_html=False, non_letters="delete")
    for cleaning in (Cleaning(), second_notebook, Cleaning(non_letters="keep", letters="unicode")):
        assert_same(texts, cleaning)
