"""The gradient of the states at every training step."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import GRU, RNN
from rnnexp.probes.gradient_norms import aligned, gradient_flow
from rnnexp.probes.gradient_steps import GradientSteps
from rnnexp.ranges import BELOW_FLOAT32
from rnnexp.results import report
from rnnexp.results.runs import RunDirectory
from rnnexp.training.state_gradients import StateGradients, marked
from rnnexp.types import Batch, Padding
from tests.conftest import TINY, Outcome

Rnnexp = Callable[..., Outcome]
B, T = 3, 12


def model_of(kind: type[RNN | GRU], **options: str) -> SequenceModel:
    torch.manual_seed(0)
    return kind(Learned([str(i) for i in range(6)], 4), 2, hidden_size=8, **options)


def batch_of(padding: Padding) -> Batch:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([T, 7, 1])
    return Batch(torch.randint(1, 6, (B, T), generator=generator), torch.tensor([0, 1, 1]), lengths,
                 padding)  # fmt: skip


@pytest.mark.parametrize("kind", [RNN, GRU])
@pytest.mark.parametrize("padding", ["post", "pre"])
@pytest.mark.parametrize("readout", ["last_valid", "mean"])
def test_it_is_the_gradient_of_the_float64_rollout(
    kind: type[RNN | GRU], padding: Padding, readout: str
) -> None:
    """By distance from each example's own readout, pads left out, each example's own loss."""
    model, batch = model_of(kind, readout=readout), batch_of(padding)
    states = StateGradients(range(T))
    states.watch(model)
    loss = model(batch).square().mean()
    loss.backward()
    states.measure(batch, model.reads_pads)

    rollout = model.rollout(batch)
    norms = gradient_flow(rollout, rollout.outputs.square().sum(dim=1))
    expected = np.nanmean(
        aligned(norms.states_LTB[-1], norms.read_state_B), axis=1
    )  # fmt: skip
    (row,) = states.by_step(1)["state_gradient"]
    np.testing.assert_allclose(row, expected, rtol=1e-4)


def test_a_distance_that_no_example_has_is_not_measured() -> None:
    model, batch = model_of(RNN), batch_of("post").rows(1, 3)
    states = StateGradients([0, 6, 7, 100])
    states.watch(model)
    model(batch).sum().backward()
    states.measure(batch, model.reads_pads)
    (row,) = states.by_step(1)["state_gradient"]
    assert np.isnan(row).tolist() == [False, False, True, True]


def test_nothing_is_watched_unless_asked() -> None:
    model, batch = model_of(RNN), batch_of("post")
    StateGradients([0]).watch(model)
    states = StateGradients()
    states.watch(model)
    assert model.watch is None
    model(batch).sum().backward()
    states.measure(batch, model.reads_pads)
    assert states.by_step(1) == {}


def test_what_float32_cannot_hold_is_below_it_and_zero_is_zero() -> None:
    """Of three examples: one decays below float32, one is cut off by a dead unit, one overflows."""
    norms_TB = torch.tensor(
        [[0.0, 0.0, math.nan], [1e-38, 0.0, math.inf], [1e-30, 0.0, 1e30], [1.0, 1.0, 1.0]],
        dtype=torch.float64,
    )
    expected = [[BELOW_FLOAT32, 0.0, math.inf], [BELOW_FLOAT32, 0.0, math.inf],
                [2e-30, 0.0, 2e30], [2.0, 2.0, 2.0]]  # fmt: skip
    assert marked(norms_TB, 2).tolist() == pytest.approx(np.array(expected), rel=1e-12)


def test_a_gradient_below_float32_is_said_to_be_so(rnnexp: Rnnexp, workdir: Path) -> None:
    """Recurrent weights of 0.01 shrink it a hundredfold per step: gone after some twenty."""
    words = ("data=recall", "data.test_count=20", "data.val_count=20", "seq_len=60", "model=rnn",
             "model.hidden_size=8", "init=identity", "init.scale=0.01", "trainer.steps=3",
             "probes.gradient_flow.every_step=true", "plots=false")  # fmt: skip
    assert rnnexp(*words).status == 0
    (path,) = Path("outputs/runs").iterdir()
    arrays = RunDirectory(path).probe("gradient_steps")
    assert arrays is not None
    curve_K = arrays["norm"][-1][0]
    assert curve_K[0] > 1e-3
    assert (curve_K[-20:] == BELOW_FLOAT32).all()
    (finding,) = [f for f in report.run_findings(RunDirectory(path)) if f.name == "gradient_steps"]
    (table,) = finding.tables()
    (row,) = table.rows
    assert [cell.text for cell in row] == [
        "rnn", "59", "below 1e-36", "3", "-", "-", "-", "100%", "0%", "0%",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "way_out"),
    [(("model=lstm",), "use model=rnn or model=gru"),
     (("model=unrolled", "model.cell=lstm"), "use model=rnn or model=gru"),
     (("model=unrolled", "model.cell=lstm", "model.engine=autograd"), "use model=rnn or model=gru"),
     (("model=rnn", "model.engine=fused"), "add model.engine=bptt"),
     (("model=unrolled", "model.engine=autograd"), "add model.engine=bptt")],
)  # fmt: skip
def test_no_engine_is_switched_for_it(
    rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...], way_out: str
) -> None:
    outcome = rnnexp(*TINY, *words, "probes.gradient_flow.every_step=true")
    assert outcome.status == 2
    assert "probes.gradient_flow.every_step=true notes what engine=bptt comes by" in outcome.error
    assert way_out in outcome.error
    assert not Path("outputs").exists()


@pytest.mark.parametrize("readout", ["mean", "max"])
def test_a_readout_of_all_states_is_refused(rnnexp: Rnnexp, workdir: Path, readout: str) -> None:
    """What is handed to a state directly has not come back."""
    words = ("model=rnn", f"model.readout={readout}", "probes.gradient_flow.every_step=true")
    outcome = rnnexp(*TINY, *words)
    assert outcome.status == 2
    assert "needs an answer that is read from one state" in outcome.error
    assert "use model.readout=last_valid" in outcome.error


def test_a_divergence_keeps_the_steps_before_it(rnnexp: Rnnexp, workdir: Path) -> None:
    words = ("model=rnn", "model.nonlinearity=relu", "optimizer.lr=1e30",
             "optimizer=sgd", "probes.gradient_flow.every_step=true")  # fmt: skip
    rnnexp(*TINY, *words)
    (path,) = Path("outputs/runs").iterdir()
    run = RunDirectory(path)
    assert run.summary.status == "diverged"
    arrays = run.probe("gradient_steps")
    assert arrays is not None
    assert arrays["norm"][0][0, 0] > 0


def test_each_probe_has_its_own_distances() -> None:
    """The training notes those of all probes together."""
    probe = GradientSteps()
    steps = {"state_gradient": np.arange(10.0)[None], "state_distance": np.arange(10.0)}
    view = SimpleNamespace(steps=steps, examples=SimpleNamespace(inputs=torch.zeros(1, 5)))
    measured = probe.measure(view)  # type: ignore[arg-type]
    assert measured["distance"].tolist() == [0, 1, 2, 3, 4]
    assert measured["norm"].tolist() == [[0, 1, 2, 3, 4]]


def test_a_checkpoint_without_rows_goes_on_and_says_so() -> None:
    """As one of an earlier version, whose steps had none."""
    states = StateGradients([0, 5])
    states.restore(None, 2, torch.device("cpu"))
    assert np.isnan(states.by_step(2)["state_gradient"]).all()


def test_early_middle_and_late_are_among_the_distances() -> None:
    distances = GradientSteps().state_distances(1000)
    assert {0, 50, 500, 950, 999} <= {*distances}
    assert len(distances) <= 64 + 3
    assert GradientSteps().state_distances(5) == [0, 1, 2, 3, 4]


def test_the_training_is_the_same_with_it(rnnexp: Rnnexp, workdir: Path) -> None:
    for name, value in (("with", "true"), ("without", "false")):
        words = (*TINY, "model=gru", f"probes.gradient_flow.every_step={value}", f"name={name}")
        assert rnnexp(*words).status == 0
    runs = [next(Path("outputs/runs").glob(f"*_{name}")) for name in ("with", "without")]
    metrics = [(run / "metrics.csv").read_bytes() for run in runs]
    assert metrics[0] == metrics[1]
    first, second = (RunDirectory(run).summary for run in runs)
    assert first.fingerprint == second.fingerprint
    assert first.measured != second.measured


def test_an_interrupted_epoch_keeps_its_rows() -> None:
    model, batch = model_of(RNN), batch_of("post")
    whole, first = StateGradients([0, 5]), StateGradients([0, 5])
    for states in (whole, first):
        states.watch(model)
        for _ in range(2):
            model(batch).sum().backward()
            states.measure(batch, model.reads_pads)
    gone_on = StateGradients([0, 5])
    gone_on.restore(first.state(), 2, torch.device("cpu"))
    for states in (whole, gone_on):
        states.watch(model)
        model(batch).sum().backward()
        states.measure(batch, model.reads_pads)
    np.testing.assert_array_equal(
        whole.by_step(3)["state_gradient"], gone_on.by_step(3)["state_gradient"]
    )
