"""The longest length that each network learns from scratch, beside its gradient's half-life."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results.figures import looks, scales, style, words
from rnnexp.results.findings.memory_horizon import BELOW, Horizon, MemoryHorizon
from rnnexp.results.statistics import MedianInterval

#: Lines of one panel that can be told apart.
MAX_LINES = 6


def draw(finding: MemoryHorizon, folder: Path) -> list[Path]:
    """memory_horizon.png and .svg.

    Left: the share of seeds that beat chance at each length, with Wilson's interval. Right: the
    median trainable length with its interval, and the gradient's half-life before and after
    training.
    """
    horizons = finding.horizons
    models = [horizon.model for horizon in horizons]
    shown = list(zip(horizons, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    columns = len(parts) + 1
    with style.figure(3.0 + 3.3 * columns, 2.4 + 0.42 * len(horizons), columns) as (
        canvas,
        (*rates, rows),
    ):
        for axes, part in zip(rates, parts, strict=True):
            _draw_rates(axes, part, finding.axis)
        rates[0].set_ylabel("share of seeds that beat chance\n(Wilson's 95% interval)")
        _draw_rows(rows, horizons)
        data = ", ".join(sorted(words.data_name(*named) for named in finding.data))
        seeds = sorted({len(horizon.by_seed) for horizon in horizons})
        n = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        style.title(
            canvas,
            f"Trainable length on {data}, {n} seeds (no limit of memory):\n{finding.meaning}",
        )
        style.legend(canvas, [*rates, rows])
        return [style.save(canvas, folder, finding.name)]


def _label(horizon: Horizon) -> str:
    return words.wrapped(words.label(horizon.label), 30)


def _draw_rates(axes: Axes, part: Sequence[tuple[Horizon, looks.Look]], axis: str) -> None:
    lengths = sorted({n for horizon, _ in part for n in horizon.lengths})
    for index, (horizon, look) in enumerate(part):
        rates = zip(horizon.lengths, horizon.rates, strict=True)
        points = [(n, rate) for n, rate in rates if rate]
        x, share = [n for n, _ in points], [r.successes / r.n for _, r in points]
        below = [s - r.low for s, (_, r) in zip(share, points, strict=True)]
        above = [r.high - s for s, (_, r) in zip(share, points, strict=True)]
        axes.errorbar(
            x, share, yerr=[[max(b, 0) for b in below], [max(a, 0) for a in above]],
            **look.points, capsize=2, elinewidth=0.7, label=_label(horizon),
            transform=scales.beside(axes, index, len(part)),
        )  # fmt: skip
        scales.include(axes, x, share)
    scales.length_scale(axes, lengths)
    axes.set_ylim(-0.04, 1.04)
    scales.percent_axis(axes.yaxis)
    axes.set_xlabel(scales.LENGTH_AXES[axis])


def _draw_rows(axes: Axes, horizons: Sequence[Horizon]) -> None:
    lengths = sorted({n for horizon in horizons for n in horizon.lengths})
    shown = looks.looks_of([horizon.model for horizon in horizons])
    known = [
        (horizon, look, horizon.median)
        for horizon, look in zip(horizons, shown, strict=True)
        if horizon.median is not None
    ]
    known.reverse()  # the first on top
    for row, (horizon, look, median) in enumerate(known):
        # below the shortest length is drawn half an octave to its left
        lowest = lengths[0] / 2**0.5 if lengths[0] else -0.5
        place = max(median.median, lowest)
        if median.low is not None and median.high is not None:
            axes.plot(
                [max(median.low, lowest), max(median.high, lowest)], [row, row],
                color=look.color, linewidth=2.4, solid_capstyle="butt", alpha=0.6,
            )  # fmt: skip
        if median.median == BELOW:
            axes.plot(place, row, "<", color=look.color, markersize=9)
        elif (median.high or median.median) >= horizon.lengths[-1]:
            axes.annotate(
                "", (lengths[-1] * 1.35, row), (lengths[-1], row),
                arrowprops={"arrowstyle": "->", "color": look.color},
            )  # fmt: skip
        if median.median != BELOW:
            axes.plot(place, row, marker=look.marker, color=look.color, markersize=9)
        for half_life, fill, offset in (
            (horizon.half_life_untrained, "none", -0.22),
            (horizon.half_life, "black", 0.22),
        ):
            _draw_half_life(axes, half_life, row - offset, fill)
    axes.plot([], [], "o", color="#888888", markersize=8, label="trainable length (median)")
    if any(median.median == BELOW for _, _, median in known):
        axes.plot([], [], "<", color="#888888", markersize=8, label="below the shortest length")
    axes.plot([], [], "d", color="black", markerfacecolor="none", label="half-life, untrained")
    axes.plot([], [], "d", color="black", label="half-life, trained")
    axes.set_xscale("log" if lengths[0] else "symlog", base=2)
    axes.set_yticks(range(len(known)), [_label(horizon) for horizon, _, _ in known])
    axes.set_ylim(-0.6, len(known) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("steps")
    axes.set_xticks(lengths, [str(n) for n in lengths])
    left = min([lengths[0] / 2, *(life.median for h, _, _ in known for life in _half_lives(h))])
    axes.set_xlim(left / 1.3 if left else -1, lengths[-1] * 1.6)
    if left < lengths[0] / 2:
        axes.set_xticks([1, *lengths], ["1", *(str(n) for n in lengths)])
    axes.minorticks_off()


def _half_lives(horizon: Horizon) -> list[MedianInterval]:
    return [life for life in (horizon.half_life_untrained, horizon.half_life) if life]


def _draw_half_life(axes: Axes, life: MedianInterval | None, row: float, fill: str) -> None:
    """Nothing for a gradient that does not fall."""
    if life is None or not math.isfinite(life.median):
        return
    if life.low is not None and life.high is not None:
        end = life.high if math.isfinite(life.high) else axes.get_xlim()[1]
        axes.plot([life.low, end], [row, row], color="black", linewidth=0.8)
    axes.plot(life.median, row, "d", color="black", markerfacecolor=fill, markersize=5)
