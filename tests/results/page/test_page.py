"""What the pages of runs and studies hold, whatever is missing and whatever was typed."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import html5lib
import pytest

from rnnexp.durable import write_json, write_text
from rnnexp.results import report
from rnnexp.results.findings.base import Finding
from rnnexp.results.groups import Group
from rnnexp.results.page import glossary, pictures, sections
from rnnexp.results.page.content import Drawn, Page, Section, address, sort_key
from rnnexp.results.page.files import PAGE, write
from rnnexp.results.page.of_progress import page_of_progress
from rnnexp.results.page.of_run import page_of_run
from rnnexp.results.page.of_study import page_of_study
from rnnexp.results.page.pictures import Pictures
from rnnexp.results.page.render import html
from rnnexp.results.page.surroundings import command_of_study
from rnnexp.results.plan import record_plan
from rnnexp.results.runs import RunDirectory
from rnnexp.results.status import StudyReader
from rnnexp.results.study import Study
from rnnexp.results.tables import Cell, Table
from tests.conftest import TINY, Outcome
from tests.results.test_study import add_run

KEPT = Path(__file__).parents[2] / "kept" / "version_0.1"

#: What must be shown as it is typed, whatever it means elsewhere.
MARKUP = "</script><script>alert(1)</script> & <b> \"'$x$ {{ 7*7 }}"
HIDDEN = "a\u202eb\x1b[2Jc"


def parsed(text: str) -> str:
    """The page, once it is seen to be valid HTML."""
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(text)
    return text


def study_page(study: Path, folder: Path | None = None, plots: bool = False) -> str:
    report.report_study(Study.read(study), plots, folder)
    return parsed(((folder or study) / PAGE).read_text(encoding="utf-8"))


def run_page(path: Path) -> str:
    run = RunDirectory.open(path)
    report.show_run(run, report.run_findings(run), plots=False)
    return parsed((path / PAGE).read_text(encoding="utf-8"))


def words_of(page: str) -> str:
    """What a reader sees of it."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    for parent in tree.iter():
        for child in list(parent):
            if child.tag in ("script", "style"):
                parent.remove(child)
    return " ".join("".join(tree.itertext()).split())


@dataclass(frozen=True)
class Pulse(Finding):
    heading = f"Pulse {MARKUP}"
    equation = "p < q & r"
    reading = f"Read {HIDDEN}"
    misleads = "It <misleads>"

    sentence: str = "The pulse is 3."

    def tables(self) -> list[Table]:
        rows = [[Cell(MARKUP), Cell("-"), Cell("3e2", 300.0)], [Cell("b"), Cell("x"), Cell("9", 9)]]
        return [Table(["line", "verdict", "beats"], rows, [f"note {MARKUP}"])]

    def answer(self) -> str:
        return self.sentence


class Broken(Finding):
    def tables(self) -> list[Table]:
        raise RuntimeError("no table")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for number, (model, accuracy) in enumerate((("rnn", 0.55), ("lstm", 0.9), ("lstm", 0.8))):
        add_run(tmp_path, number, accuracy, model=model, seed=number % 2)
    return tmp_path


# -- a study ---------------------------------------------------------------------------------------


def test_a_study_is_explained(study: Path) -> None:
    page = study_page(study, plots=True)
    words = words_of(page)
    assert "What was done" in words
    assert "chance 50.0%" in words
    assert "made by a program, not collected" in words
    assert '<a href="plots/scores.png">PNG</a>' in page
    assert page.count('<svg role="img" aria-label="') >= 1
    assert '<a href="job001/">job001</a>' in page  # which has no page of its own
    assert "rnnexp report" in words
    assert "<metadata>" not in page
    assert not re.search(r"(href|src)=.https?:", page)  # nothing is fetched


def test_a_run_of_a_study_with_a_page_is_linked_to_it(study: Path, tmp_path: Path) -> None:
    place = study / "rnn 50% #1:a_0123"
    (study / "job001").rename(place)
    (place / PAGE).write_text("x")
    page = study_page(study)
    assert '<a href="rnn%2050%25%20%231%3Aa_0123/report.html">rnn 50% #1:a</a>' in page


def test_the_links_of_a_report_elsewhere_lead_to_the_runs(study: Path) -> None:
    there = study.parent / "there"
    there.mkdir()
    assert f'href="../{study.name}/job000/"' in study_page(study, there)
    assert not (study / PAGE).exists()


def test_the_same_page_has_the_same_bytes(study: Path) -> None:
    assert study_page(study) == study_page(study)


def test_runs_that_came_to_nothing_are_named_with_their_reasons(study: Path) -> None:
    add_run(study, 3, None, model="gru", status="diverged")
    add_run(study, 4, None, model="gru", seed=1, status="failed")
    (study / "job000" / "summary.json").write_text("{")
    words = words_of(study_page(study))
    assert "job003 diverged: step 3 is not finite" in words
    assert "job004 failed: step 3 is not finite" in words
    assert "left out: job000" in words


def test_of_one_seed_and_of_no_run_there_is_a_page(tmp_path: Path) -> None:
    add_run(tmp_path / "one", 0, 0.7)
    assert "one seed gives no interval" in words_of(study_page(tmp_path / "one"))
    (tmp_path / "none" / "job000").mkdir(parents=True)
    (tmp_path / "none" / "job000" / "a").touch()
    record_plan(tmp_path / "none", ["x", "y"])
    live = page_of_progress(StudyReader(tmp_path / "none").read())
    write(live, tmp_path / "none")
    report.report_study(Study.read(tmp_path / "none"))
    page = (tmp_path / "none" / PAGE).read_text()
    assert "No run of it has a score yet" in page
    assert "left out: job000" in page
    assert "data-unfinished" not in page.partition("<main>")[0]


def test_the_command_is_that_of_hydras_record(tmp_path: Path) -> None:
    typed = ["experiment=length_study", "data.path=/a b/c.csv", "model=rnn,lstm"]
    added = 'hydra.job.config.override_dirname.exclude_keys=["a"]'
    hydra = ["hydra/launcher=joblib", "hydra.mode=MULTIRUN", "hydra.sweep.dir=/mine",
             added, "hydra.sweep.dir=/there"]  # fmt: skip
    overrides = {"overrides": {"task": typed, "hydra": hydra}}
    write_text(tmp_path / "multirun.yaml", json.dumps({"hydra": overrides}))
    kept = ["hydra/launcher=joblib", "hydra.sweep.dir=/mine"]
    assert shlex.split(command_of_study(tmp_path)) == ["rnnexp", "-m", *kept, *typed]
    for other in ("[]", "hydra: [", "hydra: {overrides: 3}", "hydra: {overrides: {task: 3}}"):
        write_text(tmp_path / "multirun.yaml", other)
        assert command_of_study(tmp_path) == ""


def test_what_they_ran_on_is_counted_where_it_differs(study: Path) -> None:
    for number, threads in ((0, 1), (1, 1), (2, 4)):
        environment = {"python": "3.12.1", "threads": threads, "packages": {"torch": "2.9"}}
        write_json(study / f"job{number:03d}" / "environment.json", environment)
    words = words_of(study_page(study))
    assert "Python3.12.1" in words.replace(" ", "")
    assert "1 (2 runs); 4 (1 run)" in words


# -- a run -----------------------------------------------------------------------------------------


def test_a_run_is_explained(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    assert rnnexp(*TINY, "threads=1", "plots=false").status == 0
    run = run_directory()
    page = parsed((run / PAGE).read_text())
    words = words_of(page)
    assert "made by a program, not collected" in words
    assert "Predicted from the initial weights" in words
    assert "split: 80/10/10 in the order of the texts" in words
    assert shlex.join(["rnnexp", *RunDirectory.open(run).words]) in words
    assert "No figures are drawn here: rnnexp report outputs/runs/" in words
    assert "hidden_size: 8" in words  # its settings
    assert "torch" in words
    assert "<figure>" not in page
    report.report_run(RunDirectory.open(run))
    drawn = parsed((run / PAGE).read_text())
    assert "No figures are drawn" not in drawn
    assert drawn.count("<figure>") == len(list((run / "plots").glob("*.svg")))
    assert len(drawn) < 1_000_000
    assert rnnexp("check", str(run)).status == 0  # a page is no part of what is sealed


def test_a_page_is_not_sealed_with_a_run_that_is_resumed(study: Path) -> None:
    run = RunDirectory.open(study / "job000")
    run_page(run.path)
    run.finish(run.summary)
    manifest = RunDirectory.open(run.path).manifest
    assert manifest is not None
    assert "summary.json" in manifest.files
    assert PAGE not in manifest.files


@pytest.mark.parametrize("name", ["adding", "recall"])
def test_a_run_of_the_first_version_has_a_page(tmp_path: Path, name: str) -> None:
    shutil.copytree(KEPT / name, tmp_path / name)
    words = words_of(run_page(tmp_path / name))
    assert "which wrote no digests" in words
    assert "no probe has measured anything" in words


def test_a_study_of_the_first_version_has_a_page(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "study", tmp_path / "study")
    words = words_of(study_page(tmp_path / "study"))
    assert "made by another version of rnnexp" in words


@pytest.mark.parametrize(
    "status", ["failed", "interrupted", "killed", "running", "diverged", "pruned"]
)
def test_a_run_without_a_result_says_what_is_missing(tmp_path: Path, status: str) -> None:
    add_run(tmp_path, 0, None, status=status)
    words = words_of(run_page(tmp_path / "job000"))
    assert ("step 3 is not finite" if status != "running" else "process ended") in words
    assert "no probe has measured anything" in words
    assert ("rnnexp resume" in words) == (status not in ("diverged", "pruned"))


def test_what_was_left_out_of_a_run_is_named(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.6)
    run = RunDirectory.open(tmp_path / "job000")
    summary = run.summary
    summary.skipped_probes = {"gates": "needs gates"}
    summary.failed_probes = {"jacobian": "no memory"}
    summary.failed_loggers = {"wandb": "no network"}
    summary.resumed = ["went on at epoch 3"]
    summary.data_report = {"warnings": ["half of the texts are empty"], "notes": ["split: own"]}
    run.write_summary(summary)
    (run.path / "config.yaml").unlink()
    words = words_of(run_page(run.path))
    lines = ["probe gates was left out: it needs gates", "probe jacobian failed: no memory",
             "logger wandb was given up: no network", "went on at epoch 3",
             "half of the texts are empty", "split: own", "its settings cannot be"]  # fmt: skip
    assert [line for line in lines if line not in words] == []


# -- what people type ------------------------------------------------------------------------------


def test_markup_is_shown_as_text(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.6)
    run = RunDirectory.open(tmp_path / "job000")
    summary = run.summary
    summary.model, summary.reason, summary.status = MARKUP, f"{MARKUP} {HIDDEN}", "failed"
    summary.words = ["model=rnn", f"name={MARKUP}"]
    run.write_summary(summary)
    run.write_config(json.dumps({"question": f"Why {MARKUP}?", "seed": 0}))
    findings = [Pulse(f"{MARKUP} is 3")]
    page = parsed(html(page_of_run(run, findings, [MARKUP, HIDDEN], None, run.path)))
    assert page.count("<script>") == 1
    assert page.count("</script>") == 1
    assert "<b>" not in page
    words = words_of(page)
    shown = " ".join(MARKUP.split())
    for text in (f"Why {shown}?", f"Pulse {shown}", f"note {shown}", "p < q & r", "It <misleads>"):
        assert text in words
    assert r"a\u202eb\x1b[2Jc" in words
    assert "\u202e" not in page
    assert "\x1b" not in page
    command = shlex.join(["rnnexp", *summary.words])
    assert " ".join(command.split()) in words


def test_the_words_of_figures_are_text_too(tmp_path: Path) -> None:
    settings = {"model.kind": f"<script>alert(1)</script>{HIDDEN}$x$"}
    add_run(tmp_path, 0, 0.6, **settings)
    add_run(tmp_path, 1, 0.7, **{"model.kind": "</svg></main>"})
    page = study_page(tmp_path, plots=True)
    assert page.count("<script>") == 1
    assert page.count("</main>") == 1
    assert "\u202e" not in page
    assert page.count("</svg>") == page.count("<svg ")


def test_a_finding_that_cannot_be_shown_costs_no_other(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.6)
    run = RunDirectory.open(tmp_path / "job000")
    drawn = Drawn(left_out=["no figure 'pulse': too high"])
    page = page_of_run(run, [Broken(), Pulse()], ["So."], drawn, run.path)
    assert page.sections[-1].name == Pulse.name.replace("_", "-")
    twice = page_of_run(run, [Pulse(), Pulse()], [], drawn, run.path)
    names = [section.name for section in twice.sections]
    assert len(set(names)) == len(names) >= 2
    words = words_of(parsed(html(page)))
    assert "(RuntimeError: no table)" in words
    assert "no figure 'pulse': too high" in words


def test_cells_have_the_numbers_by_which_they_sort() -> None:
    page = Page("run", "a", "1", "Why?", ["So."])
    assert html(page) == html(replace(page))
    infinite = Cell("no decay", float("inf")), Cell("?", float("-inf")), Cell("-", float("nan"))
    assert [sort_key(cell) for cell in infinite] == ["Infinity", "-Infinity", None]


# -- what a page may weigh, and where it is written ------------------------------------------------


def test_figures_that_are_too_large_stay_in_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_OF_ONE", 300)
    monkeypatch.setattr(pictures, "MOST_OF_ALL", 450)
    files = []
    for name, size in (("a", 200), ("b", 400), ("c", 300), ("d", 10)):
        svg = f'<svg width="10pt" height="10pt"><g id="{"x" * size}"/></svg>'
        (tmp_path / f"{name}.svg").write_text(svg)
        (tmp_path / f"{name}.png").touch()
        files.append(tmp_path / f"{name}.png")
    made = Pictures(Drawn({0: files}), tmp_path).of(0, Pulse(), "what it shows")
    assert [bool(picture.svg) for picture in made] == [True, False, False, True]
    assert "too large for this page" in made[1].left_out
    assert made[1].files == [("PNG", "b.png"), ("SVG", "b.svg")]


def test_a_page_that_is_somebody_elses_is_kept(
    study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (study / PAGE).write_text("my own notes")
    report.report_study(Study.read(study), plots=False)
    assert (study / PAGE).read_text() == "my own notes"
    assert "is no page of rnnexp's: move it away" in caplog.text
    assert (study / "study.csv").is_file()


def test_a_page_that_fails_costs_a_line(
    study: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no(page: Page) -> str:
        raise RuntimeError("no template")

    monkeypatch.setattr("rnnexp.results.page.render.html", no)
    told = report.report_study(Study.read(study), plots=False)
    assert "report.html is left out: RuntimeError: no template" in caplog.text
    assert "lstm" in str(told)
    assert not (study / PAGE).exists()


def test_jinja_is_imported_when_the_first_page_is_made() -> None:
    code = "import sys, rnnexp.command.main, rnnexp.results.report; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# -- a study that runs -----------------------------------------------------------------------------


def test_the_page_of_a_study_that_runs_says_what_is_missing(study: Path) -> None:
    for number in range(3):
        path = study / f"job{number:03d}" / "summary.json"
        values = json.loads(path.read_text())
        values |= {"schema_version": 3, "fingerprint": str(number), "scores": {},
                   "measured": "", "overrides": {"model": values["model"]}}  # fmt: skip
        values |= {"status": "failed", "reason": MARKUP} if number == 2 else {}
        write_json(path, values)
    record_plan(study, ["0", "1", "2", "3", "4"])
    page = parsed(html(page_of_progress(StudyReader(study).read(), "Does it forget?")))
    words = words_of(page)
    assert "Does it forget?" in words
    assert "2 of 5 runs have a result, 3 have none yet" in words
    assert "2 finished, 1 failed, 2 not begun" in words
    assert page.count("<script>") == 1
    assert "<body data-unfinished>" in page
    assert "<figure>" not in page


def test_a_study_writes_its_page_while_it_runs_and_at_its_end(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnnexp.results.page import live

    written: list[bool] = []

    def watched(page: Page, folder: Path, lasting: bool = True) -> Path:
        written.append(page.unfinished)
        return write(page, folder, lasting)

    monkeypatch.setattr(live, "write", watched)
    monkeypatch.setattr("rnnexp.command.monitor.LOOK", 0.02)
    assert rnnexp("-m", *TINY, "threads=1", "seed=0,1", "study=s").status == 0
    assert written
    assert all(written)
    page = Path("outputs/studies/s/report.html").read_text()
    assert "<body>" in page
    assert page.count('/report.html">') == 2  # each run has a page of its own


def test_a_run_looks_the_same_through_a_group(study: Path) -> None:
    """The page of a study with one run is not the page of that run."""
    run = RunDirectory.open(study / "job000")
    page = page_of_study(Study.read(study), [], ["So."], None, study)
    assert page.kind == "study"
    assert Group.of_run(run).alone


def test_a_folder_whose_name_is_no_utf8_has_a_page(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff d"))
    add_run(folder, 0, 0.8, model="rnn")
    page = study_page(folder)
    assert "b\\udcff d" in words_of(page)
    assert json.loads((folder / "study.json").read_text(encoding="utf-8"))["study"] == folder.name
    assert address(folder / PAGE, tmp_path) == "b%FF%20d/report.html"


@pytest.mark.parametrize(
    "made", ["abc", Table(["a"], [[Cell("1"), Cell("2")]])], ids=["no_table", "ragged"]
)
def test_a_finding_with_a_table_of_another_kind_costs_no_other(made: object) -> None:
    class Odd(Pulse):
        def tables(self) -> list[Table]:
            return [made]  # type: ignore[list-item]

    shown, (fault,) = sections.of_findings([Odd(), Pulse()], Pictures(Drawn(), Path()))
    assert [section.heading for section in shown] == [Pulse.heading]
    assert fault.startswith(f"left out: what was found of '{Odd.name}' (TypeError: ")


def test_the_figure_that_leads_stands_below_the_answer(study: Path) -> None:
    page = study_page(study, plots=True)
    order = [page.index(f'id="{place}"') for place in ("scores", "done", "contents", "comparisons")]
    assert order == sorted(order)
    assert page.count('id="scores"') == 1


def test_the_words_that_a_page_uses_are_explained() -> None:
    page = Page("run", "r", "1", "Why?", ["LSTM 6.8e-54, severe vanishing."])
    explained = dict(glossary.explained(page))
    assert set(explained) - set(glossary.COMMON) == {"severe vanishing"}
    assert "below 1% of that" in words_of(html(page))
    assert 'href="#words"' in html(page)


def test_a_number_breaks_before_its_interval_and_a_name_behind_its_sign() -> None:
    cells = [Cell("rnn, model.readout=last_valid"), Cell("2e-06 (1e-07 to 0.0057)", 2e-06)]
    page = Page("run", "r", "1", "Why?", [], sections=[
        Section("a", "A", tables=[Table(["model", "ratio"], [cells])])
    ])  # fmt: skip
    text = html(page)
    assert "model.readout=<wbr>last_valid" in text
    assert '<span class="whole">2e-06</span> <span class="whole">(1e-07 to 0.0057)</span>' in text
