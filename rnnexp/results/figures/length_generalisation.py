"""The score at lengths that a network was not trained on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.ticker import PercentFormatter

from rnnexp.results.figures import style
from rnnexp.results.figures.score_vs_length import LOGARITHMIC, length_scale, seeds_note
from rnnexp.results.statistics import Interval, t_interval
from rnnexp.results.study import Series


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """length_generalisation.png and .svg; None where no run was tested at other lengths.

    A line per series, filled at the length it was trained at. One seed: the bootstrap interval over
    test examples; several: the t-interval over seeds.
    """
    tested = [(one, points) for one in series if (points := at_lengths(one))]
    if not tested:
        return None
    summary = tested[0][0].runs[0].summary
    headline = str(summary["headline"])
    with style.figure(6.6, 4.2) as (canvas, (axes,)):
        distinct = len({one.model for one, _ in tested}) == len(tested)
        for index, (one, points) in enumerate(tested):
            look = style.look(one.model)
            color = look.color if distinct else style.series_color(index)
            x = sorted(points)
            axes.plot(
                x, [points[n].mean for n in x], color=color, marker=look.marker,
                markerfacecolor="white", linestyle=style.LINE_STYLES[index % 4],
                label=style.wrapped(style.label(one.label), 30),
            )  # fmt: skip
            for single in one.runs if len(one.runs) > 1 else ():
                alone = at_lengths(replace(one, runs=[single]))
                there = sorted(alone)
                axes.plot(
                    there, [alone[n].mean for n in there], color=color, linewidth=0.6, alpha=0.7
                )
            banded = [n for n in x if points[n].low is not None]
            axes.fill_between(
                banded, [points[n].low or 0.0 for n in banded],
                [points[n].high or 0.0 for n in banded], color=color, alpha=0.15, linewidth=0,
            )  # fmt: skip
            trained = int(one.runs[0].summary["seq_len"])
            axes.plot(trained, points[trained].mean, look.marker, color=color, markersize=9)
        axes.plot([], [], "o", color="#888888", markersize=9, label="length trained at")
        lengths = sorted({n for _, points in tested for n in points})
        style.chance_curve(
            axes, {point for one, _ in tested for point in _chances(one, headline).items()}
        )
        length_scale(axes, lengths)
        axes.set_xlabel("length tested at (steps)")
        axes.set_ylabel(f"test {headline}")
        if headline in LOGARITHMIC:
            axes.set_yscale("log")
        if headline == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
            bottom, top = axes.get_ylim()
            axes.set_ylim(max(bottom, -0.02), min(top, 1.02))
        counts = sorted({points[n].n for _, points in tested for n in points})
        note = (
            "one seed; band: 95% over test examples"
            if counts == [1]
            else f"{seeds_note(counts)}, thin: each"
        )
        data = style.data_name(str(summary["data"]), bool(summary.get("synthetic")))
        axes.set_title(f"Other lengths, {data} ({note})".replace("\n", " "), fontsize=9)
        axes.legend(fontsize=8)
        return style.save(canvas, folder, "length_generalisation")


def at_lengths(one: Series) -> dict[int, Interval]:
    """The headline score at each length tested, the trained one among them.

    A length at which a score was not finite, as a network can overflow on longer sequences, is left
    out.
    """
    finished = [r.summary for r in one.runs if r.summary.get("at_lengths")]
    values: dict[int, list[dict[str, Any]]] = {}
    for summary in finished:
        values.setdefault(int(summary["seq_len"]), []).append(summary)
        for length, found in summary["at_lengths"].items():
            if int(length) != summary["seq_len"]:
                values.setdefault(int(length), []).append(found)
    if len({summary["seq_len"] for summary in finished}) > 1:
        return {}
    intervals = {}
    for length, found in values.items():
        name = str(finished[0]["headline"])
        if len(found) == 1:
            low, high = found[0]["test_interval"][name]
            if found[0]["test"][name] is not None:
                intervals[length] = Interval(1, found[0]["test"][name], low, high)
        elif all(one["test"][name] is not None for one in found):
            intervals[length] = t_interval([one["test"][name] for one in found])
    trained = int(finished[0]["seq_len"]) if finished else 0
    return intervals if trained in intervals else {}


def _chances(one: Series, headline: str) -> dict[int, float]:
    summary = next(r.summary for r in one.runs if r.summary.get("at_lengths"))
    return {int(summary["seq_len"]): summary["chance"][headline]} | {
        int(n): found["chance"][headline] for n, found in summary["at_lengths"].items()
    }
