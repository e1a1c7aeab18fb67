"""What is left of the gradient behind the pads."""

from pathlib import Path

from rnnexp.results.figures import style
from rnnexp.results.findings.padding_survival import PaddingSurvival


def draw(finding: PaddingSurvival, folder: Path) -> list[Path]:
    """padding_survival.png and .svg: a point per example."""
    with style.figure(6.0, 4.0) as (canvas, (axes,)):
        for line in finding.lines:
            look = style.look(line.model)
            for i, (pads, ratio) in enumerate(line.examples):
                axes.plot(
                    pads, style.on_log_axis(ratio), look.marker, color=look.color,
                    linestyle="none", alpha=0.7,
                    label=style.wrapped(style.label(line.label), 30) if i == 0 else None,
                )  # fmt: skip
        style.log_scale(axes)
        axes.axhline(1.0, color=style.CHANCE, linewidth=0.8)
        axes.set_xlabel("pads behind the text")
        axes.set_ylabel(
            r"$\Vert\partial L/\partial h_n\Vert\,/\,\Vert\partial L/\partial h_T\Vert$"
        )
        axes.set_title("Gradient at the last word over that at the last step", fontsize=10)
        axes.legend(fontsize=8)
        return [style.save(canvas, folder, finding.name)]
