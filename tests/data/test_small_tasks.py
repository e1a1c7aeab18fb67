"""One sentence, and random tokens."""

import math

import pytest
import torch

from rnnexp.data.random_tokens import RandomTokens
from rnnexp.data.reviews import Reviews
from rnnexp.data.sentence import Sentence
from rnnexp.embedding.one_hot import OneHot
from rnnexp.errors import DataError


def test_the_sentence_is_all_there_is() -> None:
    task = Sentence(text="It's GOOD, <br /> good!", target=1, classes=3)
    assert list(task.vocabulary or ()) == ["<pad>", "it", "s", "good"]
    train, val, test = (task.split(name) for name in ("train", "val", "test"))  # type: ignore[arg-type]
    assert train.inputs.tolist() == test.inputs.tolist() == [[1, 2, 3, 3]]
    assert train.targets.tolist() == [1]
    assert len(val) == 0
    assert task.chance["accuracy"] == pytest.approx(1 / 3)
    assert task.chance["loss"] == pytest.approx(math.log(3))


@pytest.mark.parametrize(
    ("bad", "error"),
    [({"text": "!!"}, "no words"), ({"target": 2}, "target"), ({"classes": 1}, "classes")],
)
def test_no_sentence(bad: dict[str, str | int], error: str) -> None:
    with pytest.raises((ValueError, DataError), match=error):
        Sentence(**bad)  # type: ignore[arg-type]


def test_random_tokens_say_nothing_of_their_labels() -> None:
    task = RandomTokens(count=20_000, vocab_size=5, seq_len=3)
    train = task.split("train")
    assert [len(task.split(name)) for name in ("train", "val", "test")] == [16000, 2000, 2000]  # type: ignore[arg-type]
    assert sorted(train.inputs.unique().tolist()) == [1, 2, 3, 4, 5]
    for token in range(1, 6):
        share = train.targets[train.inputs[:, 0] == token].float().mean()
        assert share == pytest.approx(0.5, abs=0.03)
    # chance by Monte Carlo: the best constant answer, on labels tossed anew
    labels = RandomTokens(count=100_000, seq_len=1, corpus_seed=7).split("train").targets
    assert task.chance["accuracy"] == pytest.approx(labels.float().mean().item(), abs=0.01)
    assert task.chance["loss"] == pytest.approx(math.log(2))
    assert torch.equal(RandomTokens(seq_len=9).split("val").inputs,
                       RandomTokens(seq_len=9).split("val").inputs)  # fmt: skip


def test_one_hot_vectors_follow_the_models_type() -> None:
    encoder = OneHot(["<pad>", "a", "b"])
    assert encoder.output_size == 2
    assert encoder(torch.tensor([[0, 1, 2]])).tolist() == [[[0, 0], [1, 0], [0, 1]]]
    assert encoder.double()(torch.tensor([[1]])).dtype == torch.float64
    assert not encoder.state_dict()
    assert not list(encoder.parameters())


@pytest.mark.parametrize("padding", ["post", "pre"])
def test_whole_texts_are_uncut_and_unpadded_in_front(padding: str) -> None:
    short, long = (
        Reviews(limit=100, seq_len=n, padding=padding, vocab_from="all") for n in (10, 2000)
    )
    lengths = short.whole_lengths("test")
    assert lengths.tolist() == long.split("test").lengths.tolist()
    batch = short.whole("test", [3, 0])
    assert batch.lengths.tolist() == lengths[[3, 0]].tolist()
    assert batch.targets.tolist() == short.split("test").targets[[3, 0]].tolist()
    for row, i in enumerate([3, 0]):
        n = int(lengths[i])
        kept = long.split("test").inputs[i]
        kept = kept[:n] if padding == "post" else kept[-n:]
        assert torch.equal(batch.inputs[row, :n], kept)
        assert not batch.inputs[row, n:].any()
