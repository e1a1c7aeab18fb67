"""How far back each network remembers, beside how far back its gradient reaches."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from rnnexp.results.figures import style
from rnnexp.results.figures.score_vs_length import AXES, length_scale
from rnnexp.results.findings.memory_horizon import BELOW, Horizon, horizons
from rnnexp.results.statistics import MedianInterval
from rnnexp.results.study import Study


def draw(study: Study) -> Path | None:
    """plots/memory_horizon.png and .svg; None where no horizon can be told.

    Left: the share of seeds that beat chance at each length, with Wilson's interval. Right: the
    median horizon with its interval, and the gradient's half-life before and after training.
    """
    found = horizons(study)
    if not found:
        return None
    with style.figure(10.6, 2.6 + 0.42 * len(found), columns=2) as (canvas, (rates, rows)):
        _draw_rates(rates, found)
        _draw_rows(rows, found)
        names = {
            style.data_name(str(row["data"]), row["synthetic"])
            for row in study.rows
            if row["memory"]
        }
        data = ", ".join(sorted(names))
        seeds = sorted({len(one.by_seed) for one in found})
        n = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        canvas.suptitle(f"Memory horizon on {data}, {n} seeds", fontsize=11)
        return style.save(canvas, study.path / "plots", "memory_horizon")


def _label(one: Horizon) -> str:
    return style.wrapped(style.label(one.label), 30)


def _draw_rates(axes: Axes, found: Sequence[Horizon]) -> None:
    lengths = sorted({n for one in found for n in one.lengths})
    models = [one.model for one in found]
    for index, one in enumerate(found):
        look = style.look(one.model)
        line = style.LINE_STYLES[models[:index].count(one.model) % 4]
        # side by side, so that equal rates do not hide each other
        shift = 2 ** (0.08 * (index - (len(found) - 1) / 2))
        points = [(n * shift, r) for n, r in zip(one.lengths, one.rates, strict=True) if r]
        x, share = [n for n, _ in points], [r.successes / r.n for _, r in points]
        below = [s - r.low for s, (_, r) in zip(share, points, strict=True)]
        above = [r.high - s for s, (_, r) in zip(share, points, strict=True)]
        axes.errorbar(
            x, share, yerr=[[max(b, 0) for b in below], [max(a, 0) for a in above]],
            color=look.color, marker=look.marker, linestyle=line, capsize=2, elinewidth=0.7,
            label=_label(one),
        )  # fmt: skip
    length_scale(axes, lengths)
    axes.set_ylim(-0.04, 1.04)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    axes.set_xlabel(AXES[found[0].axis])
    axes.set_ylabel("share of seeds that beat chance\n(Wilson's 95% interval)")
    axes.legend(
        fontsize=8, handlelength=3.4, loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2
    )


def _draw_rows(axes: Axes, found: Sequence[Horizon]) -> None:
    lengths = sorted({n for one in found for n in one.lengths})
    shown = [one for one in found if one.median is not None][::-1]  # the first one on top
    for row, one in enumerate(shown):
        look, median = style.look(one.model), one.median
        assert median is not None
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
        elif (median.high or median.median) >= one.lengths[-1]:
            axes.annotate(
                "", (lengths[-1] * 1.35, row), (lengths[-1], row),
                arrowprops={"arrowstyle": "->", "color": look.color},
            )  # fmt: skip
        if median.median != BELOW:
            axes.plot(place, row, look.marker, color=look.color, markersize=9)
        for half_life, fill, offset in (
            (one.half_life_untrained, "none", -0.22),
            (one.half_life, "black", 0.22),
        ):
            _draw_half_life(axes, half_life, row - offset, fill)
    axes.plot([], [], "o", color="#888888", markersize=8, label="memory horizon (median)")
    axes.plot([], [], "d", color="black", markerfacecolor="none", label="half-life, untrained")
    axes.plot([], [], "d", color="black", label="half-life, trained")
    axes.set_xscale("log" if lengths[0] else "symlog", base=2)
    axes.set_yticks(range(len(shown)), [_label(one) for one in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("steps")
    axes.set_xticks(lengths, [str(n) for n in lengths])
    left = min([lengths[0] / 2, *(i.median for one in shown for i in _half_lives(one))])
    axes.set_xlim(left / 1.3 if left else -1, lengths[-1] * 1.6)
    if left < lengths[0] / 2:
        axes.set_xticks([1, *lengths], ["1", *(str(n) for n in lengths)])
    axes.minorticks_off()
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=3)


def _half_lives(one: Horizon) -> list[MedianInterval]:
    return [found for found in (one.half_life_untrained, one.half_life) if found]


def _draw_half_life(axes: Axes, found: MedianInterval | None, row: float, fill: str) -> None:
    """Nothing for a gradient that does not fall."""
    if found is None or not math.isfinite(found.median):
        return
    if found.low is not None and found.high is not None:
        end = found.high if math.isfinite(found.high) else axes.get_xlim()[1]
        axes.plot([found.low, end], [row, row], color="black", linewidth=0.8)
    axes.plot(found.median, row, "d", color="black", markerfacecolor=fill, markersize=5)
