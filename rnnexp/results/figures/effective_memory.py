"""How much of the past the answers depend on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.effective_memory import EffectiveMemory, MemoryLine, TruncatedPast
from rnnexp.results.statistics import SHARE, UNBOUNDED, t_interval


def draw(finding: EffectiveMemory, folder: Path) -> list[Path]:
    """effective_memory.png and .svg: distance of the answers by steps kept; examples by memory."""
    shown = list(
        zip(finding.lines, looks.looks_of([line.model for line in finding.lines]), strict=True)
    )
    runs = [run for line in finding.lines for run in line.runs]
    with style.figure(9.2, 3.8, columns=2) as (canvas, (distance, examples)):
        rows: list[dict[str, object]] = []
        for line, look in shown:
            label = words.label(line.label)
            rows += _draw_distance(distance, line.runs, look, label)
            if line.untrained:
                rows += _draw_distance(distance, line.untrained, look, label, faint=True)
            rows += _draw_examples(examples, line, look, f"{label}: {line.steps.text}")
        bounds = {run.tolerance for run in runs}
        if len(bounds) == 1:
            distance.axhline(
                bounds.pop(), color="black", linewidth=0.8, label="tolerance", zorder=1
            )
        longest = max(run.length for run in runs)
        for axes in (distance, examples):
            axes.set_xscale("log", base=2)
            axes.set_xlim(0.9, max(longest * 1.1, 2))
            ticks = [2**power for power in range(int(np.log2(longest)) + 1)]
            if longest > 1.3 * ticks[-1]:
                ticks.append(longest)
            axes.set_xticks(ticks, [str(tick) for tick in ticks])
            axes.minorticks_off()
        numbers = any(run.numbers for run in runs)
        distance.set_ylabel(
            "|answer - answer to the last k| (output units)" if numbers
            else "total variation from the whole past"
        )  # fmt: skip
        distance.set_ylim(bottom=0)
        distance.set_xlabel("last steps kept, k")
        examples.set_xlabel("effective memory k (steps)")
        scales.percent_axis(examples.yaxis)
        examples.set_ylim(-0.02, 1.02)
        examples.set_ylabel("examples with at most k")
        style.panel_title(distance, "mean answer")
        style.panel_title(examples, _of_examples(runs))
        style.title(canvas, _title(finding.lines), 10)
        style.name_lines(canvas, [distance, examples], width=18)
        return [style.save(canvas, folder, finding.name, rows)]


def _title(lines: Sequence[MemoryLine]) -> str:
    if len(lines) == 1:
        (line,) = lines
        head = f"{words.label(line.label)}: {_of_answer(line.verdict)}"
    else:
        head = "How many of the last steps decide the answer"
    counts = sorted({len(line.runs) for line in lines})
    seeds = "mean over 2 seeds" if counts == [2] else style.seeds_note(counts)
    over = (
        f"mean and 95% interval over {len(lines[0].runs[0].example_steps)} examples"
        if counts == [1] else seeds if 1 in counts else f"{seeds}, thin: each"
    )  # fmt: skip
    dotted = "; dotted: untrained" if any(line.untrained for line in lines) else ""
    return f"{head}\n{over}{dotted}"


def _of_answer(verdict: str) -> str:
    """A verdict as a sentence: of numbers it names what answers, "the mean answer", itself."""
    if verdict.startswith("unclear"):
        return f"how much of the past decides the answer is {verdict}"
    return verdict if verdict.startswith("the ") else f"the answer {verdict}"


def _of_examples(runs: Sequence[TruncatedPast]) -> str:
    whole = int(sum(run.censored_B.sum() for run in runs))
    count = sum(len(run.example_steps) for run in runs)
    if not whole:
        return "example by example"
    return f"examples ({whole} of {count}: all of the past)"


def _draw_distance(
    axes: Axes, runs: Sequence[TruncatedPast], look: looks.Look, label: str, faint: bool = False
) -> list[dict[str, object]]:
    first = runs[0]
    # seeds look at sequences that differ in length by a little: at the ks that all have
    kept = sorted(set.intersection(*(set(run.kept_K.tolist()) for run in runs)))
    rows = [np.isin(run.kept_K, kept) for run in runs]
    if len(runs) == 1:
        mean, low, high = first.distance_K, first.low_K, first.high_K
    else:
        bounds = UNBOUNDED if first.numbers else SHARE
        values = np.stack([run.distance_K[row] for run, row in zip(runs, rows, strict=True)])
        intervals = [t_interval(column.tolist(), bounds) for column in values.T]
        mean = np.array([i.mean for i in intervals])
        low = np.array([i.mean if i.low is None else i.low for i in intervals])
        high = np.array([i.mean if i.high is None else i.high for i in intervals])
    name = f"{label}, untrained" if faint else label
    if faint:
        axes.plot(kept, mean, color=look.color, linestyle=":", linewidth=1.0)
    else:
        axes.plot(kept, mean, **look.points, markersize=3.5, label=name)
        if len(runs) != 2:  # of two it fills the panel, and they themselves are there
            axes.fill_between(kept, low, high, color=look.color, alpha=0.15, linewidth=0)
    place = {"panel": "mean answer", "line": name}
    drawn = along({**place, "of": "mean"}, last_steps_kept=kept, distance=mean, low=low, high=high)
    for run, row in zip(runs, rows, strict=True) if len(runs) > 1 and not faint else ():
        single = run.distance_K[row]
        axes.plot(kept, single, color=look.color, linewidth=0.5, alpha=0.6)
        drawn += along({**place, "of": "single seed"}, last_steps_kept=kept, distance=single)
    return drawn


def _draw_examples(
    axes: Axes, line: MemoryLine, look: looks.Look, label: str
) -> list[dict[str, object]]:
    """The share of examples with a memory of k or less; those as long as their text never arrive:
    more past might matter to them.
    """
    steps = np.concatenate([run.example_steps for run in line.runs])
    censored = np.concatenate([run.censored_B for run in line.runs])
    if not len(steps):
        return []
    longest = max(run.length for run in line.runs)
    known = np.sort(steps[~censored])
    x = np.concatenate([[0.9], known, [longest * 1.1]])
    y = np.concatenate([[0], np.arange(1, len(known) + 1), [len(known)]]) / len(steps)
    axes.step(x, y, where="post", label=label, **look.line)
    place = {"panel": "examples", "line": words.label(line.label)}
    return along(place, effective_memory_steps=x, share_of_examples=y)
