"""The runs of a study with another of their scores in the place of the headline."""

from collections.abc import Sequence
from dataclasses import replace

from rnnexp.errors import UserError
from rnnexp.results.answers import with_scores
from rnnexp.results.study_run import StudyRun


def by_score(runs: Sequence[StudyRun], name: str) -> list[StudyRun]:
    """The same runs, with `name` for their headline; from which value on a run counts as solved is
    known of the headline alone. A run that has no such score has none.

    Raises UserError where no run has it.
    """
    known = dict.fromkeys(score for run in runs for score in run.summary.scores)
    summaries = [with_scores(run.directory, run.summary, name) for run in runs]
    if not any(name in summary.scores for summary in summaries):
        raise UserError(
            f"--score {name}: no run of this study has it; "
            + (f"they have {', '.join(known)}" if known else "they have no scores yet")
        )
    return [
        replace(
            run,
            summary=summary
            if name == summary.headline
            else summary.model_copy(update={"headline": name, "solved_at": None}),
        )
        for run, summary in zip(runs, summaries, strict=True)
    ]
