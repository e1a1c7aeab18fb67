"""One sequence word by word: the hidden state as a map, the logits and the gradient below."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figure_files import Numbers
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.walkthrough import WordByWord

MAX_WORDS = 30
#: Inches of a word: many stand closer, so that the figure fits a page.
WIDEST, NARROWEST, WORDS_WIDTH = 0.75, 0.34, 9.0


def draw(run: WordByWord, folder: Path) -> list[Path]:
    """walkthrough.png and .svg of one run: states before training, the rest before and after."""
    names = [words.literal(word) for word in run.words[-MAX_WORDS:]]  # the last are read
    steps = len(names)
    each = max(NARROWEST, min(WIDEST, WORDS_WIDTH / steps))
    with style.grid(max(6.0, 1.6 + each * steps), 6.4, 3, 1) as (canvas, rows):
        (states,), (outputs,), (gradients,) = rows
        hidden_TH = run.hidden_TH[-steps:]
        limit = float(np.abs(hidden_TH).max()) or 1.0
        image = states.imshow(
            hidden_TH.T, aspect="auto", cmap="PuOr", vmin=-limit, vmax=limit, origin="lower"
        )
        canvas.colorbar(image, ax=states, label="hₜ, before training", fraction=0.05, pad=0.01)
        states.grid(visible=False)
        states.set_ylabel("hidden unit")
        x = np.arange(steps)
        measured = {0: "before training", -1: "after"} if len(run.losses) > 1 else {0: "untrained"}
        for row, when in measured.items():
            line = "-" if row == 0 else "--"
            logits_TO = run.outputs_MTO[row][-steps:]
            several = logits_TO.shape[1] > 1
            for k in range(logits_TO.shape[1]):
                outputs.plot(
                    x, logits_TO[:, k], line, color=looks.other_look(k).color,
                    marker=looks.marker(k), markersize=3.5,
                    label=f"{run.answer} {k}, {when}" if several else when,
                )  # fmt: skip
            gradients.plot(
                x, run.gradient_MT[row][-steps:], line, color="black", marker=".", label=when
            )
        outputs.set_ylabel(f"{run.answer}s, had the\nsequence ended here")
        gradients.set_ylabel("‖∂L/∂eₜ‖")
        shown = run.gradient_MT[:, -steps:]
        shown = shown[(shown > 0) & np.isfinite(shown)]
        if len(shown) and shown.max() > 100 * shown.min():
            scales.log_scale(gradients)
        for axes in (states, outputs, gradients):
            axes.set_xticks(x, names if axes is gradients else [""] * steps)
            axes.set_xlim(-0.5, steps - 0.5)
        gradients.tick_params(axis="x", rotation=30 if each > 0.5 else 60)
        for name in gradients.get_xticklabels():
            name.set(ha="right", rotation_mode="anchor")
        cut = (
            f" (the last {steps} of {len(run.words)} {run.unit}s)" if len(run.words) > steps else ""
        )
        seen = f"{words.label(run.label)}, {run.unit} by {run.unit}{cut}"
        style.title(canvas, f"{seen}: {_losses(run)}", 10)
        style.name_lines(canvas, [outputs, gradients])
        return [style.save(canvas, folder, "walkthrough", _rows(run, steps))]


def _losses(run: WordByWord) -> str:
    """The loss of this one sequence."""
    before, after = run.losses[0], run.losses[-1]
    if len(run.losses) < 2:
        return f"loss {before:.3g} before training"
    return f"loss {before:.3g} before training, {after:.3g} after"


def _rows(run: WordByWord, steps: int) -> Numbers:
    """A row a word and measurement; its states in a column for each unit."""
    first = len(run.words) - steps
    rows: list[dict[str, object]] = []
    for t in range(first, len(run.words)):
        place = {"place": t + 1, run.unit: run.words[t]}
        for row, when in ((0, "before training"), (-1, "after"))[: len(run.losses)]:
            outputs = {
                f"{run.answer} {k}": value for k, value in enumerate(run.outputs_MTO[row][t])
            }
            norm = {"gradient_norm": run.gradient_MT[row][t]}
            rows.append({**place, "measured": when, **outputs, **norm})
        units = {f"unit {unit}": value for unit, value in enumerate(run.hidden_TH[t])}
        rows[-1 if len(run.losses) < 2 else -2].update(units)
    return rows
