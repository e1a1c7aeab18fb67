"""Every gradient norm says of what it is."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.results.findings.grad_norm import GradNorm
from rnnexp.results.groups import Group
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY_MODEL, Outcome, read_npz

WORDS = ("data=random_tokens", "data.count=40", "seq_len=6", "embedding.dim=4", "threads=1",
         "trainer.batch_size=7", "trainer.epochs=1")  # fmt: skip


def test_the_norm_of_all_weights_and_of_each_matrix(workdir: Path) -> None:
    run = package.run([*WORDS, *TINY_MODEL, "model=rnn", "clip=norm", "clip.max_norm=1e-3",
                       "probes=grad_norm"]).directory  # fmt: skip
    assert isinstance(run, RunDirectory)
    norms = read_npz(run.path / "probes" / "grad_norm.npz")
    for when in ("before", "after"):
        parts = [norms[f"{when}.{name}"] for name in ("weight_hh_l0", "weight_ih_l0")]
        assert (sum(part**2 for part in parts) < norms[when] ** 2).all()
        assert all((part > 0).all() for part in parts)
    # clipping by the total scales all alike
    scale = norms["after"] / norms["before"]
    assert norms["after.weight_hh_l0"] == pytest.approx(norms["before.weight_hh_l0"] * scale)

    (finding,) = GradNorm.in_run(Group.of_run(run))
    assert isinstance(finding, GradNorm)
    total, of_matrices = finding.tables()
    assert total.notes == [
        "L2 norm over all trained weights together, of the mean loss of a batch of 7"
    ]
    assert of_matrices.head == [
        "of one matrix, first step",
        "weight_hh_l0", "after clipping", "weight_ih_l0", "after clipping",
    ]  # fmt: skip
    (row,) = of_matrices.rows
    assert [cell.value for cell in row[1:]] == pytest.approx(
        [norms[f"{when}.{name}"][0][0]
         for name in ("weight_hh_l0", "weight_ih_l0") for when in ("before", "after")]
    )  # fmt: skip
    assert "weight_hh reads the state (h2h)" in of_matrices.notes[0]


def test_norms_that_are_not_finite_are_counted_and_not_left_out(
    rnnexp: Callable[..., Outcome],
) -> None:
    """Of two seeds one begins with weights that overflow within the first step."""
    outcome = rnnexp("-m", *WORDS, *TINY_MODEL, "model=linear", "init=spectral", "study=x",
                     "init.radius=1,1e30", "clip=norm", "probes=grad_norm", "seed=0")  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert re.search(r"radius=1e\+30 +not finite", outcome.out)


def test_a_walkthrough_says_whose_gradient_norm_it_is(rnnexp: Callable[..., Outcome]) -> None:
    """The teaching model has one matrix, i2h, whose norm the notebook prints."""
    out = rnnexp("experiment=walkthrough", "plots=false").out
    line = next(line for line in out.splitlines() if "before training, gradient norm" in line)
    of_i2h, of_all = (
        float(line.partition(f"of {name} ")[2].split(",")[0].split(";")[0])
        for name in ("i2h", "all weights")
    )
    assert 0 < of_i2h < of_all
