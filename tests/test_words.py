import unicodedata

import pytest

from rnnexp.words import PAD, UNK, first_word_id, normalised

#: One letter and its mark, two marks in either order, a Hangul syllable, a sign with an own code.
SPELLINGS = ["café", "ệ", "한국어", "Å", "ở phở", "İstanbul"]


@pytest.mark.parametrize("text", SPELLINGS)
def test_canonically_equivalent_texts_are_one(text: str) -> None:
    spelt = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    assert {normalised(spelling) for spelling in spelt} == {unicodedata.normalize("NFC", text)}


@pytest.mark.parametrize("text", ["Batman™", "x²", "ﬁlm", "½", "ＡＢＣ", "straße"])
def test_what_only_looks_alike_stays_apart(text: str) -> None:
    assert normalised(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\ufefffilm", "film"),
        ("fi\u00adlm", "film"),
        ("film\u200e\u2060", "film"),
        ("می\u200cخواهم", "میخواهم"),
        ("❤\ufe0f", "❤"),
        ("a\u034f\u0301", "á"),  # a joiner between letter and mark
        ("สวย\u200bมาก", "สวย มาก"),  # Thai's space of no width
        ("plain ASCII\t<b>", "plain ASCII\t<b>"),
    ],
)
def test_what_nobody_sees_is_left_out(text: str, seen: str) -> None:
    assert normalised(text) == seen
    assert normalised(seen) == seen


def test_the_specials_come_first() -> None:
    assert first_word_id([PAD, UNK, "a"]) == 2
    assert first_word_id([PAD, "a", UNK]) == first_word_id([PAD]) == 1
