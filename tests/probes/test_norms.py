"""Norms and means where numbers are very small or missing."""

import numpy as np
import pytest
import torch

from rnnexp.probes.norms import l2_norm, mean_where


def test_norms_down_to_the_smallest_numbers() -> None:
    x = torch.tensor([[3e-200, 4e-200], [0, 0], [3e200, 4e200]], dtype=torch.float64)
    assert l2_norm(x).tolist() == pytest.approx([5e-200, 0.0, 5e200])
    assert torch.isnan(l2_norm(torch.tensor([float("nan"), 1.0])))
    assert torch.isinf(l2_norm(torch.tensor([float("inf"), 1.0])))


def test_a_mean_without_examples_is_nan() -> None:
    values = np.array([[1.0, 3.0], [np.nan, 5.0], [np.nan, np.nan]])
    means = mean_where(values, ~np.isnan(values))
    assert means[:2].tolist() == [2.0, 5.0]
    assert np.isnan(means[2])
