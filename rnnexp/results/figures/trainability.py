"""The share of seeds that learn at each length, within each budget, and where it is one half."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import direct_labels, looks, scales, style
from rnnexp.results.findings.trainability import Line, Trainability, Within
from rnnexp.results.l50 import L50
from rnnexp.results.statistics import wilson

#: Lines of one panel that can be told apart, bands included.
MAX_LINES = 3
#: Lengths that are chosen lie close to each other: ticks by less than this factor would touch.
CLOSE = 1.25

Drawn = tuple[Line, looks.Look]


def draw(finding: Trainability, folder: Path) -> list[Path]:
    """trainability.png and .svg, a row of panels for each model where there are many lines.

    Left, a panel per budget: the share of seeds that learned, Wilson's interval as a bar, and the
    fitted curve with its 95% band. Right: L50 with its 95% interval.
    """
    lines = finding.lines
    models = [line.model for line in lines]
    rows = style.parts(list(zip(lines, looks.looks_of(models), strict=True)), models, MAX_LINES)
    budgets = finding.budgets
    columns = len(budgets) + 1
    most = max(map(len, rows))
    height = max(2.4 if len(rows) > 1 else 2.9, 1.2 + 0.3 * most * len(budgets))
    with style.grid(2.6 + 3.1 * columns, 1.2 + height * len(rows), len(rows), columns) as (
        canvas,
        table,
    ):
        drawn: list[dict[str, object]] = []
        for row, (*shares, right) in zip(rows, table, strict=True):
            for axes, steps in zip(shares, budgets, strict=True):
                drawn += _draw_shares(axes, row, steps, finding)
            shares[0].set_ylabel("share of seeds that learn")
            _draw_l50(right, row, finding)
        for axes, steps in zip(table[0], budgets, strict=False):
            style.panel_title(axes, f"within {_name(finding, steps)}")
        by = ", by training steps" if len(budgets) > 1 else ""
        style.panel_title(table[0][-1], f"L50 and its 95% interval{by}")
        style.title(canvas, _title(finding))
        return [style.save(canvas, folder, finding.name, [*_rows(finding), *drawn])]


def _title(finding: Trainability) -> str:
    data = ", ".join(sorted(words.data_name(*named) for named in finding.data))
    steps = finding.budgets[-1]
    found = [one.l50 for line in finding.lines if (one := line.within(steps)) is not None]
    values = [l50.value for l50 in found if l50.value is not None]
    if values:
        low, high = (f"{value:.0f}" for value in (min(values), max(values)))
        seen = f"a length of {low}" if low == high else f"lengths of {low} to {high}"
        if open_ended := len(found) - len(values):
            seen += f" ({open_ended} of {len(found)} lines: beyond the lengths tried)"
    else:
        seen = f"lengths {', '.join(dict.fromkeys(map(str, found)))}"
    seeds = sorted({line.seeds for line in finding.lines})
    n = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
    return (
        f"Half the seeds learn {data} at {seen} within {_name(finding, steps)}\n"
        f"trained from scratch at one length: no limit of memory. {n} seeds; bars: Wilson's 95% "
        "interval; curves: logistic in ln(length), with its 95% band"
    )


def _name(finding: Trainability, steps: int) -> str:
    return next(
        one.name for line in finding.lines for one in line.budgets if one.steps == steps
    ).replace("steps", "training steps")


def _label(line: Line) -> str:
    return words.wrapped(words.label(line.label), 30)


def _lengths(finding: Trainability) -> list[int]:
    return sorted({length for line in finding.lines for length in line.lengths})


def _length_axis(axes: Axes, finding: Trainability) -> None:
    scales.length_scale(axes, scales.apart(_lengths(finding), CLOSE))
    axes.set_xlabel(scales.LENGTH_AXES[finding.axis])


def _draw_shares(
    axes: Axes, row: Sequence[Drawn], steps: int, finding: Trainability
) -> list[dict[str, object]]:
    """The numbers of the fitted curves."""
    every, rows = _lengths(finding), []
    x = np.geomspace(every[0] / 1.15, every[-1] * 1.15, 80)
    for index, (line, look) in enumerate(row):
        within = line.within(steps)
        if within is None:
            continue
        mean, low, high = within.posterior.share_learning(x)
        axes.fill_between(x, low, high, color=look.color, alpha=0.13, linewidth=0)
        axes.plot(x, mean, color=look.color, linestyle=look.dash)
        rows += [
            {**_of(line, within), "of": "fitted curve", "length": float(at), "share": float(share),
             "low": float(least), "high": float(most)}
            for at, share, least, most in zip(x, mean, low, high, strict=True)
        ]  # fmt: skip
        _draw_counts(axes, within, look, (index, len(row)))
    axes.axhline(0.5, color="#999999", linewidth=0.8, zorder=1)
    axes.set_ylim(-0.04, 1.04)
    scales.percent_axis(axes.yaxis)
    _length_axis(axes, finding)
    axes.set_xlim(x[0], x[-1])
    return rows


def _of(line: Line, within: Within) -> dict[str, object]:
    return {"line": words.label(line.label), "training_steps": within.steps or None}


def _draw_counts(axes: Axes, within: Within, look: looks.Look, place: tuple[int, int]) -> None:
    transform = scales.beside(axes, *place)
    for length, (learned, n) in zip(within.outcomes.lengths, within.outcomes.counts, strict=True):
        if n:
            rate = wilson(learned, n)
            axes.plot(
                [length, length], [rate.low, rate.high], color=look.color, linewidth=0.7,
                alpha=0.55, transform=transform,
            )  # fmt: skip
            axes.plot(
                length, learned / n, marker=look.marker, color=look.color, markersize=4.5,
                transform=transform,
            )  # fmt: skip


def _draw_l50(axes: Axes, row: Sequence[Drawn], finding: Trainability) -> None:
    """A group of rows for each line, the first on top, with a row per budget."""
    every, budgets = _lengths(finding), finding.budgets
    names, places, colors = [], [], []
    for index, (line, look) in enumerate(row):
        top = -index * (len(budgets) + 1.0)
        for number, steps in enumerate(budgets):
            if (within := line.within(steps)) is not None:
                _draw_interval(axes, within.l50, top - number, look, every)
            shown = f"{steps:,}" if steps else "all"
            first = _label(line) if len(budgets) == 1 else f"{_label(line)}: {shown}"
            names.append(first if number == 0 else shown)
            places.append(top - number)
            colors.append(direct_labels.readable(look.color))
    axes.set_yticks(places, names)
    for label, color in zip(axes.get_yticklabels(), colors, strict=True):
        label.set_color(color)
    axes.set_ylim(-len(row) * (len(budgets) + 1.0) + 0.5, 0.8)
    axes.grid(axis="y", visible=False)
    _length_axis(axes, finding)
    axes.set_xlim(every[0] / 1.4, every[-1] * 1.4)


def _draw_interval(
    axes: Axes, l50: L50, row: float, look: looks.Look, every: Sequence[int]
) -> None:
    """An arrow leaves the lengths tried where an end is open."""
    left = every[0] / 1.3 if l50.low is None else l50.low
    right = every[-1] * 1.3 if l50.high is None else l50.high
    color = look.color
    axes.plot([left, right], [row, row], color=color, linestyle=look.dash, zorder=1)
    if l50.low is None:
        axes.plot(left, row, marker="<", color=color, markersize=4, zorder=1)
    if l50.high is None:
        axes.plot(right, row, marker=">", color=color, markersize=4, zorder=1)
    if l50.value is not None:
        axes.plot(l50.value, row, marker=look.marker, color=color, markersize=6, zorder=1.5)


def _rows(finding: Trainability) -> Iterator[dict[str, object]]:
    """Shares by length, and L50, of each line and budget."""
    for line in finding.lines:
        for within in line.budgets:
            counts = zip(within.outcomes.lengths, within.outcomes.counts, strict=True)
            for length, (learned, n) in counts:
                if n:
                    rate = wilson(learned, n)
                    yield {
                        **_of(line, within), "of": "share of seeds that learn", "length": length,
                        "share": learned / n, "low": rate.low, "high": rate.high,
                        "learned": learned, "seeds": n,
                    }  # fmt: skip
            l50 = within.l50
            yield {
                **_of(line, within), "of": "L50: low and high are lengths, an open end is empty",
                "length": l50.value, "low": l50.low, "high": l50.high,
            }  # fmt: skip
