"""What is left of the gradient behind the pads."""

from pathlib import Path

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.padding_survival import PaddingSurvival


def draw(finding: PaddingSurvival, folder: Path) -> list[Path]:
    """padding_survival.png and .svg: a point per example."""
    with style.figure(6.4, 3.8) as (canvas, (axes,)):
        shown = looks.looks_of([line.model for line in finding.lines])
        for line, look in zip(finding.lines, shown, strict=True):
            for i, (pads, ratio) in enumerate(line.examples):
                axes.plot(
                    pads, scales.on_log_axis(ratio), color=look.color, marker=look.marker,
                    linestyle="none", alpha=0.7,
                    label=words.wrapped(words.label(line.label), 40) if i == 0 else None,
                )  # fmt: skip
        scales.log_scale(axes)
        scales.whole_numbers(axes.xaxis)
        axes.axhline(1.0, color=scales.CHANCE, linewidth=0.8)
        axes.set_xlabel("pads behind the sequence")
        axes.set_ylabel("‖∂L/∂h‖ before the pads / behind them")
        style.title(
            canvas,
            "Gradient before the pads over that behind them; a point a sequence",
        )
        style.legend(canvas, [axes])
        return [style.save(canvas, folder, finding.name)]
