"""What probes found, in a table and in words, read from files alone. Never imports torch."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnexp.results.runs import RunDirectory
from rnnexp.results.statistics import Interval, log_interval, paired, t_interval
from rnnexp.results.study import LENGTHS, Group, Series, Study, aligned, group_label

#: Lines of a table that can still be read.
MAX_SERIES = 12

#: Hidden units that a walkthrough's table shows.
SHOWN_UNITS = 10

#: Verdicts on the gradient at an early step over that at a late one: upper bound, words.
VERDICTS = (
    (0.01, "severe vanishing"),
    (0.1, "moderate vanishing"),
    (10.0, "good flow"),
    (math.inf, "exploding"),
)


NOT_MEASURED = "not measured"


def verdict(ratio: float) -> str:
    """The words for an early/late ratio of gradient norms.

    >>> verdict(1e-9), verdict(0.05), verdict(0.5), verdict(30.0)
    ('severe vanishing', 'moderate vanishing', 'good flow', 'exploding')
    """
    if math.isnan(ratio):
        return NOT_MEASURED
    return next(words for bound, words in VERDICTS if ratio < bound or bound == math.inf)


def findings(series: Sequence[Series]) -> list[str]:
    """A block of text for each probe of these runs that has something to say."""
    few = len(series) <= MAX_SERIES
    with warnings.catch_warnings():
        # what is not finite is shown as such: it needs no warning of each sum that it enters
        warnings.simplefilter("ignore", RuntimeWarning)
        blocks = [block(series) for name, block in BLOCKS.items() if few or name == "first_token"]
    return [text for text in (*blocks, left_out(series)) if text]


def study_findings(study: Study) -> list[str]:
    """A block of text for each question that the study's settings put."""
    return [padding_cost(study), other_lengths(study), gain(study.series())]


def other_lengths(study: Study) -> str:
    """The score at lengths that the networks were not trained at; empty where none was asked."""
    prefix = f"{study.score}_at_"
    columns = sorted(
        {key for row in study.rows for key in row if key.startswith(prefix)},
        key=lambda key: int(key.removeprefix(prefix)),
    )
    if not columns:
        return ""
    percent = study.headline == "accuracy"
    show = _percent if percent else _plain
    lengths = [f"at {key.removeprefix(prefix)}" for key in columns]
    lines = [[f"test {study.headline}{' %' if percent else ''}", "trained at", "there", *lengths]]
    for group in study.groups():
        found = [group.interval(key) for key in (study.score, *columns)]
        lines.append(
            [
                group_label(group.factors),
                str(group.rows[0]["seq_len"]),
                *("-" if interval is None else show(interval) for interval in found),
            ]
        )
    return f"{aligned(lines)}\nat other lengths than trained at; means over seeds (95% intervals)"


def padding_cost(study: Study) -> str:
    """What reading behind the pads costs, paired over seeds, per model and length.

    Empty where the study does not read at the last step and at the last word, pads behind.
    """
    factors = ("data.padding", "model.readout")
    if study.headline != "accuracy" or not set(factors) <= set(study.factors):
        return ""
    others = [name for name in study.factors if name not in factors]
    places: dict[tuple[Any, ...], dict[tuple[str, str], Group]] = {}
    for group in study.groups():
        at = places.setdefault(tuple(group.factors[name] for name in others), {})
        at[str(group.factors["data.padding"]), str(group.factors["model.readout"])] = group
    behind, word, before, mean = ("post", "last"), ("post", "last_valid"), ("pre", "last"), (
        "post", "mean")  # fmt: skip
    head = [*others, "read behind the pads", "at the last word", "pads before", "mean over words"]
    lines = [[*head, "lost to the pads, points", "p"]]
    for key, at in places.items():
        if behind not in at or word not in at:
            continue
        found = paired(at[behind].by_seed(study.score), at[word].by_seed(study.score))
        lost = found.difference if found else None
        shown = "-" if lost is None else f"{100 * lost.mean:+.1f}"
        if lost is not None and lost.low is not None and lost.high is not None:
            shown += f" ({100 * lost.low:+.1f} to {100 * lost.high:+.1f})"
        scores = [at[p].interval(study.score) if p in at else None
                  for p in (behind, word, before, mean)]  # fmt: skip
        lines.append(
            [
                *map(str, key),
                *(_percent(i) for i in scores),
                shown,
                "-" if found is None or found.p is None else f"{found.p:.2g}",
            ]
        )
    if len(lines) == 1:
        return ""
    note = "test accuracy in percent; means over seeds (95% intervals), lost: over the same seeds"
    return f"{aligned(lines)}\n{note}"


def _percent(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    text = f"{100 * interval.mean:.1f}"
    if interval.low is None or interval.high is None:
        return text
    return f"{text} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


@dataclass(frozen=True)
class GainPoint:
    """One untrained run: the gradient's gain per step, predicted (None: no theory) and measured."""

    model: str
    init: str
    predicted: float | None
    measured: float


def gains(series: Series) -> list[GainPoint]:
    """The gains of the runs whose gradient flow was measured at the initial weights."""
    points = []
    for run in series.runs:
        found = run.probe("gradient_flow")
        if found is None or found["epoch"][0] != 0:
            continue
        measured = float(np.exp(found["log_gain"][0]))
        summary = run.summary
        settings = [
            f"{name.removeprefix('init.')}={value}"
            for name, value in series.factors.items()
            if name.startswith("init.")
        ]
        init = " ".join([str(summary.get("choices", {}).get("init")), *settings])
        predicted = (summary.get("regime") or {}).get("gain")
        if math.isfinite(measured) and measured > 0:
            points.append(GainPoint(str(summary["model"]), init, predicted, measured))
    return points


def gains_by_series(series: Sequence[Series]) -> dict[str, list[GainPoint]]:
    """The gains by the series' label; empty for fewer than two inits.

    Of one setting at several lengths the longest alone: on a short way back the slope is still that
    of the first steps.
    """
    longest: dict[str, Series] = {}
    for one in series:  # lengths come in order
        if gains(one):
            others = {key: value for key, value in one.factors.items() if key not in LENGTHS}
            longest[group_label(others)] = one
    found = {one.label: gains(one) for one in longest.values()}
    inits = {point.init for points in found.values() for point in points}
    return found if len(inits) > 1 else {}


def gain(series: Sequence[Series]) -> str:
    """Predicted and measured gain of each model and init; empty for fewer than two inits."""
    found = gains_by_series(series)
    if not found:
        return ""
    lines = [["gain per step, untrained", "predicted", "measured", "half-life measured", "seeds"]]
    for label, points in found.items():
        measured = log_interval([point.measured for point in points])
        known = [point.predicted for point in points if point.predicted]
        lines.append(
            [
                label,
                _plain(log_interval(known)) if known else "no theory",
                _plain(measured),
                f"{math.log(2) / -math.log(measured.mean):.2g} steps"
                if measured.mean < 1
                else "does not fall",
                str(len(points)),
            ]
        )
    note = "geometric means over seeds (95% intervals); of gated cells the direct path is predicted"
    return f"{aligned(lines)}\n{note}"


def left_out(series: Sequence[Series]) -> str:
    """Probes that some runs of a study could not be asked."""
    if len(series) < 2:
        return ""  # a run alone has said so at its beginning
    reasons = dict.fromkeys(
        f"probe {name} left out: it {reason}"
        for one in series
        for run in one.runs
        for name, reason in run.summary.get("skipped_probes", {}).items()
    )
    return "\n".join(reasons)


def gradient_flow(series: Sequence[Series]) -> str:
    """dL/de_t at an early, a middle and a late step, their ratio, half-life and verdict."""
    measured = [one for one in series if one.probe("gradient_flow")]
    if not measured:
        return ""
    marks = {
        tuple(found["marks"][-1].astype(int).tolist())
        for one in measured
        for found in one.probe("gradient_flow")
    }
    names = [f"t={t}" for t in marks.pop()] if len(marks) == 1 else ["early", "middle", "late"]
    head = ["gradient ‖dL/de_t‖", "untrained early/late", *names, "early/late"]
    lines = [[*head, "half-life", "verdict"]]
    for one in measured:
        early, middle, late = (one.scalars("gradient_flow", k) for k in ("early", "middle", "late"))
        ratios = one.scalars("gradient_flow", "ratio")
        half_lives = [value for value in one.scalars("gradient_flow", "half_life") if value > 0]
        finite = [value for value in half_lives if math.isfinite(value)]
        half_life = "does not fall" if half_lives else "-"
        if finite:
            half_life = _powers(log_interval(finite)) + " steps"
        untrained = [
            float(found["ratio"][0])
            for found in one.probe("gradient_flow")
            if found["epoch"][0] == 0
        ]
        lines.append(
            [
                one.label,
                magnitude(untrained, bare=True),
                *(magnitude(values, bare=True) for values in (early, middle, late)),
                magnitude(ratios),
                half_life,
                verdict(typical(ratios)),
            ]
        )
    note = _means(measured)
    if any(line[-1] == NOT_MEASURED for line in lines):
        note += "; not measured: no example reaches the late step, or it overflowed"
    return aligned(lines) + "\n" + note


def typical(values: Sequence[float]) -> float:
    """The geometric mean; infinite where one overflowed, 0 where none is above the floor."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    if math.inf in known:
        return math.inf
    return log_interval(known).mean if log_interval(known).n else 0.0


def magnitude(values: Sequence[float], bare: bool = False) -> str:
    """A geometric mean with its interval; what left the range of float64 is said to have."""
    value = typical(values)
    if math.isnan(value):
        return "-"
    if value == math.inf:
        return "overflow (above 1e308)"
    if value == 0:
        return "0 (below 1e-300)"
    return _powers(log_interval(values), bare)


def first_token(series: Sequence[Series]) -> str:
    """The first token's gradient at the shortest and the longest length; gain per step.

    Before training where that was measured: networks trained at different lengths have different
    losses left, and their gradients differ with them.
    """
    lines = by_length(series)
    if not lines:
        return ""
    lengths = sorted({one.factors["seq_len"] for line in lines.values() for one in line})
    ends = lengths[0], lengths[-1]
    head = ["gradient to the first token", *(f"{n} tokens" for n in ends), "ratio", "gain per step"]
    table = [[*head, "predicted", "verdict"]]
    for label, line in lines.items():
        at = {one.factors["seq_len"]: one for one in line}
        if not set(ends) <= set(at):
            continue
        short, long = (at[n].scalars("gradient_flow", "first", 0) for n in ends)
        ratio = typical(long) / typical(short) if 0 < typical(short) < math.inf else math.nan
        logs = at[ends[1]].scalars("gradient_flow", "log_gain", 0)
        gains = [math.exp(value) for value in logs if math.isfinite(value)]
        regimes = [run.summary.get("regime") or {} for run in at[ends[1]].runs]
        known = [float(regime["gain"]) for regime in regimes if regime.get("gain") is not None]
        table.append(
            [
                label,
                magnitude(short),
                magnitude(long),
                f"{ratio:.1e}",
                _plain(t_interval(gains)) if gains else "-",
                _plain(t_interval(known)) if known else "-",
                verdict(ratio),
            ]
        )
    note = (
        "untrained; gain predicted from the initial weights"
        if measured_untrained(series)
        else "measured while training, predicted from the initial weights"
    )
    return f"{aligned(table)}\n{note}; geometric means over seeds (95% intervals)"


def measured_untrained(series: Sequence[Series]) -> bool:
    """Whether every first measurement of the gradient flow was made at the initial weights."""
    return all(found["epoch"][0] == 0 for one in series for found in one.probe("gradient_flow"))


def by_length(series: Sequence[Series]) -> dict[str, list[Series]]:
    """Series that differ in their length alone, by what they have in common; {} for one length."""
    found: dict[str, list[Series]] = {}
    for one in series:
        if "seq_len" in one.factors and one.scalars("gradient_flow", "first"):
            others = {k: v for k, v in one.factors.items() if k != "seq_len"}
            found.setdefault(group_label(others), []).append(one)
    return {label: line for label, line in found.items() if len(line) > 1}


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
                    _of(*(int(sum(run[k][-1] for run in found)) for k in ("sequences", "wanted"))),
                ]
            )
    if len(lines) == 1:
        return ""
    return aligned(lines) + "\n± standard deviation over sequences" + _steadiest(lines[1:])


def _of(there: int, wanted: int) -> str:
    return str(there) if there == wanted else f"{there} of {wanted}: too few are long enough"


def grad_norm(series: Sequence[Series]) -> str:
    """Gradient norms over training steps, clipping, and whether training stayed finite."""
    measured = [one for one in series if one.scalars("grad_norm", "steps")]
    if not measured:
        return ""
    head = ["gradient norm per step", "first step", "after clipping", "median", "largest"]
    lines = [[*head, "clipped", "ended"]]
    for one in measured:
        runs = [found for found in one.probe("grad_norm") if "before" in found]
        before = np.concatenate([run["before"].ravel() for run in runs])
        before = before[~np.isnan(before)]
        first = [log_interval([run[key][0][0] for run in runs]) for key in ("before", "after")]
        statuses = [str(run.summary.get("status")) for run in one.runs]
        ended = ", ".join(f"{statuses.count(s)} {s}" for s in dict.fromkeys(statuses))
        clipped = np.concatenate([run["clipped"] for run in runs])
        lines.append(
            [
                one.label,
                *(_powers(interval) if interval.n else "not finite" for interval in first),
                f"{np.median(before):.3g}" if len(before) else "-",
                f"{before.max():.3g}" if len(before) else "not finite",
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
            memory = magnitude(one.scalars("gates", "median_memory_time"))
            lines.append([one.label, f"{name} {_plain(carry)}", f"{memory} steps"])
    return aligned(lines) if len(lines) > 1 else ""


def padding_survival(series: Sequence[Series]) -> str:
    """What is left of the gradient at the last word."""
    lines = [["gradient behind the pads", "left at the last word (median)", "pads (median)"]]
    for one in series:
        ratios = one.scalars("padding_survival", "median_ratio")
        if ratios:
            pads = t_interval(one.scalars("padding_survival", "median_pads"))
            lines.append([one.label, magnitude(ratios), f"{pads.mean:.0f}"])
    return aligned(lines) if len(lines) > 1 else ""


def walkthrough(series: Sequence[Series]) -> str:
    """A line per word: state, logits, gradient; the loss before and after training."""
    texts = []
    for one in series:
        for run, found in zip(one.runs, one.probe("walkthrough"), strict=False):
            logits_TO = found["outputs"][0]
            heads = [f"logit {k}" for k in range(logits_TO.shape[1])]
            lines = [["word", "hidden state", "‖h_t‖", *heads, "‖dL/de_t‖"]]
            for t, word in enumerate(words_of(run, found)):
                hidden = " ".join(f"{h:+.2f}" for h in found["hidden"][0][t][:SHOWN_UNITS])
                more = " ..." if found["hidden"].shape[2] > SHOWN_UNITS else ""
                lines.append(
                    [
                        word,
                        hidden + more,
                        f"{found['state'][0][t]:.3f}",
                        *(f"{logit:+.4f}" for logit in logits_TO[t]),
                        f"{found['gradient'][0][t]:.3e}",
                    ]
                )
            before, after = found["loss"][0], found["loss"][-1]
            norms = run.probe("grad_norm")
            norm = f", gradient norm {norms['before'][0][0]:.4f}" if norms else ""
            steps = run.summary.get("steps", 0)
            moved = f"after {steps} steps of training" if steps != 1 else "after one step"
            verdict = "lower" if after < before else "not lower"
            later = f"; {after:.4f} {moved}: {verdict}"
            if len(found["loss"]) < 2:  # nothing was trained, or it diverged
                later = ""
            texts.append(f"{aligned(lines)}\nloss {before:.4f} before training{norm}{later}")
    return "\n\n".join(texts)


def words_of(run: RunDirectory, found: Mapping[str, Any]) -> list[str]:
    """The words that the walkthrough read; their numbers where there are none."""
    if "token" not in found:
        return [str(t + 1) for t in range(found["state"].shape[1])]
    vocabulary = run.task.get("vocabulary", [])
    tokens = found["token"][0].astype(int)
    return [vocabulary[token] if token < len(vocabulary) else str(token) for token in tokens]


BLOCKS: dict[str, Callable[[Sequence[Series]], str]] = {
    "first_token": first_token,
    "gradient_flow": gradient_flow,
    "hidden_dynamics": hidden_dynamics,
    "grad_norm": grad_norm,
    "gates": gates,
    "padding_survival": padding_survival,
    "walkthrough": walkthrough,
}


def _powers(interval: Interval, bare: bool = False) -> str:
    """`3.2e-09 (1.1e-09 to 9e-09)`; small numbers need their power of ten."""
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
