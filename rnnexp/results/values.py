"""What `--json` prints of runs and studies: the values behind what a terminal shows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from rnnexp.files import read_json
from rnnexp.results.check import Check
from rnnexp.results.comparing import Pair, StudiesCompared
from rnnexp.results.job_status import JobStatus
from rnnexp.results.names import shown_path
from rnnexp.results.report import Report
from rnnexp.results.runs import RunDirectory
from rnnexp.results.status import StudyReader, StudyStatus
from rnnexp.results.study import Study
from rnnexp.results.summary import Summary

#: What of summary.json is told by its own name.
MAIN = (
    "status", "reason", "model", "data", "synthetic", "seq_len", "seed", "parameters", "epochs",
    "steps", "best_epoch", "tested", "seconds", "wall_seconds", "fingerprint", "version", "choices",
    "overrides", "continues", "failed_probes", "failed_loggers",
)  # fmt: skip


def of_run(run: RunDirectory, report: Report) -> dict[str, Any]:
    """Where it is, how it ended, the answer, its scores, and what it was."""
    summary = run.summary
    whole = summary.model_dump(mode="json")
    return {
        "path": shown_path(run.path),
        "question": report.question,
        "answer": list(report.answers),
        "headline": summary.headline,
        "scores": scores_of(summary),
        "at_lengths": whole["at_lengths"],
        **{name: whole[name] for name in MAIN},
    }


def scores_of(summary: Summary) -> dict[str, dict[str, Any]]:
    """Each score of the test split with its interval over test examples, as fractions, and chance.

    Empty where nothing was tested.
    """
    return {
        name: {
            "value": value,
            "interval_95": (summary.test_interval or {}).get(name),
            "chance": summary.chance.get(name),
            "perfect": summary.perfect.get(name),
            "better": None if (score := summary.score(name)) is None else score.better,
        }
        for name, value in (summary.test or {}).items()
    }


def of_study(study: Study, report: Report, folder: Path) -> dict[str, Any]:
    """folder: that study.json was written to. Without a run nothing was, and it is null."""
    file = folder / "study.json"
    return {
        "path": shown_path(folder),
        "status": StudyReader(study.path).read().counts,
        "question": report.question or None,
        "answer": list(report.answers),
        "score": study.column if study.runs else None,
        "study": read_json(file) if study.runs else None,
        "runs": study.rows,
        "left_out": list(study.damaged),
    }


def of_status(status: StudyStatus) -> dict[str, Any]:
    """How far a study has come."""
    search = status.search
    return {
        "path": shown_path(status.path),
        "done": status.done,
        "total": status.total,
        "share": status.share,
        "seconds_left": status.seconds_left,
        "status": status.counts,
        "jobs": [_job(job) for job in status.jobs],
        "rounds_left": status.rounds_left,
        "search": None if search is None else search.model_dump(mode="json"),
        "left_out": list(status.damaged),
    }


def _job(job: JobStatus) -> dict[str, Any]:
    summary, progress = job.summary, job.progress
    return {
        "run": job.path.name,
        "status": summary.status,
        "reason": summary.reason,
        "share": job.share,
        "seconds_left": job.seconds_left,
        "progress": None if progress is None else progress.model_dump(mode="json"),
        "process": None if summary.process is None else summary.process.model_dump(mode="json"),
    }


def of_comparison(compared: StudiesCompared) -> dict[str, Any]:
    """Two studies side by side: a value for each pair of groups, b - a, as fractions."""
    return {
        "a": shown_path(compared.a.path),
        "b": shown_path(compared.b.path),
        "score": compared.score.name,
        "matched": list(compared.matched),
        "differing": {name: {"a": a, "b": b} for name, (a, b) in compared.differing.items()},
        "pairs": [
            _pair(pair, p, f"test_{compared.score.name}")
            for pair, p in zip(compared.pairs, compared.tested.adjusted, strict=True)
        ],
        "left_out": list(compared.left_out),
        "notes": [*compared.table().notes, *compared.notes],
    }


def _pair(pair: Pair, adjusted: float | None, column: str) -> dict[str, Any]:
    difference = None
    if pair.difference is not None:
        difference = plain(pair.difference) | {"adjusted_p": adjusted}
    sides = {
        name: {
            "group": group.label,
            "factors": dict(group.factors),
            "interval": plain(group.interval(column)),
            "by_seed": group.by_seed(column),
        }
        for name, group in (("a", pair.a), ("b", pair.b))
    }
    return {**sides, "difference": difference}


def of_checks(
    path: Path, whole: bool, checks: Sequence[Check], others: Sequence[str], strange: Sequence[str]
) -> dict[str, Any]:
    """Whether the files of a run or of a study are what was written."""
    runs = [plain(check) | {"folder": shown_path(check.folder)} for check in checks]
    return {
        "path": shown_path(path), "whole": whole, "runs": runs,
        "others": list(others), "strange": list(strange),
    }  # fmt: skip


def plain(value: Any) -> Any:
    """A dataclass as a dictionary."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return dict(value) if isinstance(value, Mapping) else value
