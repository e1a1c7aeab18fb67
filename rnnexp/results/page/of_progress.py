"""The page of a study while it runs: made of summaries alone, and no figure is drawn for it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rnnexp import __version__
from rnnexp.results import words
from rnnexp.results.job_status import JobStatus
from rnnexp.results.names import shown_path
from rnnexp.results.page import surroundings
from rnnexp.results.page.content import Command, Linked, Listing, Page, address
from rnnexp.results.page.files import PAGE
from rnnexp.results.page.of_study import AGAIN, MOST_NAMED, MOST_RUNS, setting_cell
from rnnexp.results.status import StudyStatus
from rnnexp.results.tables import NOTHING, Cell


def page_of_progress(status: StudyStatus, question: str = "") -> Page:
    """question: that it was made for, where it has one in words."""
    path = shown_path(status.path)
    named = surroundings.folders_of(job.summary for job in status.jobs)
    again = surroundings.command_of_study(status.path, named)
    return Page(
        kind="study" if status.search is None else "search",
        name=status.path.name,
        version=__version__,
        question=question or f"How far is {status.path.name}?",
        answer=[
            f"Not answered yet: {status.headline}. This page looks again by itself; the answer, "
            "its tables and its figures come here at the end.",
            *([status.search.best] if status.search is not None and status.search.best else []),
        ],
        facts=_facts(status),
        gaps=_gaps(status),
        runs=_listing(status),
        commands=[
            *([Command(AGAIN, again)] if again else []),
            Command(
                "how far it is, in a terminal",
                shlex.join(["rnnexp", "study", "status", path]),
            ),
        ],
        unfinished=True,
    )


def _facts(status: StudyStatus) -> list[tuple[str, str]]:
    summaries = [job.summary for job in status.jobs]
    synthetic = any(summary.synthetic for summary in summaries)
    data = dict.fromkeys(words.data_name(str(s.data), s.synthetic) for s in summaries)
    counts = ", ".join(f"{count} {name}" for name, count in status.counts.items())
    facts = [
        ("data", ", ".join(data) + (": made by a program, not collected" if synthetic else "")),
        ("runs", counts),
        ("running now", "; ".join(status.places[:MOST_NAMED])),
    ]
    return [(name, value) for name, value in facts if value]


def _gaps(status: StudyStatus) -> list[str]:
    lines = []
    if (lacking := status.total - status.done) > 0:
        lines.append(f"{status.done} of {status.total} runs have a result, {lacking} have none yet")
    if status.rounds_left:
        lines.append(f"up to {status.rounds_left} more rounds choose further lengths")
    for job in status.jobs:
        if job.summary.status in ("failed", "killed", "interrupted", "diverged"):
            lines.append(f"{job.summary.status}: {job.line()}")
    more = len(lines) - MOST_NAMED
    lines = lines[:MOST_NAMED] + [f"{more} more: see the list of runs"] * (more > 0)
    return lines + [f"left out: {line}" for line in status.damaged[:MOST_NAMED]]


def _listing(status: StudyStatus) -> Listing:
    """The runs that have begun; their settings are those that their commands name."""
    keys = varying([job.summary.overrides for job in status.jobs])
    score = next((s for job in status.jobs if (s := job.summary.score()) is not None), None)
    head = ["run", "status", *keys, "seed", f"test {score.head if score else 'score'}", "how far"]
    rows = [_row(job, keys, status.path) for job in status.jobs[:MOST_RUNS]]
    more = len(status.jobs) - MOST_RUNS
    return Listing(head, rows, [f"{more} more runs have begun"] if more > 0 else [])


def _row(job: JobStatus, keys: Sequence[str], folder: Path) -> Linked:
    summary = job.summary
    score = summary.score()
    value = None if score is None else (summary.test or {}).get(score.name)
    page = job.path / PAGE
    there = page.is_file()
    return Linked(
        job.name,
        address(page, folder) if there else f"{address(job.path, folder)}/",
        [
            Cell(summary.status),
            *(setting_cell(_number(summary.overrides.get(key))) for key in keys),
            Cell(str(summary.seed), summary.seed),
            Cell(NOTHING) if score is None or value is None else Cell(score.cell(value), value),
            Cell(
                job.place if summary.status == "running" else f"{100 * job.share:.0f}%", job.share
            ),
        ],
    )


def varying(overrides: Sequence[dict[str, str]]) -> list[str]:
    """The keys, apart from the seed, that have several values among commands.

    >>> varying([{"model": "rnn", "seed": "0", "lr": "1"}, {"model": "gru", "lr": "1"}])
    ['model']
    """
    keys = dict.fromkeys(key for words in overrides for key in words)
    return [
        key for key in keys if key != "seed" and len({words.get(key) for words in overrides}) > 1
    ]


def _number(text: str | None) -> object:
    try:
        return NOTHING if text is None else int(text)
    except ValueError:
        return text
