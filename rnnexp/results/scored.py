"""The runs of a study with another of their scores beside the headline, or in its place."""

from collections.abc import Sequence
from dataclasses import replace

from rnnexp.errors import UserError
from rnnexp.results.answers import with_scores
from rnnexp.results.study_run import StudyRun


def with_score(runs: Sequence[StudyRun], name: str) -> list[StudyRun]:
    """The same runs, scored by `name` too: those of a version that did not compute it from their
    predictions. A run of which it cannot be computed has none."""
    return [replace(run, summary=with_scores(run.directory, run.summary, name)) for run in runs]


def by_score(runs: Sequence[StudyRun], name: str) -> list[StudyRun]:
    """The same runs, with `name` for their headline; from which value on a run counts as solved is
    known of the headline alone. A run that has no such score has none.

    Raises UserError where no run has it.
    """
    known = dict.fromkeys(score for run in runs for score in run.summary.scores)
    scored = with_score(runs, name)
    if not any(name in run.summary.scores for run in scored):
        raise UserError(
            f"--score {name}: no run of this study has it; "
            + (f"they have {', '.join(known)}" if known else "they have no scores yet")
        )
    return [
        replace(
            run,
            summary=run.summary
            if name == run.summary.headline
            else run.summary.model_copy(update={"headline": name, "solved_at": None}),
        )
        for run in scored
    ]
