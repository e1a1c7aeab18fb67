"""How it is drawn: one file per probe or study, from files on disk alone. Never imports torch."""

import importlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnexp.results.runs import RunDirectory
    from rnnexp.results.study import Series, Study

#: Lines that one figure can hold and still be read.
MAX_SERIES = 8


def draw_run(run: "RunDirectory", summary: Mapping[str, Any]) -> None:
    """Every figure of one run, into its plots/."""
    from rnnexp.results.figures import learning_curves, length_generalisation
    from rnnexp.results.study import Series

    series = [Series.of_run(run)]
    learning_curves.draw(run, summary)
    length_generalisation.draw(series, run.plots)
    draw_probes(series, run.plots)


def draw_study(study: "Study") -> None:
    """Every figure that the study's settings allow, into its plots/."""
    from rnnexp.results.figures import (
        score_vs_length,
        first_token,
        gain,
        length_generalisation,
        memory_horizon,
        padding,
        scores,
    )
    from rnnexp.results.study import LENGTHS

    if padding.draw(study) is None:
        if set(LENGTHS) & set(study.factors):
            score_vs_length.draw(study)
        else:
            scores.draw(study)
    memory_horizon.draw(study)
    series, plots = [one for one in study.series() if one.runs], study.path / "plots"
    length_generalisation.draw(series, plots)
    gain.draw(series, plots)
    first_token.draw(series, plots)
    if 0 < len(series) <= MAX_SERIES:
        draw_probes(series, study.path / "plots", several=True)


def draw_probes(series: "Sequence[Series]", folder: Path, several: bool = False) -> None:
    """A figure for each probe that has measured something, by the module of its name.

    several: the figures that compare runs alone.
    """
    from rnnexp.results.figures import other_probes as probe

    names = dict.fromkeys(name for one in series for run in one.runs for name in run.probe_names)
    with warnings.catch_warnings():
        # what is not finite is left out of a figure: it needs no warning of each sum it enters
        warnings.simplefilter("ignore", RuntimeWarning)
        for name in names:
            if name in PROBES and (not several or name in COMPARED):
                importlib.import_module(f"rnnexp.results.figures.{name}").draw(series, folder)
            elif name not in PROBES and not several:
                probe.draw(series, folder, name)


#: Probes with a figure of their own, in the module of their name; others get the general one.
PROBES = (
    "gates",
    "grad_norm",
    "gradient_flow",
    "hidden_dynamics",
    "jacobian",
    "lyapunov",
    "padding_survival",
    "participation_ratio",
    "recurrent_weights",
    "walkthrough",
)

#: Probes whose figure sets several runs side by side.
COMPARED = ("gradient_flow", "hidden_dynamics", "grad_norm", "padding_survival")
