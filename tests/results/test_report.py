"""What is told of runs and studies: findings are found by being there, and none costs another."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from rnnexp.results import findings as package
from rnnexp.results import report
from rnnexp.results.figures import learning_curves
from rnnexp.results.findings import finding_types
from rnnexp.results.groups import Group
from rnnexp.results.names import shown_path
from rnnexp.results.report import draw, report_run, report_study, run_findings, study_findings, text
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from tests.conftest import TINY, Outcome
from tests.results.test_study import add_run

#: As a user's package would have it: one file with a probe's finding and its figure.
PULSE = '''
from dataclasses import dataclass

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.tables import Cell, Table


@dataclass(frozen=True)
class Pulse(ProbeFinding):
    """The pulse of each group, in beats per step."""

    place, probe = 85, "pulse"

    beats: dict

    @classmethod
    def of(cls, groups):
        beats = {group.label: group.scalars("pulse", "beats") for group in groups}
        beats = {label: values for label, values in beats.items() if values}
        return cls(beats) if beats else None

    def tables(self):
        rows = [[Cell(label), Cell(f"{v[0]:.1f}", v[0])] for label, v in self.beats.items()]
        return [Table(["pulse", "beats"], rows)]

    def draw(self, folder):
        from rnnexp.results.figures import style

        with style.figure() as (canvas, (axes,)):
            for values in self.beats.values():
                axes.plot(values)
            rows = [{"beats": v} for values in self.beats.values() for v in values]
            return [style.save(canvas, folder, self.name, rows)]

    def as_json(self):
        return self.beats
'''

#: And one about a study.
SPREAD = '''
from dataclasses import dataclass

from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.tables import Cell, Table


@dataclass(frozen=True)
class Spread(StudyFinding):
    """How far the best group's score is from the worst's."""

    place = 15

    points: float

    @classmethod
    def of(cls, study):
        means = [i.mean for group in study.groups() if (i := group.interval(study.column))]
        return cls(max(means) - min(means)) if len(means) > 1 else None

    def tables(self):
        return [Table(["spread"], [[Cell(f"{self.points:.2f}", self.points)]])]

    def draw(self, folder):
        from rnnexp.results.figures import style

        with style.figure() as (canvas, (axes,)):
            axes.bar([0], [self.points])
            return [style.save(canvas, folder, self.name, [{"points": self.points}])]
'''

#: One that is wrong when it is made, and one when it is drawn.
BROKEN = """
from dataclasses import dataclass

from rnnexp.results.findings.base import StudyFinding


@dataclass(frozen=True)
class Broken(StudyFinding):
    @classmethod
    def of(cls, study):
        return 1 / 0
"""
SMUDGED = """
from dataclasses import dataclass

from rnnexp.results.findings.base import Finding, StudyFinding


@dataclass(frozen=True)
class Smudged(Finding):
    place = 1

    @classmethod
    def in_run(cls, run):
        return [cls()]

    @classmethod
    def in_study(cls, study):
        return [cls()]

    def text(self):
        return "smudged"

    def draw(self, folder):
        raise OSError("no ink\\nat all")
"""


@pytest.fixture
def add_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Puts a module beside rnnexp's own findings for the time of a test."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    before = set(sys.modules)

    def add(name: str, source: str) -> None:
        (folder / f"{name}.py").write_text(source)

    yield add
    for name in set(sys.modules) - before:
        if name.startswith(f"{package.__name__}."):
            del sys.modules[name]
            delattr(package, name.rpartition(".")[2])


def a_study(folder: Path) -> Path:
    """Two models with two seeds each, and a probe that nothing here is about."""
    for number, (model, seed) in enumerate([("rnn", 0), ("rnn", 1), ("lstm", 0), ("lstm", 1)]):
        add_run(folder, number, 0.6 + 0.1 * number, model=model, seed=seed)
        run = RunDirectory(folder / f"job{number:03d}")
        beats = {"epoch": np.array([0, 1]), "step": np.array([0, 5]), "beats": np.array([1.5, 2.5])}
        run.save_probe("pulse", beats)
    return folder


def test_a_probe_without_a_finding_has_its_numbers_drawn(tmp_path: Path) -> None:
    run = RunDirectory.open(a_study(tmp_path / "study") / "job000")
    *_, plots, page = str(report_run(run)).splitlines()
    assert (plots, page) == (shown_path(run.plots), shown_path(run.path / "report.html"))
    assert "beats" in (run.plots / "pulse_numbers.svg").read_text()


def test_the_figure_of_a_finding_that_is_not_here_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = RunDirectory.open(a_study(tmp_path / "study") / "job000")
    summary = run.summary
    summary.config_dirs = ["mine/conf"]
    run.write_summary(summary)
    own = run.plots / "pulse.png"
    own.parent.mkdir()
    own.write_bytes(b"drawn by a finding")
    report_run(run)
    assert own.read_bytes() == b"drawn by a finding"
    assert (run.plots / "pulse_numbers.png").is_file()
    (line,) = caplog.messages
    assert "plots/pulse.png stays as it is" in line
    again = f"rnnexp --config-dir mine/conf report {shown_path(run.path)}"
    assert line.endswith(again)
    page = (run.path / "report.html").read_text()
    assert again in page
    caplog.clear()
    report_study(Study.read(run.path.parent))
    assert caplog.messages[0].startswith("probe pulse: nothing here makes a table of it")
    assert "rnnexp --config-dir mine/conf report" in (run.path.parent / "report.html").read_text()


def test_a_number_that_a_probe_has_not_is_named_with_those_that_it_has(
    tmp_path: Path, add_finding, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:  # type: ignore[no-untyped-def]
    group = Group.of_run(RunDirectory.open(a_study(tmp_path / "study") / "job000"))
    assert group.scalars("pulse", "beats") == [2.5]
    assert group.scalars("pulse", "beets", may_lack=True) == []
    assert group.scalars("silence", "beats") == []  # of a probe that has measured nothing
    with pytest.raises(LookupError, match=r"^probe pulse has no number 'beets'; it has: beats$"):
        group.scalars("pulse", "beets")
    monkeypatch.setattr(report, "OWN", "nobody.")  # what lies beside rnnexp's is a user's here
    add_finding("pulse", PULSE.replace('"beats")', '"beets")'))
    report_run(group.first.directory)
    assert "no number 'beets'; it has: beats" in caplog.messages[0]
    assert "its numbers are drawn" in caplog.messages[1]
    assert (group.first.directory.plots / "pulse_numbers.png").is_file()


def test_a_finding_is_found_by_being_there(tmp_path: Path, add_finding) -> None:  # type: ignore[no-untyped-def]
    add_finding("pulse", PULSE)
    add_finding("spread", SPREAD)
    study = Study.read(a_study(tmp_path / "study"))
    answer, *blocks = str(report_study(study)).split("\n\n")
    assert answer.startswith("How does the test accuracy depend on the model?\n  ")
    heads = [block.split()[0] for block in blocks]
    assert heads == [
        "model",
        "spread",
        "compared",
        "pulse",
        shown_path(study.path),
    ]  # by their places
    assert "0.20" in blocks[1]
    assert "lstm   2.5" in blocks[3]
    plots = study.path / "plots"
    assert {path.stem for path in plots.glob("*.png")} == {"scores", "spread", "pulse"}
    written = json.loads((study.path / "study.json").read_text())
    assert written["pulse"] == {"rnn": [2.5, 2.5], "lstm": [2.5, 2.5]}
    assert "spread" not in written
    # it is shown of a run on its own too, and the general figure of any probe gives way
    run = RunDirectory.open(study.path / "job000")
    assert [finding.name for finding in run_findings(run)] == ["pulse"]
    assert "beats" in str(report_run(run))
    assert (run.plots / "pulse.png").is_file()


def test_what_fails_is_told_in_a_line_and_costs_nothing_else(
    tmp_path: Path, add_finding, caplog: pytest.LogCaptureFixture
) -> None:  # type: ignore[no-untyped-def]
    add_finding("broken", BROKEN)
    add_finding("smudged", SMUDGED)
    study = Study.read(a_study(tmp_path / "study"))
    with caplog.at_level(logging.WARNING, "rnnexp"):
        _, shown = str(report_study(study)).split("\n\n", 1)  # the answer stands first
    assert caplog.messages == [
        "the table and the figure 'broken' is left out: ZeroDivisionError: division by zero",
        "the figure 'smudged' is left out: OSError: no ink",
    ]
    assert shown.startswith("smudged\n\nmodel")
    assert (study.path / "plots" / "scores.png").is_file()
    assert (study.path / "study.csv").is_file()


def test_every_finding_has_a_place_and_a_file_of_its_own() -> None:
    kinds = finding_types()
    assert len({kind.name for kind in kinds}) == len(kinds) >= 20
    assert [kind.place for kind in kinds] == sorted(kind.place for kind in kinds)
    for kind in kinds:
        assert kind.__module__ == f"{package.__name__}.{kind.name}"
        assert fields(kind), kind  # type: ignore[arg-type]
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]


def test_what_is_drawn_is_in_the_finding(tmp_path: Path) -> None:
    """Once made, findings are told and drawn without the files that they were made of."""
    folder = a_study(tmp_path / "study")
    findings = study_findings(Study.read(folder))
    folder.rename(tmp_path / "elsewhere")
    assert "compared over the same seeds" in "\n".join(text(findings))
    draw(findings, tmp_path / "plots")
    assert (tmp_path / "plots" / "scores.png").is_file()


def test_matplotlib_is_imported_where_something_is_drawn(tmp_path: Path) -> None:
    folder = a_study(tmp_path / "study")
    code = (
        "import sys; from pathlib import Path; from rnnexp.results.study import Study; "
        "from rnnexp.results.report import report_study; "
        f"report_study(Study.read(Path({str(folder)!r})), plots=False); "
        "print([name for name in ('matplotlib', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not (folder / "plots").exists()


def test_a_figure_that_fails_costs_a_run_one_line(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def no_ink(*_: object) -> None:
        raise RuntimeError("no ink\nat all")

    monkeypatch.setattr(learning_curves, "draw", no_ink)
    words = (*(word for word in TINY if word != "plots=false"), "probes=grad_norm")
    outcome = rnnexp(*words)
    assert outcome.status == 0
    shown = [line for line in (outcome.out + outcome.err).splitlines() if "ink" in line]
    assert shown == ["the figure 'learning_curves' is left out: RuntimeError: no ink"]
    run = RunDirectory.open(run_directory())
    assert run.summary.status == "finished"
    assert (run.plots / "grad_norm.png").is_file()


def test_the_window_system_of_a_notebook_is_no_matter(tmp_path: Path) -> None:
    """It is named in the environment, and need not be installed where the command runs."""
    folder = a_study(tmp_path / "study")
    code = (
        "import os; from pathlib import Path; from rnnexp.results.study import Study; "
        "from rnnexp.results.report import report_study; "
        f"report_study(Study.read(Path({str(folder)!r}))); print(os.environ['MPLBACKEND'])"
    )
    environment = {**os.environ, "MPLBACKEND": "nowhere"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["nowhere"]
    assert done.stderr == ""
    assert (folder / "plots" / "scores.png").is_file()


def test_nothing_is_written_of_a_study_without_a_run(tmp_path: Path) -> None:
    assert str(report_study(Study.read(tmp_path))) == ""
    assert list(tmp_path.iterdir()) == []
