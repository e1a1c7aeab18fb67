"""Which measurements of a run that diverged count as of its training, and which as of its start."""

from pathlib import Path

import numpy as np
import pytest

from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from tests.results.test_study import add_run


@pytest.mark.parametrize(("epochs", "counts"), [([0], False), ([0, 1], True)])
def test_a_diverged_run_counts_where_it_was_measured(
    tmp_path: Path, epochs: list[int], counts: bool
) -> None:
    add_run(tmp_path, 0, None, status="diverged")
    run = RunDirectory(tmp_path / "job000")
    run.save_probe("gates", {"epoch": np.array(epochs), "x": np.arange(len(epochs))})
    (group,) = Study.read(tmp_path).groups()
    assert bool(group.measured("gates")) == counts
    assert len(group.untrained("gates")) == 1  # its initial weights were measured all the same
