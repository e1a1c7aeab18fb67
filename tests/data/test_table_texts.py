"""Files of their own for validation and for the test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.data.csv import Csv
from rnnexp.data.splits import SPLITS
from rnnexp.errors import DataError
from tests.conftest import TINY, Outcome

ROWS = {
    "train": [f"zug wort{i},{'gut' if i % 2 else 'schlecht'}" for i in range(40)],
    "val": [f"zug wort{i} neu,{'gut' if i % 2 else 'schlecht'}" for i in range(12)],
    "test": [f"fremd wort{i},{'gut' if i % 2 else 'schlecht'}" for i in range(20)],
}


def write(**rows: list[str]) -> None:
    for name, lines in {**ROWS, **rows}.items():
        Path(f"{name}.csv").write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")


def load(*given: str, **settings: object) -> Csv:
    own = {f"{name}_path": f"{name}.csv" for name in given}
    return Csv(path="train.csv", cache_dir="cache", letters="unicode", **own, **settings)


@pytest.mark.parametrize(
    ("given", "settings", "sizes"),
    [
        (("val", "test"), {}, [40, 12, 20]),
        (("test",), {}, [35, 5, 20]),  # 80:10
        (("test",), {"split": "50/50/0"}, [20, 20, 20]),
        (("test",), {"split": "100/0/0"}, [40, 0, 20]),
        (("val",), {}, [35, 12, 5]),
        (("val",), {"split": "75/25"}, [30, 12, 10]),
        (("val", "test"), {"limit": 36}, [20, 6, 10]),
        (("val", "test"), {"shuffle_seed": 3}, [40, 12, 20]),
        (("test",), {"stratify": True, "split": "50/50/0"}, [20, 20, 20]),
    ],
)
def test_each_split_has_its_own_file(
    given: tuple[str, ...], settings: dict[str, object], sizes: list[int]
) -> None:
    write()
    task = load(*given, **settings)
    assert [len(task.split(name)) for name in SPLITS] == sizes
    assert task.vocabulary is not None
    assert "fremd" not in task.vocabulary  # of the test file alone
    unknown = task.report["unknown_words"]["test"]
    assert unknown >= 0.5 if "test" in given else unknown < 0.6
    where = "files of their own" if len(given) == 2 else "a file of their own"
    assert where in task.report["notes"][0]


def test_chance_is_that_of_the_test_file() -> None:
    """Its shares are what a constant answer is worth there, whatever those of training are."""
    write(test=[f"zug wort{i},{'gut' if i % 10 else 'schlecht'}" for i in range(40)])
    assert load("test").chance["accuracy"] == 0.9
    assert load("val").chance["accuracy"] == 0.5


def test_what_is_said_of_a_row_names_its_file() -> None:
    write(test=[*ROWS["test"], "ein wort,Gut"])
    with pytest.raises(DataError, match=r"test.csv: row 21 has the label 'Gut' where row 2 of tr"):
        load("test")
    write(val=["ein wort,"])
    with pytest.raises(DataError, match=r"val.csv: row 1 has no 'label' \(line 2\)"):
        load("val")
    write(test=[*["!!!,gut", "!!!,schlecht"] * 60, *ROWS["test"]])
    with pytest.raises(DataError, match=r"^train.csv, val.csv, test.csv: 120 of 192 texts have no"):
        load("val", "test")
    write(val=["ein wort,gut"])
    Path("val.csv").write_text("body,label\na,gut\n")
    with pytest.raises(DataError, match=r"val.csv has no column 'text', only body, label"):
        load("val")


def test_a_class_that_was_never_trained_on_is_refused_or_counted() -> None:
    write(test=[*ROWS["test"], "ein wort,mittel", "zwei,mittel"], val=["x,anders", *ROWS["val"]])
    with pytest.raises(DataError, match=r"val.csv: row 1 has a class that no row of train.csv has"):
        load("val", "test")
    task = load("val", "test", new_labels="drop")
    assert task.report["rows_with_new_label"] == {"anders": 1, "mittel": 2}
    assert task.classes == ("gut", "schlecht")
    assert [len(task.split(name)) for name in SPLITS] == [40, 12, 20]
    assert task.split("test").targets[:3].tolist() == [1, 0, 1]
    assert any("'mittel' 2" in note for note in task.report["notes"])
    write(test=["ein wort,mittel"])
    with pytest.raises(DataError, match=r"test.csv: every row is left out"):
        load("test", new_labels="drop")


def test_texts_in_two_files_are_counted() -> None:
    write(test=[*ROWS["test"], *ROWS["train"][:3]], val=ROWS["train"][:2])
    report = load("val", "test").report
    assert (report["test_duplicates_of_train"], report["val_duplicates_of_train"]) == (3, 2)


def test_another_file_is_another_run() -> None:
    write()
    alone, both = load(), load("val", "test")
    assert alone.content.endswith(" ('text', 'label')")  # as before there were such files
    write(val=[*ROWS["val"], "noch ein wort,gut"])
    assert both.current_content() != both.content
    assert len(load("val", "test").split("val")) == 13  # the cache is another, too


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("data.test_path=train.csv",), "data.test_path=train.csv holds the same bytes as path"),
        (("data.test_path=test.csv", "data.split=80/20"), "type split=80/20/0 for train/valid"),
        (
            ("data.test_path=test.csv", "data.val_path=val.csv", "data.split=80/20"),
            "data.split=80/20 has nothing to divide",
        ),
        (
            ("data.test_path=test.csv", "data.val_path=val.csv", "data.stratify=true"),
            "data.stratify=true divides each class of path",
        ),
        (("data.new_labels=drop",), "data.new_labels=drop is about the labels of val_path"),
        (("data.test_path=none.csv",), "none.csv: there is no such file"),
        (("data.cut=end",), "data.cut must be 'first', 'last' or 'middle' (got end)"),
        (("data.tokens=letters",), "data.tokens must be 'words' or 'subwords' (got letters)"),
    ],
)
def test_contradictions_are_one_line(
    rnnexp: Callable[..., Outcome], words: tuple[str, ...], said: str
) -> None:
    write()
    outcome = rnnexp("data=csv", "data.path=train.csv", *TINY, *words)
    assert outcome.status == 2
    assert said in outcome.error
    assert not Path("outputs").exists()


@pytest.mark.realdata
def test_real_reviews_in_three_files(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], realdata: Path
) -> None:
    import pandas as pd

    from rnnexp.results.runs import RunDirectory

    reviews = pd.read_csv(realdata / "imdb_subset.csv")
    for name, part in (("a", reviews[:400]), ("b", reviews[400:500]), ("c", reviews[490:600])):
        part.to_csv(f"{name}.csv", index=False)
    outcome = rnnexp(
        "data=imdb", "data.path=a.csv", "data.val_path=b.csv", "data.test_path=c.csv",
        "data.cut=last", "data.tokens=subwords", "data.vocab_size=1000", "seq_len=60", "model=bag",
        "embedding.dim=4", "trainer.epochs=1", "plots=false", "probes=none", "threads=1",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    run = RunDirectory.open(run_directory())
    report = run.summary.data_report
    assert [report[name] for name in SPLITS] == [400, 100, 110]
    assert report["test_duplicates_of_train"] == 0
    assert "their last 60 subwords are read" in outcome.out
    run.check("tokenizer.json")
    (run.path / "tokenizer.json").write_text("{}")
    refused = rnnexp("predict", str(run.path), "a good film")
    assert refused.status == 2
    assert "tokenizer.json" in refused.error
