import pytest
import torch

from rnnexp.types import Batch, SequenceDataset


def batch(padding: str, lengths: list[int]) -> Batch:
    inputs = torch.zeros(len(lengths), 4, dtype=torch.long)
    return Batch(inputs, torch.zeros(len(lengths)), torch.tensor(lengths), padding)  # type: ignore[arg-type]


def test_post_padding_has_the_real_steps_first() -> None:
    b = batch("post", [1, 3, 4])
    assert b.last_valid_B.tolist() == [0, 2, 3]
    assert b.valid_BT.int().tolist() == [[1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


def test_pre_padding_has_the_real_steps_last() -> None:
    b = batch("pre", [1, 3, 4])
    assert b.last_valid_B.tolist() == [3, 3, 3]
    assert b.valid_BT.int().tolist() == [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 1]]


@pytest.mark.parametrize("padding", ["post", "pre"])
def test_an_example_without_real_steps_still_has_one_to_read(padding: str) -> None:
    b = batch(padding, [0])
    assert b.valid_BT.sum() == 1
    assert b.valid_BT[0, b.last_valid_B[0]]


def test_a_narrow_batch_keeps_the_first_steps() -> None:
    data = SequenceDataset(torch.arange(12).view(3, 4), torch.arange(3), torch.tensor([2, 1, 4]))
    b = data.batch(torch.tensor([1, 0]), width=2)
    assert b.inputs.tolist() == [[4, 5], [0, 1]]
    assert b.targets.tolist() == [1, 0]
    assert b.lengths.tolist() == [1, 2]
