"""A table of texts is answered as its texts are, one by one."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rnnexp.experiment import answers
from rnnexp.experiment.answers import Answers
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY_MODEL, Outcome

Rnnexp = Callable[..., Outcome]

#: Nasty ones among them: of several lines, with quotes and separators, without known words.
TEXTS = [
    "good film", 'he said "good, bad"', "two\nlines of a\r\ngood film", "zebra", "", "=cmd()|good",
    "GOOD <br /> film; very", "bad bad bad bad bad bad bad bad", "😀", "a\tgood\u00a0one", "text",
]  # fmt: skip


@pytest.fixture
def trained(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> Callable[..., Path]:
    def train(*words: str) -> Path:
        rows = [f"a {'good' if i % 2 else 'bad'} film of {i},{i % 2}" for i in range(30)]
        Path("t.csv").write_text("\n".join(["text,label", *rows]) + "\n")
        outcome = rnnexp(
            "data=csv", "data.path=t.csv", "data.split=50/50", "seq_len=5", "trainer.epochs=3",
            "trainer.batch_size=4", "embedding.dim=4", "probes=none", *TINY_MODEL, *words,
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        return run_directory()

    return train


def read_rows(path: str = "out.csv") -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_texts(path: str = "in.csv", column: str = "text") -> None:
    pd.DataFrame({"id": range(len(TEXTS)), column: TEXTS}).to_csv(path, index=False)


@pytest.mark.parametrize(
    "words",
    [
        ("model=lstm",),
        ("model=gru", "data.padding=pre", "data.cut=last", "data.unknown=drop"),
        ("model=rnn", "model.readout=last", "data.cut=middle"),
        ("model=bag", "data.tokens=subwords", "data.vocab_size=60", "model.head=softmax"),
    ],
)
def test_the_same_answers_as_text_by_text(
    trained: Callable[..., Path], rnnexp: Rnnexp, words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(answers, "_MOST_SORTED", 4)  # several parts, of several batches each
    monkeypatch.setattr(answers, "_MOST_AT_ONCE", 3)
    path = trained(*words)
    write_texts()
    outcome = rnnexp("predict", str(path), "--texts", "in.csv", "--to", "out.csv")
    assert outcome.status == 0, outcome.err
    rows = read_rows()
    assert [row["text"] for row in rows] == TEXTS
    assert [row["row"] for row in rows] == [str(i) for i in range(1, len(TEXTS) + 1)]
    ask = Answers(RunDirectory.open(path))
    unanswered = 0
    for row, text in zip(rows, TEXTS, strict=True):
        read = ask.encode.read(text)
        assert [int(row[name]) for name in ("read", "unknown", "dropped", "cut")] == [
            len(read.words), read.unknown, read.dropped, read.cut
        ]  # fmt: skip
        if not read.is_known:
            unanswered += 1
            assert row["label"] == row["p_0"] == row["p_1"] == ""
            assert rnnexp("predict", str(path), text or " ").status == 2
            continue
        (value,) = ask.form.values(ask.model(ask.encode.batch(read.ids)))  # one by one
        assert row["label"] == value[0]
        assert [float(row["p_0"]), float(row["p_1"])] == pytest.approx(value[1:], abs=1e-6)
    assert unanswered >= 2
    assert outcome.out.startswith(f"out.csv: {len(TEXTS)} rows, {unanswered} of them without an")


def test_tables_of_every_kind_and_a_column_by_name_or_number(
    trained: Callable[..., Path], rnnexp: Rnnexp
) -> None:
    path = str(trained())
    write_texts()
    rnnexp("predict", path, "--texts", "in.csv", "--to", "out.csv")
    expected = read_rows()
    write_texts("body.csv", "body")
    Path("body.csv.gz").write_bytes(gzip.compress(Path("body.csv").read_bytes()))
    pd.read_csv("body.csv", keep_default_na=False).to_parquet("body.parquet")
    for number, (name, column) in enumerate(
        [("body.csv.gz", "body"), ("body.parquet", "body"), ("body.csv", "1")]
    ):
        to = f"{number}.csv"
        outcome = rnnexp("predict", path, "--texts", name, "--column", column, "--to", to)
        assert outcome.status == 0, outcome.err
        assert read_rows(to) == expected
    # one column alone, and the separator of a spreadsheet
    Path("one.csv").write_text("text\ngood film\nbad\n")
    assert rnnexp("predict", path, "--texts", "one.csv", "--to", "one_out.csv").status == 0
    assert [row["text"] for row in read_rows("one_out.csv")] == ["good film", "bad"]


BAD_WORDS = [
    (("--texts", "in.csv"), "--texts FILE needs --to OUT.csv"),
    (("--texts", "in.csv", "--to", "t.csv"), "t.csv is there already and is not overwritten"),
    (("--texts", "in.csv", "--to", "no/o.csv"), "no: there is no such folder to write o.csv"),
    (("--texts", "no.csv", "--to", "o.csv"), "no.csv: there is no such file"),
    (("--texts", "in.csv", "--column", "body", "--to", "o.csv"),
     "in.csv has no column 'body', only id, text; set --column to one of them"),
    (("--texts", "in.csv", "--to", "o.csv", "--steps"), "--steps follows one text"),
    (("--texts", "in.csv", "--to", "o.csv", "a text"), "a text and --texts are both given"),
    (("--texts", "in.csv", "--to", "o.csv", "--file", "t.csv"), "--file and --texts are both"),
    (("--column", "text", "a text"), "--column goes with --texts FILE"),
    (("--texts", "bad.csv", "--to", "o.csv"), "set --quotes=backslash"),
    (("--texts", "in.csv", "--to", "o.csv", "--separator", "xx"), "--separator must be comma"),
]  # fmt: skip


def test_bad_words_are_one_line_and_nothing_is_written(
    trained: Callable[..., Path], rnnexp: Rnnexp
) -> None:
    path = trained()
    write_texts()
    Path("bad.csv").write_text('text,id\n"a \\"good, bad\\" film",1\n"so, \\"it\\nis",2\n')
    before = sorted(Path().iterdir()), Path("t.csv").read_bytes()
    for words, said in BAD_WORDS:
        outcome = rnnexp("predict", str(path), *words)
        assert outcome.status == 2
        assert said in outcome.error
        assert (sorted(Path().iterdir()), Path("t.csv").read_bytes()) == before


@pytest.mark.realdata
def test_real_reviews(trained: Callable[..., Path], rnnexp: Rnnexp, realdata: Path) -> None:
    """The column of the training is the one that is read where none is named."""
    source = realdata / "imdb_subset.csv"
    reviews = pd.read_csv(source)["review"][:200]
    path = trained(
        "data=imdb", f"data.path={source}", "data.limit=300", "data.split=80/10/10", "seq_len=30"
    )
    reviews.to_frame().to_csv("r.csv", index=False)
    outcome = rnnexp("predict", str(path), "--texts", "r.csv", "--to", "out.csv")
    assert outcome.status == 0, outcome.err
    rows = read_rows()
    assert [row["text"] for row in rows] == reviews.to_list()
    assert "texts were cut to 30 words (data.cut=first)" in outcome.out
    assert {row["label"] for row in rows} <= {"negative", "positive"}
