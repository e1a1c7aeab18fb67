"""Every task's model comes back from its directory, and answers as it did."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import rnnexp as package
from rnnexp.errors import DataError
from rnnexp.experiment.build import build
from rnnexp.experiment.load import load_model
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.runs import RunDirectory
from tests.conftest import TASKS, TINY_MODEL, read_npz


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_model_of_each_task_is_loaded_and_answers_the_same(
    csv_file: Callable[..., Path], task: str
) -> None:
    csv_file()
    run = package.run([f"data={task}", *TASKS[task], *TINY_MODEL, "model=gru", "probes=none"])
    assert isinstance(run, RunDirectory)
    model = load_model(run).eval()
    test = build(RunSpec.of_run(run)).task.split("test")
    with torch.no_grad():
        outputs = model(test.as_batch()).numpy()
    assert np.allclose(
        outputs, read_npz(run.path / "predictions" / "test.npz")["outputs"], atol=1e-6
    )


def test_weights_that_do_not_fit_are_named(workdir: Path) -> None:
    run = package.run(["data=recall", *TASKS["recall"], *TINY_MODEL, "probes=none"])
    assert isinstance(run, RunDirectory)
    path = run.path / "config.yaml"
    path.write_text(path.read_text().replace("hidden_size: 4", "hidden_size: 5"))
    with pytest.raises(DataError, match=r"the weights do not fit its config\.yaml"):
        load_model(run)
