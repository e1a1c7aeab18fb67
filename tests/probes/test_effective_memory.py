"""What an answer depends on of the past: cut exactly, whatever the padding and the readout."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.probes.effective_memory import effective_memory, truncated_answers
from rnnexp.types import Batch
from tests.conftest import Outcome, read_npz


def padded(padding: str, lengths: list[int], width: int = 9) -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(len(lengths), width, 2, dtype=torch.float64, generator=generator)
    batch = Batch(inputs, torch.zeros(len(lengths)), torch.tensor(lengths), padding)  # type: ignore[arg-type]
    inputs[~batch.valid_BT] = 0
    return batch


@pytest.mark.parametrize("readout", ["last", "last_valid", "mean", "max"])
@pytest.mark.parametrize("padding", ["post", "pre"])
def test_the_steps_before_are_cut_and_the_pads_stay(padding: str, readout: str) -> None:
    torch.manual_seed(0)
    model = fused.GRU(Features(2), 3, hidden_size=4, readout=readout).double()
    batch = padded(padding, [9, 6, 4])

    def answer(b: Batch) -> Tensor:
        outputs: Tensor = model(b)
        return outputs

    kept = np.array([4, 2, 4, 4])
    row = np.array([0, 1, 2, 1])
    cut = truncated_answers(answer, batch, row, kept, model.reads_pads)
    for index, (b, k) in enumerate(zip(row, kept, strict=True)):
        x_TE, length = batch.inputs[b], int(batch.lengths[b])
        if padding == "post":
            steps = x_TE[length - k :]
        else:
            steps = torch.cat([x_TE[: 9 - length], x_TE[9 - k :]])
        alone = Batch(steps[None], torch.zeros(1), torch.tensor([k]), batch.padding)
        assert torch.allclose(answer(alone)[0], cut[index], atol=1e-12)


def test_bisection_finds_the_step_that_every_k_would() -> None:
    """Every k tried, and six of them with bisection: the same memory of each example."""
    torch.manual_seed(1)
    x_BTE = torch.randn(10, 60, 1, dtype=torch.float64)
    batch = Batch(x_BTE, torch.zeros(10), torch.full((10,), 60))
    decay = 0.8 ** torch.arange(60, dtype=torch.float64).flip(0)

    def answer(b: Batch) -> Tensor:
        return b.inputs[:, :, 0].abs() @ decay[-b.inputs.shape[1] :, None]

    dense, few = (effective_memory(answer, batch, 1e-3, points, numbers=True) for points in (60, 6))
    assert np.array_equal(dense.steps_B, few.steps_B)
    assert dense.steps_of_mean == few.steps_of_mean
    assert (dense.steps_B > 20).all()
    assert len(few.kept_K) < 15


def test_an_answer_that_is_not_finite_is_left_out() -> None:
    batch = padded("post", [9, 9, 9])

    def answer(b: Batch) -> Tensor:
        sums = b.inputs.sum(dim=(1, 2))[:, None]
        return torch.where(torch.arange(len(b))[:, None] == 1, torch.nan, sums)

    found = effective_memory(answer, batch, 1e-6, numbers=True)
    assert np.isnan(found.steps_B).tolist() == [False, True, False]
    assert found.steps_of_mean == 9


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"tolerance": 0.0}, "tolerance must be greater than 0"), ({"points": 1}, "points must be")],
)
def test_bad_settings(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        effective_memory(lambda b: b.inputs[:, -1], padded("post", [9]), **settings)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="without any real step"):
        effective_memory(lambda b: b.inputs[:, -1], replace(padded("post", [9, 0])))


def test_of_numbers_and_of_answers_at_every_step(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    for data in ("adding", "copying"):
        outcome = rnnexp(
            f"data={data}", "model=gru", "seq_len=12", "trainer.steps=2", "data.val_count=8",
            "data.test_count=8", "model.hidden_size=4", "probes=effective_memory", "plots=false",
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        assert "effective memory (steps)" in outcome.out
    runs = sorted(Path("outputs/runs").iterdir())
    adding, copying = (read_npz(run / "probes" / "effective_memory.npz") for run in runs)
    assert adding["numbers"][-1] == 1
    assert np.isnan(adding["changed"]).all()
    assert copying["numbers"][-1] == 0
    assert (copying["distance"][-1] <= 1).all()
    assert json.loads((runs[0] / "summary.json").read_text())["probes"]["effective_memory"]["steps"]
