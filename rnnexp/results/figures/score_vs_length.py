"""The score against the length, a line per model with a band over seeds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, PercentFormatter

from rnnexp.results.figures import style
from rnnexp.results.statistics import Interval
from rnnexp.results.study import LENGTHS, Group, Study

#: Scores that span orders of magnitude.
LOGARITHMIC = ("mse",)


def draw(study: Study) -> Path | None:
    """plots/score_vs_length.png and .svg: a panel per data set; None without a finished run."""
    groups = [group for group in study.groups() if group.interval(study.score)]
    if not groups:
        return None
    data = list(dict.fromkeys(str(group.rows[0]["data"]) for group in groups))
    with style.figure(2.6 + 5.2 * len(data), 4.2, len(data), share_y=True) as (canvas, panels):
        for axes, name in zip(panels, data, strict=True):
            panel = [group for group in groups if group.rows[0]["data"] == name]
            _draw_panel(axes, study, panel)
            synthetic = any(group.rows[0]["synthetic"] for group in panel)
            axes.set_title(style.data_name(name, synthetic), fontsize=10)
        panels[0].set_ylabel(f"test {study.headline}")
        counts = sorted({len(group.values(study.score)) for group in groups})
        legend: dict[str, Any] = {}
        for axes in panels:
            handles, labels = axes.get_legend_handles_labels()
            legend |= dict(zip(labels, handles, strict=True))
        canvas.legend(
            list(legend.values()), list(legend),
            loc="outside right center", title=seeds_note(counts),
            fontsize=9, title_fontsize=9, alignment="left",
            handlelength=3.2,
        )  # fmt: skip
        return style.save(canvas, study.path / "plots", "score_vs_length")


def _draw_panel(axes: Axes, study: Study, groups: Sequence[Group]) -> None:
    axis = length_axis(study)
    others = [f for f in study.factors if f not in ("model", axis, "data")]
    lines: dict[tuple[Any, ...], list[Group]] = {}
    for group in groups:
        key = (group.factors["model"], *(group.factors[f] for f in others))
        lines.setdefault(key, []).append(group)
    variants = list(dict.fromkeys(key[1:] for key in lines))
    lengths = sorted({group.factors[axis] for group in groups})
    for (model, *rest), members in lines.items():
        look = style.look(str(model))
        line_style = style.LINE_STYLES[variants.index(tuple(rest)) % len(style.LINE_STYLES)]
        variant = [_short(factor, value) for factor, value in zip(others, rest, strict=True)]
        label = style.wrapped(", ".join([style.model_name(str(model)), *variant]), width=40)
        members = sorted(members, key=lambda group: int(group.factors[axis]))
        x = [group.factors[axis] for group in members]
        intervals = [i for group in members if (i := group.interval(study.score))]
        mean = [i.mean for i in intervals]
        axes.plot(x, mean, color=look.color, marker=look.marker, linestyle=line_style, label=label)
        draw_band(axes, x, intervals, look.color)
    draw_chance(axes, study, groups)
    length_scale(axes, lengths)
    axes.set_xlabel(AXES[axis])
    if study.headline in LOGARITHMIC:
        axes.set_yscale("log")
    if study.headline == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, 0.0), min(top, 1.02))


#: What a length axis says.
AXES = {"seq_len": "sequence length (steps)", "data.distance": "distance of the cue (steps)"}


def length_axis(study: Study) -> str:
    """The setting that is the length: a distance that varies, else seq_len."""
    return next((name for name in LENGTHS[::-1] if name in study.factors), LENGTHS[0])


def length_scale(axes: Axes, lengths: Sequence[int]) -> None:
    """A logarithmic x axis with a tick at each length."""
    axes.set_xscale("log" if min(lengths) > 0 else "symlog", base=2)
    axes.set_xticks(list(lengths), [str(length) for length in lengths])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def draw_band(axes: Axes, x: Sequence[Any], intervals: Sequence[Interval], color: str) -> None:
    """The intervals as a band; none where one seed gives none."""
    low = [i.mean if i.low is None else i.low for i in intervals]
    high = [i.mean if i.high is None else i.high for i in intervals]
    if low != high:
        axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)


def draw_chance(axes: Axes, study: Study, groups: Sequence[Group]) -> None:
    """The chance level: a curve where the length alone decides it, else a line for each level."""
    axis, column = length_axis(study), f"chance_{study.headline}"
    points = {(g.factors[axis], row[column]) for g in groups for row in g.rows if column in row}
    style.chance_curve(axes, points)


def chance_levels(study: Study, groups: Sequence[Group]) -> list[float]:
    """The chance levels of the groups' tasks, each once."""
    column = f"chance_{study.headline}"
    return sorted({row[column] for group in groups for row in group.rows if column in row})


def seeds_note(counts: Sequence[int]) -> str:
    """What the band means, by the number of runs behind the points."""
    if counts == [1]:
        return "one seed: no interval"
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"mean and 95% t-interval\nover {n} seeds"


def _short(factor: str, value: Any) -> str:
    """A setting in a legend: in words where it has some, else as it was given."""
    name = factor.rpartition(".")[2]
    if name == "readout":
        return {"last": "read at last step", "last_valid": "read at last word"}.get(
            str(value), f"readout {value}"
        )
    return f"{name}={value}"
