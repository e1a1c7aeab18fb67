"""Control characters are written out, and nothing else is changed."""

import logging
import unicodedata

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnexp.printable import PrintableFormatter, in_one_line, printable
from rnnexp.results.tables import aligned

texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("\x1b\x9b\x07\x85\r\n\t\u2028\u202e\u2069\ufffe\ufeff\u200d"),
    )
)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_what_is_left(text: str) -> None:
    for shown, kept in ((printable(text), "\t\n"), (in_one_line(text), "")):
        assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in kept]
        assert not set(shown) & set("\u2028\u2029\u202a\u202e\u2066\u2069")
    assert in_one_line(text).splitlines() in ([in_one_line(text)], [])
    assert yaml.safe_load(f"# {in_one_line(text)}\na: 1") == {"a": 1}


def test_letters_and_signs_stay() -> None:
    text = "été مرحبا 日本 हिन्दी 👨\u200d👩 ❤\ufe0f ‖h‖ a\u200cb \\x1b\n\tx"
    assert printable(text) == text


def test_lines_of_the_log_and_tables() -> None:
    record = logging.LogRecord("x", 20, "", 0, "%s\n%s", ("a\x1b[2J", "b\r"), None)
    assert PrintableFormatter("%(message)s").format(record) == "a\\x1b[2J\nb\\r"
    assert aligned([["word", "n"], ["a\x1bb\n", "1"]]).splitlines() == [
        "word      n",
        "-----------",
        "a\\x1bb\\n  1",
    ]
