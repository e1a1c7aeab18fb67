"""A report goes into its run or study, or into a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.results import report_folder as module
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Reading, Summary
from rnnexp.scores import ACCURACY
from tests.conftest import TINY_MODEL, Outcome

Rnnexp = Callable[..., Outcome]


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a folder, its time and its content, and every folder's time."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [folder, *folder.rglob("*")]
    }


@pytest.fixture
def study(workdir: Path) -> Path:
    for number, model in enumerate(("rnn", "lstm")):
        summary = Summary(
            status="finished", started=f"2026-01-01T00:00:0{number}", model=model, data="reviews",
            seq_len=50, seed=0, choices={"model": model}, overrides={"model": model},
            headline="accuracy", scores={"accuracy": Reading.of(ACCURACY)},
            chance={"accuracy": 0.5}, perfect={"accuracy": 1.0}, test={"accuracy": 0.6},
            test_interval={"accuracy": [0.5, 0.7]},
        )  # fmt: skip
        run = RunDirectory.create_at(workdir / "study" / f"job00{number}", summary, "{}\n")
        run.write_config(f"seed: 0\nmodel: {model}\n")
    (workdir / "study" / "study.csv").write_text("")
    return Path("study")


def test_a_study_is_reported_elsewhere(rnnexp: Rnnexp, study: Path) -> None:
    before = tree(study)
    for _ in range(2):  # the same report replaces itself
        outcome = rnnexp("report", "study", "--to", "there/new")
        assert (outcome.status, outcome.err) == (0, "")
        assert outcome.out.splitlines()[-2:] == ["there/new", "there/new/report.html"]
    names = {path.name for path in Path("there/new").iterdir()}
    assert names == {"plots", "report.html", "report.json", "study.csv", "study.json"}
    assert (Path("there/new/plots") / "scores.png").is_file()
    assert tree(study) == before


def test_a_run_is_reported_elsewhere(rnnexp: Rnnexp, study: Path) -> None:
    before = tree(study)
    outcome = rnnexp("report", "study/job000", "--to", "there")
    assert outcome.status == 0
    assert outcome.out.splitlines()[-2:] == ["there/plots", "there/report.html"]
    assert tree(study) == before


def test_a_folder_that_holds_something_else_is_refused(rnnexp: Rnnexp, study: Path) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("all of it")
    Path("file").touch()
    assert rnnexp("report", "study/job000", "--to", "other").status == 0
    before = tree(Path())
    for to, reason in (
        ("mine", "holds other files (thesis.tex among them): name a new or an empty folder"),
        ("other", "/study/job000: name another folder"),
        ("file", "--to file is a file: name a folder"),
        ("study", "name a folder beside it"),
        ("study/job000", "name a folder beside it"),
        ("study/new", "name a folder beside it"),
        ("file/new", "--to file/new cannot be written (Not a directory)"),
    ):
        outcome = rnnexp("report", "study", "--to", to)
        assert (outcome.status, outcome.out) == (2, "")
        assert reason in outcome.error
    assert tree(Path()) == before
    Path("other/report.json").write_text("x")
    assert "report.json cannot be read" in rnnexp("report", "study", "--to", "other").error


def test_what_cannot_be_written_is_told_in_a_line(
    rnnexp: Rnnexp, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, who can write anywhere."""
    before = tree(study)

    def read_only(folder: Path) -> None:
        raise OSError(30, "Read-only file system", str(folder))

    monkeypatch.setattr(module, "_write_a_file", read_only)
    cause = "cannot be written (Read-only file system)"
    for path in ("study", "study/job000"):
        outcome = rnnexp("report", path)
        assert outcome.status == 2
        assert outcome.error.endswith(f"/{path} {cause}: add --to DIR, a folder for the report")
    assert f"--to there {cause}" in rnnexp("report", "study", "--to", "there").error
    Path("there").rmdir()
    assert tree(study) == before


def test_a_question_writes_nothing(rnnexp: Rnnexp, workdir: Path) -> None:
    words = ("seq_len=8", "data.limit=60", "trainer.epochs=1", "probes=none", "name=x")
    assert rnnexp(*words, *TINY_MODEL, "embedding.dim=4").status == 0
    (run,) = Path("outputs/runs").iterdir()
    before = tree(Path())
    assert rnnexp("predict", str(run), "a good film", "--steps").status == 0
    assert tree(Path()) == before
