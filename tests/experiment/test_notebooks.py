"""Each number that the second notebook prints has its line in the output of the preset."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.results.runs import RunDirectory
from tests.conftest import Outcome, read_npz


@pytest.mark.realdata
def test_its_training(rnnexp: Callable[..., Outcome], workdir: Path, realdata: Path) -> None:
    out = rnnexp(
        "experiment=notebook", f"data.path={realdata / 'imdb_subset.csv'}", "embedding=glove",
        f"embedding.path={realdata / 'glove.6B.50d.top10361.txt'}", "model.hidden_size=4",
        "trainer.epochs=1", "probes=grad_norm", "plots=false", "threads=1",
    ).out  # fmt: skip
    for pattern in (
        "1600 training.* 400 test.*vocabulary 5001",
        " 100 steps",
        "Found embeddings for 3753 / 5000 words",
        # why its losses, sums over 50 batches divided by 62.5, are 0.8 times ours
        r"epochs 1, batches in each 50, batch size 32, .* with lr .*; loss and scores are means",
        r"epoch 1/1:  loss 0\.\d+  accuracy \d+\.\d%",
        r"test accuracy \d+\.\d% .*, loss 0\.\d+; weights of epoch 1 of 1",
        "weight_hh_l0 .*weight_ih_l0 ",
    ):
        assert re.search(pattern, out), pattern


def test_its_exploding_gradients(workdir: Path) -> None:
    """All weights together are clipped to 5, h2h with them and to less."""
    run = package.run(["experiment=exploding", "hydra.mode=RUN", "seed=0", "trainer.steps=1",
                       "probes=grad_norm"]).directory  # fmt: skip
    assert isinstance(run, RunDirectory)
    norms = read_npz(run.path / "probes" / "grad_norm.npz")
    assert norms["before.weight_hh_l0"][0] > 1e9
    assert norms["after"][0] == pytest.approx(5.0)
    assert 0 < norms["after.weight_hh_l0"][0] < 5
