"""A question is answered as the test was, and what was not read of it is said."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnexp.data.base import class_probabilities
from rnnexp.data.text_encoder import TextEncoder
from rnnexp.experiment.load import load_model
from rnnexp.experiment.predict import predict
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY, TINY_MODEL, Outcome, read_npz

Rnnexp = Callable[..., Outcome]

#: Twenty texts, of which the last ten are tested: in two spellings, with specials and tags.
TEXTS = [
    "good caf\u00e9 <unk> film", "bad cafe\u0301 <pad>", "GOOD F\u0130LM <br /> it's", "bad 7 film",
    "good <pad> <unk> x", "bad <unk> y", "a good co\u00adop", "a bad one \u2764\ufe0f",
    "good good good", "bad film of a film of a film of a film",
] * 2  # fmt: skip


@pytest.fixture
def trained(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> Callable[..., Path]:
    """A run on TEXTS."""

    def train(*words: str) -> Path:
        rows = [f'"{text}",{text.split()[0] in ("good", "GOOD", "a")}' for text in TEXTS]
        Path("t.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
        outcome = rnnexp(
            "data=csv", "data.path=t.csv", "data.split=50/50", "seq_len=6", "trainer.epochs=3",
            "optimizer.lr=0.05", "embedding.dim=4", "probes=none", *TINY_MODEL, *words,
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        return run_directory()

    return train


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("data.non_letters=keep", "data.strip_html=false"),
        ("data.unknown=drop", "data.vocab_size=3", "data.padding=pre", "data.letters=ascii"),
        ("data.vocab_size=4", "model.readout=last", "model=gru", "data.non_letters=delete"),
        ("model=linear", "model.readout=last", "data.lowercase=false", "data.vocab_from=all"),
        ("model.readout=mean", "data.padding=pre", "model.head=softmax", "data.shuffle_seed=null"),
    ],
)
def test_a_tested_text_gets_the_answer_of_the_test(
    trained: Callable[..., Path], words: tuple[str, ...]
) -> None:
    path = trained(*words)
    outputs = torch.from_numpy(read_npz(path / "predictions" / "test.npz")["outputs"])
    probabilities = class_probabilities(outputs).numpy()
    classes = RunDirectory.open(path).task.classes
    assert classes is not None
    for text, probability in zip(TEXTS[10:], probabilities, strict=True):
        if text.startswith("GOOD") and "data.lowercase=false" in words:
            continue  # the vocabulary may know none of its words
        answer = predict(path, text)
        assert f"label:          {classes[probability.argmax()]}\n" in answer
        assert f"confidence:     {probability.max():.1%}\n" in answer
        if not text.isascii():
            assert predict(path, unicodedata.normalize("NFD", text)) == answer


def test_specials_of_the_text_are_unknown_words(trained: Callable[..., Path]) -> None:
    path = trained("data.non_letters=keep", "data.strip_html=false")
    assert (RunDirectory.open(path).task.vocabulary or []).count("<unk>") == 1
    assert "words read:     3, 2 of them unknown" in predict(path, "good <unk> <pad>")


@pytest.mark.parametrize(
    ("words", "text", "read"),
    [
        (
            ("data.letters=ascii",),
            "good peli\u0301cula, film",
            "4, 2 of them unknown, letters lost by data.letters=ascii: 1",
        ),
        (("data.unknown=drop",), "good zebra film", "2, 1 unknown ones left out"),
        ((), "good " * 9, "6, 3 cut off, since seq_len=6"),
        (("data.padding=pre",), "good film", "2, behind 4 pads that the state has crossed"),
        (
            ("model.readout=last",),
            "a good film of a",
            "5, then 1 pad, behind which the answer is read (model.readout=last)",
        ),
        (("model.readout=last", "data.padding=pre"), "a good film of a film", "6"),
        (("model=bag",), "good film", "2"),
    ],
)
def test_what_was_read_is_said(
    trained: Callable[..., Path], words: tuple[str, ...], text: str, read: str
) -> None:
    assert predict(trained(*words), text).endswith(f"words read:     {read}")


def test_the_steps_go_on_through_the_pads_that_are_read(trained: Callable[..., Path]) -> None:
    """The last row is the answer, also where pads lie between the last word and the readout."""
    path = trained("model=rnn", "model.readout=last", "seq_len=12")
    answer = predict(path, "a good film", steps=True)
    rows = [re.split(r"  +", line) for line in answer.partition("\n\n")[2].splitlines()[2:]]
    assert [row[0] for row in rows] == [
        "a", "good", "film", *(f"pad {n} of 9" for n in (1, 2, 4, 8, 9))
    ]  # fmt: skip
    assert f"confidence:     {rows[-1][2]}" in answer
    assert [row[3] for row in rows[3:]] == ["-"] * 5
    assert all(float(row[3]) > 0 for row in rows[:3])


@pytest.mark.parametrize("model", ["rnn", "lstm", "linear", "unrolled"])
def test_both_gradient_norms(trained: Callable[..., Path], model: str) -> None:
    """Of all parameters, and of W_hh of the lowest layer, by finite differences of the loss."""
    layers = () if model == "linear" else ("model.num_layers=2",)
    path = trained(f"model={model}", *layers)
    answer = predict(path, "a good film")
    said = re.search(r"(\S+) of all parameters, (\S+) of layer 0's recurrent weights", answer)
    assert said is not None
    run = RunDirectory.open(path)
    network = load_model(run).double().eval()
    encode = TextEncoder(run.task.model_dump(), 6)
    batch = encode.batch(encode("a good film")[1])

    def loss() -> float:
        with torch.no_grad():
            return -class_probabilities(network(batch)).max().log().item()

    def slopes(weight: torch.Tensor) -> list[float]:
        found = []
        for index in np.ndindex(*weight.shape):
            here = weight[index].item()
            values = []
            for step in (1e-5, -1e-5):
                weight[index] = here + step
                values.append(loss())
            weight[index] = here
            found.append((values[0] - values[1]) / 2e-5)
        return found

    with torch.no_grad():
        recurrent = np.linalg.norm(slopes(network.recurrences()[0].weight_hh))
        everything = np.linalg.norm([s for p in network.parameters() for s in slopes(p)])
    assert float(said[2]) == pytest.approx(recurrent, rel=1e-3)
    assert float(said[1]) == pytest.approx(everything, rel=1e-3)


NO_WORD = "no known word: the text has no word that the network knows"


@pytest.mark.parametrize("unknown", ["unk", "drop"])
def test_what_cannot_be_answered(
    rnnexp: Rnnexp, trained: Callable[..., Path], unknown: str
) -> None:
    path = trained(f"data.unknown={unknown}").relative_to(Path.cwd())
    for text, message in (
        ("zebra xylophone", f"{NO_WORD} (2 words, none of them among the 12 of {path})"),
        ("!!!", f"{NO_WORD} (0 words"),
        ("", f"{NO_WORD} (0 words"),
        ("\udcff good", "the text is not UTF-8"),
        ("t.csv", f"'t.csv' is a file: to ask about what it holds, type rnnexp predict {path} --"),
    ):
        outcome = rnnexp("predict", str(path), text)
        assert outcome.status == 2
        assert message in outcome.error
        assert outcome.out == ""


def test_a_file_is_one_text(rnnexp: Rnnexp, trained: Callable[..., Path]) -> None:
    path = str(trained())
    said = rnnexp("predict", path, "a good film\n\nof a cafe\u0301").out
    Path("a text.txt").write_text("\ufeffa good film\r\n\r\nof a café\r\n", encoding="utf-8")
    for words in (("--file", "a text.txt"), ("--file=a text.txt",)):
        outcome = rnnexp("predict", path, *words)
        assert (outcome.status, outcome.out) == (0, said)
    assert "pad" not in rnnexp("predict", "--file", "a text.txt", path, "--steps").err
    advice = rnnexp("predict", path, "a text.txt").error
    assert advice.endswith("--file 'a text.txt'")


def test_files_that_hold_no_text(rnnexp: Rnnexp, trained: Callable[..., Path]) -> None:
    path = str(trained())
    Path("folder").mkdir()
    for name, content, message in (
        ("gone", None, "gone: there is no such file (looked from"),
        ("folder", None, "folder is a folder where a file is expected"),
        ("f", b"", "f is empty"),
        ("f", b"\xef\xbb\xbf \n", "f is empty"),
        ("f", "gut für".encode("latin-1"), "f is not UTF-8 text (byte 0xfc): save it as UTF-8"),
        ("f", "good".encode("utf-16"), "f is not UTF-8 text (byte 0xff): save it as UTF-8"),
        ("f", b"zebra", NO_WORD),
    ):
        if content is not None:
            Path(name).write_bytes(content)
        outcome = rnnexp("predict", path, "--file", name)
        assert outcome.status == 2
        assert message in outcome.error


def test_of_a_study_one_run_is_named(rnnexp: Rnnexp, workdir: Path) -> None:
    assert rnnexp("-m", *TINY, "probes=none", "model=rnn,bag", "study=two").status == 0
    study = Path("outputs/studies/two")
    first, second = sorted(study.glob("*_*"))
    (first / "summary.json").write_text("{}")  # one without a result is not advised
    outcome = rnnexp("predict", str(study), "a good film")
    assert outcome.status == 2
    assert outcome.error.endswith(
        f"{study} is a study of 2 runs: name one of its runs, such as {second}"
    )
    assert rnnexp("predict", outcome.error.split()[-1], "a good film").status == 0
