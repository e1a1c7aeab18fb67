"""What probes found, in a table and in words, read from files alone. Never imports torch."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from rnnexp.study import Interval, Series, aligned, log_interval, t_interval

#: Verdicts on the gradient at an early step over that at a late one: upper bound, words.
VERDICTS = (
    (0.01, "severe vanishing"),
    (0.1, "moderate vanishing"),
    (10.0, "good flow"),
    (math.inf, "exploding"),
)


def verdict(ratio: float) -> str:
    """The words for an early/late ratio of gradient norms.

    >>> verdict(1e-9), verdict(0.05), verdict(0.5), verdict(30.0)
    ('severe vanishing', 'moderate vanishing', 'good flow', 'exploding')
    """
    if math.isnan(ratio):
        return "not measured"
    return next(words for bound, words in VERDICTS if ratio < bound or bound == math.inf)


def findings(series: Sequence[Series]) -> list[str]:
    """A block of text for each probe of these runs that has something to say."""
    blocks = (block(series) for block in BLOCKS.values())
    return [text for text in blocks if text]


def gradient_flow(series: Sequence[Series]) -> str:
    """dL/de_t at an early, a middle and a late step, their ratio, half-life and verdict."""
    measured = [one for one in series if one.scalars("gradient_flow", "late")]
    if not measured:
        return ""
    marks = {
        tuple(found["marks"][-1].astype(int).tolist())
        for one in measured
        for found in one.probe("gradient_flow")
    }
    names = [f"t={t}" for t in marks.pop()] if len(marks) == 1 else ["early", "middle", "late"]
    lines = [["gradient ‖dL/de_t‖", *names, "early/late", "half-life", "verdict"]]
    for one in measured:
        cells = [
            _powers(log_interval(one.scalars("gradient_flow", key)), bare=True)
            for key in ("early", "middle", "late")
        ]
        ratio = log_interval(one.scalars("gradient_flow", "ratio"))
        half_lives = one.scalars("gradient_flow", "half_life")
        words = verdict(0.0 if ratio.n == 0 else ratio.mean)
        finite = [value for value in half_lives if math.isfinite(value)]
        half_life = _powers(log_interval(finite)) + " steps" if finite else "none"
        lines.append([one.label, *cells, _powers(ratio) if ratio.n else "0 (underflow)"])
        lines[-1] += [half_life, words]
    return aligned(lines) + "\n" + _means(measured)


def hidden_dynamics(series: Sequence[Series]) -> str:
    """Variance over time of the state norms, mean and standard deviation over sequences."""
    lines = [["states along whole texts", "norm", "variance over time", "|h| > 0.9", "sequences"]]
    for one in series:
        for name in ("state", "cell"):
            found = [run for run in one.probe("hidden_dynamics") if name in run]
            if not found:
                continue
            variances = np.concatenate([run[f"{name}_variance"][-1] for run in found])
            norm = float(np.mean([np.nanmean(run[name][-1]) for run in found]))
            saturated = float(np.mean([np.nanmean(run["saturated"][-1]) for run in found]))
            lines.append(
                [
                    f"{one.label} {'h' if name == 'state' else 'c'}",
                    f"{norm:.3g}",
                    f"{np.nanmean(variances):.3g} ± {np.nanstd(variances):.2g}",
                    f"{saturated:.1%}" if name == "state" else "",
                    str(int(sum(run["sequences"][-1] for run in found))),
                ]
            )
    if len(lines) == 1:
        return ""
    return aligned(lines) + "\n± standard deviation over sequences" + _steadiest(lines[1:])


def grad_norm(series: Sequence[Series]) -> str:
    """Gradient norms over training steps, clipping, and whether training stayed finite."""
    measured = [one for one in series if one.scalars("grad_norm", "steps")]
    if not measured:
        return ""
    lines = [["gradient norm per step", "median", "largest", "largest after", "clipped", "ended"]]
    for one in measured:
        runs = [found for found in one.probe("grad_norm") if "before" in found]
        before, after = (
            np.concatenate([run[key].ravel() for run in runs]) for key in ("before", "after")
        )
        before, after = before[~np.isnan(before)], after[np.isfinite(after)]
        statuses = [str(run.summary.get("status")) for run in one.runs]
        ended = ", ".join(f"{statuses.count(s)} {s}" for s in dict.fromkeys(statuses))
        clipped = np.concatenate([run["clipped"] for run in runs])
        lines.append(
            [
                one.label,
                f"{np.median(before):.3g}" if len(before) else "-",
                f"{before.max():.3g}" if len(before) else "not finite",
                f"{after.max():.3g}" if len(after) else "-",
                f"{np.nanmean(clipped):.0%}",
                ended,
            ]
        )
    return aligned(lines)


def gates(series: Sequence[Series]) -> str:
    """Mean gates and the median memory time."""
    lines = [["gates, means", "carry", "median memory time"]]
    for one in series:
        name = next((n for n in ("forget", "update") if one.scalars("gates", f"mean_{n}")), None)
        if name is not None:
            carry = t_interval(one.scalars("gates", f"mean_{name}"))
            memory = log_interval(one.scalars("gates", "median_memory_time"))
            lines.append([one.label, f"{name} {_plain(carry)}", f"{_powers(memory)} steps"])
    return aligned(lines) if len(lines) > 1 else ""


def padding_survival(series: Sequence[Series]) -> str:
    """What is left of the gradient at the last word."""
    lines = [["gradient behind the pads", "left at the last word (median)", "pads (median)"]]
    for one in series:
        ratios = one.scalars("padding_survival", "median_ratio")
        if ratios:
            pads = t_interval(one.scalars("padding_survival", "median_pads"))
            lines.append([one.label, _powers(log_interval(ratios)), f"{pads.mean:.0f}"])
    return aligned(lines) if len(lines) > 1 else ""


BLOCKS: dict[str, Callable[[Sequence[Series]], str]] = {
    "gradient_flow": gradient_flow,
    "hidden_dynamics": hidden_dynamics,
    "grad_norm": grad_norm,
    "gates": gates,
    "padding_survival": padding_survival,
}


def _powers(interval: Interval, bare: bool = False) -> str:
    """`3.2e-09 (1.1e-09 to 9e-09)`; small numbers need their power of ten."""
    if interval.n == 0:
        return "0 (underflow)"
    text = f"{interval.mean:.2g}"
    if bare or interval.low is None or interval.high is None:
        return text
    return f"{text} ({interval.low:.2g} to {interval.high:.2g})"


def _plain(interval: Interval) -> str:
    text = f"{interval.mean:.3g}"
    return text if interval.low is None else f"{text} ({interval.low:.3g} to {interval.high:.3g})"


def _means(series: Sequence[Series]) -> str:
    counts = {len(one.scalars("gradient_flow", "late")) for one in series}
    if counts == {1}:
        return "one seed gives no interval; means over examples"
    return "geometric means over seeds, (95% intervals)"


def _steadiest(lines: Sequence[Sequence[str]]) -> str:
    """Which state moves least, where there are several."""
    if len(lines) < 2:
        return ""
    by_variance = sorted(lines, key=lambda line: float(line[2].split(" ± ")[0]))
    return f"; steadiest: {by_variance[0][0]}, most restless: {by_variance[-1][0]}"
