"""What is left of the gradient behind the pads."""

from collections.abc import Sequence
from pathlib import Path

from rnnexp.results.figures import style
from rnnexp.results.study import Series


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """padding_survival.png and .svg: a point per example; None where nothing was measured."""
    measured = [(one, found) for one in series if (found := one.probe("padding_survival"))]
    if not measured:
        return None
    with style.figure(6.0, 4.0) as (canvas, (axes,)):
        for one, found in measured:
            look = style.look(one.model)
            for i, run in enumerate(found):
                pads, ratio = run["pads"][-1], run["ratio"][-1]
                axes.plot(
                    pads, style.on_log_axis(ratio), look.marker, color=look.color,
                    linestyle="none", alpha=0.7,
                    label=style.wrapped(style.label(one.label), 30) if i == 0 else None,
                )  # fmt: skip
        style.log_scale(axes)
        axes.axhline(1.0, color=style.CHANCE, linewidth=0.8)
        axes.set_xlabel("pads behind the text")
        axes.set_ylabel(
            r"$\Vert\partial L/\partial h_n\Vert\,/\,\Vert\partial L/\partial h_T\Vert$"
        )
        axes.set_title("Gradient at the last word over that at the last step", fontsize=10)
        axes.legend(fontsize=8)
        return style.save(canvas, folder, "padding_survival")
