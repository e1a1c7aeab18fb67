"""Names of files and folders."""

from pathlib import Path

from rnnexp.results.names import NAME_BYTES, safe_name, shown_path


def test_safe_names() -> None:
    assert safe_name("a b/c:d=1,2") == "a_b_c_d=1,2"
    assert len(safe_name("x" * 300)) == 120


def test_letters_of_any_alphabet_are_kept() -> None:
    """Two studies in Cyrillic are two, and not both `_`."""
    assert safe_name("опыт 1") == "опыт_1"
    assert safe_name("e\u0301te\u0301") == safe_name("été") == "été"


def test_long_names_lose_whole_words_and_stay_apart() -> None:
    one, other = (safe_name("several words " * 20 + end) for end in ("x", "y"))
    assert one != other
    assert set(one.split("_")[:-1]) == {"several", "words"}
    assert len(safe_name("長" * 200).encode()) <= NAME_BYTES


def test_a_path_is_shown_from_where_one_is(workdir: Path) -> None:
    assert shown_path(workdir / "outputs") == shown_path(Path("outputs")) == "outputs"
    assert shown_path(Path("/elsewhere")) == "/elsewhere"
