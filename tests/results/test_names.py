"""Names of files and folders."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnexp.results.names import (
    NAME_BYTES,
    NAME_LENGTH,
    name_of_version_0_3,
    readable_name,
    safe_name,
    shown_path,
)

#: Texts that people type, and what file systems, shells and globs read as something else.
NAMES = (
    "日本", "مرحبا", "😀", "🇩🇪", "हिन्दी", "été", "опыт", "❤", "❤\ufe0f", "👨\u200d👩",
    "*", "?", "[a]", "[ab]", "a", "a b", "a_b", "a\tb", "a\nb", "a/b", "a\\b", "a:b", "$a", "~a",
    "-a", "a.", "a ", " a", ".a", "..", ".", "", "CON", "con", "nul.txt", "NUL", "COM1", "CONSOLE",
    "\u0301", "\u0301\u0302", "\u200d", "\u202ea", "\ufeffa", "a\u2028b", "a\x1bb", "a@b", "a_b@x",
    "x" * 119, "x" * 120, "x" * 121, "x" * 255, "長" * 50, "長" * 91, "sweep_12345678",
    "several words " * 20 + "x", "several words " * 20 + "y",
)  # fmt: skip

anything = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=150),
    st.text("ab_.@ /0\u0301", max_size=12),
)


def test_safe_names() -> None:
    assert safe_name("a_b.c=1,2") == "a_b.c=1,2"
    assert safe_name("a b/c:d=1,2").startswith("a_b_c_d=1,2@")
    assert len(safe_name("x" * 300)) == NAME_LENGTH


def test_letters_of_any_alphabet_are_kept() -> None:
    """Two studies in Cyrillic are two, and not both `_`."""
    for name in ("опыт_1", "日本", "مرحبا", "😀", "🇩🇪", "हिन्दी", "été"):
        assert safe_name(name) == readable_name(name) == name
    assert safe_name("e\u0301te\u0301") == safe_name("été") == "été"


def test_unlike_names_have_unlike_names() -> None:
    assert len({safe_name(name) for name in NAMES}) == len(NAMES)


@settings(max_examples=300, deadline=None)
@given(anything, anything)
def test_every_name_can_be_one_of_a_folder(one: str, other: str) -> None:
    name = safe_name(one)
    assert 0 < len(name) <= NAME_LENGTH
    assert len(name.encode()) <= NAME_BYTES
    assert name[0] not in ".~" and name[-1] not in ". "  # noqa: PT018
    assert not set(name) & set(" /\\*?[]:;<>|\"'$`!&#%(){}\n\t\x1b\u202e\u2028")
    assert safe_name(name) == name == unicodedata.normalize("NFC", name)
    assert safe_name(unicodedata.normalize("NFD", one)) == name
    alike = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    # a name that is itself the folder's of another text is that folder's
    assert (safe_name(other) == name) == (alike or other == name or one == safe_name(other))


def test_names_of_devices_are_others(workdir: Path) -> None:
    for name in ("CON", "nul", "aux.txt", "COM1", "lpt9.a.b"):
        assert safe_name(name).partition("@")[0] == f"_{name}"
    assert safe_name("CONSOLE") == "CONSOLE"


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_can_be_made(workdir: Path, name: str) -> None:
    Path(safe_name(name)).mkdir()
    assert [path.name for path in workdir.iterdir()] == [safe_name(name)]
    assert not name or len(list(workdir.glob("*"))) == 1


def test_long_names_lose_whole_words_and_stay_apart() -> None:
    one, other = (safe_name("several words " * 20 + end) for end in ("x", "y"))
    assert one != other
    assert set(one.partition("@")[0].split("_")) == {"several", "words"}
    assert len(safe_name("長" * 200).encode()) <= NAME_BYTES
    assert len(readable_name("長" * 200).encode()) <= NAME_BYTES


def test_names_of_an_earlier_version_are_known() -> None:
    """As version 0.3 made them."""
    assert name_of_version_0_3("😀") == name_of_version_0_3("*") == "_"
    assert name_of_version_0_3("a b/c:d=1,2") == "a_b_c_d=1,2"
    assert name_of_version_0_3("x" * 300) == "x" * 111 + "_0d4e2ca9"
    assert name_of_version_0_3("several words " * 20).endswith("_words_60ac77da")


def test_a_path_is_shown_from_where_one_is(workdir: Path) -> None:
    assert shown_path(workdir / "outputs") == shown_path(Path("outputs")) == "outputs"
    assert shown_path(Path("/elsewhere")) == "/elsewhere"
