"""Loss and score per epoch, training and validation, with the chance level."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.findings.learning_curves import Curve, LearningCurves

#: Points that can be told apart.
MARKED = 20


def draw(finding: LearningCurves, folder: Path) -> list[Path]:
    """learning_curves.png and .svg."""
    loss, headline = finding.loss, finding.headline
    with style.figure(8.4, 3.5, columns=2) as (canvas, (left, right)):
        _draw_panel(left, finding, loss)
        _draw_panel(right, finding, headline)
        style.score_axis(right.yaxis, headline.score)
        if finding.test is not None:
            shown = headline.score.show(finding.test)
            right.set_title(f"test {headline.score.name} {shown}", fontsize=10)
        right.legend(fontsize=9)
        data = style.data_name(finding.data, finding.synthetic)
        title = (
            f"{style.model_name(finding.model)} on {data}, {finding.seq_len} steps, "
            f"seed {finding.seed}"
        )
        if finding.diverged:
            title += " (diverged)"
        canvas.suptitle(title, fontsize=11)
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(axes: Axes, finding: LearningCurves, curve: Curve) -> None:
    look, progress = style.look(finding.model), finding.progress
    marker = look.marker if len(progress) <= MARKED else ""
    axes.plot(
        progress, curve.training, color=look.color, marker=marker, linestyle="--", label="training"
    )
    if curve.validated:
        axes.plot(progress, curve.validation, color=look.color, marker=marker, label="validation")
    if curve.score.logarithmic:
        style.log_scale(axes)
    if curve.score.chance is not None:
        style.chance_line(axes, curve.score.chance)
    axes.set_xlabel(finding.unit)
    axes.set_ylabel(curve.score.axis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
