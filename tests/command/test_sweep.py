"""What is looked at before the first run: Hydra's settings of places, where a study goes."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.results import report
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]

WORDS = ("data=parity", "seq_len=5", "trainer.steps=1", "data.val_count=5", "data.test_count=20",
         "model=rnn", "model.hidden_size=4", "plots=false", "probes=none", "threads=1")  # fmt: skip
STUDIES = Path("outputs/studies")


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a study goes is seen without its figures, which take most of the time."""
    monkeypatch.setattr(report, "draw", lambda *arguments: None)


def runs_of(study: Path) -> list[str]:
    return sorted(file.parent.name for file in study.glob("*/summary.json"))


def studies() -> list[Path]:
    return sorted(STUDIES.iterdir())


# -- studies without a name ------------------------------------------------------------------------


def test_more_seeds_go_on_with_the_study(rnnexp: Rnnexp) -> None:
    assert rnnexp("-m", *WORDS, "seed=0,1").status == 0
    outcome = rnnexp("-m", *WORDS, "seed=0,1,2")
    assert outcome.out.count("done before:") == 2
    assert "3 runs in outputs/studies/sweep_" in outcome.out
    assert ", 2 of them done before\n" in outcome.out
    (study,) = studies()
    assert len(runs_of(study)) == 3
    # and so it does with another axis
    assert rnnexp("-m", *WORDS, "seed=0,1,2", "seq_len=5,6").out.count("done before:") == 3
    assert len(studies()) == 1


def test_a_study_of_other_runs_is_another(rnnexp: Rnnexp) -> None:
    """A table never has runs that its command did not name: what is not all of it is said."""
    assert rnnexp("-m", *WORDS, "seed=0,1").status == 0
    (first,) = studies()
    for words, line in (
        (("seed=1,2",), f"study {first.name} holds 1 of these 2 runs: add study={first.name} to"),
        (("seed=5,6",), None),
        (("seed=0,1", "model.hidden_size=5"), None),
    ):
        before = set(studies())
        outcome = rnnexp("-m", *WORDS, *words)
        assert len(set(studies()) - before) == 1, words
        assert "done before" not in outcome.out
        assert ("holds" in outcome.out) == (line is not None)
        assert line is None or line in outcome.out
    assert len(runs_of(first)) == 2
    # and the words that were offered do it
    assert rnnexp("-m", *WORDS, "seed=1,2", f"study={first.name}").out.count("done before:") == 1


@pytest.mark.parametrize("change", ["probes=[grad_norm]", "data.path=texts.csv"])
def test_what_was_measured_or_read_otherwise_is_not_replaced(
    rnnexp: Rnnexp, csv_file: Callable[..., Path], change: str
) -> None:
    words = ["data=csv", "data.path=texts.csv", "seq_len=4", "model=bag", "plots=false",
             "embedding.dim=4", "trainer.epochs=1", "threads=1", "probes=none"]  # fmt: skip
    csv_file(rows=60)
    assert rnnexp("-m", *words, "seed=0,1").status == 0
    if change.startswith("data"):
        csv_file(rows=80)
    outcome = rnnexp("-m", *words, change, "seed=0,1,2")
    assert outcome.status == 0, outcome.err
    assert len(studies()) == 2
    assert not list(STUDIES.glob("*/superseded"))


def test_runs_in_a_named_study_are_told(rnnexp: Rnnexp) -> None:
    rnnexp("-m", *WORDS, "seed=0,1", "study=my own")
    out = rnnexp("-m", *WORDS, "seed=0,1,2").out
    assert "study my_own holds 2 of these 3 runs: add study=my_own to use them" in out
    assert len(studies()) == 2


def test_runs_that_are_not_done_belong_to_it_too(rnnexp: Rnnexp) -> None:
    """A second process joins the study that a first one is at; the claims part the runs."""
    rnnexp("-m", *WORDS, "seed=0,1")
    (study,) = studies()
    for file in study.glob("*/summary.json"):
        file.write_text(json.dumps({**json.loads(file.read_text()), "status": "running"}))
    outcome = rnnexp("-m", *WORDS, "seed=0,1,2")
    assert ", 0 of them done before" in outcome.out
    assert studies() == [study]


def test_a_damaged_run_is_nobody_s(rnnexp: Rnnexp) -> None:
    rnnexp("-m", *WORDS, "seed=0,1")
    (study,) = studies()
    next(study.glob("*/summary.json")).write_text("{")
    assert rnnexp("-m", *WORDS, "seed=0,1,2").status == 0
    assert len(studies()) == 2


# -- places ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hydra.run.dir=here",), "hydra.run.dir=here cannot be set: runs go to outputs/runs/ and"),
        (("hydra.output_subdir=here",), "hydra.output_subdir=here cannot be set: a run's settings"),
        (("hydra.job.chdir=true",), "hydra.job.chdir=true cannot be set: files are looked for"),
        (("hydra.job.name=x",), "hydra.job.name=x cannot be set"),
        (("hydra.sweep.dir=here",), "hydra.sweep.dir has no effect on a single run: add -m"),
        (("-m", "hydra.sweep.subdir=here"), "hydra.sweep.subdir=here cannot be set: study=..."),
        (("-m", "hydra.run.dir=here"), "hydra.run.dir=here cannot be set"),
        (("-m", "hydra.sweep.dir=here", "study=s"), "both name the study's directory"),
        (("-m", "study=a,b"), "study names all runs of a sweep: give it one value"),
        (("--config-dir", "own", "experiment=elsewhere"), "hydra.run.dir=here cannot be set"),
    ],
)
def test_places_that_are_rnnexp_s_own(
    rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...], message: str
) -> None:
    """By a word or by a preset, nothing is made there and nothing is left."""
    preset = workdir / "own" / "experiment" / "elsewhere.yaml"
    preset.parent.mkdir(parents=True)
    preset.write_text("# @package _global_\nhydra: {run: {dir: here}}\n")
    outcome = rnnexp(*WORDS, *words)
    assert outcome.status == 2
    assert message in outcome.error
    assert [path.name for path in workdir.iterdir()] == ["own"]


def test_a_sweep_may_have_a_place_of_its_own(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(workdir / "home"))
    for name in ("there/été 1", "~/mine"):
        assert rnnexp("-m", *WORDS, "seed=0,1", f"hydra.sweep.dir={name}").status == 0
        study = Path(name).expanduser()
        assert len(runs_of(study)) == 2
        assert (study / "study.csv").is_file()
    assert not STUDIES.exists()
    assert not Path("~").exists()


def test_a_study_may_be_named_in_any_letters_or_by_a_preset(rnnexp: Rnnexp) -> None:
    for name in ("опыт 1", "проба 1"):
        assert rnnexp("-m", *WORDS, f"study={name}").status == 0
    preset = Path("own/experiment/named.yaml")
    preset.parent.mkdir(parents=True)
    preset.write_text("# @package _global_\nstudy: of a preset\n")
    assert rnnexp("-m", *WORDS, "--config-dir", "own", "experiment=named").status == 0
    assert [study.name for study in studies()] == ["of_a_preset", "опыт_1", "проба_1"]


def test_the_path_stays_whatever_folder_is_current(
    rnnexp: Rnnexp, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = package.run(WORDS)
    study = package.run([*WORDS, "study=s"], multirun=True)
    loaded = package.load_run(Path("outputs/runs") / run.path.name)
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert run.path == loaded.path
    assert loaded.summary.status == "finished"
    assert study.runs[0].directory.summary.status == "finished"
    assert (study.path / "study.csv").is_file()


# -- names of jobs ---------------------------------------------------------------------------------


def test_a_job_is_named_by_what_varies(rnnexp: Rnnexp) -> None:
    outcome = rnnexp("-m", *WORDS, "clip=norm", "clip.max_norm=1,2", "seed=0", "study=s")
    assert outcome.status == 0, outcome.err
    names = [name.rpartition("_")[0] for name in runs_of(STUDIES / "s")]
    assert names == ["rnn_T5_s0_clip.max_norm=1", "rnn_T5_s0_clip.max_norm=2"]


# -- presets ---------------------------------------------------------------------------------------

PRESET = """# @package _global_
defaults:
  - override /hydra/launcher: joblib
hydra:
  mode: MULTIRUN
  LAUNCHER
  sweeper: {params: {seed: "0,1"}}
"""


@pytest.fixture
def own() -> Path:
    folder = Path("own/experiment")
    folder.mkdir(parents=True)
    return folder


def test_a_preset_s_launcher_may_be_another(rnnexp: Rnnexp, own: Path) -> None:
    """And what its preset says of the launcher that is not taken is the cause that is told."""
    (own / "plain.yaml").write_text(PRESET.replace("  LAUNCHER\n", ""))
    (own / "two.yaml").write_text(PRESET.replace("LAUNCHER", "launcher: {n_jobs: 2}"))
    words = ("--config-dir", "own", *WORDS, "seq_len=6,12", "hydra/launcher=basic")
    assert rnnexp(*words, "experiment=plain").status == 0
    assert len(runs_of(STUDIES / "plain")) == 4
    for options in ((), ("-m",)):
        error = rnnexp(*words, "experiment=two", *options).error
        assert "experiment=two sets hydra.launcher.n_jobs, which the choice made of " in error
        assert "leave hydra/launcher=... out" in error


def test_what_is_wrong_with_a_preset_s_words_is_told(rnnexp: Rnnexp, own: Path) -> None:
    """And not that several values need -m, which the preset brings."""
    (own / "plain.yaml").write_text(PRESET.replace("  LAUNCHER\n", ""))
    words = ("--config-dir", "own", "experiment=plain", "seq_len=6,12")
    assert "unknown setting 'modl'; did you mean 'model'?" in rnnexp(*words, "modl=rnn").error
    assert "model=lstmm is no option" in rnnexp(*words, "model=lstmm").error
    assert "seq_len=6,12 has several values: add -m" in rnnexp("seq_len=6,12").error


@pytest.mark.parametrize("options", [(), ("-m", "seed=0,1")], ids=["run", "study"])
def test_a_preset_without_its_first_line(
    rnnexp: Rnnexp, own: Path, options: tuple[str, ...]
) -> None:
    (own / "lost.yaml").write_text("seq_len: 5\nmodel: {hidden_size: 4}\n")
    error = rnnexp("--config-dir", "own", "experiment=lost", *options).error
    assert "the preset's settings (seq_len, model) lie under 'experiment'" in error
    assert "'# @package _global_' must stand at the top of its file" in error
    assert str(Path("own/experiment/lost.yaml").absolute()) in error


# -- options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [("--info",), ("-i",), ("--info", "seed=1"), ("--info", "searchpath"), ("--info=plugins",),
     ("seed=1", "--info", "config"), ("--info", "defaults"), ("--info", "defaults-tree"),
     ("--cfg=hydra",), ("-c", "job", "-p", "model"), ("--cfg", "all", "--resolve")],
    ids=shlex.join,
)  # fmt: skip
def test_what_hydra_tells_of_itself(
    rnnexp: Rnnexp, workdir: Path, options: tuple[str, ...]
) -> None:
    outcome = rnnexp(*options)
    assert (outcome.status, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) > 5
    assert not list(workdir.iterdir())
