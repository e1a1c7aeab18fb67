"""What is said and drawn of what probes measured, from files alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnnexp.figures import gradient_flow
from rnnexp.findings import findings, verdict
from rnnexp.runs import RunDirectory
from rnnexp.study import Series, log_interval
from tests.conftest import TINY, Outcome

Rnnexp = Callable[..., Outcome]


def flow(values: list[float], name: str, epoch: int = 3) -> Series:
    """A run whose gradient flow is `values` at each of three measurements."""
    run = RunDirectory(Path(name))
    run.path.mkdir()
    array = np.array([values] * 3)
    scalars = {"early": values[0], "middle": values[1], "late": values[2],
               "ratio": values[0] / values[2], "half_life": 2.0, "first": values[0]}  # fmt: skip
    run.save_probe("gradient_flow", {
        "epoch": np.array([0, 1, epoch]), "input": array, "input_low": array, "input_high": array,
        "marks": np.array([[1, 2, 3]] * 3), "floor": np.full(3, 1e-300),
        "ratio": np.full(3, scalars["ratio"]),
    })  # fmt: skip
    run.write_summary({"model": "rnn", "status": "finished", "probes": {"gradient_flow": scalars}})
    return Series(name, "rnn", [run])


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(0.0, "severe vanishing"), (0.0099, "severe vanishing"), (0.01, "moderate vanishing"),
     (0.0999, "moderate vanishing"), (0.1, "good flow"), (9.9, "good flow"), (10.0, "exploding"),
     (float("inf"), "exploding"), (float("nan"), "not measured")],
)  # fmt: skip
def test_verdicts(ratio: float, words: str) -> None:
    assert verdict(ratio) == words


def test_the_table_of_one_run_and_of_several_seeds(workdir: Path) -> None:
    one = flow([1e-9, 1e-5, 1.0], "rnn")
    (text,) = findings([one])
    assert "t=1" in text
    assert "1e-09" in text
    assert "severe vanishing" in text
    assert "one seed gives no interval" in text
    two = Series("rnn", "rnn", [*one.runs, *flow([1e-7, 1e-5, 1.0], "other").runs])
    (text,) = findings([two])
    assert "1e-08 (" in text  # the geometric mean
    assert "95% intervals" in text


def test_intervals_over_orders_of_magnitude() -> None:
    found = log_interval([1e-9, 1e-7, 0.0])
    assert found.n == 2
    assert found.mean == pytest.approx(1e-8)
    assert log_interval([0.0]).n == 0


def test_underflow_is_a_gap_with_a_mark_and_never_zero(workdir: Path) -> None:
    one = flow([0.0, 1e-5, 1.0], "rnn")
    path = gradient_flow.draw([one], workdir / "plots")
    assert path is not None
    assert "underflow (below 1e-300)" in path.with_suffix(".svg").read_text()
    mean, _, _ = gradient_flow.curve(one.probe("gradient_flow"), -1)
    assert np.isnan(mean).tolist() == [True, False, False]
    assert "0 (below 1e-300)" in findings([one])[0]
    fine = gradient_flow.draw([flow([1e-9, 1e-5, 1.0], "b")], workdir / "fine")
    assert fine is not None
    assert "underflow" not in fine.with_suffix(".svg").read_text()


def test_figures_are_redrawn_without_torch(rnnexp: Rnnexp, workdir: Path) -> None:
    assert rnnexp(*TINY, "probes=all", "model.readout=last").status == 0
    (path,) = Path("outputs/runs").iterdir()
    assert not (path / "plots").exists()
    code = f"import sys; from rnnexp.cli import main; s = main(['report', '{path}']); " \
           "sys.exit(s or ('torch' in sys.modules) * 7)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    drawn = {file.stem for file in (path / "plots").glob("*.png")}
    measured = {file.stem for file in (path / "probes").glob("*.npz")}
    assert measured <= drawn
    assert len(measured) >= 10


def test_a_study_compares_its_models(rnnexp: Rnnexp, workdir: Path) -> None:
    words = ["-m", *TINY, "model=rnn,lstm,bag", "seed=0,1", "seq_len=6,12", "study=x"]
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    assert "gradient to the first token" in outcome.out
    drawn = {file.stem for file in Path("outputs/studies/x/plots").glob("*.png")}
    assert {"gradient_flow", "first_token", "hidden_dynamics", "accuracy_vs_length"} <= drawn


def test_no_training_measures_the_initial_weights(rnnexp: Rnnexp, workdir: Path) -> None:
    outcome = rnnexp(*TINY, "trainer.epochs=0", "probes=gradient_flow")
    assert outcome.status == 0, outcome.err
    (path,) = Path("outputs/runs").iterdir()
    summary = RunDirectory.open(path).summary
    assert (summary["status"], summary["epochs"], summary["steps"]) == ("finished", 0, 0)
    assert summary["probes"]["gradient_flow"]["ratio"] > 0
    assert summary["regime"]["gain"] > 0
    assert rnnexp("predict", str(path), "a good film").status == 0


def test_the_walkthrough(rnnexp: Rnnexp, workdir: Path) -> None:
    outcome = rnnexp("experiment=walkthrough")
    assert outcome.status == 0, outcome.err
    words = ["this", "movie", "was", "absolutely", "amazing", "and", "wonderful"]
    lines = [line.split() for line in outcome.out.splitlines()]
    assert [line[0] for line in lines if line and line[0] in words] == words
    assert "after one step: lower" in outcome.out
    (path,) = Path("outputs/runs").iterdir()
    summary = RunDirectory.open(path).summary
    assert summary["steps"] == 1
    assert (path / "plots" / "walkthrough.png").is_file()


@pytest.mark.parametrize("padding", ["post", "pre"])
@pytest.mark.parametrize("model", ["lstm", "rnn", "linear"])
def test_predict_word_by_word(rnnexp: Rnnexp, workdir: Path, model: str, padding: str) -> None:
    assert rnnexp(*TINY, f"model={model}", f"data.padding={padding}").status == 0
    (path,) = Path("outputs/runs").iterdir()
    for words in (
        ["predict", str(path), "the film was great", "--steps"],
        ["predict", "--steps", str(path), "the film was great"],
    ):
        outcome = rnnexp(*words)
        assert outcome.status == 0, outcome.err
        table = outcome.out.partition("\n\n")[2].splitlines()[2:]
        assert [line.split()[0] for line in table] == ["the", "film", "was", "great"]
        confidence = outcome.out.splitlines()[1].split()[-1]
        assert table[-1].split()[2] == confidence  # at the last word the answer itself
    assert "--steps" not in rnnexp("predict", str(path), "--steps").out


def test_predict_word_by_word_needs_a_state(rnnexp: Rnnexp, workdir: Path) -> None:
    assert rnnexp(*TINY, "model=bag").status == 0
    (path,) = Path("outputs/runs").iterdir()
    outcome = rnnexp("predict", str(path), "a film", "--steps")
    assert outcome.status == 2
    assert "--steps follows a recurrent state, and model=bag has none" in outcome.error


@pytest.mark.realdata
def test_gradient_flow_and_hidden_dynamics_on_real_reviews(
    rnnexp: Rnnexp, workdir: Path, realdata: Path
) -> None:
    small = ["data=imdb", f"data.path={realdata / 'imdb_subset.csv'}", "data.limit=300",
             "trainer.epochs=1", "seed=0", "model.hidden_size=16"]  # fmt: skip
    for preset in ("gradient_flow", "hidden_dynamics"):
        outcome = rnnexp(f"experiment={preset}", *small)
        assert outcome.status == 0, outcome.err
        assert "severe vanishing" in outcome.out
        plots = Path("outputs/studies") / preset / "plots"
        assert (plots / f"{preset}.png").is_file()
    (run, *_) = Path("outputs/studies/hidden_dynamics").glob("lstm*")
    found = np.load(run / "probes" / "hidden_dynamics.npz")
    assert found["sequences"][-1] == 10
    assert (found["length"][-1] >= 150).all()
