"""The score of each group of a study that does not vary the length: a point with its interval.

Of many groups, as a search for good settings makes, the best.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from rnnexp.results import words
from rnnexp.results.figures import looks, numbers, scales, style, titles
from rnnexp.results.findings.scores import GroupScore, Scores
from rnnexp.results.statistics import Interval

#: Rows that can be read, and seeds that are dots; more are ticks.
MAX_ROWS, MOST_DOTS = 60, 12
#: Chance levels whose names have room above the axes.
FEW_LEVELS = 1


def draw(finding: Scores, folder: Path) -> list[Path]:
    """scores.png and .svg, a row per group; nothing without a finished run."""
    every = [(group, group.interval) for group in finding.groups if group.interval is not None]
    if not every:
        return []
    score = finding.score
    best = sorted(
        range(len(every)), key=lambda place: every[place][1].mean, reverse=score.better == "high"
    )
    scored = [every[place] for place in sorted(best[:MAX_ROWS])]
    scored.reverse()  # the first group on top
    names = [words.wrapped(words.label(group.label)) for group, _ in scored]
    text_lines = sum(name.count("\n") + 1.6 for name in names)
    with style.figure(7.2, 1.7 + 0.25 * text_lines) as (canvas, (axes,)):
        for row, (group, interval) in enumerate(scored):
            _draw_row(axes, row, group, interval)
        axes.set_yticks(range(len(scored)), names)
        axes.set_ylim(-0.6, len(scored) - 0.4)
        axes.grid(axis="y", visible=False)
        if score.logarithmic:
            axes.set_xscale("log")
        levels = sorted({level for group, _ in scored for level in group.chance_levels})
        _scale(axes, finding, levels)
        few = len(levels) <= FEW_LEVELS
        for number, chance in enumerate(levels):
            axes.axvline(
                chance, color=scales.CHANCE, linewidth=1.0, linestyle=(0, (1, 2)), zorder=1
            )
            if number and not few:  # one name for all of them
                continue
            axes.annotate(
                f"chance {score.show(chance)}" if few else "chance, each task has its own",
                (chance, 1.0), xycoords=axes.get_xaxis_transform(), xytext=(0, 2),
                textcoords="offset points", ha="center", va="bottom", fontsize=8.5,
            )  # fmt: skip
        axes.set_xlabel(f"test {score.axis}")
        style.title(canvas, _title(finding, scored, len(every)), 10)
        rows = [row for group, interval in scored[::-1] for row in _rows(finding, group, interval)]
        return [style.save(canvas, folder, finding.name, rows)]


def _draw_row(axes: Axes, row: int, group: GroupScore, interval: Interval) -> None:
    """The mean with its interval, the seeds as dots below it."""
    look = looks.look(group.model)
    figure = axes.get_figure(root=True)
    assert figure is not None
    below = axes.transData + ScaledTranslation(0, -4.5 / 72, figure.dpi_scale_trans)
    few = len(group.values) <= MOST_DOTS
    if len(group.values) > 1:
        axes.plot(
            group.values, [row] * len(group.values), "o" if few else "|", color=look.color,
            markersize=3.2 if few else 6, markeredgewidth=0 if few else 0.8, alpha=0.7,
            transform=axes.transData if interval.apart else below, clip_on=False,
        )  # fmt: skip
    if interval.low is not None and interval.high is not None:
        axes.plot(
            [interval.low, interval.high], [row, row], color=look.color, marker="|", markersize=6,
            linewidth=1.4, clip_on=False,
        )  # fmt: skip
    if not interval.apart:  # of scores in two bunches no mean is like any of them
        axes.plot(
            interval.mean, row, marker=look.marker, color=look.color, markersize=6, clip_on=False
        )
    places = [*group.values, interval.mean, *(interval.ends or ())]
    axes.update_datalim([(place, row) for place in places])


def _scale(axes: Axes, finding: Scores, levels: Sequence[float]) -> None:
    """The scores and chance; in percent no tick where no score can be."""
    axes.update_datalim([(level, 0) for level in levels])
    axes.autoscale_view(scaley=False)
    score = finding.score
    scales.score_axis(axes.xaxis, score)
    if score.percent:
        low, high = axes.get_xlim()
        axes.set_xlim(max(low, -0.005), min(high, 1.005))


def _title(finding: Scores, scored: Sequence[tuple[GroupScore, Interval]], every: int) -> str:
    """Which group is ahead, where its interval lies apart from all others."""
    score = finding.score
    labels = {words.label(group.label): interval for group, interval in scored}
    same_chance = len({tuple(group.chance_levels) for group, _ in scored}) == 1
    best = titles.ahead(score, labels) if every == len(scored) and same_chance else None
    what = f"Test {score.axis}"
    seen = f"{what}: {best} ahead of all others" if best else f"{what} of {every} settings"
    if every == 1:
        seen = f"{what} of {next(iter(labels))}"
    if every > len(scored):
        seen = f"{what}: the best {len(scored)} of {every} settings; all are in study.csv"
    counts = sorted({len(group.values) for group, _ in scored})
    note = style.seeds_note(counts, [interval for _, interval in scored])
    dots = "" if counts == [1] else "; small dots: single seeds"
    if counts[-1] > MOST_DOTS:
        dots = "; small ticks: single seeds"
    if all(interval.apart for _, interval in scored):
        note, dots = (
            f"dots: {titles.span(counts)} single seeds; a mean would be like none of them",
            "",
        )
    synthetic = f"; synthetic data: {', '.join(finding.synthetic)}" if finding.synthetic else ""
    return f"{seen}\n{note}{dots}{synthetic}"


def _rows(finding: Scores, group: GroupScore, interval: Interval) -> Sequence[dict[str, object]]:
    chance = "; ".join(map(str, group.chance_levels))
    place = {"group": words.label(group.label)}
    return numbers.over_seeds(place, finding.score.name, interval, group.values, chance=chance)
