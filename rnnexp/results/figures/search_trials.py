"""The history of a search: the value of each trial, and the best so far."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.beyond import within_sight
from rnnexp.results.findings.search_trials import SearchTrials

#: Below the axes: what trials without a value are shown by.
_WITHOUT = {
    "pruned": ("x", "pruned"),
    "diverged": ("v", "diverged"),
    "unscored": ("d", "score not computable"),
    "refused": ("s", "refused"),
}


def draw(finding: SearchTrials, folder: Path) -> list[Path]:
    """search_trials.png and .svg; nothing before a trial has a value."""
    search, score = finding.search, finding.search.objective
    if not search.complete:
        return []
    numbers = np.array([trial.number for trial in search.complete])
    values = np.array([trial.value for trial in search.complete], dtype=float)
    best = (
        np.maximum.accumulate(values) if score.better == "high" else np.minimum.accumulate(values)
    )
    shown = within_sight(values, score)
    with style.figure(6.4, 3.9) as (canvas, (axes,)):
        look = looks.other_look(0)
        near = shown == values
        axes.plot(
            numbers[near], values[near], "o", color=look.color, alpha=0.6, label="a trial"
        )  # fmt: skip
        axes.step(
            [*numbers, search.trials[-1].number],
            within_sight(np.array([*best, best[-1], *values]), score)[: len(best) + 1],
            where="post",
            color=looks.other_look(4).color, label="best so far",
        )  # fmt: skip
        low, high = axes.get_ylim()
        worst = low if score.better == "high" else high
        if not near.all():
            axes.plot(
                numbers[~near], [worst] * int((~near).sum()), "o", color=look.color,
                markerfacecolor="white", clip_on=False, zorder=1.5,
                label="far worse (drawn at the edge)",
            )  # fmt: skip
        for state, (marker, label) in _WITHOUT.items():
            own = [trial.number for trial in search.trials if trial.state == state]
            if own:
                axes.plot(
                    own, [worst] * len(own), marker, color="#666666", markersize=6,
                    label=f"{label} (no value: drawn at the edge)", clip_on=False, zorder=1.5,
                )  # fmt: skip
        axes.set_ylim(low, high)
        if score.logarithmic and values.min() > 0:
            scales.log_scale(axes)
        else:
            scales.score_axis(axes.yaxis, score)
        if finding.chance is not None:
            scales.chance_line(axes, finding.chance)
        axes.set_xlabel("trial")
        scales.whole_numbers(axes.xaxis)
        seeds = f", mean over {len(search.seeds)} seeds" if len(search.seeds) > 1 else ""
        axes.set_ylabel(f"validation {score.axis}\nof the best epoch{seeds}")
        ranked = search.ranked[0]
        style.title(
            canvas,
            f"Best validation {score.axis} {score.show(ranked.value)}, in trial {ranked.number} of "
            f"{len(search.trials)}\nsearch over {', '.join(d.name for d in search.space)}",
            10,
        )
        style.name_lines(canvas, [axes])
        return [style.save(canvas, folder, finding.name, _rows(finding, best.tolist()))]


def _rows(finding: SearchTrials, best: Sequence[float]) -> list[dict[str, object]]:
    """A row of each trial, those without a value too."""
    search = finding.search
    so_far = {trial.number: value for trial, value in zip(search.complete, best, strict=True)}
    return [
        {
            "trial": trial.number, "state": trial.state, f"validation_{search.objective.name}":
            trial.value, "best_so_far": so_far.get(trial.number), "chance": finding.chance,
        }
        for trial in search.trials
    ]  # fmt: skip
