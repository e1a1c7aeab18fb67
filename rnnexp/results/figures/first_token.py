"""The gradient that reaches the first token, against the length of the sequence."""

from pathlib import Path

from rnnexp.results.figures import style
from rnnexp.results.findings.first_token import FirstToken
from rnnexp.results.statistics import log_interval


def draw(finding: FirstToken, folder: Path) -> list[Path]:
    """first_token.png and .svg: a line per setting, geometric mean and 95% interval over seeds,
    untrained where that was measured.
    """
    with style.figure(6.6, 4.2) as (canvas, (axes,)):
        models = {line.model for line in finding.lines}
        missing = False
        for index, line in enumerate(finding.lines):
            alone = len(models) == len(finding.lines)
            look = style.look(line.model)
            color = look.color if alone else style.series_color(index)
            known = [(point, log_interval(point.norms)) for point in line.points]
            missing = missing or any(interval.n < point.runs for point, interval in known)
            points = [(point.length, interval) for point, interval in known if interval.n]
            lengths = [length for length, _ in points]
            axes.plot(
                lengths, [i.mean for _, i in points], color=color, marker=look.marker,
                linestyle=style.LINE_STYLES[index % 4],
                label=style.wrapped(style.label(line.label), 30),
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
        axes.set_xticks(finding.lengths)
        axes.set_xlabel("sequence length (steps)")
        axes.set_ylabel(r"$\Vert\partial L/\partial e_1\Vert$ of the first token")
        note = " (beyond the range of float64 left out)" if missing else ""
        state = ", untrained" if finding.untrained else ""
        axes.set_title(f"Gradient reaching the first token{state}{note}", fontsize=10)
        axes.legend(fontsize=8)
        return [style.save(canvas, folder, finding.name)]
