import random
import unicodedata
from dataclasses import asdict

import pytest

from rnnexp.data.cleaning import Cleaning

TEXT = "The good, the BAD<br />and the ugly."


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "the good the bad and the ugly"),
        ({"lowercase": False}, "The good the BAD and the ugly"),
        ({"strip_html": False}, "the good the bad br and the ugly"),
        ({"strip_html": False, "non_letters": "delete"}, "the good the badbr and the ugly"),
        ({"non_letters": "keep"}, "the good, the bad and the ugly."),
    ],
)
def test_cleaning(options: dict[str, object], words: str) -> None:
    assert " ".join(Cleaning(**options).words(TEXT)) == words  # type: ignore[arg-type]


def test_entities_and_accents() -> None:
    assert Cleaning().words("It's a film &amp; a half") == ["it", "s", "a", "film", "a", "half"]
    assert Cleaning().words("Café 7") == ["caf"]
    assert Cleaning(letters="unicode").words("Café 7_x²") == ["café", "x"]
    assert Cleaning(letters="unicode").words("हिन्दी สวัสดี") == ["हिन्दी", "สวัสดี"]
    assert Cleaning().words("&#65;BC &lt;br&gt; x") == ["abc", "x"]
    assert Cleaning().words("2 < 3 and 4 > 1") == ["and"]


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("non_letters", ["space", "delete", "keep"])
@pytest.mark.parametrize("letters", ["ascii", "unicode"])
def test_one_text_in_two_spellings_has_the_same_words(
    lowercase: bool, non_letters: str, letters: str
) -> None:
    cleaning = Cleaning(lowercase, True, non_letters, letters)  # type: ignore[arg-type]
    for text in ("Le CAFÉ, tr\u00e8s-génial &eacute; J\u030c", "KÖTÜ FİLM Ị\u0307", "e-\u0301"):
        composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
        words = cleaning.words(composed)
        assert words == cleaning.words(apart)
        assert words == [unicodedata.normalize("NFC", word) for word in words]
    assert cleaning.words("caf&eacute;") == cleaning.words("cafe&#769;")


def test_turkish_capitals() -> None:
    for text in ("FİLM film", unicodedata.normalize("NFD", "FİLM film")):
        assert Cleaning(letters="unicode").words(text) == ["film", "film"]


def test_what_version_0_1_trained_is_asked_in_its_own_words() -> None:
    recorded = {"lowercase": True, "strip_html": True, "non_letters": "space", "letters": "unicode"}
    assert Cleaning.of(recorded).words("FİLM cafe\u0301") == ["fi\u0307lm", "cafe\u0301"]
    now = Cleaning(letters="unicode")
    assert Cleaning.of(asdict(now)) == now
    assert now.without_normalising() == Cleaning.of(recorded)


@pytest.mark.parametrize(
    ("options", "lost"),
    [({}, 2), ({"letters": "unicode"}, 0), ({"non_letters": "keep"}, 0), ({"lowercase": False}, 2)],
)
def test_letters_that_are_in_no_word_are_counted(options: dict[str, object], lost: int) -> None:
    cleaning = Cleaning(**options)  # type: ignore[arg-type]
    for text in ("Una película, 7 años!", "Una peli\u0301cula, 7 an\u0303os!"):
        assert cleaning.words_and_lost_letters(text) == (cleaning.words(text), lost)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("strip_html", [True, False])
@pytest.mark.parametrize("non_letters", ["space", "delete", "keep"])
@pytest.mark.parametrize("letters", ["ascii", "unicode"])
def test_ascii_texts_have_the_same_words_by_a_table(
    lowercase: bool, strip_html: bool, non_letters: str, letters: str
) -> None:
    """As by the steps that every text can be taken through: each character, tags, entities."""
    cleaning = Cleaning(lowercase, strip_html, non_letters, letters)  # type: ignore[arg-type]
    around = [f"Ab{chr(code)}Cd" for code in range(128)]
    html = ["x<br />Y", "a &amp; B", "&lt;i&gt;Z", "caf&eacute; X", "3 < 4 &nbsp;<b", "&#65;&#0;"]
    rng = random.Random(0)
    drawn = ["".join(chr(rng.randrange(128)) for _ in range(60)) for _ in range(300)]
    for text in ("", "7!", *around, *html, *drawn):
        by_steps = cleaning.split(cleaning.prepared(text))
        assert cleaning.words(text) == by_steps, repr(text)
        assert cleaning.words_and_lost_letters(text)[0] == by_steps
