"""Text with separators to rows: all of them, or the one that cannot be told is named."""

import csv
import io
import random
import re

import pytest

from rnnexp.data.delimited import Delimited, read_delimited
from rnnexp.data.records import Quotes, separator_of
from rnnexp.errors import DataError

COLUMNS = ("text", "label")


def read(text: str, **options: object) -> Delimited:
    return read_delimited("f.csv", text, COLUMNS, **options)  # type: ignore[arg-type]


def fields(text: str, **options: object) -> list[list[str]]:
    return [list(record.fields) for record in read(text, **options).records]


def rows(count: int, begin: int = 0) -> list[str]:
    return [f"film number {i},{('neg', 'pos')[i % 2]}" for i in range(begin, begin + count)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_under_which_the_header_holds_the_columns(separator: str) -> None:
    held = "a, b; c | d\te"
    made = read(separator.join(["id", "text", "label\n1", f'"{held}"', "x\n"]))
    assert (made.separator, list(made.records[0].fields)) == (separator, ["1", held, "x"])


def test_a_first_line_for_excel_says_it_and_is_no_row() -> None:
    made = read("sep=#\r\ntext#label\r\na,b#x\r\n")
    assert (made.separator, made.records[0].line) == ("#", 3)
    assert list(made.records[0].fields) == ["a,b", "x"]
    assert read("sep=;\ntext,label\na,x\n", separator=",").header == ["text", "label"]


@pytest.mark.parametrize("words", ["", "ab", '"', "\n", "commas"])
def test_what_can_separate_nothing_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="separator must be comma, tab"):
        separator_of(words)


@pytest.mark.parametrize("swallowed", [1, 2, 20])
@pytest.mark.parametrize("label_first", [False, True])
def test_a_stray_quote_takes_in_no_rows(swallowed: int, label_first: bool) -> None:
    """CSV has it that all up to the next quote is one text, and every reader takes it so."""
    lines = rows(40)
    lines[3] = '"' + lines[3]
    lines[3 + swallowed] = lines[3 + swallowed].replace(",", '",')
    header = "text,label"
    if label_first:
        lines = [",".join(reversed(line.replace('"', "").split(","))) for line in lines]
        lines[3] = lines[3].replace(",", ',"')
        lines[3 + swallowed] += '"'
        header = "label,text"
    text = "\n".join([header, *lines])
    assert len(list(csv.reader(io.StringIO(text)))) == 41 - swallowed
    with pytest.raises(
        DataError, match=rf"row 4 \(line 5\) .*up to line {5 + swallowed}"
    ) as caught:
        read(text)
    assert "data.quotes=none" in str(caught.value)
    assert len(fields(text, quotes="none")) == 40
    assert len(fields(text, quotes="doubled")) == 40 - swallowed


def test_a_stray_quote_with_quoted_rows_behind_it() -> None:
    """quotes=none is advised where it reads the whole file, and not this line alone."""
    lines = rows(30)
    lines[3] = '"' + lines[3]
    lines[9] = '"so, they say",pos'
    with pytest.raises(DataError, match=r"row 4 has more fields .*quote that opens in line 5 is"):
        read("\n".join(["text,label", *lines]))
    lines[9] = 'so they say "well,pos'
    with pytest.raises(DataError, match=r"quotes=none"):
        read("\n".join(["text,label", *lines]))


@pytest.mark.parametrize("quotes", [None, "backslash", "doubled"])
def test_a_quote_that_is_never_closed(quotes: Quotes | None) -> None:
    lines = rows(10)
    lines[6] = '"' + lines[6]
    with pytest.raises(DataError, match=r"a quote opened in row 7 is never closed \(line 8\)"):
        read("\n".join(["text,label", *lines]), quotes=quotes)
    with pytest.raises(DataError, match="opened in the header is never closed"):
        read('"text,label\na,b\n')


def test_texts_of_several_lines_are_texts() -> None:
    """One of their lines may look like a row: the first one does where the label stands first."""
    text = 'label,text\nneg,"one\r\ntwo, three\r\n\r\npos, she said"\npos,"a ""b"" c\nd"\n'
    assert fields(text) == [
        ["neg", "one\r\ntwo, three\r\n\r\npos, she said"], ["pos", 'a "b" c\nd']
    ]  # fmt: skip
    assert [record.line for record in read(text).records] == [2, 6]
    assert fields('text,label\n"so, pos\nit is, really",neg\nx,pos\n')[0][0].count("\n") == 1


def test_every_reading_is_that_of_the_csv_module_where_nothing_is_wrong() -> None:
    """Random tables as they are written by a program."""
    generator = random.Random(0)
    for _ in range(30):
        words = ["a", "b,c", '"', '""d', "\n", " ", "pos", "'", "\\", "é"]
        table = [
            ["".join(generator.choices(words, k=generator.randrange(1, 9))) + "w", "pos"]
            for _ in range(20)
        ]
        written = io.StringIO()
        csv.writer(written, quoting=generator.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])).writerows(
            [["text", "label"], *table]
        )
        assert fields(written.getvalue(), quotes="doubled") == table


def test_one_quote_too_many_or_too_few_loses_no_row() -> None:
    """Anywhere in random tables: as many rows as there are, or the one that cannot be told."""
    generator = random.Random(1)
    words = ["good", "bad", "film,", "so,", "\n", '"hm"', "it's", "I"]
    refused = 0
    for trial in range(400):
        table = [
            [" ".join(generator.choices(words, k=5)) + " x", generator.choice(["neg", "pos"])]
            for _ in range(12)
        ]
        header = ["text", "label"]
        if trial % 2:
            table, header = [row[::-1] for row in table], header[::-1]
        written = io.StringIO()
        csv.writer(written, quoting=generator.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])).writerows(
            [header, *table]
        )
        text = written.getvalue()
        assert fields(text) == table
        begin = text.index("\n") + 1
        at = generator.choice([i for i in range(begin, len(text)) if text[i] == '"'] or [begin])
        with_one_more = text[: at + trial % 3] + '"' + text[at + trial % 3 :]
        for faulty in (with_one_more, text[:at] + text[at + 1 :]):
            try:
                found = fields(faulty)
            except DataError as error:
                refused += bool(re.search(r"row \d+ ", str(error)))
            else:
                assert len(found) >= len(table)
    assert 200 < refused < 800


def test_a_label_of_several_lines_is_several_rows() -> None:
    text = 'label,text\n"neg,a film\npos",another\npos,b\n'
    with pytest.raises(DataError, match=r"row 1 \(line 2\) .*the label has several lines"):
        read(text)


def test_a_text_of_several_lines_with_a_quote_that_is_not_doubled() -> None:
    text = 'text,label\n"one\nsaid "so", then",x\nb,y\n'
    with pytest.raises(DataError, match="more"):
        read(text)
    slashed = 'text,label\n"he \\"said\\" one\ntwo",x\nb,y\n'
    with pytest.raises(DataError, match=r"row 1 .*data\.quotes=backslash"):
        read(slashed)
    assert fields(slashed, quotes="backslash")[0] == ['he "said" one\ntwo', "x"]


def test_backslashes_before_quotes() -> None:
    within = 'text\tlabel\n"a \\"b\\" c"\tx\n'
    assert (fields(within), read(within).backslashed) == ([['a "b" c', "x"]], 1)
    across = 'text,label\n"a \\"b, c\\" d",x\n'
    with pytest.raises(DataError, match=re.escape('inner quotes are written \\"')) as caught:
        read(across)
    assert "row 1" in str(caught.value)
    assert "data.quotes=backslash" in str(caught.value)
    assert fields(across, quotes="backslash") == [['a "b, c" d', "x"]]
    # a backslash that is none of them stays
    assert fields('text,label\n"C:\\dir \\"x\\"","y\\\\"\n', quotes="backslash") == [
        ['C:\\dir "x"', "y\\\\"]
    ]


def test_a_space_before_a_quote() -> None:
    text = 'label, text\nx, "a, b"\n'
    with pytest.raises(DataError, match=r"row 1 .*a space stands before.*data\.quotes=spaced"):
        read(text)
    assert fields(text, quotes="spaced") == [["x", "a, b"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text,label\na,x\nb\n", r"row 2 has too few fields \(line 3 has 1 field where 2"),
        ("label,text\nx\ny,b\n", r"row 1 has too few fields \(line 2"),
        ("text,label\n\n\na,x\nb,c,y\n", r"row 2 has more fields .*\(line 5 has 3 fields where 2"),
        ("text,label\nit's 6\" long, I say,x\n", "row 1 has more fields.*commas.*between quotes"),
        ("text;label\na;b;x\n", "texts with ';' or line breaks between quotes"),
        ("\n \n", "f.csv is empty"),
    ],
)
def test_a_row_without_the_right_fields_is_named(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(text)


def test_what_holds_nothing_is_no_row() -> None:
    """Blank lines, rows of separators that spreadsheets write, empty columns behind the last."""
    text = "text,label,\n\na,x,\n,,\n  \nb,y,,,\n,\n\n"
    assert [record.fields[:2] for record in read(text).records] == [["a", "x"], ["b", "y"]]


def test_a_text_of_any_length() -> None:
    limit = csv.field_size_limit()
    assert len(fields(f"text,label\n{'a' * 200_000},x\n")[0][0]) == 200_000
    assert csv.field_size_limit() == limit
