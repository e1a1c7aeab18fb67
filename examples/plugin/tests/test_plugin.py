"""Run them with `pytest` once the package is installed; rnnexp brings the checks.

`checks_of` gives what every component of a kind must satisfy: of a cell its gradient against finite
differences, its states, its gates; of a task its splits, its chance level; of a probe that it
changes nothing.
"""

import numpy as np
import pytest
import torch
from agreement.state_speed import speed
from agreement.task import Agreement

from rnnexp.checks.conformance import Check, checks_of

COMPONENTS = ("cells/ugrnn", "data/agreement", "probes/state_speed")


@pytest.mark.parametrize("check", [c for name in COMPONENTS for c in checks_of(name)], ids=str)
def test_it_does_what_every_component_must(check: Check) -> None:
    result = check.result()
    assert result.passed, result


def test_the_class_is_whether_both_ends_agree() -> None:
    batch = Agreement(seq_len=5).fresh(100, np.random.default_rng(0))
    same = batch.inputs[:, 0] == batch.inputs[:, -1]
    assert torch.equal(same.long(), batch.targets)


def test_the_speed_of_states_that_are_known() -> None:
    east, north = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    states_TBH = torch.stack([east, east, north, -north, -2 * north])[:, None]
    expected = [0.0, 0.5**0.5, 1.0, 1 / 3]
    assert speed(states_TBH)[:, 0].tolist() == pytest.approx(expected)
