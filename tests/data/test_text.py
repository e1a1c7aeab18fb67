import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnexp.data.corpus import RawCorpus
from rnnexp.data.text import TextClassification
from rnnexp.data.text_encoder import TextEncoder
from rnnexp.errors import DataError
from rnnexp.training.dropout import seeded
from rnnexp.types import Batch

TEXTS = [
    "The good, the BAD<br />and the ugly.",
    "It's a film &amp; a half",
    "bad bad bad",
    "Café 7",
    "the film the film the film",
    "good",
    "a film",
    "!!!",
    "the end",
    "good film",
]


class Texts(TextClassification):
    """A corpus in memory; counts how often it is read."""

    reads = 0
    raw = RawCorpus(TEXTS, np.array([1, 0] * 5), ("no", "yes"))

    def identity(self) -> str:
        return repr((self.raw.texts, self.raw.labels.tolist()))

    def read(self) -> RawCorpus:
        type(self).reads += 1
        return self.raw


def decode(task: TextClassification, split: str) -> list[str]:
    assert task.vocabulary is not None
    data = task.split(split)  # type: ignore[arg-type]
    return [" ".join(task.vocabulary[i] for i in row if i != 0) for row in data.inputs.tolist()]


def test_vocabulary_is_counted_on_the_training_split_alone() -> None:
    task = Texts(seq_len=5, vocab_size=3, split="50/20/30")
    # training texts 0-4; by count: the 6, bad 4, film 4 (tied words: the first seen wins)
    assert task.vocabulary == ["<pad>", "<unk>", "the", "bad", "film"]
    assert decode(task, "test") == ["", "the <unk>", "<unk> film"]


def test_vocabulary_from_all_rows_counts_test_words_too() -> None:
    task = Texts(seq_len=5, vocab_size=4, split="50/20/30", vocab_from="all")
    assert task.vocabulary == ["<pad>", "<unk>", "the", "film", "bad", "good"]


def test_unknown_words_can_be_dropped_before_the_text_is_cut() -> None:
    task = Texts(seq_len=2, vocab_size=1, split="50/20/30", unknown="drop")
    assert task.vocabulary == ["<pad>", "the"]
    assert decode(task, "train") == ["the the", "", "", "", "the the"]
    assert task.split("train").lengths.tolist() == [2, 0, 0, 0, 2]


def test_truncation_keeps_the_first_words_and_true_lengths() -> None:
    data = Texts(seq_len=3).split("train")
    assert data.inputs.shape == (8, 3)
    assert data.lengths.tolist() == [3, 3, 3, 1, 3, 1, 2, 0]
    assert ((data.inputs != 0).sum(1) == data.lengths).all()


def test_splits_in_file_order_and_shuffled() -> None:
    assert [len(Texts().split(s)) for s in ("train", "val", "test")] == [8, 1, 1]
    assert [len(Texts(split="80/20").split(s)) for s in ("train", "val", "test")] == [8, 0, 2]
    shuffled = Texts(shuffle_seed=5, split="50/20/30")
    texts = [*decode(shuffled, "train"), *decode(shuffled, "val"), *decode(shuffled, "test")]
    in_order = Texts(split="50/20/30")
    assert texts != [t for s in ("train", "val", "test") for t in decode(in_order, s)]
    again = Texts(shuffle_seed=5, split="50/20/30").split("train").targets
    assert shuffled.split("train").targets.tolist() == again.tolist()


def test_limit_takes_the_first_texts() -> None:
    task = Texts(limit=6, split="50/50")
    assert sum(len(task.split(s)) for s in ("train", "test")) == 6


def test_chance_is_the_commonest_class_and_the_entropy() -> None:
    chance = Texts().chance
    assert (chance["accuracy"], chance["loss"]) == (0.5, pytest.approx(np.log(2)))


def test_duplicates_across_splits_are_counted() -> None:
    class Repeats(Texts):
        raw = RawCorpus([*TEXTS[:8], "BAD, bad bad", "new"], np.array([1, 0] * 5), ("no", "yes"))

    report = Repeats().report
    assert (report["val_duplicates_of_train"], report["test_duplicates_of_train"]) == (1, 0)
    assert report["without_words"] == 1


def test_a_corpus_with_its_own_test_split_keeps_it() -> None:
    class Official(Texts):
        raw = RawCorpus(TEXTS, np.array([0, 0, 1, 1] * 2 + [0, 1]), ("no", "yes"),
                        np.array([True] * 4 + [False] * 6))  # fmt: skip

    task = Official(split="50/30/20")
    assert [len(task.split(s)) for s in ("train", "val", "test")] == [3, 3, 4]
    assert decode(task, "test")[2] == "bad bad bad" or "bad" not in task.vocabulary  # type: ignore[operator]
    assert len(Official(split="80/20").split("val")) == 0


def test_the_second_reading_comes_from_the_cache(workdir: Path) -> None:
    class Counted(Texts):
        reads = 0

    first, second = Counted(seq_len=4), Counted(seq_len=4)
    assert Counted.reads == 1
    assert torch.equal(first.split("train").inputs, second.split("train").inputs)
    # another length or vocabulary reads the same file, another cleaning its own
    Counted(seq_len=2, vocab_size=2)
    assert Counted.reads == 1
    Counted(lowercase=False)
    assert Counted.reads == 2
    assert len(list((workdir / "data" / "cache").iterdir())) == 2


def test_a_cache_that_cannot_be_written_costs_nothing(
    workdir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Path("data").write_text("a file where the folder should be")
    assert len(Texts().split("train")) == 8
    assert "not cached" in caplog.text


def test_a_users_text_is_read_as_the_corpus_was() -> None:
    task = Texts(seq_len=3, vocab_size=3, split="50/20/30")
    encode = TextEncoder(task.state(), seq_len=3)
    assert encode("The BAD, unheard-of film") == (["the", "bad", "unheard"], [2, 3, 1])
    dropping = Texts(seq_len=3, vocab_size=3, split="50/20/30", unknown="drop")
    assert TextEncoder(dropping.state(), 3)("The unheard-of film") == (["the", "film"], [1, 3])
    batch = encode.batch([2, 3])
    assert (batch.inputs.tolist(), batch.lengths.tolist()) == ([[2, 3, 0]], [2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seq_len": 0}, "seq_len must be at least 1"),
        ({"vocab_size": 0}, "vocab_size must be at least 1"),
        ({"limit": 0}, "limit must be at least 1"),
        ({"shuffle_seed": -1}, "shuffle_seed must be at least 0"),
        ({"limit": 5}, "too few for a split of 80/10/10"),
        ({"word_dropout": 1.0}, "word_dropout must be at least 0 and less than 1"),
        ({"word_dropout": 0.1, "unknown": "drop"}, "word_dropout=0.1 replaces words by <unk>"),
    ],
)
def test_bad_settings(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Texts(**options)


def test_word_dropout_replaces_its_share_of_the_words_and_no_pad() -> None:
    task = Texts(split="50/20/30", word_dropout=0.25)
    inputs = torch.randint(2, 5, (400, 100))
    inputs[:, 60:] = 0
    inputs[0] = 0  # a text without words, whose one pad counts as a step
    lengths = torch.full((400,), 60)
    lengths[0] = 0
    batch = Batch(inputs, torch.zeros(400).long(), lengths)
    torch.manual_seed(0)
    dropped = task.for_training(batch)
    words = inputs[1:, :60]
    replaced = dropped.inputs[1:, :60] != words
    assert (dropped.inputs[1:, :60][replaced] == 1).all()
    assert replaced.float().mean().item() == pytest.approx(0.25, abs=0.01)  # of 24,000 draws
    assert (dropped.inputs[:, 60:] == 0).all()
    assert (dropped.inputs[0] == 0).all()
    assert torch.equal(dropped.lengths, lengths)
    torch.manual_seed(0)
    assert torch.equal(task.for_training(batch).inputs, dropped.inputs)
    assert not torch.equal(task.for_training(batch).inputs, dropped.inputs)
    assert Texts(split="50/20/30").for_training(batch) is batch
    assert any("<unk> with probability 0.25" in note for note in task.report["notes"])
    # what is validated and tested is whole
    assert torch.equal(task.split("test").inputs, Texts(split="50/20/30").split("test").inputs)


def test_word_dropout_is_a_function_of_the_seed_and_the_step() -> None:
    task = Texts(split="50/20/30", word_dropout=0.5)
    batch = Batch(torch.full((20, 30), 2), torch.zeros(20).long(), torch.full((20,), 30))

    def steps(seed: int, first: int, count: int) -> list[Tensor]:
        made = seeded([batch] * count, seed, first, task.for_training)
        return [each.inputs for each in made if torch.rand(3) is not None]  # a model draws too

    whole = steps(7, 0, 4)
    assert all(map(torch.equal, steps(7, 2, 2), whole[2:]))
    assert not torch.equal(whole[0], whole[1])
    assert not torch.equal(steps(8, 0, 1)[0], whole[0])


def test_a_sorted_file_is_told_to_shuffle() -> None:
    class Sorted(Texts):
        raw = RawCorpus(TEXTS, np.array([0] * 8 + [1] * 2), ("no", "yes"))

    with pytest.raises(DataError, match=r"none of class 'yes'; .*data\.shuffle_seed=0"):
        Sorted()


def test_a_rare_class_is_named_with_its_count_and_a_way_out() -> None:
    """Shuffling, which was advised, leaves it out of training as often as in."""

    class Rare(Texts):
        raw = RawCorpus(TEXTS, np.array([0, 1] * 4 + [0, 2]), ("no", "yes", "sarcastic"))

    with pytest.raises(
        DataError, match=r"class 'sarcastic'; there is 1 such text: data\.stratify=true"
    ):
        Rare()
    assert Rare(stratify=True).split("train").targets.tolist().count(2) == 1
    assert (
        "the test split has no text of class 'yes', 'sarcastic'"
        in Rare(stratify=True).report["notes"]
    )


def test_the_leak_check_knows_a_text_in_another_spelling() -> None:
    class Spellings(Texts):
        raw = RawCorpus(["le café", "un film"] * 4 + ["le cafe\u0301", "UN FİLM"],
                        np.array([1, 0] * 5), ("no", "yes"))  # fmt: skip

    task = Spellings(split="80/20", letters="unicode")
    assert task.report["test_duplicates_of_train"] == 2
    assert task.content != task.identity()  # version 0.1 read other words
    assert task.content == task.current_content()
    assert Texts().content == Texts().identity()  # and here the same


@pytest.mark.parametrize("unknown", ["unk", "drop"])
def test_a_text_that_reads_like_a_special_is_not_looked_up(unknown: str) -> None:
    class Literal(Texts):
        raw = RawCorpus(["<unk> <pad> <unk> good", "<pad> bad"] * 5, np.array([1, 0] * 5),
                        ("no", "yes"))  # fmt: skip

    task = Literal(seq_len=4, non_letters="keep", strip_html=False, unknown=unknown)
    specials = ["<pad>", "<unk>"] if unknown == "unk" else ["<pad>"]
    assert task.vocabulary == [*specials, "good", "bad"]
    data, good, bad = task.split("train"), len(specials), len(specials) + 1
    if unknown == "unk":
        assert data.inputs[:2].tolist() == [[1, 1, 1, good], [1, bad, 0, 0]]
    else:
        assert data.inputs[:2].tolist() == [[good, 0, 0, 0], [bad, 0, 0, 0]]
    assert task.content != task.identity()


#: Words as they come, and what has led a question and the test apart.
ODD_WORDS = [
    "the", "bad", "film", "GOOD", "café", "cafe\u0301", "FİLM", "<unk>", "<pad>", "<PAD>", "7",
    "<br />", "&amp;", "&lt;unk&gt;", "it's", "电影", "😀", "❤\ufe0f", "\u200b", "co\u00adop",
    "e-\u0301",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_a_question_is_read_as_the_test_split_is(seed: int) -> None:
    generator = np.random.default_rng(seed)

    def one_of(*choices: Any) -> Any:
        return choices[generator.integers(len(choices))]

    texts = [
        " ".join(["a", *generator.choice(ODD_WORDS, size=generator.integers(9))]) for _ in range(40)
    ]

    class Drawn(Texts):
        raw = RawCorpus(texts, np.arange(40) % 2, ("no", "yes"))

    tokens = one_of("words", "subwords")
    sizes = (3, 8, 100) if tokens == "words" else (90, 200)
    task = Drawn(
        cut=one_of("first", "last", "middle"), tokens=tokens, vocab_size=one_of(*sizes),
        seq_len=one_of(1, 4, 12), padding=one_of("pre", "post"),
        unknown=one_of("unk", "drop"), vocab_from=one_of("train", "all"), split="50/50",
        lowercase=one_of(True, False), strip_html=one_of(True, False),
        non_letters=one_of("space", "delete", "keep"), letters=one_of("ascii", "unicode"),
    )  # fmt: skip
    encode = TextEncoder(json.loads(json.dumps(task.state())), task.seq_len, task.files())
    test = task.split("test")
    for row, text in enumerate(texts[20:]):
        read = encode.read(text)
        question = encode.batch(read.ids)
        assert question.inputs[0].tolist() == test.inputs[row].tolist()
        assert question.lengths[0] == test.lengths[row]
        assert len(read.words) == len(read.ids)
        if tokens == "words":
            assert len(read.ids) + read.dropped + read.cut == len(task.cleaning.words(text))
        assert len(read.ids) + read.cut == task.whole_lengths("test")[row]


@pytest.mark.parametrize(
    ("cut", "read"),
    [("first", "the good the"), ("last", "and the ugly"), ("middle", "the bad and")],
)
def test_which_words_of_a_longer_text_are_read(cut: Any, read: str) -> None:
    task = Texts(seq_len=3, cut=cut)
    assert decode(task, "train")[0] == read
    assert task.whole_lengths("train")[0] == 7
    assert task.whole("train", [0, 5]).lengths.tolist() == [7, 1]
    longer = task.at_length(4)
    assert (longer.cut, longer.split("train").lengths[0]) == (cut, 4)
    assert task.report["cut_texts"] == int((task.whole_lengths("train") > 3).sum())
    state = json.loads(json.dumps(task.state()))
    encode = TextEncoder(state, 3)
    assert " ".join(encode(TEXTS[0])[0]) == read
    question = encode.read(TEXTS[0])
    assert (question.cut, question.cut_before) == (4, {"first": 0, "last": 4, "middle": 2}[cut])
    del state["cut"]  # of a run of version 0.6
    assert " ".join(TextEncoder(state, 3)(TEXTS[0])[0]) == "the good the"
