"""Loss and score per epoch, training and validation, with the chance level."""

from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.learning_curves import Curve, LearningCurves

#: Points that can be told apart.
MARKED = 20


def draw(finding: LearningCurves, folder: Path) -> list[Path]:
    """learning_curves.png and .svg."""
    loss, headline = finding.loss, finding.headline
    with style.figure(8.4, 3.5, columns=2) as (canvas, (left, right)):
        _draw_panel(left, finding, loss)
        _draw_panel(right, finding, headline)
        if finding.test is not None:
            shown = headline.score.show(finding.test)
            style.panel_title(right, f"test {headline.score.name} {shown}")
        data = words.data_name(finding.data, finding.synthetic)
        about = (
            f"{words.model_name(finding.model)} on {data}, {finding.seq_len} steps, "
            f"seed {finding.seed}"
        )
        if finding.diverged:
            about += " (diverged)"
        style.title(canvas, about)
        style.name_lines(canvas, [left, right], each=True)
        return [style.save(canvas, folder, finding.name, _rows(finding))]


def _draw_panel(axes: Axes, finding: LearningCurves, curve: Curve) -> None:
    look, progress = looks.look(finding.model), finding.progress
    few = len(progress) <= MARKED
    axes.plot(
        progress, curve.training, color=look.color, marker=look.marker if few else "",
        markerfacecolor="white", linestyle="--", label="training",
    )  # fmt: skip
    if curve.validated:
        axes.plot(
            progress, curve.validation, color=look.color, marker=look.marker if few else "",
            label="validation",
        )  # fmt: skip
    if curve.score.logarithmic:
        scales.log_scale(axes)
    else:
        scales.score_axis(axes.yaxis, curve.score)
    if curve.score.chance is not None:
        scales.chance_line(axes, curve.score.chance)
    axes.set_ylabel(curve.score.axis)
    scales.progress_axis(axes, progress, finding.unit)


def _rows(finding: LearningCurves) -> list[dict[str, object]]:
    return [
        {
            "panel": curve.score.name, "line": line, finding.unit: at, curve.score.name: value,
            "chance": curve.score.chance,
        }
        for curve in (finding.loss, finding.headline)
        for line, values in (("training", curve.training), ("validation", curve.validation))
        for at, value in zip(finding.progress, values, strict=True)
    ]  # fmt: skip
