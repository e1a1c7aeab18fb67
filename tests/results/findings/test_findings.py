"""What is said and drawn of what probes measured, from files alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnnexp.results.figures.gradient_flow import curve
from rnnexp.results.findings.gradient_flow import GradientFlow
from rnnexp.results.groups import Group
from rnnexp.results.magnitudes import Magnitude, verdict_on, verdict_over
from rnnexp.results.report import run_findings, run_sentences, text
from rnnexp.results.runs import RunDirectory
from rnnexp.results.statistics import log_interval
from rnnexp.results.study_run import StudyRun
from rnnexp.results.summary import Summary
from tests.conftest import TINY, Outcome, read_npz

Rnnexp = Callable[..., Outcome]


def flow(values: list[float], name: str, epoch: int = 3, spread: float = 1.5) -> Group:
    """A run whose gradient flow is `values` at each of three measurements.

    spread: the factor that the ends of the ratio's interval over examples are away from it.
    """
    run = RunDirectory(Path(name))
    run.path.mkdir()
    array = np.array([values] * 3)
    ratio = values[0] / values[2]
    scalars = {"early": values[0], "middle": values[1], "late": values[2],
               "ratio": ratio, "ratio_low": ratio / spread, "ratio_high": ratio * spread,
               "compared": 30.0, "examples": 32.0, "silent": 0.0, "longest": 3.0,
               "recurrence_alone": 0.0, "straight": 1.0,
               "half_share": 0.1, "end_share": 0.01, "near_slope": -0.3, "far_slope": -0.3,
               "half_life": 2.0, "first": values[0]}  # fmt: skip
    run.save_probe("gradient_flow", {
        "epoch": np.array([0, 1, epoch]), "input": array, "input_low": array, "input_high": array,
        "marks": np.array([[1, 2, 3]] * 3), "floor": np.full(3, 1e-300),
        **{key: np.full(3, value) for key, value in scalars.items()},
    })  # fmt: skip
    probes = {"gradient_flow": scalars}
    summary = Summary(status="finished", seed=0, model="rnn", probes=probes)
    run.write_summary(summary)
    return Group(name, "rnn", [StudyRun(run, run.summary)], alone=True)


def shown(group: Group) -> str:
    (finding,) = GradientFlow.in_run(group)
    return finding.text()


def drawn(group: Group, folder: Path) -> str:
    """The SVG of the gradient flow."""
    (finding,) = GradientFlow.in_run(group)
    (path, *_) = finding.draw(folder)
    return path.with_suffix(".svg").read_text()


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(0.0, "severe vanishing"), (0.0099, "severe vanishing"), (0.01, "moderate vanishing"),
     (0.0999, "moderate vanishing"), (0.1, "good flow"), (9.9, "good flow"), (10.0, "exploding"),
     (float("inf"), "exploding"), (float("nan"), "not measured")],
)  # fmt: skip
def test_verdicts(ratio: float, words: str) -> None:
    assert verdict_on(ratio) == words


def test_the_table_of_one_run_and_of_several_seeds(workdir: Path) -> None:
    one = flow([1e-9, 1e-5, 1.0], "rnn")
    (table,) = text(run_findings(one.first.directory))
    for words in ("t=1", "1e-09 (6.7e-10 to 1.5e-09)", "severe vanishing", "one seed", "30 of 32"):
        assert words in table
    two = Group("rnn", "rnn", [*one.runs, *flow([1e-7, 1e-5, 1.0], "other").runs])
    assert "1e-08 (" in shown(two)  # the geometric mean
    assert "unclear at 2 seeds" in shown(two)  # a factor of 100 between two seeds: t = 12.7
    assert "95% intervals" in shown(two)


def test_intervals_over_orders_of_magnitude() -> None:
    found = log_interval([1e-9, 1e-7, 0.0])
    assert found.n == 2
    assert found.mean == pytest.approx(1e-8)
    assert log_interval([0.0]).n == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.0, 0.0, 1e-3], "0.001 of 1 of 3 (2 exactly 0)"),
        ([1e-301, 1e-3, 1e-3], "0.001 of 2 of 3 (1 below 1e-300)"),
        (
            [float("inf"), 2.0, float("nan")],
            "2 of 1 of 3 (1 overflow (above 1e308), 1 not measured)",
        ),
        ([1e-301, 1e-301], "below 1e-300"),
        ([float("nan")], "-"),
        ([], "-"),
    ],
)
def test_no_seed_is_dropped_in_silence(values: list[float], words: str) -> None:
    assert Magnitude.of(values).cell().text == words


@pytest.mark.parametrize(
    ("ratios", "alone", "words"),
    [
        ([0.05, 0.06, 0.055], None, "moderate vanishing"),
        ([0.05, 0.2, 0.055], None, "unclear at 3 seeds (2 moderate vanishing, 1 good flow)"),
        ([1e-9, 1e-40, 1e-80], None, "unclear at 3 seeds (severe vanishing in each)"),
        ([0.05], (0.03, 0.09), "moderate vanishing"),
        ([0.05], (0.005, 0.09), "unclear at 1 seed (moderate vanishing)"),
        ([0.05], (float("nan"), float("nan")), "unclear at 1 seed (moderate vanishing)"),
        ([0.0, 0.0, 1e-3], None, "severe vanishing"),
        ([1e-301, 0.5], None, "unclear at 2 seeds (1 severe vanishing, 1 good flow)"),
        ([float("inf"), float("inf")], None, "exploding"),
        ([float("nan")], None, "not measured"),
        ([0.3, float("nan"), 0.31], None, "good flow"),
    ],
)
def test_a_verdict_needs_the_whole_interval(
    ratios: list[float], alone: tuple[float, float] | None, words: str
) -> None:
    assert verdict_over(ratios, alone) == words


def test_what_an_earlier_version_compared_is_not_shown_as_ours(workdir: Path) -> None:
    old = flow([1e-9, 1e-5, 1.0], "rnn")
    path = old.first.directory.path / "probes" / "gradient_flow.npz"
    arrays = read_npz(path)
    for key in ("compared", "recurrence_alone", "straight"):
        arrays.pop(key)
    np.savez(path, **arrays)
    words = shown(Group("rnn", "rnn", [StudyRun(old.first.directory, old.first.summary)]))
    assert "1e-09" not in words
    assert "measured by an earlier version, at other steps" in words
    assert "not measured" in words


def test_underflow_is_a_gap_with_a_mark_and_never_zero(workdir: Path) -> None:
    one = flow([1e-301, 1e-5, 1.0], "c")
    assert "underflow (below 1e-300)" in drawn(one, workdir / "small")
    one = flow([0.0, 1e-5, 1.0], "rnn")
    assert "exactly 0: no path to the loss" in drawn(one, workdir / "plots")
    finding = GradientFlow.of([one])
    assert finding is not None
    mean, _, _ = curve(finding.lines[0].runs, -1)
    assert np.isnan(mean).tolist() == [True, False, False]
    assert "exactly 0" in shown(one)
    assert "below 1e-300" in shown(flow([1e-301, 1e-5, 1.0], "d"))
    assert "underflow" not in drawn(flow([1e-9, 1e-5, 1.0], "b"), workdir / "fine")


def test_figures_are_redrawn_without_torch(rnnexp: Rnnexp, workdir: Path) -> None:
    assert rnnexp(*TINY, "probes=all", "model.readout=last").status == 0
    (path,) = Path("outputs/runs").iterdir()
    assert not (path / "plots").exists()
    code = f"import sys; from rnnexp.command.main import main; s = main(['report', '{path}']); " \
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
    assert "gradient to the first step" in outcome.out
    drawn = {file.stem for file in Path("outputs/studies/x/plots").glob("*.png")}
    assert {"gradient_flow", "first_token", "hidden_dynamics", "score_vs_length"} <= drawn


def test_no_training_measures_the_initial_weights(rnnexp: Rnnexp, workdir: Path) -> None:
    outcome = rnnexp(*TINY, "trainer.epochs=0", "probes=gradient_flow")
    assert outcome.status == 0, outcome.err
    (path,) = Path("outputs/runs").iterdir()
    summary = RunDirectory.open(path).summary
    assert (summary.status, summary.epochs, summary.steps) == ("finished", 0, 0)
    ratio = summary.probes["gradient_flow"]["ratio"]
    assert ratio is not None
    assert ratio > 0
    assert summary.regime["gain"] > 0
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
    assert summary.steps == 1
    run = RunDirectory.open(path)
    asked, unscored = run_sentences(run, run_findings(run))
    assert asked.startswith("linear: loss 0.997 before training, 0.794 after one step; before it ")
    assert "at the first word ('this') to" in asked
    assert unscored.endswith("of so few examples that says nothing of how well it does.")
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
    found = read_npz(run / "probes" / "hidden_dynamics.npz")
    assert found["sequences"][-1] == 10
    assert (found["length"][-1] >= 150).all()


def test_overflow_is_no_underflow(workdir: Path) -> None:
    one = flow([float("inf"), 1e200, 1.0], "rnn")
    assert "overflow (above 1e308)" in shown(one)
    assert "exploding" in shown(one)
    assert drawn(one, workdir / "plots")


def test_steps_that_no_text_reaches_are_said_to_be_missing(workdir: Path) -> None:
    table = shown(flow([1e-3, 1e-2, float("nan")], "rnn"))
    assert "not measured: fewer than ten steps, no example has both" in table


def test_other_probes_are_no_other_result(rnnexp: Rnnexp, workdir: Path) -> None:
    words = ["-m", *TINY, "model=rnn", "seed=0,1", "study=x"]
    for extra in (["probes=none"], [], ["~probes.grad_norm"]):
        outcome = rnnexp(*words, *extra)
        assert outcome.status == 0, outcome.err
    assert len(list(Path("outputs/studies/x").glob("rnn*"))) == 2
    told = outcome.out.partition("job at a time")[2]  # behind the words that were typed
    assert told
    assert "probes" not in told
    rows = Path("outputs/studies/x/study.csv").read_text().splitlines()
    assert len(rows) == 3
    again = rnnexp(*words, "~probes.grad_norm")
    assert again.out.count("done before") == 2


def test_runs_of_an_older_version_are_still_read(rnnexp: Rnnexp, workdir: Path) -> None:
    words = ["-m", *TINY, "model=rnn", "seed=0,1", "seq_len=6,12", "study=x"]
    assert rnnexp(*words).status == 0
    for path in Path("outputs/studies/x").glob("*/summary.json"):
        summary = json.loads(path.read_text())
        for key in ("regime", "probes", "skipped_probes"):
            summary.pop(key)
        path.write_text(json.dumps(summary))
    assert rnnexp("report", "outputs/studies/x").status == 0


def test_all_probes_over_models_that_lack_some(rnnexp: Rnnexp, workdir: Path) -> None:
    small = [*TINY, "study=x"]
    assert rnnexp("-m", *small, "model=rnn,lstm,bag", "probes=all").status == 0
    outcome = rnnexp("-m", *small, "model=rnn,bag", "probes=[gradient_flow]", "study=y")
    assert outcome.status == 2
    assert "probe 'gradient_flow' needs a recurrent model; model=bag has none" in outcome.error
    assert not Path("outputs/studies/y").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["experiment=walkthrough", "trainer.epochs=0"],
        ["experiment=walkthrough", "data.text=good", "seq_len=1", "probes=all"],
        [*TINY, "seq_len=1", "probes=all"],
        [*TINY, "seq_len=2", "probes=all", "model=linear", "model.readout=last"],
        [*TINY, "data.padding=pre", "probes=all", "model=gru", "model.readout=mean"],
        [*TINY, "probes=all", "model=unrolled", "model.num_layers=3", "model.readout=max"],
        [*TINY, "probes=all", "init=normal", "init.std=0.0", "model=rnn"],
        [*TINY, "probes=all", "init=normal", "init.std=50.0", "model=linear", "seq_len=400",
         "trainer.epochs=0"],
    ],
)  # fmt: skip
def test_corner_cases_are_measured(rnnexp: Rnnexp, workdir: Path, words: list[str]) -> None:
    outcome = rnnexp(*words, "plots=true")
    assert outcome.status == 0, outcome.err
    # of states that are not finite there is no covariance, which is said
    for line in outcome.err.splitlines():
        assert line.startswith("probe participation_ratio measured nothing")


def test_the_survival_behind_pads_of_the_linear_model(rnnexp: Rnnexp, workdir: Path) -> None:
    outcome = rnnexp(*TINY, "model=linear", "model.readout=last", "seq_len=200",
                     "probes=padding_survival")  # fmt: skip
    assert outcome.status == 0, outcome.err
    (path,) = Path("outputs/runs").iterdir()
    found = read_npz(path / "probes" / "padding_survival.npz")
    assert np.isfinite(found["ratio"][-1]).all()
    assert found["pads"].max() > 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["probes=null"], "names no probes: write 'probes=[gradient_flow,gates]', or probes=all"),
        (["probes=3"], "names no probes"),
        (["probes=[gates,null]"], "probes"),
        (["probes=[[gates]]"], "names no probes"),
        (["probes={gates:1}"], "names no probes"),
        (["+probes.gates.every=1"], "probes.gates is no probe of this run: add it with +probes=g"),
        (["+probes.foo=1"], "probes.foo is no probe of this run (there are all, class_separation,"),
        (["~probes"], "there is no 'probes' to take away"),
        (["~probes.gates"], "there is no 'probes.gates' to take away"),
    ],
)
def test_what_names_no_probes(rnnexp: Rnnexp, words: list[str], message: str) -> None:
    outcome = rnnexp(*TINY, *words)
    assert outcome.status == 2
    assert message in outcome.error
    assert not Path("outputs").exists()


def test_probes_may_be_a_setting_of_a_study(rnnexp: Rnnexp) -> None:
    outcome = rnnexp("-m", *TINY, "probes=none,[grad_norm]", "model=rnn,bag", "study=x")
    assert outcome.status == 0, outcome.err


def test_no_gradient_at_all_is_drawn_and_said(rnnexp: Rnnexp, workdir: Path) -> None:
    words = ["-m", *TINY, "model=rnn", "init=normal", "init.std=0", "seq_len=4,8", "study=x",
             "probes=gradient_flow", "trainer.epochs=0"]  # fmt: skip
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    assert "exactly 0" in outcome.out


def test_weights_that_blow_up_in_the_last_step_are_a_divergence(
    rnnexp: Rnnexp, run_directory: Callable[[], Path]
) -> None:
    words = ["data=random_tokens", "data.count=40", "seq_len=20", "model=linear", "probes=all",
             "model.hidden_size=8", "embedding.dim=8", "trainer.epochs=1",
             "optimizer=sgd", "optimizer.lr=1e38"]  # fmt: skip
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    summary = json.loads((run_directory() / "summary.json").read_text())
    assert summary["status"] == "diverged"
    assert "not finite after step 1" in summary["reason"]


def test_patience_without_training_leaves_a_network_to_ask(rnnexp: Rnnexp, workdir: Path) -> None:
    assert rnnexp(*TINY, "trainer.epochs=0", "trainer.patience=1", "probes=none").status == 0
    (path,) = Path("outputs/runs").iterdir()
    for words in (["a good film"], ["--", "a good film"], ["--steps", "a good film"]):
        assert rnnexp("predict", str(path), *words).status == 0
    outcome = rnnexp("predict", str(path), "a", "good", "film")
    assert outcome.status == 2
    assert "put quotes around a text" in outcome.error


@pytest.mark.parametrize(
    ("file", "content", "verb"),
    [
        ("probes/gradient_flow.npz", b"", "report"),
        ("summary.json", b"{}", "report"),
        ("metrics.csv", b"epoch\nx\n", "report"),
        ("config.yaml", b"\xff\xfe\xfa", "predict"),
        ("config.yaml", b"seed: 0\n", "predict"),
        ("task.json", b'{"vocabulary": []}', "predict"),
    ],
)
def test_damaged_files_are_an_error_of_the_directory(
    rnnexp: Rnnexp, workdir: Path, file: str, content: bytes, verb: str
) -> None:
    assert rnnexp(*TINY).status == 0
    (path,) = Path("outputs/runs").iterdir()
    (path / file).write_bytes(content)
    outcome = rnnexp(verb, str(path), *(["a film"] if verb == "predict" else []))
    assert outcome.status == 2, outcome.err
    assert str(path) in outcome.error
