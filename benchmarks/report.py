"""RESULTS.md: every table of what was measured, as Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.machine import Machine
from benchmarks.measuring import Measured, Middle
from benchmarks.outcome import Outcome, words
from benchmarks.peers import peers, rnnexp
from benchmarks.peers.products import PRODUCTS, flops
from benchmarks.targets import closest, targets

OURS = rnnexp.OURS.name

HOW = """\
Every peer trains in a process of its own, kept to as many cores as it has threads, and all take
turns: a round of one, then a round of the next, while the others wait. A round is a training step,
or as many as make 400 tokens of each text. Times are medians over rounds, in brackets their
quartiles. A ratio is formed round by round, the peer's time over rnnexp's, and its median taken:
**1.50 means that the peer takes one and a half times as long as rnnexp; below 1 it is faster.**

- The network: word vectors, one recurrent layer, the state at the last word, one logit; binary
  cross-entropy, the total gradient norm clipped at 1, Adam at 0.001. Weights, texts and labels are
  the same arrays for all. `unrolled` is the plain RNN written out step by step.
- *plain PyTorch*: the loop as a notebook writes it, with torch's fused Adam (a notebook's usual one
  is slower). *flushed*: denormal numbers are rounded to zero, as in a run of rnnexp; without the
  word, they are computed with, as torch does by default.
- *notebook's loop*: two linear layers and a tanh per token, the states in a list, stacked at the
  end; for the rest the plain loop.
- *Lightning*, *Keras*: timed inside their own `fit`, from the first batch to the last; what `fit`
  does before and after does not count, nor does compiling. XLA, behind jax, flushes by itself.
- *the matrix products alone*: those that a step needs, in float32, and nothing else. Their time
  over rnnexp's is the share of the machine's product rate that rnnexp attains.
"""


def write(outcome: Outcome, figure: Path | None, folder: Path) -> Path:
    """RESULTS.md in `folder`; `figure` is shown where there is one."""
    parts = ["# What `make benchmark` measured", *_head(outcome), HOW, *_targets(outcome)]
    if figure is not None:
        parts += [f"![time of a training step against the length]({figure.name})"]
    for (kind, threads), rows in outcome.tables().items():
        parts += [f"## A training step: {kind}, {_threads(threads)}", _steps(rows)]
    parts += [
        *_growth(outcome), *_epochs(outcome), *_memory(outcome), *_same(outcome),
        *_absent(outcome), *_scripts(outcome), *_profiles(outcome),
    ]  # fmt: skip
    path = folder / "RESULTS.md"
    path.write_text("\n\n".join(part.strip("\n") for part in parts) + "\n", encoding="utf-8")
    return path


# -- parts -----------------------------------------------------------------------------------------


def _head(outcome: Outcome) -> list[str]:
    machine = outcome.machine
    lines = [
        f"Written by the command, {machine.day}, in {outcome.minutes:.0f} minutes; not edited.",
        f"Machine: {machine.cpu}, {machine.cores} cores, {machine.memory_bytes / 2**30:.0f} GiB, "
        f"{machine.system}. {_bf16(machine)}",
        f"Python {machine.python}, "
        + ", ".join(f"{name} {v}" for name, v in machine.versions.items() if v)
        + ".",
        _quiet(outcome),
    ]
    if outcome.quick:
        lines.insert(0, "**The quick form: sizes at which nothing can be said of speed.**")
    return lines


def _bf16(machine: Machine) -> str:
    if machine.bf16 is None:
        return "Whether the CPU multiplies in bfloat16 cannot be told on this system."
    if not machine.bf16:
        return "The CPU has no instructions for bfloat16 (neither AVX512-BF16 nor AMX)."
    return f"The CPU multiplies in bfloat16 ({', '.join(machine.bf16)})."


def _quiet(outcome: Outcome) -> str:
    """Whether the machine had other work to do."""
    busy = [share for m in outcome.steps() if m.threads == 1 for share in m.rounds[OURS].busy]
    load = outcome.machine.load
    before = "" if load is None else f"Load before the start: {load:.1f}. "
    if not busy:
        return before.strip()
    share = Middle.of(busy)
    told = f"With one thread rnnexp computed {share.median:.0%} of the time by the clock"
    if share.median < 0.9:
        told += ": **the machine was busy, and ratios of these rounds are rough**"
    return f"{before}{told}."


def _targets(outcome: Outcome) -> list[str]:
    rows = []
    for target in targets():
        measured = target.measured(outcome)
        bound = f"at {'least' if target.at_least else 'most'} {target.bound:.3g}"
        shown = "" if measured is None else _middle(measured, 3)
        rows.append([target.what, bound, shown, target.verdict(outcome)])
    parts = ["## The numbers asked for", _table(["", "asked", "measured", "met"], rows)]
    if found := closest(outcome):
        parts.append(
            f"The framework that comes closest to rnnexp: {found[0]}, {_middle(found[1])}."
        )
    return parts


def _steps(rows: Sequence[Measured]) -> str:
    """A row per peer, a column per length."""
    names = dict.fromkeys(name for m in rows for name in m.rounds)
    lines = [[f"{OURS}, ms a step", *(_milliseconds(m.seconds(OURS)) for m in rows)]]
    for name in names:
        if name not in (OURS, PRODUCTS.name):
            lines.append([name, *(_middle(m.ratio(name, OURS)) for m in rows)])
    if PRODUCTS.name in names:
        lines.append(
            ["share of the product rate", *(_middle(m.ratio(PRODUCTS.name, OURS)) for m in rows)]
        )
        lines.append(["products, GFLOP a second", *(_rate(m) for m in rows)])
    lines.append(["rounds", *(_rounds(m) for m in rows)])
    return _table(["tokens", *(str(m.case.seq_len) for m in rows)], lines)


def _growth(outcome: Outcome) -> list[str]:
    """Whether the cost is linear in the length."""
    rows = []
    for (kind, threads), measured in outcome.tables().items():
        medians = {m.case.seq_len: m.rounds[OURS].seconds for m in measured}
        if len(medians) < 3:
            continue
        lengths = np.array(list(medians))
        milliseconds = np.array([1000 * np.median(seconds) for seconds in medians.values()])
        # of the relative error: the long ones would else decide alone
        slope, start = np.polyfit(lengths, milliseconds, 1, w=1 / milliseconds)
        worst = np.max(np.abs((start + slope * lengths) / milliseconds - 1))
        ratio = "not measured"
        if {400, 1600} <= medians.keys():
            ratio = f"{np.median(medians[1600]) / np.median(medians[400]):.2f}"
        rows.append([kind, str(threads), f"{start:.2f} + {slope:.4f} T", f"{worst:.0%}", ratio])
    if not rows:
        return []
    heads = ["", "threads", "ms a step, fitted", "largest deviation", "cost(1600) / cost(400)"]
    return ["## Cost against length", "4 in the last column is linear.", _table(heads, rows)]


def _epochs(outcome: Outcome) -> list[str]:
    measured = list(outcome.epochs())
    if not measured:
        return []
    names = dict.fromkeys(name for m in measured for name in m.rounds if name != OURS)
    rows = [[f"{OURS}, ms a step", *(_milliseconds(m.seconds(OURS)) for m in measured)]]
    rows += [[name, *(_middle(m.ratio(name, OURS)) for m in measured)] for name in names]
    rows.append(["rounds", *(_rounds(m) for m in measured)])
    case = measured[0].case
    said = (
        f"Epochs of {case.epoch_steps} batches of texts as long as film reviews are (median 170 "
        "words), cut and padded to the length given, from the shuffling to the last step. rnnexp "
        "puts texts of like length together and cuts the pads that all of a batch have; plain "
        "PyTorch and Lightning take a shuffling DataLoader and compute the pads too; Keras masks "
        "them. The loss of a text is the same for all. One thread."
    )
    heads = ["", *(words(m.case) for m in measured)]
    return ["## An epoch", said, _table(heads, rows)]


def _memory(outcome: Outcome) -> list[str]:
    if not outcome.memory:
        return []
    names = dict.fromkeys(name for memory in outcome.memory for name in memory.peak_bytes)
    rows = []
    for name in names:
        row = [name]
        for memory in outcome.memory:
            peak, ratio = memory.peak_bytes.get(name), memory.ratio(name, OURS)
            beside = "" if ratio is None or name == OURS else f" ({ratio:.2f})"
            row.append("" if peak is None else f"{peak / 1e6:.0f} MB{beside}")
        rows.append(row)
    said = (
        "The most memory that a fresh process held during two steps, less what it held before "
        "there was a model: weights, Adam's moments and all that is kept for the way back; on jax "
        "what its compiler takes is in it. In brackets times rnnexp's. One thread, flushed."
    )
    return ["## Peak memory", said, _table(["", *(words(m.case) for m in outcome.memory)], rows)]


def _same(outcome: Outcome) -> list[str]:
    """Whether all compute the same."""
    peer_of = {peer.name: peer for peer in peers()}
    rows = []
    for name, (first, later) in outcome.losses_apart().items():
        bound = peer_of[name].loss_bound
        kept = "yes" if first <= bound else "**no**"
        rows.append([name, f"{first:.1e}", f"{bound:.0e}", kept, f"{later:.1e}"])
    if not rows:
        return []
    said = (
        "How far the mean loss of a peer is from rnnexp's, the largest of all lengths: at the "
        "initial weights, and after an update and those of the first round. Keras has one bias "
        "where torch has two, of which Adam moves each (but for the GRU): its losses part after "
        "the first update, and agree where one of torch's two is kept as it is."
    )
    heads = ["", "first loss, apart by", "at most", "the same", "after the first round"]
    return ["## The same loss", said, _table(heads, rows)]


def _absent(outcome: Outcome) -> list[str]:
    lines = [f"- {name}: {why}." for name, why in outcome.missing.items()]
    lines += [
        f"- {name}, {words(m.case)}, {_threads(m.threads)}: {why}."
        for m in outcome.training
        for name, why in m.absent.items()
    ]
    return ["## Not measured", "\n".join(lines)] if lines else []


def _scripts(outcome: Outcome) -> list[str]:
    parts = []
    for printed in outcome.scripts:
        parts.append(f"## {printed.title}")
        if printed.failed:
            parts.append(f"**Not measured, or not whole**: {printed.failed}.")
        if printed.text.strip():
            text = printed.text.strip("\n")
            parts.append(f"`{printed.command}`:\n\n```\n{text}\n```")
    return parts


def _profiles(outcome: Outcome) -> list[str]:
    if not outcome.profiles:
        return []
    parts = [
        "## What limits the numbers that are not met",
        "The operations of torch in which a step of rnnexp spends its time, one thread. The share "
        "of the product rate, above, says how much of it nobody could save.",
    ]
    return parts + [f"{case}:\n\n```\n{text}\n```" for case, text in outcome.profiles.items()]


# -- cells -----------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _middle(middle: Middle | None, digits: int = 2) -> str:
    """A median and its quartiles; `-` where there is none."""
    if middle is None:
        return "-"
    if middle.count == 1:
        return f"{middle.median:.{digits}f}"
    return f"{middle.median:.{digits}f} ({middle.low:.{digits}f}-{middle.high:.{digits}f})"


def _milliseconds(seconds: Middle | None) -> str:
    if seconds is None:
        return "-"
    return f"{1000 * seconds.median:.1f} ({1000 * seconds.low:.1f}-{1000 * seconds.high:.1f})"


def _rate(measured: Measured) -> str:
    seconds = measured.seconds(PRODUCTS.name)
    return "-" if seconds is None else f"{flops(measured.case) / seconds.median / 1e9:.0f}"


def _rounds(measured: Measured) -> str:
    counts = sorted({len(rounds.seconds) for rounds in measured.rounds.values()})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _threads(threads: int) -> str:
    return "one thread" if threads == 1 else f"{threads} threads"
