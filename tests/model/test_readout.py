import pytest
import torch

from rnnexp.model.readout import READOUTS
from rnnexp.types import Batch, Padding

STATES = torch.tensor([[[1.0], [5.0]], [[3.0], [-1.0]], [[-2.0], [4.0]]])  # [T=3, B=2, H=1]


def batch(padding: Padding, lengths: list[int]) -> Batch:
    return Batch(torch.zeros(2, 3), torch.zeros(2), torch.tensor(lengths), padding)


@pytest.mark.parametrize(
    ("name", "padding", "expected"),
    [
        ("last", "post", [-2.0, 4.0]),
        ("last_valid", "post", [3.0, 5.0]),
        ("mean", "post", [2.0, 5.0]),
        ("max", "post", [3.0, 5.0]),
        ("last", "pre", [-2.0, 4.0]),
        ("last_valid", "pre", [-2.0, 4.0]),
        ("mean", "pre", [0.5, 4.0]),
        ("max", "pre", [3.0, 4.0]),
    ],
)
def test_each_readout(name: str, padding: Padding, expected: list[float]) -> None:
    states = READOUTS[name](STATES, batch(padding, [2, 1]))  # type: ignore[index]
    assert states[:, 0].tolist() == expected


@pytest.mark.parametrize("name", READOUTS)
def test_an_empty_example_reads_something_finite(name: str) -> None:
    states = READOUTS[name](STATES, batch("post", [0, 3]))  # type: ignore[index]
    assert states.isfinite().all()
