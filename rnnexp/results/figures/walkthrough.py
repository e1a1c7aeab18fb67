"""One sequence word by word: the hidden state as a map, the logits and the gradient below."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.walkthrough import WordByWord

MAX_WORDS = 40


def draw(run: WordByWord, folder: Path) -> list[Path]:
    """walkthrough.png and .svg of one run: states before training, the rest before and after."""
    names = [words.literal(word) for word in run.words[-MAX_WORDS:]]  # the last are read
    steps = len(names)
    with style.grid(max(6.0, 1.6 + 0.75 * steps), 6.4, 3, 1) as (canvas, rows):
        (states,), (outputs,), (gradients,) = rows
        hidden_TH = run.hidden_TH[-steps:]
        limit = float(np.abs(hidden_TH).max()) or 1.0
        image = states.imshow(
            hidden_TH.T, aspect="auto", cmap="PuOr", vmin=-limit, vmax=limit, origin="lower"
        )
        canvas.colorbar(image, ax=states, label="hₜ")
        states.grid(visible=False)
        states.set_ylabel("hidden unit")
        x = np.arange(steps)
        for row, line in ((0, "-"), (-1, "--")):
            when = "before training" if row == 0 else "after"
            logits_TO = run.outputs_MTO[row][-steps:]
            for k in range(logits_TO.shape[1]):
                outputs.plot(
                    x, logits_TO[:, k], line, color=looks.other_look(k).color,
                    marker=looks.marker(k), markersize=3.5, label=f"{run.answer} {k}, {when}",
                )  # fmt: skip
            gradients.plot(
                x,
                run.gradient_MT[row][-steps:],
                line,
                color="black",
                marker=".",
                label=f"gradient, {when}",
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
        gradients.tick_params(axis="x", rotation=30)
        for name in gradients.get_xticklabels():
            name.set(ha="right", rotation_mode="anchor")
        cut = (
            f" (the last {steps} of {len(run.words)} {run.unit}s)" if len(run.words) > steps else ""
        )
        style.title(canvas, f"{words.label(run.label)}, {run.unit} by {run.unit}{cut}")
        style.legend(canvas, [outputs, gradients])
        return [style.save(canvas, folder, "walkthrough")]
