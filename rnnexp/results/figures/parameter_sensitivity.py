"""How much small changes of the weights change the states, and where the gradient comes from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.parameter_sensitivity import (
    ALL,
    ParameterSensitivity,
    Sensitivity,
    SensitivityLine,
)
from rnnexp.results.statistics import log_interval


def draw(finding: ParameterSensitivity, folder: Path) -> list[Path]:
    """parameter_sensitivity.png and .svg: by steps seen; of a loss, by steps before the readout.

    A line for each weight of a run; of several groups one for all weights together.
    """
    (first, *others) = finding.lines
    alone = not others and len(first.runs) == 1
    with style.figure(9.2, 3.9, columns=2) as (canvas, (seen, back)):
        if alone:
            _draw_weights(seen, back, first)
        else:
            models = [line.model for line in finding.lines]
            for line, look in zip(finding.lines, looks.looks_of(models), strict=True):
                _draw_group(seen, back, line, look)
        for axes in (seen, back):
            scales.log_scale(axes)
        seen.set_xscale("log", base=2)
        steps = first.runs[0].steps_K[~np.isnan(first.runs[0].steps_K)]
        ticks = [2**power for power in range(int(np.log2(max(steps.max(), 1))) + 1)]
        seen.set_xticks(ticks, [str(tick) for tick in ticks])
        seen.xaxis.minorticks_off()
        seen.set_xlabel("steps seen, n")
        seen.set_ylabel("E‖∂hₙ/∂θ‖²")
        back.set_xlabel("steps before the readout, k")
        back.set_ylabel("‖part of ∂L/∂θ from step k‖")
        scales.whole_numbers(back.xaxis)
        style.panel_title(seen, "of the states")
        style.panel_title(back, "of the loss, by the step of use")
        if not any(run.by_step for line in finding.lines for run in line.runs):
            scales.nothing(back, "not measured: the answer is read from many states")
        style.title(canvas, _title(finding.lines, alone))
        style.legend(canvas, [seen, back])
        return [style.save(canvas, folder, finding.name)]


def _title(lines: Sequence[SensitivityLine], alone: bool) -> str:
    (first, *_) = lines
    if alone:
        run = first.runs[0]
        examples = f"mean and 95% interval over {run.examples} examples"
        if run.examples < 2:
            examples = "one example"
        return (
            f"{words.label(first.label)}, sensitivity to all weights: {first.verdict(ALL)} "
            f"({examples})"
        )
    counts = sorted({len(line.runs) for line in lines})
    over = style.seeds_note(counts).replace("mean", "geometric mean")
    return f"Sensitivity to all weights ({over})"


def _draw_weights(seen: Axes, back: Axes, line: SensitivityLine) -> None:
    (run,) = line.runs
    # torch's two biases are added: both have the same derivative
    same = {name.replace("bias_hh", "bias_ih") for name in run.weights}
    bands = []
    for index, name in enumerate([name for name in run.weights if name in same or name == ALL]):
        look = looks.other_look(index)
        power = run.growth[name][0]
        label = f"{name}: power {power:.1f}" if np.isfinite(power) else name
        seen.plot(
            run.steps_K, scales.on_log_axis(run.squared[name]), **look.points, markersize=4,
            label=label.replace("bias_ih", "bias"),
        )  # fmt: skip
        # an interval that reaches below 0 goes on below the axis
        low = np.fmax(run.low[name], 1e-300)
        bands.append((run.steps_K, low, scales.on_log_axis(run.high[name]), look.color))
        if line.untrained:
            before = line.untrained[0]
            seen.plot(
                before.steps_K, scales.on_log_axis(before.squared[name]), color=look.color,
                linestyle=":", linewidth=0.9, label="the same, untrained" if not index else None,
            )  # fmt: skip
        if name in run.by_step:
            norms = scales.on_log_axis(run.by_step[name])
            back.plot(np.arange(len(norms)), norms, **look.line)
    seen.plot(
        run.steps_K, scales.on_log_axis(run.state_K), color="black", linewidth=1.0,
        linestyle=(0, (6, 2)), label="E‖hₙ‖²",
    )  # fmt: skip
    scales.log_scale(seen)
    bottom, top = seen.get_ylim()
    for steps_K, low, high, color in bands:
        seen.fill_between(steps_K, low, high, color=color, alpha=0.12, linewidth=0)
    seen.set_ylim(bottom, top)


def _draw_group(seen: Axes, back: Axes, line: SensitivityLine, look: looks.Look) -> None:
    label = words.wrapped(words.label(line.label), 40)
    for runs, shown in ((line.runs, look.points), (line.untrained, None)):
        if not runs:
            continue
        steps, mean, low, high = _over_runs(runs)
        if shown is None:
            seen.plot(
                steps, mean, color=look.color, linestyle=":", linewidth=0.9,
                label=f"{label}, untrained",
            )  # fmt: skip
        else:
            seen.plot(steps, mean, **shown, markersize=4, label=label)
            seen.fill_between(steps, low, high, color=look.color, alpha=0.15, linewidth=0)
    norms = [run.by_step[ALL] for run in line.runs if ALL in run.by_step]
    if norms:
        length = min(map(len, norms))
        shortest = np.stack([scales.on_log_axis(values)[:length] for values in norms])
        back.plot(np.arange(length), np.exp(np.log(shortest).mean(axis=0)), **look.line)


def _over_runs(
    runs: Sequence[Sensitivity],
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Steps that all runs have, the geometric mean over them and its interval."""
    steps = sorted(set.intersection(*(set(run.steps_K.tolist()) for run in runs)))
    if len(runs) == 1:
        (run,) = runs
        mean, low, high = (
            scales.on_log_axis(v[ALL]).tolist() for v in (run.squared, run.low, run.high)
        )
        return run.steps_K.tolist(), mean, low, high
    intervals = [
        log_interval([float(run.squared[ALL][run.steps_K == step][0]) for run in runs])
        for step in steps
    ]
    return (
        steps,
        [i.mean for i in intervals],
        [i.mean if i.low is None else i.low for i in intervals],
        [i.mean if i.high is None else i.high for i in intervals],
    )
