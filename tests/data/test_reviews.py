import pytest

from rnnexp.data.reviews import Reviews


def test_the_task_is_the_generators_reviews() -> None:
    task = Reviews(limit=200, seq_len=50)
    assert [len(task.split(s)) for s in ("train", "val", "test")] == [160, 20, 20]
    assert task.classes == ("negative", "positive")
    assert task.chance["accuracy"] == pytest.approx(0.5, abs=0.02)
    assert task.split("train").lengths.float().mean() > 45


def test_a_limit_gives_the_first_reviews_of_the_whole_corpus() -> None:
    few, more = Reviews(limit=60, count=200), Reviews(limit=60, count=60)
    assert few.split("train").inputs.tolist() == more.split("train").inputs.tolist()


def test_another_seed_is_another_corpus() -> None:
    a, b = Reviews(limit=60), Reviews(limit=60, corpus_seed=1)
    assert a.content != b.content
    assert a.split("train").inputs.tolist() != b.split("train").inputs.tolist()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"count": 0}, "count must be at least 1"),
        ({"corpus_seed": -1}, "corpus_seed must be at least 0"),
        ({"label_noise": 0.5}, "label_noise must be at least 0 and below 0.5"),
    ],
)
def test_bad_settings(bad: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reviews(**bad)  # type: ignore[arg-type]
