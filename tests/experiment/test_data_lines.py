"""The first lines of a run on texts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.experiment import data_lines
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY_MODEL, Outcome

Rnnexp = Callable[..., Outcome]

WORDS = ("data=csv", "data.path=t.csv", "seq_len=3", "trainer.epochs=0", "probes=none",
         "embedding.dim=4", *TINY_MODEL)  # fmt: skip


def write(*rows: str) -> None:
    Path("t.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")


def test_what_the_texts_hold(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> None:
    write(*["a fine película,yes", "a bad one or two,no"] * 9, "!!!,no", "new café,yes")
    outcome = rnnexp(*WORDS, "data.letters=ascii")
    assert outcome.status == 0, outcome.err
    said = outcome.out.splitlines()
    start = said.index("2 classes: no 10, yes 10")
    assert said[start : start + 3] == [
        "2 classes: no 10, yes 10",
        "words per text: median 4, 95% have up to 5; 90.0% of the texts are cut at 3 (18: "
        "their first 3 words are read); texts without words: 1 (1 hold digits or signs, but no "
        "letter)",
        "letters lost: 4.31%; unknown words: 0% of training words, 100.00% of test words",
    ]
    warnings = outcome.err.splitlines()
    assert [line.split(",")[0] for line in warnings] == [
        "warning: 1 of 20 texts have no words: 1 hold digits or signs",
        "warning: 4.3% of the letters are lost",
    ]
    assert (run_directory() / "rnnexp.log").read_text(encoding="utf-8").count("warning: ") == 2
    report = RunDirectory.open(run_directory()).summary.data_report
    assert [f"warning: {line}" for line in report["warnings"]] == warnings
    assert report["words_per_text"]["median"] == 4


def test_a_study_warns_once(rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_lines, "_warned", set())
    write(*["una película,yes", "otra película,no"] * 10)
    outcome = rnnexp("-m", *WORDS, "data.letters=ascii", "seed=0,1,2", "study=s")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("of the letters are lost") == 1
    logs = list(Path("outputs/studies/s").glob("*/rnnexp.log"))
    assert [path.read_text(encoding="utf-8").count("letters are lost") for path in logs] == [1] * 3


def test_of_many_classes_the_commonest_are_shown(rnnexp: Rnnexp) -> None:
    write(*[f"word,c{i:02}" for i in range(15) for _ in range(3 if i < 13 else 2)] * 4)
    outcome = rnnexp(*WORDS, "data.shuffle_seed=0")
    assert outcome.status == 0, outcome.err
    shown = next(line for line in outcome.out.splitlines() if "classes: " in line)
    assert shown == f"15 classes: {', '.join(f'c{i:02} 12' for i in range(12))} and 3 rarer ones"


def test_no_text_no_lines(rnnexp: Rnnexp) -> None:
    outcome = rnnexp("data=parity", "seq_len=4", "trainer.steps=1", "probes=none", *TINY_MODEL)
    assert outcome.status == 0, outcome.err
    before, found, _ = outcome.out.partition("training:")
    assert found
    assert "words" not in before
    assert "classes" not in before


def test_lines_of_a_vector_file_that_are_passed_over(rnnexp: Rnnexp) -> None:
    write(*["good film,yes", "bad film,no"] * 10)
    Path("v.txt").write_text("<unk> 9 9\ngood 1 2\nbad 2 1\ngood 3 3\nat a. m. 1 2\n")
    words = [word for word in WORDS if word != "embedding.dim=4"]
    outcome = rnnexp(*words, "embedding=glove", "embedding.path=v.txt")
    assert (
        "Found embeddings for 2 / 3 words; lines passed over: 1 that repeat a word, "
        "1 of several words, 1 named <pad> or <unk>\n"
    ) in outcome.out
