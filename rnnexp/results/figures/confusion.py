"""The confusion matrix: a row per class, in shares of its examples, with the counts written."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from rnnexp.results import words
from rnnexp.results.figures import style
from rnnexp.results.findings.confusion import MAX_CLASSES, Confusion
from rnnexp.scores import BALANCED_ACCURACY

#: From this share on the field is so dark that its numbers are white.
DARK = 0.55


def draw(finding: Confusion, folder: Path) -> list[Path]:
    """confusion.png and .svg; nothing of more classes than a matrix can show."""
    classes = len(finding.classes)
    if classes > MAX_CLASSES:
        raise style.TooMuch(
            f"{classes} classes, and a matrix of {MAX_CLASSES} can be read: the table lists the "
            "commonest confusions"
        )
    counts_KK = finding.counts_KK
    support_K = counts_KK.sum(axis=1)
    share_KK = counts_KK / np.maximum(support_K, 1)[:, None]
    names = [words.wrapped(name, 18, 2) for name in finding.classes]
    longest = max(len(line) for name in names for line in name.splitlines())
    upright = longest * 0.09 > _field(classes)
    size, beside = _field(classes) * classes, 0.8 + 0.09 * (longest + 6)
    below = 0.9 + (0.09 * longest if upright else 0.2)
    unit = "steps" if finding.of_steps else "examples"
    with style.figure(max(size + beside + 1.2, 4.6), size + below + 0.8) as (canvas, (axes,)):
        image = axes.imshow(share_KK, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.grid(visible=False)
        for i in range(classes):
            for j in range(classes):
                _write(axes, i, j, int(counts_KK[i, j]), share_KK[i, j], classes)
            axes.add_patch(
                Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=1.3)
            )
        axes.set_xticks(range(classes), names, rotation=90 if upright else 0)
        axes.set_yticks(
            range(classes),
            [f"{name}  ({n})" for name, n in zip(names, support_K.tolist(), strict=True)],
        )
        axes.set_ylabel(f"right class (test {unit})")
        bar = canvas.colorbar(image, ax=axes, fraction=0.05, pad=0.03)
        bar.set_label("share of the row")
        bar.set_ticks([0, 0.5, 1.0], labels=["0%", "50%", "100%"])
        chance = next(
            (s.chance for s, *_ in finding.scores if s.name == BALANCED_ACCURACY.name), None
        )
        note = ""
        if chance is not None:
            bar.ax.axhline(chance, color="black", linestyle=(0, (1, 2)), linewidth=1.2, zorder=1.5)
            note = f"\ndotted: chance, {chance:.0%} right of each class on average"
        axes.set_xlabel(f"answered{note}")
        data = words.data_name(finding.data, finding.synthetic)
        style.title(
            canvas, f"{words.model_name(finding.model)} on {data}: {finding.title_words}", 10
        )
        rows = [
            {
                "right_class": finding.classes[i], "answered": finding.classes[j],
                unit: int(counts_KK[i, j]), "share_of_the_class": float(share_KK[i, j]),
                "chance": chance,
            }
            for i in range(classes) for j in range(classes)
        ]  # fmt: skip
        return [style.save(canvas, folder, finding.name, rows)]


def _field(classes: int) -> float:
    """Inches of a field of the matrix."""
    return max(0.46, 1.1 - 0.08 * classes)


def _write(axes: Axes, i: int, j: int, count: int, share: float, classes: int) -> None:
    color = "white" if share > DARK else "black" if count else "#999999"
    text = f"{count}" if classes > 8 or not count else f"{share:.0%}\n{count}"
    axes.text(
        j, i, text, ha="center", va="center", color=color, fontsize=9 if classes <= 8 else 7.5,
        fontweight="bold" if i == j else "normal",
    )  # fmt: skip
