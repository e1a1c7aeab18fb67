"""The digits of scikit-learn, pixel by pixel."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnexp.data.digits import Digits
from rnnexp.errors import DataError
from rnnexp.results.runs import RunDirectory
from tests.conftest import Outcome

load_digits = pytest.importorskip("sklearn.datasets").load_digits
SPLITS = ("train", "val", "test")


def test_every_image_is_in_one_split_pixel_by_pixel() -> None:
    task = Digits(seq_len=64)
    splits = [task.split(name) for name in SPLITS]  # type: ignore[arg-type]
    assert [len(split) for split in splits] == [1437, 180, 180]
    inputs = torch.cat([split.inputs for split in splits])
    assert inputs.shape == (1797, 64, 1)
    assert inputs.dtype == torch.float32
    assert (inputs.min(), inputs.max()) == (0, 1)
    assert all((split.lengths == 64).all() for split in splits)
    loaded = load_digits()
    images = {(loaded.images[i].tobytes(), int(loaded.target[i])) for i in range(1797)}
    targets = torch.cat([split.targets for split in splits]).tolist()
    read = {
        ((16 * image).double().numpy().tobytes(), k)
        for image, k in zip(inputs, targets, strict=True)
    }
    assert read == images


def test_each_class_is_divided_in_the_shares() -> None:
    task = Digits(seq_len=64)
    shares = [np.bincount(task.split(name).targets, minlength=10) for name in SPLITS]  # type: ignore[arg-type]
    for train, val, test in zip(*shares, strict=True):
        assert abs(train - 8 * val) <= 12
        assert abs(val - test) <= 2
    assert task.chance["accuracy"] == pytest.approx(183 / 1797)
    assert task.chance["loss"] == pytest.approx(np.log(10), abs=1e-3)
    assert task.report["steps"] == 64
    assert task.report["notes"] == [
        "images: 8 x 8 pixels, read row by row: 64 steps",
        "split: 80/10/10 shuffled by 0, each class in these shares",
    ]


def test_the_same_seed_gives_the_same_split_another_one_another() -> None:
    first, again, other, unshuffled = (
        Digits(seq_len=64, shuffle_seed=seed).split("test").inputs for seed in (0, 0, 1, None)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, unshuffled)


def test_permuted_images_have_the_same_pixels_in_one_other_order() -> None:
    plain, permuted, again, other = (
        Digits(seq_len=64, permute_seed=seed).split("test") for seed in (None, 0, 0, 1)
    )
    assert torch.equal(permuted.inputs, again.inputs)
    assert not torch.equal(permuted.inputs, other.inputs)
    assert not torch.equal(permuted.inputs, plain.inputs)
    assert torch.equal(permuted.targets, plain.targets)
    assert torch.equal(permuted.inputs.sort(1).values, plain.inputs.sort(1).values)
    # one order for all: every column of the one is a column of the other
    columns = {tuple(column) for column in plain.inputs[..., 0].T.tolist()}
    assert {tuple(column) for column in permuted.inputs[..., 0].T.tolist()} == columns


def test_pixels_are_pooled_by_their_means() -> None:
    plain, pooled = (Digits(seq_len=64, pool=pool).split("val").inputs for pool in (1, 2))
    assert pooled.shape == (180, 16, 1)
    expected = torch.nn.functional.avg_pool2d(plain.view(-1, 1, 8, 8), 2).view(-1, 16, 1)
    assert torch.allclose(pooled, expected)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"seq_len": 63}, "seq_len=63 would cut the images, which have 64 pixels: type seq_len=64, "
                          "or data.pool=2 seq_len=16"),
        ({"seq_len": 3, "pool": 4}, "type seq_len=4$"),
        ({"pool": 3}, "pool=3 does not divide images of 8 x 8 pixels"),
        ({"pool": 0}, "pool must be at least 1"),
        ({"permute_seed": -1}, "permute_seed must be at least 0"),
        ({"split": "80/30"}, "split must be"),
        ({"limit": 0}, "limit must be at least 1"),
        ({"limit": 5}, "5 images are too few for a split of 80/10/10"),
        ({"limit": 12}, r"the train split of 9 images has none of class '\d'|too few"),
    ],
)  # fmt: skip
def test_what_cannot_be(settings: dict[str, object], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Digits(**settings)


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="Digits cannot be made at another length"):
        Digits(seq_len=64).at_length(32)


def test_without_scikit_learn_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match="pip install scikit-learn"):
        Digits()


def test_a_split_without_a_class_says_so() -> None:
    notes = Digits(limit=60).report["notes"]
    assert any("split has no image of class" in note for note in notes)


def test_through_the_command(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    words = ("data=digits", "data.pool=2", "data.limit=100", "model.hidden_size=4", "seq_len=16")
    outcome = rnnexp(*words, "trainer.epochs=1", "threads=1", "probes=all", "plots=false")
    assert outcome.status == 0, outcome.err
    assert "16 steps" in outcome.out
    assert "synthetic" not in outcome.out
    run = RunDirectory.open(run_directory())
    assert not run.summary.memory
    assert not run.summary.synthetic
    refused = rnnexp("predict", str(run.path), "five")
    assert refused.status == 2
    assert "was trained on digits, not on texts" in refused.error
    refused = rnnexp(*words, "data.eval_lengths=[8]")
    assert refused.status == 2
    assert "eval_lengths" in refused.error
