from typing import Any

import numpy as np
import pytest
import torch

from rnnexp.data.adding import Adding
from rnnexp.streams import stream_seed
from rnnexp.training.feed import CorpusFeed, FreshFeed, Sampler
from rnnexp.types import Padding, SequenceDataset

CPU = torch.device("cpu")


def sampler(trim: bool, padding: Padding = "post", count: int = 1000) -> Sampler:
    lengths = torch.from_numpy(np.random.default_rng(0).integers(1, 50, count))
    inputs = torch.arange(count)[:, None].expand(count, 50)
    return Sampler(SequenceDataset(inputs, torch.arange(count), lengths, padding), CPU, trim)


def order(seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng(stream_seed(seed, "order", epoch))


@pytest.mark.parametrize("trim", [False, True])
def test_an_epoch_holds_every_example_once(trim: bool) -> None:
    batches = sampler(trim).epoch(64, order(0, 1))
    assert sorted(np.concatenate(batches)) == list(range(1000))
    assert sorted(map(len, batches)) == [1000 % 64] + [64] * 15


def test_order_is_a_function_of_seed_and_epoch() -> None:
    first, again = (sampler(True).epoch(64, order(3, 2)) for _ in range(2))
    other = sampler(True).epoch(64, order(3, 3))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert np.concatenate(first).tolist() != np.concatenate(other).tolist()


def test_drop_last_leaves_out_the_short_batch() -> None:
    assert [len(b) for b in sampler(False).epoch(64, order(0, 1), drop_last=True)] == [64] * 15


def test_trimmed_batches_are_of_like_length_and_cut_to_the_longest() -> None:
    data = sampler(True)
    indices = data.epoch(64, order(0, 1))
    spreads = [np.ptp(data.lengths[i]) for i in indices]
    assert np.mean(spreads) < 8  # of 50: sorted within pools
    for rows, batch in zip(indices, data.batches(indices), strict=True):
        assert batch.inputs.shape[1] == data.lengths[rows].max()
        assert batch.targets.tolist() == rows.tolist()
    # long batches are not all at one end
    means = [data.lengths[i].mean() for i in indices]
    assert means != sorted(means)


def test_pads_before_the_text_are_never_cut() -> None:
    data = sampler(True, padding="pre")
    assert {b.inputs.shape[1] for b in data.batches(data.epoch(64, order(0, 1)))} == {50}


def test_untrimmed_batches_keep_every_pad() -> None:
    data = sampler(False)
    assert {b.inputs.shape[1] for b in data.batches(data.by_length(64))} == {50}


def tokens_of(batches: Any) -> list[list[float]]:
    return [batch.inputs.flatten().tolist() for batch in batches]


@pytest.mark.parametrize("drop_last", [False, True])
def test_a_corpus_feed_is_a_function_of_the_step(drop_last: bool) -> None:
    """Whatever the rows are cut into: by epochs, by hundreds, from the middle after a pause."""
    inputs = torch.arange(1, 24)[:, None]
    dataset = SequenceDataset(inputs, inputs[:, 0] % 2, torch.ones(23, dtype=torch.long))
    feed = CorpusFeed(Sampler(dataset, CPU, trim=True), 3, 5, drop_last)
    assert feed.epoch_steps == (4 if drop_last else 5)
    whole = tokens_of(feed.batches(0, 17))
    assert len(whole) == 17
    assert whole == [*tokens_of(feed.batches(0, 7)), *tokens_of(feed.batches(7, 10))]
    epoch = sorted(token for batch in whole[: feed.epoch_steps] for token in batch)
    assert epoch == (sorted(set(epoch)) if drop_last else list(range(1, 24)))
    assert whole[: feed.epoch_steps] != whole[feed.epoch_steps : 2 * feed.epoch_steps]


def test_a_fresh_feed_is_a_function_of_seed_and_step() -> None:
    task = Adding(seq_len=4)
    feed, same, other = (FreshFeed(task.fresh, CPU, s, 3) for s in (0, 0, 1))
    first = tokens_of(feed.batches(0, 6))
    assert first == [*tokens_of(same.batches(0, 2)), *tokens_of(same.batches(2, 4))]
    assert len({str(batch) for batch in first}) == 6
    assert tokens_of(other.batches(0, 1)) != first[:1]
