"""cost.png and cost.svg: the time of a training step against the length, a panel per recurrence."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from benchmarks.measuring import Measured
from benchmarks.outcome import Outcome
from benchmarks.peers import peers, rnnexp
from benchmarks.peers.base import Peer
from rnnexp.results.figures import looks, scales, style

TITLES = {
    "rnn": "Plain RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "unrolled": "Plain RNN, written out step by step",
}


def draw(outcome: Outcome, folder: Path) -> Path | None:
    """With one thread; a panel where more than one length was measured. None without any panel."""
    panels = {
        kind: rows
        for (kind, threads), rows in outcome.tables().items()
        if threads == 1 and len(rows) > 2 - outcome.quick
    }
    if not panels:
        return None
    with style.panels(len(panels), width=3.4, width_alone=5.4) as (canvas, axes_of, leftmost):
        for axes, (kind, rows) in zip(axes_of, panels.items(), strict=True):
            for peer in peers():
                if peer.trains:
                    _line(axes, rows, peer.name, _look(peer))
            _proportional(axes, rows, "" if axes is not axes_of[-1] else "slope of a linear cost")
            axes.set_yscale("log")
            scales.length_scale(axes, [m.case.seq_len for m in rows])
            axes.set_xlabel("sequence length (tokens)")
            style.panel_title(axes, TITLES[kind])
        for axes in leftmost:
            axes.set_ylabel("time of a training step (ms)")
        case = next(iter(panels.values()))[0].case
        style.title(
            canvas,
            f"Time of a training step at each length, one thread, {outcome.machine.cpu}\n"
            f"batch {case.batch_size}, word vectors and state of {case.size}; "
            "medians, quartiles as bars",
            10,
        )
        style.legend(canvas, axes_of)
        numbers = [
            {"panel": TITLES[kind], "line": peer.name, "length": m.case.seq_len,
             "milliseconds": 1000 * s.median, "low": 1000 * s.low, "high": 1000 * s.high}
            for kind, rows in panels.items() for m in rows for peer in peers()
            if peer.trains and (s := m.seconds(peer.name))
        ]  # fmt: skip
        return style.save(canvas, folder, "cost", numbers)


def _look(peer: Peer) -> dict[str, Any]:
    """A colour and a marker for each family; dashes tell its members apart."""
    families = list(dict.fromkeys(one.family for one in peers() if one.trains))
    look = looks.other_look(families.index(peer.family)).points
    look["linestyle"] = "-" if peer.typical else (0, (4, 1.6)) if peer.exact else (0, (1, 1.6))
    if peer.family == rnnexp.OURS.family:
        look |= {"color": "#000000", "linewidth": 2.6, "zorder": 5}
    return look


def _line(axes: Axes, rows: list[Measured], peer: str, look: dict[str, Any]) -> None:
    there = [(m.case.seq_len, s) for m in rows if (s := m.seconds(peer))]
    if not there:
        return
    lengths = [length for length, _ in there]
    axes.plot(lengths, [1000 * s.median for _, s in there], label=peer, **look)
    low, high = [1000 * s.low for _, s in there], [1000 * s.high for _, s in there]
    axes.vlines(lengths, low, high, color=look["color"], linewidth=0.9)


def _proportional(axes: Axes, rows: list[Measured], label: str) -> None:
    """A line of slope one, below the others, to see whether cost is linear in the length."""
    lengths = [m.case.seq_len for m in rows]
    names = [peer.name for peer in peers() if peer.trains]
    middles = [(m.case.seq_len, m.seconds(name)) for m in rows for name in names]
    least = min(1000 * s.median / length for length, s in middles if s)
    axes.plot(
        lengths, [0.6 * least * n for n in lengths], color="#777777", linewidth=1.0,
        linestyle=(0, (1, 2)), label=label or None,
    )  # fmt: skip
