"""What is told of a run or a study: its findings, their tables, their figures, its files."""

import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rnnexp.errors import UserError
from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import Finding
from rnnexp.results.groups import Group
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study

log = logging.getLogger(__name__)


def run_findings(run: RunDirectory) -> list[Finding]:
    """What is found in a run on its own, in the order in which it is shown."""
    group = Group.of_run(run)
    return _made(lambda kind: kind.in_run(group))


def study_findings(study: Study) -> list[Finding]:
    """What is found in a study, in the order in which it is shown."""
    return _made(lambda kind: kind.in_study(study))


def _made(make: Callable[[type[Finding]], Iterable[Finding]]) -> list[Finding]:
    """A finding that fails is told in a line, and the others are made all the same.

    A damaged file is an error of the directory, and raised.
    """
    findings: list[Finding] = []
    for kind in finding_types():
        try:
            with _quiet():
                findings += make(kind)
        except UserError:
            raise
        except Exception as error:
            log.warning(
                "the table and the figure '%s' are left out: %s: %s",
                kind.name, type(error).__name__, error,
            )  # fmt: skip
    return findings


def draw(findings: Iterable[Finding], folder: Path) -> None:
    """Every figure; one that fails is told in a line, and costs none of the others."""
    for finding in findings:
        try:
            with _quiet():
                finding.draw(folder)
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            log.warning(
                "%s could not be drawn (%s: %s)", finding.title, type(error).__name__, first
            )


def text(findings: Iterable[Finding]) -> list[str]:
    """What a terminal shows, a text for each finding that says something."""
    return [shown for finding in findings if (shown := finding.text())]


def report_run(run: RunDirectory) -> str:
    """Draw the figures of a run anew; returns its tables and where the figures are."""
    findings = run_findings(run)
    draw(findings, run.plots)
    return _blocks([*text(findings), str(run.plots)])


def report_study(study: Study, plots: bool = True) -> str:
    """Write study.csv and study.json and draw the figures; returns the study's tables and place.

    Empty for a study without a run, of which nothing is written. plots: draw the figures, which
    takes most of the time.
    """
    if not study.runs:
        return ""
    findings = study_findings(study)
    study.write(as_json(findings))
    if plots:
        draw(findings, study.path / "plots")
    return _blocks([*text(findings), str(study.path)])


def as_json(findings: Sequence[Finding]) -> dict[str, object]:
    """What study.json holds of a study's findings, by their names."""
    absent = {kind.name: kind.json_when_absent for kind in finding_types()}
    values = absent | {finding.name: finding.as_json() for finding in findings}
    return {name: value for name, value in values.items() if value is not None}


def _blocks(texts: Sequence[str]) -> str:
    return "\n\n".join(texts)


def _quiet() -> warnings.catch_warnings:
    """Numbers that are not finite are shown as such: no warning of each sum that they enter."""
    return warnings.catch_warnings(action="ignore", category=RuntimeWarning)
