"""What is left of the gradient behind the pads."""

from pathlib import Path

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.padding_survival import PaddingSurvival
from rnnexp.results.magnitudes import Magnitude


def draw(finding: PaddingSurvival, folder: Path) -> list[Path]:
    """padding_survival.png and .svg: a point per example."""
    rows: list[dict[str, object]] = []
    with style.figure(6.4, 3.9) as (canvas, (axes,)):
        shown = looks.looks_of([line.model for line in finding.lines])
        for line, look in zip(finding.lines, shown, strict=True):
            name = words.label(line.label)
            for i, (pads, ratio) in enumerate(line.examples):
                left = scales.on_log_axis(ratio)
                axes.plot(
                    pads, left, color=look.color, marker=look.marker, linestyle="none", alpha=0.7,
                    label=words.wrapped(name, 40) if i == 0 else None,
                )  # fmt: skip
                rows += along({"line": name, "run": i + 1}, pads=pads, gradient_left=left)
        scales.log_scale(axes)
        scales.whole_numbers(axes.xaxis)
        axes.axhline(1.0, color=scales.CHANCE, linewidth=0.8, zorder=1)
        axes.set_xlabel("pads behind the sequence")
        axes.set_ylabel("‖∂L/∂h‖ before the pads / behind them")
        style.title(canvas, _title(finding), 10)
        style.name_lines(canvas, [axes])
        return [style.save(canvas, folder, finding.name, rows)]


def _title(finding: PaddingSurvival) -> str:
    """What is left in the median sequence, of a single run; else what is shown."""
    if len(finding.lines) == 1 and len(finding.lines[0].median_ratios) == 1:
        (line,) = finding.lines
        left = Magnitude.of(line.median_ratios).cell(bare=True).text
        seen = f"of the gradient behind the pads {left} arrives before them"
        return f"{words.label(line.label)}: {seen}\n(median; a point a sequence)"
    return "What arrives before the pads of the gradient behind them; a point a sequence"
