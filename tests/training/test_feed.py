from typing import Any

import numpy as np
import pytest
import torch

from rnnexp.data.adding import Adding
from rnnexp.data.curriculum import Grow
from rnnexp.data.recall import Recall
from rnnexp.streams import stream_seed
from rnnexp.training.feed import CorpusFeed, FreshFeed, Sampler, trained_widths
from rnnexp.training.state_gradients import StateGradients
from rnnexp.training.steps import EpochSteps, WatchedNorms
from rnnexp.types import Batch, ClipReport, Padding, SequenceDataset

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


def none_yet() -> EpochSteps:
    """An epoch of which no step has been taken."""
    return EpochSteps(WatchedNorms({}), StateGradients([]))


def batches_of(feed: CorpusFeed | FreshFeed, first: int, count: int) -> list[Batch]:
    return list(feed.batches(first, count, none_yet()))


def steps_of(accuracies: list[float]) -> EpochSteps:
    """An epoch whose steps had these accuracies so far."""
    steps, one = none_yet(), torch.ones(())
    report = ClipReport(one, one, torch.zeros(()), torch.zeros(()))
    for accuracy in accuracies:
        batch = Recall(seq_len=2).fresh(1, np.random.default_rng(0))
        steps.add(one, {"accuracy": torch.tensor(accuracy)}, None, report, batch)
    return steps


def tokens_of(batches: Any) -> list[list[float]]:
    return [batch.inputs.flatten().tolist() for batch in batches]


@pytest.mark.parametrize("drop_last", [False, True])
def test_a_corpus_feed_is_a_function_of_the_step(drop_last: bool) -> None:
    """Whatever the rows are cut into: by epochs, by hundreds, from the middle after a pause."""
    inputs = torch.arange(1, 24)[:, None]
    dataset = SequenceDataset(inputs, inputs[:, 0] % 2, torch.ones(23, dtype=torch.long))
    feed = CorpusFeed(Sampler(dataset, CPU, trim=True), 3, 5, drop_last)
    assert feed.epoch_steps == (4 if drop_last else 5)
    whole = tokens_of(batches_of(feed, 0, 17))
    assert len(whole) == 17
    assert whole == [
        *tokens_of(batches_of(feed, 0, 7)),
        *tokens_of(batches_of(feed, 7, 10)),
    ]
    epoch = sorted(token for batch in whole[: feed.epoch_steps] for token in batch)
    assert epoch == (sorted(set(epoch)) if drop_last else list(range(1, 24)))
    assert whole[: feed.epoch_steps] != whole[feed.epoch_steps : 2 * feed.epoch_steps]


def test_a_fresh_feed_is_a_function_of_seed_and_step() -> None:
    task = Adding(seq_len=4)
    feed, same, other = (FreshFeed(task, CPU, s, 3) for s in (0, 0, 1))
    first = tokens_of(batches_of(feed, 0, 6))
    assert first == [
        *tokens_of(batches_of(same, 0, 2)),
        *tokens_of(batches_of(same, 2, 4)),
    ]
    assert len({str(batch) for batch in first}) == 6
    assert tokens_of(batches_of(other, 0, 1)) != first[:1]


def lengths_of(feed: FreshFeed, steps: EpochSteps, first: int, count: int) -> list[int]:
    return [batch.inputs.shape[1] for batch in feed.batches(first, count, steps)]


def test_drawn_lengths_are_functions_of_seed_and_step() -> None:
    task = Recall(seq_len=9, train_lengths=[2, 6])
    feed, same, other = (FreshFeed(task, CPU, seed, 3) for seed in (0, 0, 1))
    lengths = lengths_of(feed, none_yet(), 0, 200)
    assert set(lengths) == {2, 3, 4, 5, 6}
    assert lengths == lengths_of(same, none_yet(), 0, 70) + lengths_of(same, none_yet(), 70, 130)
    assert lengths != lengths_of(other, none_yet(), 0, 200)
    assert feed.is_grown


def test_fixed_lengths_are_the_longest() -> None:
    feed = FreshFeed(Recall(seq_len=9, train_lengths=[2, 6], curriculum="fixed"), CPU, 0, 3)
    assert set(lengths_of(feed, none_yet(), 0, 5)) == {6}


def grown(accuracies: list[float], feed: FreshFeed | None = None) -> FreshFeed:
    """A feed that has seen steps with these accuracies, and made no further batch."""
    feed = feed or FreshFeed(Recall(seq_len=9, train_lengths=[2, 4], curriculum="grow"), CPU, 0, 3)
    assert lengths_of(feed, steps_of(accuracies), len(accuracies), 0) == []
    return feed


def longest_next(feed: FreshFeed) -> int:
    return max(lengths_of(feed, none_yet(), 1000, 50))


def test_lengths_grow_once_they_are_learned() -> None:
    """From chance, 1/2, to perfect: nine tenths of the way is an accuracy of 0.95."""
    assert longest_next(grown([0.96] * Grow.window)) == 3
    assert longest_next(grown([0.94] * Grow.window)) == 2
    assert longest_next(grown([float("nan")] * Grow.window)) == 2
    assert longest_next(grown([0.96] * (Grow.window - 1))) == 2  # no whole window yet
    assert (
        longest_next(grown([0.0] * Grow.window + [1.0] * Grow.window)) == 3
    )  # the last window counts
    feed = grown([1.0] * Grow.window)
    assert not feed.is_grown
    assert longest_next(grown([1.0] * 2 * Grow.window, feed)) == 4
    assert feed.is_grown
    assert longest_next(grown([1.0] * 3 * Grow.window, feed)) == 4


def test_a_window_is_looked_at_once() -> None:
    """Saved after the last step of a window and after the look at it, it goes on alike."""
    feed = grown([1.0] * Grow.window)
    again = FreshFeed(feed.task, CPU, 0, 3)
    again.restore(feed.state())
    assert longest_next(grown([1.0] * Grow.window, again)) == 3


def test_the_widths_of_a_curriculum() -> None:
    task = Recall(seq_len=40, train_lengths=[2, 6])
    assert sorted(trained_widths(task, trim=True)) == [2, 3, 4, 5, 6]
    growing = Recall(seq_len=40, train_lengths=[2, 6], curriculum="grow")
    assert max(trained_widths(growing, trim=True)) == 6
