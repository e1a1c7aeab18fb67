"""What is told of a run or a study: its findings, their tables, their figures, its files."""

import json
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rnnexp.earlier import FINDINGS
from rnnexp.errors import DataError, UserError, first_line
from rnnexp.files import read_json
from rnnexp.results import conclusions, figure_files
from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import MADE_FOR, Finding
from rnnexp.results.groups import Group
from rnnexp.results.names import shown_path
from rnnexp.results.page.content import Drawn
from rnnexp.results.page.files import PAGE, is_ours, write
from rnnexp.results.prose import Piece, Prose, in_blocks, plain_text
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study

log = logging.getLogger(__name__)

#: How the modules of rnnexp's own findings begin.
OWN = "rnnexp."

_Errors = tuple[type[Exception], ...]


def run_findings(run: RunDirectory) -> list[Finding]:
    """What is found in a run on its own, in the order in which it is shown."""
    group = Group.of_run(run)
    findings = _made(lambda kind: kind.in_run(group))
    return findings + [
        other for name in _silent(group, findings) for other in _numbers(group, name)
    ]


def _silent(group: Group, findings: Sequence[Finding]) -> list[str]:
    """The probes that have measured a run, and of which a plugin's finding says nothing."""
    told = {getattr(finding, "probe", None) for finding in findings}
    kinds = (kind for kind in finding_types() if not kind.__module__.startswith(OWN))
    names = dict.fromkeys(getattr(kind, "probe", None) for kind in kinds)
    return [name for name in names if name and name not in told and group.was_asked(name)]


def _numbers(group: Group, probe: str) -> list[Finding]:
    """What is shown of a probe whose own finding failed, or gave nothing."""
    from rnnexp.results.findings.other_probes import OtherProbe

    log.warning("probe %s has measured, and its finding says nothing: its numbers are drawn", probe)
    return list(OtherProbe.of_probe(group, probe))


def study_findings(study: Study) -> list[Finding]:
    """What is found in a study, in the order in which it is shown; of a search, in its trials.

    A file that cannot be read costs the findings that are made of it, and no other.
    """
    if study.search is not None:
        return _made(lambda kind: kind.in_search(study), raised=())
    return _made(lambda kind: kind.in_study(study), raised=())


def _made(
    make: Callable[[type[Finding]], Iterable[Finding]], raised: _Errors = (UserError,)
) -> list[Finding]:
    """The findings of each kind. raised: errors that are none of a single finding."""
    findings: list[Finding] = []
    for kind in finding_types():
        with _told(f"the table and the figure '{kind.name}'", raised):
            findings += make(kind)
    return findings


def draw(findings: Iterable[Finding], folder: Path, note: str = "") -> Drawn:
    """Every figure; returns the PNG files of each finding, and what could not be drawn.

    note: what each says below its title.
    """
    drawn = Drawn()
    with _told("every figure", gaps=drawn.left_out):
        from rnnexp.results.figures import style

        with style.together(note):
            for number, finding in enumerate(findings):
                with _told(f"the figure '{finding.title}'", gaps=drawn.left_out):
                    try:
                        drawn.files[number] = finding.draw(folder)
                    except style.TooMuch as reason:
                        drawn.left_out.append(f"no figure '{finding.title}': {reason}")
                        log.warning("%s", drawn.left_out[-1])
                        figure_files.remove(folder, finding.name)  # of what was there before
    return drawn


def show_run(
    run: RunDirectory, findings: Sequence[Finding], plots: bool = True, folder: Path | None = None
) -> None:
    """The figures of a run, and its page. plots: draw the figures.

    folder: that has them in its plots/, by default the run's own.
    """
    folder = folder or run.path
    drawn = draw(findings, folder / run.plots.name) if plots else None
    with _told(PAGE, raised=()):
        from rnnexp.results.page.of_run import page_of_run

        write(page_of_run(run, findings, run_sentences(run, findings), drawn, folder), folder)


def show_study(
    study: Study, findings: Sequence[Finding], plots: bool = True, folder: Path | None = None
) -> None:
    """The figures of a study, and its page; arguments as of `show_run`."""
    folder = folder or study.path
    drawn = draw(findings, folder / "plots", study.unfinished) if plots else None
    with _told(PAGE, raised=()):
        from rnnexp.results.page.of_study import page_of_study

        write(
            page_of_study(study, findings, study_sentences(study, findings), drawn, folder), folder
        )


def text(findings: Iterable[Finding]) -> list[str]:
    """A text for each finding that says something."""
    return [plain_text(block) for block in tables(findings)]


def tables(findings: Iterable[Finding]) -> list[list[Piece]]:
    """What is shown of each finding that says something."""
    blocks: list[list[Piece]] = []
    for finding in findings:
        with _told(f"the table '{finding.title}'"):
            blocks.append(_pieces(finding))
    return [block for block in blocks if block]


def _pieces(finding: Finding) -> list[Piece]:
    """Its tables, or the lines of one that has a text of its own."""
    found, words = finding.tables(), finding.text()
    if words == "\n\n".join(table.text() for table in found):
        return in_blocks([table] for table in found)
    return [Prose(line) for line in words.split("\n")] if words else []


@contextmanager
def _told(
    what: str, raised: _Errors = (UserError,), gaps: list[str] | None = None
) -> Iterator[None]:
    """A failure inside the block is told in a line, and costs nothing else.

    gaps: to which the line is added, for a page.
    raised: a damaged file of a run on its own is an error of the whole directory.
    """
    try:
        with _quiet():
            yield
    except raised:
        raise
    except (Exception, SystemExit) as error:
        line = f"{what} is left out: {type(error).__name__}: {first_line(error)}"
        log.warning("%s", line)
        if gaps is not None:
            gaps.append(line)


@dataclass(frozen=True)
class Report:
    """What is told of a run or a study.

    answers: sentences. findings: whose tables follow. places: where its files are, told last.
    lacks: of a study without a run, which folders could not be read; it has nothing else.
    """

    question: str
    answers: Sequence[str]
    findings: Sequence[Finding]
    places: Sequence[str]
    lacks: Sequence[str] = ()

    def pieces(self) -> list[Piece]:
        """The answer first, the tables after it, and where all of it is."""
        if self.lacks or not self.question:
            return [Prose(line, "warning") for line in self.lacks]
        answer = [Prose(self.question), *(Prose(f"  {line}", "answer") for line in self.answers)]
        places = [Prose(place) for place in self.places]
        return in_blocks([answer, *tables(self.findings), places])

    def __str__(self) -> str:
        return plain_text(self.pieces())


def of_run(run: RunDirectory, findings: Sequence[Finding], *places: Path) -> Report:
    """places: where its files are, by default its own directory."""
    question = conclusions.question_of_run(run)
    return Report(question, run_sentences(run, findings), findings, where(*places or [run.path]))


def report_run(run: RunDirectory, to: Path | None = None) -> Report:
    """Draw the figures of a run anew; returns its tables and where the figures are.

    to: the folder that has them in its plots/, by default the run's own.
    """
    findings, folder = run_findings(run), to or run.path
    show_run(run, findings, folder=folder)
    return of_run(run, findings, folder / run.plots.name, folder / PAGE)


def of_study(study: Study, findings: Sequence[Finding], folder: Path) -> Report:
    """folder: of what was written of it."""
    question = conclusions.question_of_study(study)
    return Report(question, study_sentences(study, findings), findings, where(folder))


def report_study(study: Study, plots: bool = True, to: Path | None = None) -> Report:
    """Write study.csv and study.json and draw the figures; returns the study's tables and place.

    Of a study without a run nothing is written, and only told which folders could not be read.
    plots: draw the figures, which takes most of the time. to: the folder that all of it goes to, by
    default the study's own.
    """
    if not study.runs:
        if to is None and (study.path / PAGE).is_file():  # which says that it runs
            show_study(study, (), plots=False)
        return Report("", [], [], [], study.damaged)
    findings = study_findings(study)
    folder = to or study.path
    renamed = _renamed(study.path)
    told = {old: f"is called {now} now, and measured otherwise" for old, now in renamed.items()}
    study.write(as_json(findings) | told, folder)
    if plots:
        _remove_figures(renamed, folder / "plots")
    show_study(study, findings, plots, folder)
    return of_study(study, findings, folder)


def run_sentences(run: RunDirectory, findings: Sequence[Finding]) -> list[str]:
    """The answer of a run: how it ended, then what its findings explain.

    Where its score says nothing what it was made for comes first.
    """
    result = conclusions.result_of(run.summary)
    if not conclusions.is_of_few_examples(run.summary):
        return [result, *answers(findings)]
    made_for = [finding for finding in findings if finding.answer_place < MADE_FOR]
    others = [finding for finding in findings if finding.answer_place >= MADE_FOR]
    return [*answers(made_for), result, *answers(others)]


def study_sentences(study: Study, findings: Sequence[Finding]) -> list[str]:
    """The answer of a study, a sentence each."""
    if not any(run.finished for run in study.runs):
        counts = Counter(run.summary.status for run in study.runs)
        ended = ", ".join(f"{count} {status}" for status, count in counts.items())
        return [f"No run of it has a score yet{f' ({ended})' if ended else ''}."]
    return answers(findings) or ["No sentence sums it up: its tables show what was found."]


def where(*places: Path) -> list[str]:
    """A line for each place, and for the page in it; a page that is not there has none."""
    pages = [place / PAGE for place in places] if len(places) == 1 else []
    shown = [
        place
        for place in [*places, *pages]
        if place.name != PAGE or (place.is_file() and is_ours(place))
    ]
    return [shown_path(place) for place in shown]


def answers(findings: Iterable[Finding]) -> list[str]:
    """What the findings answer, a sentence each: first what was asked, then what explains it."""
    sentences: list[str] = []
    for finding in sorted(findings, key=lambda finding: finding.answer_place):
        with _told(f"the answer of '{finding.title}'"):
            answer: object = finding.answer()
            if not isinstance(answer, str):
                raise TypeError(f"answer() gives {type(answer).__name__} and no str")
            sentences.append(answer)
    return [sentence for sentence in sentences if sentence]


def _renamed(study: Path) -> dict[str, str]:
    """What study.json has under names of an earlier version, and what that is called now."""
    try:
        before = read_json(study / "study.json")
    except (DataError, OSError):  # not there yet, or written anew
        return {}
    return {name: now for name, now in FINDINGS.items() if name in before}


def _remove_figures(renamed: Mapping[str, str], plots: Path) -> None:
    """Those of earlier names, where the new ones are drawn."""
    for old, now in renamed.items():
        for name in figure_files.remove(plots, old):
            log.info("%s is called %s%s now", name, now, Path(name).suffix)


def as_json(findings: Sequence[Finding]) -> dict[str, object]:
    """What study.json holds of a study's findings, by their names."""
    values = {kind.name: kind.json_when_absent for kind in finding_types()}
    for finding in findings:
        with _told(f"'{finding.name}' in study.json"):
            value = finding.as_json()
            json.dumps(value)  # a TypeError for what JSON cannot hold
            values[finding.name] = value
    return {name: value for name, value in values.items() if value is not None}


def _quiet() -> warnings.catch_warnings:
    """Numbers that are not finite are shown as such: no warning of each sum that they enter."""
    return warnings.catch_warnings(action="ignore", category=RuntimeWarning)
