"""The score of a search's trials by each of its settings: a panel for each."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.beyond import within_sight
from rnnexp.results.findings.search_importance import SearchImportance
from rnnexp.results.search import Dimension, Search

#: Panels that can be looked at; those of the most important settings.
MAX_PANELS = 9
#: Choices whose names have room below a panel.
ROOM = 4


def draw(finding: SearchImportance, folder: Path) -> list[Path]:
    """search_importance.png and .svg."""
    search, score = finding.search, finding.search.objective
    by_name = {d.name: d for d in search.space}
    shares = {i.name: i for i in finding.importances}
    order = [by_name[name] for name in shares] or list(search.space)
    shown = order[:MAX_PANELS]
    values = np.array([trial.value for trial in search.complete], dtype=float)
    with style.panels(len(shown), most_columns=3, width=3.0) as (canvas, panels, leftmost):
        for axes, dimension in zip(panels, shown, strict=True):
            _draw_panel(axes, search, dimension, within_sight(values, score))
            axes.set_xlabel(dimension.name)
            share = shares.get(dimension.name)
            if share is not None:
                chance = "" if share.told else ", no more than chance"
                style.panel_title(axes, f"importance {share.share:.2f}{chance}", 9)
        if score.logarithmic and values.min() > 0:
            for axes in panels:
                scales.log_scale(axes)
        else:
            scales.score_axis(panels[0].yaxis, score)
        for axes in leftmost:
            axes.set_ylabel(f"validation {score.axis}")
        far = int((within_sight(values, score) != values).sum())
        far_worse = f"; {far} far worse, at the edge" if far else ""
        more = f"; {len(order) - len(shown)} more settings" if len(order) > len(shown) else ""
        style.title(
            canvas,
            f"{_seen(finding)}\nvalidation {score.axis} of {len(values)} trials, lighter to darker "
            f"as the search went on{far_worse}{more}",
            10,
        )
        if finding.chance is not None:
            for axes in panels:
                scales.chance_line(axes, finding.chance)
        style.name_lines(canvas, panels)
        rows = [
            {
                "trial": trial.number, **{d.name: trial.values[d.name] for d in search.space},
                f"validation_{score.name}": trial.value, "drawn_at": at, "chance": finding.chance,
            }
            for trial, at in zip(
                search.complete, within_sight(values, score).tolist(), strict=True
            )
        ]  # fmt: skip
        return [style.save(canvas, folder, finding.name, rows)]


def _seen(finding: SearchImportance) -> str:
    """Which settings the score depends on, where that is more than chance."""
    told = [one.name for one in finding.importances if one.told]
    if told:
        return f"The score depends on {', '.join(told[:3])}{' and others' * (len(told) > 3)}"
    if finding.importances:
        return "The score depends on no setting more than chance would have it"
    return "The score of each trial, by setting"


def _draw_panel(axes: Axes, search: Search, dimension: Dimension, values: np.ndarray) -> None:
    tried = [trial.values[dimension.name] for trial in search.complete]
    if dimension.kind == "choice":
        places = {choice: place for place, choice in enumerate(dimension.choices)}
        x = np.array([float(places[str(value)]) for value in tried])
        names = [words.wrapped(choice, 12, 2) for choice in dimension.choices]
        axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > ROOM else 0)
        axes.set_xlim(-0.5, len(names) - 0.5)
    else:
        x = np.array([float(value) for value in tried])
        if dimension.log:
            axes.set_xscale("log")
    axes.scatter(x, values, c=np.arange(len(x)), cmap="Blues", vmin=-len(x) / 2, s=22, zorder=2)
    best = int(values.argmax() if search.reading.better == "high" else values.argmin())
    axes.plot(
        x[best], values[best], "o", markersize=9, markerfacecolor="none", markeredgewidth=1.6,
        color=looks.other_look(4).color, label="the best trial", zorder=3,
    )  # fmt: skip
