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
