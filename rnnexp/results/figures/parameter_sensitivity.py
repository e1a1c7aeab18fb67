"""How much small changes of the weights change the states, and where the gradient comes from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
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
        rows: list[dict[str, object]] = []
        if alone:
            rows += _draw_weights(seen, back, first)
        else:
            models = [line.model for line in finding.lines]
            for line, look in zip(finding.lines, looks.looks_of(models), strict=True):
                rows += _draw_group(seen, back, line, look)
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
        style.title(canvas, _title(finding.lines, alone), 10)
        style.name_lines(canvas, [seen, back], width=18)
        return [style.save(canvas, folder, finding.name, rows)]


def _title(lines: Sequence[SensitivityLine], alone: bool) -> str:
    (first, *_) = lines
    if alone:
        run = first.runs[0]
        examples = f"mean and 95% interval over {run.examples} examples"
        if run.examples < 2:
            examples = "one example"
        return (
            f"{words.label(first.label)}, what small changes of all weights do to the states: "
            f"{first.verdict(ALL)}\n{examples}; dotted and thin: untrained"
        )
    counts = sorted({len(line.runs) for line in lines})
    over = style.seeds_note(counts).replace("mean", "geometric mean")
    return f"What small changes of all weights do to the states\n{over}; dotted: untrained"


def _draw_weights(seen: Axes, back: Axes, line: SensitivityLine) -> list[dict[str, object]]:
    (run,) = line.runs
    # torch's two biases are added: both have the same derivative
    same = {name.replace("bias_hh", "bias_ih") for name in run.weights}
    bands, rows = [], []
    for index, name in enumerate([name for name in run.weights if name in same or name == ALL]):
        look = looks.other_look(index)
        power, shown = run.growth[name][0], name.replace("bias_ih", "bias")
        squared, high = scales.on_log_axis(run.squared[name]), scales.on_log_axis(run.high[name])
        label = f"{shown}: power {power:.1f}" if np.isfinite(power) else shown
        seen.plot(run.steps_K, squared, **look.points, markersize=4, label=label)
        # an interval that reaches below 0 goes on below the axis
        bands.append((run.steps_K, np.fmax(run.low[name], 1e-300), high, look.color))
        rows += along(
            {"panel": "states", "line": shown}, steps_seen=run.steps_K, squared_sensitivity=squared,
            low=run.low[name], high=high,
        )  # fmt: skip
        if line.untrained:
            before = line.untrained[0]
            squared = scales.on_log_axis(before.squared[name])
            seen.plot(before.steps_K, squared, color=look.color, linestyle=":", linewidth=0.9)
            rows += along(
                {"panel": "states", "line": f"{shown}, untrained"}, steps_seen=before.steps_K,
                squared_sensitivity=squared,
            )  # fmt: skip
        if name in run.by_step:
            norms = scales.on_log_axis(run.by_step[name])
            back.plot(np.arange(len(norms)), norms, label=shown, **look.line)
            rows += _by_step(shown, norms)
    state = scales.on_log_axis(run.state_K)
    seen.plot(
        run.steps_K, state, color="black", linewidth=1.0, linestyle=(0, (6, 2)),
        label="the state itself, E‖hₙ‖²",
    )  # fmt: skip
    rows += along(
        {"panel": "states", "line": "the state"}, steps_seen=run.steps_K, squared_norm=state
    )
    scales.log_scale(seen)
    bottom, top = seen.get_ylim()
    for steps_K, low, high, color in bands:
        seen.fill_between(steps_K, low, high, color=color, alpha=0.12, linewidth=0)
    seen.set_ylim(bottom, top)
    return rows


def _by_step(name: str, norms: Any) -> list[dict[str, object]]:
    return along(
        {"panel": "loss", "line": name}, steps_before_the_readout=np.arange(len(norms)),
        gradient_norm=norms,
    )  # fmt: skip


def _draw_group(
    seen: Axes, back: Axes, line: SensitivityLine, look: looks.Look
) -> list[dict[str, object]]:
    label = words.label(line.label)
    rows: list[dict[str, object]] = []
    for runs, shown in ((line.runs, look.points), (line.untrained, None)):
        if not runs:
            continue
        steps, mean, low, high = _over_runs(runs)
        name = label if shown else f"{label}, untrained"
        if shown is None:
            seen.plot(steps, mean, color=look.color, linestyle=":", linewidth=0.9)
        else:
            seen.plot(steps, mean, **shown, markersize=4)
            seen.fill_between(steps, low, high, color=look.color, alpha=0.15, linewidth=0)
        rows += along(
            {"panel": "states", "line": name}, steps_seen=steps, squared_sensitivity=mean, low=low,
            high=high,
        )  # fmt: skip
    norms = [run.by_step[ALL] for run in line.runs if ALL in run.by_step]
    if norms:
        length = min(map(len, norms))
        shortest = np.stack([scales.on_log_axis(values)[:length] for values in norms])
        mean_K = np.exp(np.log(shortest).mean(axis=0))
        back.plot(np.arange(length), mean_K, label=label, **look.line)
        rows += _by_step(label, mean_K)
    else:
        seen.get_lines()[-1].set_label(label)
    return rows


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
