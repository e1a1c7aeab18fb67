"""The gradient that reaches the first token, against the length of the sequence."""

from collections.abc import Sequence
from pathlib import Path

from rnnexp.results.figures import style
from rnnexp.results.findings.base import by_length, measured_untrained
from rnnexp.results.statistics import log_interval
from rnnexp.results.study import Series


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """first_token.png and .svg: a line per setting, geometric mean and 95% interval over seeds,
    untrained where that was measured.

    None where the length does not vary or no gradient flow was measured.
    """
    lines = by_length(series)
    if not lines:
        return None
    with style.figure(6.6, 4.2) as (canvas, (axes,)):
        models = {line[0].model for line in lines.values()}
        missing = False
        for index, (label, line) in enumerate(lines.items()):
            alone = len(models) == len(lines)
            look = style.look(line[0].model)
            color = look.color if alone else style.series_color(index)
            points = [
                (one.factors["seq_len"], log_interval(one.scalars("gradient_flow", "first", 0)))
                for one in line
            ]
            missing = missing or any(
                interval.n < len(one.runs) for one, (_, interval) in zip(line, points, strict=True)
            )
            points = [(length, interval) for length, interval in points if interval.n]
            lengths = [length for length, _ in points]
            axes.plot(
                lengths, [i.mean for _, i in points], color=color, marker=look.marker,
                linestyle=style.LINE_STYLES[index % 4], label=style.wrapped(style.label(label), 30),
            )  # fmt: skip
            banded = [(length, i) for length, i in points if i.low is not None]
            axes.fill_between(
                [length for length, _ in banded],
                [i.low or i.mean for _, i in banded],
                [i.high or i.mean for _, i in banded],
                color=color, alpha=0.2, linewidth=0,
            )  # fmt: skip
        # over a linear axis an exponential is a straight line
        style.log_scale(axes)
        lengths = sorted({one.factors["seq_len"] for line in lines.values() for one in line})
        axes.set_xticks(lengths)
        axes.set_xlabel("sequence length (steps)")
        axes.set_ylabel(r"$\Vert\partial L/\partial e_1\Vert$ of the first token")
        note = " (beyond the range of float64 left out)" if missing else ""
        state = ", untrained" if measured_untrained(series) else ""
        axes.set_title(f"Gradient reaching the first token{state}{note}", fontsize=10)
        axes.legend(fontsize=8)
        return style.save(canvas, folder, "first_token")
