"""How it is drawn: one file per probe or study, from files on disk alone. Never imports torch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnexp.runs import RunDirectory
    from rnnexp.study import Study


def draw_run(run: "RunDirectory", summary: Mapping[str, Any]) -> None:
    """Every figure of one run, into its plots/."""
    from rnnexp.figures import learning_curves

    learning_curves.draw(run, summary)


def draw_study(study: "Study") -> None:
    """Every figure that the study's settings allow, into its plots/."""
    from rnnexp.figures import accuracy_vs_length, scores

    if "seq_len" in study.factors:
        accuracy_vs_length.draw(study)
    else:
        scores.draw(study)
