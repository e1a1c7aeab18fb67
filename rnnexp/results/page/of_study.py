"""The page of a study, or of a search."""

from collections.abc import Sequence
from pathlib import Path

from rnnexp import __version__
from rnnexp.errors import first_line
from rnnexp.results import conclusions, words
from rnnexp.results.findings.base import Finding
from rnnexp.results.job_status import duration
from rnnexp.results.page import sections, surroundings
from rnnexp.results.page.content import Command, Drawn, Linked, Listing, Page, address
from rnnexp.results.page.files import PAGE
from rnnexp.results.page.pictures import Pictures
from rnnexp.results.study import Study
from rnnexp.results.study_run import StudyRun
from rnnexp.results.tables import NOTHING, Cell
from rnnexp.scores import Score

#: What a study's own command does, given again.
AGAIN = "the same study again; it makes what has no result"

#: Runs that the list of runs has, and runs without a result that are named above it.
MOST_RUNS, MOST_NAMED = 2000, 12


def page_of_study(
    study: Study,
    findings: Sequence[Finding],
    answer: Sequence[str],
    drawn: Drawn | None,
    folder: Path,
) -> Page:
    """answer: sentences. drawn: its figures; None where none were to be drawn.

    folder: of the page.
    """
    pictures = Pictures(drawn or Drawn(), folder)
    shown, faults = sections.of_findings(findings, pictures)
    left_out = [] if drawn is None else drawn.left_out
    named = surroundings.folders_of(run.summary for run in study.runs)
    report = surroundings.command_of_report(study.path, named)
    again = surroundings.command_of_study(study.path, named)
    return Page(
        kind="study" if study.search is None else "search",
        name=study.path.name,
        version=__version__,
        question=_question(study),
        answer=answer,
        facts=_facts(study),
        gaps=[*study.notes(), *without_result(study), *faults, *left_out],
        asides=_asides(study),
        sections=shown,
        no_figures=""
        if drawn is not None or not findings
        else surroundings.no_figures(study.path, named),
        runs=listing(study, folder),
        commands=[
            *([Command(AGAIN, again)] if again else []),
            Command("its tables, its figures and this page anew", report),
        ],
        environment=surroundings.together(surroundings.facts(run.directory) for run in study.runs),
        styles=pictures.styles,
    )  # fmt: skip


def _question(study: Study) -> str:
    try:
        return conclusions.question_of_study(study)
    except Exception as error:  # of settings that cannot be read any more
        return f"What has the study {study.path.name} shown? ({first_line(error)})"


def _facts(study: Study) -> list[tuple[str, str]]:
    runs = study.runs
    summaries = [run.summary for run in runs]
    data = dict.fromkeys(words.data_name(str(s.data), s.synthetic) for s in summaries)
    models = dict.fromkeys(words.model_name(str(s.model)) for s in summaries)
    lengths = sorted({s.seq_len for s in summaries if s.seq_len is not None})
    seeds = sorted({s.seed for s in summaries})
    chance = sorted({level for group in study.groups()
                     for level in group.chance_levels(study.score)})  # fmt: skip
    counts: dict[str, int] = {}
    for summary in summaries:
        counts[summary.status] = counts.get(summary.status, 0) + 1
    took = sum(s.wall_seconds or 0.0 for s in summaries)
    made = any(s.synthetic for s in summaries)
    facts = [
        ("models", _listed(list(models))),
        ("data", _listed(list(data)) + (": made by a program, not collected" if made else "")),
        ("steps of a sequence", _listed([str(n) for n in lengths])),
        ("what varies", _listed(list(study.factors))),
        ("seeds", _listed([str(seed) for seed in seeds])),
        ("what is scored", f"test {study.score.axis}"),
        ("chance", ", ".join(map(study.score.show, chance))),
        ("runs", ", ".join(f"{count} {status}" for status, count in counts.items())),
        ("time of all runs", duration(took) if took else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def without_result(study: Study) -> list[str]:
    """The runs that failed, diverged or were cut short, each with its reason."""
    told = [run for run in study.runs if not run.finished and run.summary.status != "running"]
    lines = [
        f"{run.name} {_became(run)}: {run.summary.reason or 'no reason was given'}"
        for run in told[:MOST_NAMED]
    ]
    more = len(told) - MOST_NAMED
    return lines + [f"{more} more runs without a score: see the list of runs"] * (more > 0)


def _became(run: StudyRun) -> str:
    status = run.summary.status
    return status if status in ("diverged", "failed") else f"was {status}"


def _asides(study: Study) -> list[str]:
    """What was said of the data, each once."""
    said: dict[str, None] = {}
    for run in study.runs:
        for key in ("warnings", "notes"):
            lines = run.summary.data_report.get(key)
            said |= dict.fromkeys(map(str, lines)) if isinstance(lines, list) else {}
    return list(said)[:MOST_NAMED]


def listing(study: Study, folder: Path) -> Listing:
    """Every run, with a link to its own page, or to its folder."""
    factors = [name for name in study.factors if name != "seed"]
    score = study.score
    head = ["run", "status", *factors, "seed", f"test {score.head}", "training time"]
    rows = [_row(study, run, factors, score, folder) for run in study.runs[:MOST_RUNS]]
    more = len(study.runs) - MOST_RUNS
    notes = [f"{more} more are in study.csv"] if more > 0 else []
    return Listing(head, rows, notes)


def _row(study: Study, run: StudyRun, factors: Sequence[str], score: Score, folder: Path) -> Linked:
    value = run.row.get(study.column)
    seconds = run.summary.seconds
    place = run.directory.path
    page = place / PAGE
    return Linked(
        run_name(place),
        address(page, folder) if page.is_file() else f"{address(place, folder)}/",
        [
            Cell(run.summary.status),
            *(setting_cell(run.factors.get(name)) for name in factors),
            Cell(str(run.summary.seed), run.summary.seed),
            Cell(score.cell(value), value),
            Cell(NOTHING) if seconds is None else Cell(f"{seconds:.1f} s", seconds),
        ],
    )


def run_name(path: Path) -> str:
    """As a study's lines name a run: without the hash at its end."""
    return path.name.rpartition("_")[0] or path.name


def setting_cell(value: object) -> Cell:
    """A setting's value, which sorts as a number where it is one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(str(value), float(value) if number else None)  # type: ignore[arg-type]
