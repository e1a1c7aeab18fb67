"""What is looked at before the first run: Hydra's settings of places, where a study goes."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.results import report
from rnnexp.results.names import safe_name
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
    """And what is not all of the study is another one, with the words to put it in."""
    assert rnnexp("-m", *WORDS, "seed=0").status == 0
    outcome = rnnexp("-m", *WORDS, "seed=0,1")
    assert outcome.out.count("done before:") == 1
    assert re.search(r"2 runs in outputs/studies/sweep_\w+, 1 of them done before\n", outcome.out)
    (first,) = studies()
    assert len(runs_of(first)) == 2

    outcome = rnnexp("-m", *WORDS, "seed=1,2")
    assert "done before" not in outcome.out
    (line,) = re.findall(r"study .* holds 1 of these 2 runs: add (.*) to use them", outcome.out)
    assert len(studies()) == 2
    assert len(runs_of(first)) == 2
    assert line == f"study={first.name}"
    assert rnnexp("-m", *WORDS, "seed=1,2", line).out.count("done before:") == 1


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
    names = [study.name.partition("@")[0] for study in studies()]
    assert names == ["of_a_preset", "опыт_1", "проба_1"]


def test_unlike_names_are_unlike_studies(rnnexp: Rnnexp) -> None:
    """Each goes by the name of its folder too."""
    names = ("日本", "😀", "a b", "a_b")
    for name in (*names, safe_name("a b")):
        assert rnnexp("-m", *WORDS, f"study={name}").status == 0
    assert [study.name for study in studies()] == sorted(map(safe_name, names))
    assert all(len(runs_of(study)) == 1 for study in studies())


def test_a_study_of_an_earlier_version_goes_on_where_it_is_surely_that_one(rnnexp: Rnnexp) -> None:
    """It had no hash in its name, and other names could have the same one."""
    assert rnnexp("-m", *WORDS, "study=a b").status == 0
    (study,) = studies()
    study.rename(STUDIES / "a_b")
    assert rnnexp("-m", *WORDS, "seed=1", "study=a b").status == 0
    assert [other.name for other in studies()] == ["a_b"]
    assert len(runs_of(STUDIES / "a_b")) == 2
    outcome = rnnexp("-m", *WORDS, "study=a:b")
    assert [other.name.partition("@")[0] for other in studies()] == ["a_b", "a_b"]
    assert outcome.out.startswith("outputs/studies/a_b was made for another study, or for several")


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
    assert study.runs.status[0] == "finished"
    assert study.run(study.runs.run[0]).summary.status == "finished"
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
    assert rnnexp(*words, "experiment=plain", "seed=0").status == 0
    assert len(runs_of(STUDIES / "plain")) == 2
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
    asked = rnnexp("-m", "question=Does it, really?", "seed=0")
    assert "question has several values, and is one of the whole study: quote" in asked.error


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
