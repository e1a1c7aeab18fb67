"""Labels as they are written, and the classes that they mean."""

import pytest

from rnnexp.data.labels import LabelCase, Labelled, Missing, read_labels
from rnnexp.data.table import Table
from rnnexp.errors import DataError


def read(
    labels: list[object], missing: Missing | None = None, case: LabelCase | None = None
) -> Labelled:
    lines = range(2, len(labels) + 2)
    table = Table("f.csv", ("text", "stars"), ["a text"] * len(labels), labels, lines)
    return read_labels(table, missing, case)


@pytest.mark.parametrize(
    ("one", "other"),
    [("pos", " pos"), ("pos", "pos\u200b"), ("pos", "\ufeffpos"), ("pos", "pos\xa0"),
     ("very good", "very  good"), ("caf\u00e9", "cafe\u0301"), ("1", "1.0"), ("1", "1.000"),
     (1, "1.0"), (1, 1.0), ("0", "-0.0")],
)  # fmt: skip
def test_what_looks_or_counts_alike_is_one_class_and_is_said(one: object, other: object) -> None:
    labelled = read([one, "neg", one, other, "neg"])
    name = str(one)
    assert labelled.classes == tuple(sorted(["neg", name]))
    assert labelled.labels.tolist() == [labelled.classes.index(c) for c in
                                        (name, "neg", name, name, "neg")]  # fmt: skip
    if str(one) != str(other):
        assert labelled.facts["labels_merged"] == {name: {str(other): 1}}
        assert f"1 {str(other)!r} as '{name}'" in labelled.notes[0]


@pytest.mark.parametrize("labels", [["1.5", "1"], ["01", "1"], ["v1.0", "v1"], ["ﬁne", "fine"]])
def test_what_may_mean_two_things_stays_two(labels: list[object]) -> None:
    labelled = read(labels * 2)
    assert len(labelled.classes) == 2
    assert not labelled.facts
    assert not labelled.read_anew


def test_one_spelling_alone_keeps_its_name() -> None:
    """A file that was fine before has the classes that it had."""
    labelled = read(["1.0", "0.0", " 1.0 ", "0.0"])
    assert labelled.classes == ("0.0", "1.0")
    assert not labelled.read_anew
    assert read(["1.0", "0.0", "1", "1"]).read_anew


def test_capitals_are_asked_about() -> None:
    labels: list[object] = ["neg", "pos", "neg", "Pos", "pos", "POS", "pos", "pos"]
    with pytest.raises(
        DataError, match=r"row 4 .*'Pos' where row 2 has 'pos' \(line 5\)"
    ) as caught:
        read(labels)
    assert "data.label_case=ignore" in str(caught.value)
    ignored = read(labels, case="ignore")
    assert ignored.classes == ("neg", "pos")
    assert ignored.facts["labels_merged"] == {"pos": {"POS": 1, "Pos": 1}}
    kept = read(labels, case="keep")
    assert kept.classes == ("POS", "Pos", "neg", "pos")
    assert not kept.facts


@pytest.mark.parametrize("nothing", [None, "", " \u200b", "nan", "NaN", "None", "NULL", "N/A"])
def test_a_missing_label_is_refused_or_dropped_and_counted(nothing: object) -> None:
    labels = ["neg", "pos", nothing, "neg", nothing, "pos"]
    with pytest.raises(
        DataError, match=r"row 3 has no 'stars' \(line 4\), nor have 1 more"
    ) as caught:
        read(labels)
    assert "data.missing_labels=drop" in str(caught.value)
    dropped = read(labels, missing="drop")
    assert (list(dropped.rows), dropped.labels.tolist()) == ([0, 1, 3, 5], [0, 1, 0, 1])
    assert dropped.facts["rows_without_label"] == 2
    assert "2 of 6 rows have no 'stars' and are left out" in dropped.notes
    if nothing in (None, "", " \u200b"):
        with pytest.raises(DataError, match="row 3 has no"):
            read(labels, missing="keep")
    else:
        assert read(labels, missing="keep").classes == tuple(sorted(["neg", "pos", str(nothing)]))


def test_words_that_are_classes_are_none_of_them() -> None:
    assert read(["none", "mild", "none", "mild"]).classes == ("mild", "none")


def test_a_table_without_any_label() -> None:
    with pytest.raises(DataError, match="no row has a 'stars'"):
        read([None, "nan"], missing="drop")
