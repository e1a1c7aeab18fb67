import numpy as np
import pytest

from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import RawCorpus, TokenisedCorpus, tokenise
from rnnexp.data.splits import SPLITS, described, parse_split, split_rows, stratified, way_to_all


@pytest.mark.parametrize("split", ["80/10", "80/10/20", "a/b", "100", "0/50/50", "80/20/0", ""])
def test_a_split_that_does_not_add_up_is_refused(split: str) -> None:
    with pytest.raises(ValueError, match="split must be"):
        parse_split(split)


def corpus(labels: list[int], is_test: list[bool] | None = None) -> TokenisedCorpus:
    classes = tuple(f"class {i}" for i in range(max(labels) + 1))
    own = None if is_test is None else np.array(is_test)
    return tokenise(RawCorpus(["a"] * len(labels), np.array(labels), classes, own), Cleaning())


def counts(made: TokenisedCorpus, *settings: object) -> list[list[int]]:
    """Of each split, how many texts of each class."""
    rows = split_rows(made, *settings)  # type: ignore[arg-type]
    all_rows = np.concatenate([rows[name] for name in SPLITS])
    assert len(np.unique(all_rows)) == len(all_rows)
    return [
        np.bincount(made.labels[rows[name]], minlength=len(made.classes)).tolist()
        for name in SPLITS
    ]


@pytest.mark.parametrize("shuffle_seed", [None, 3])
def test_every_split_has_its_share_of_every_class(shuffle_seed: int | None) -> None:
    """A sorted file with a rare class; the sizes are those of the split without."""
    made = corpus([0] * 60 + [1] * 30 + [2] * 10)
    assert counts(made, (80, 10, 10), shuffle_seed, None, True) == [
        [48, 24, 8], [6, 3, 1], [6, 3, 1]
    ]  # fmt: skip
    assert counts(made, (80, 0, 20), shuffle_seed, None, True) == [
        [48, 24, 8], [0, 0, 0], [12, 6, 2]
    ]  # fmt: skip
    # of the first 90 rows, which hold none of the third class
    limited = counts(made, (80, 10, 10), None, 90, True)
    assert [sum(split) for split in limited] == [72, 9, 9]
    assert [split[2] for split in limited] == [0, 0, 0]


def test_shares_hold_within_a_row_or_two_for_any_classes() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        labels = generator.choice(5, size=200, p=[0.5, 0.3, 0.15, 0.04, 0.01])
        made = corpus([*labels.tolist(), 4])
        plain = counts(made, (70, 15, 15), 1, None, False)
        found = counts(made, (70, 15, 15), 1, None, True)
        assert [sum(split) for split in found] == [sum(split) for split in plain]
        for share, split in zip((0.7, 0.15, 0.15), found, strict=True):
            expected = share * np.bincount(made.labels, minlength=5)
            assert np.abs(np.array(split) - expected).max() < 2.5
        assert min(found[0]) >= 1


def test_a_class_of_one_text_is_trained_on() -> None:
    made = corpus([0, 1] * 20 + [2])
    assert counts(made, (50, 0, 50), None, None, True)[0][2] == 1


def test_the_seed_says_which_rows_and_rows_keep_their_order() -> None:
    made = corpus([0, 1] * 50)
    one, again, other = (
        split_rows(made, (80, 10, 10), seed, None, True)["test"].tolist() for seed in (1, 1, 2)
    )
    assert one == again != other
    in_order = split_rows(made, (80, 10, 10), None, None, True)
    assert all((np.diff(in_order[name]) > 0).all() for name in SPLITS)
    assert len(stratified(np.arange(0), made.labels, [0])) == 0


def test_of_an_own_test_split_only_the_rest_is_divided() -> None:
    made = corpus([0] * 20 + [1] * 20 + [0, 1], [False] * 40 + [True] * 2)
    assert counts(made, (80, 20, 0), None, None, False) == [[20, 12], [0, 8], [1, 1]]
    assert counts(made, (80, 20, 0), None, None, True) == [[16, 16], [4, 4], [1, 1]]


def test_which_split_is_used_is_said() -> None:
    assert (
        described((80, 0, 20), 7, True, False) == "80/20 shuffled by 7, each class in these shares"
    )
    assert described((80, 0, 20), None, False, True) == (
        "the corpus' own test split; the other texts for training, in the order of the texts"
    )


@pytest.mark.parametrize(
    ("labels", "limit", "shuffled", "said", "not_said"),
    [
        ([0, 1] * 20 + [2], None, False, "there is 1 such text: data.stratify=true", "shuffle"),
        ([0] * 30 + [1] * 9, None, False, "there are 9 such texts: data.stratify=true", "raise"),
        (
            [0] * 30 + [1] * 9,
            None,
            False,
            "if the rows are sorted, set data.shuffle_seed=0",
            "raise",
        ),
        ([0] * 30 + [1] * 9, 31, True, "9 such texts, 1 of them in use", "shuffle"),
        ([0] * 30 + [1] * 9, 20, False, "raise it, or set data.shuffle_seed=0", "stratify"),
    ],
)
def test_the_way_out_for_a_class_that_a_split_lacks(
    labels: list[int], limit: int | None, shuffled: bool, said: str, not_said: str
) -> None:
    made = corpus(labels)
    rows = split_rows(made, (80, 10, 10), None, limit)
    told = way_to_all(made, rows, max(labels), shuffled)
    assert said in told
    assert not_said not in told
