import re

import pytest

from rnnexp.data.columns import choose
from rnnexp.errors import DataError


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["text", " label"], ("text", "label")),
        (["\ufefftext", "label\u200b"], ("text", "label")),
        (["cafe\u0301", "label"], ("caf\u00e9", "label")),
        (["0", "1"], (0, 1)),
        (["0", "1"], ("0", "1")),
        (["label", "label"], (0, 1)),
    ],
)
def test_a_column_by_its_name_or_number(
    header: list[str], names: tuple[str | int, str | int]
) -> None:
    assert choose("f.csv", header, *names) == (0, 1)


def test_a_name_comes_before_a_number() -> None:
    assert choose("f.csv", ["1", "0"], 0, 1) == (1, 0)


@pytest.mark.parametrize(
    ("header", "names", "message"),
    [
        (["text", "label", " label"], ("text", "label"),
         "2 columns 'label': rename one, or give the number of the one that is meant, counted from "
         "0: data.label_column=1 or data.label_column=2"),
        (["texts", "label"], ("text", "label"), "no column 'text', only texts, label; set "
         "data.text_column to one of them, or to its number, counted from 0; did you mean 'texts'?",
         ),
        (["a", "b"], (0, 2), "no column '2'"),
        (["a", "b"], (0, "a"), "data.text_column=0 and data.label_column=a are one column"),
    ],
)  # fmt: skip
def test_what_names_no_two_columns_is_refused(
    header: list[str], names: tuple[str | int, str | int], message: str
) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        choose("f.csv", header, *names)
