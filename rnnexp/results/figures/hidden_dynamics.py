"""Norms of the states along whole test sequences: a panel per kind of state, a band per class."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, numbers, scales, style, titles
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.hidden_dynamics import HiddenDynamics, StateLine
from rnnexp.results.state_curves import ClassCurve

MAX_ROWS = 4
#: What states are called.
KINDS = {"h": "hidden state ‖hₜ‖", "c": "cell state ‖cₜ‖"}


def draw(finding: HiddenDynamics, folder: Path) -> list[Path]:
    """hidden_dynamics.png and .svg, of the trained network; of several seeds the first.

    Of each class the mean over its sequences with the 95% interval, and each sequence thin.
    """
    rows: dict[str, list[StateLine]] = {}
    for line in finding.lines:
        # variants of a study below each other, a row each: rnn h, lstm h, lstm c
        rows.setdefault(line.variant, []).append(line)
    shown = list(rows.values())[:MAX_ROWS]
    columns = max(len(row) for row in shown)
    drawn: list[dict[str, object]] = []
    with style.grid(3.4 * columns + 1.4, 2.8 * len(shown) + 0.8, len(shown), columns) as (
        canvas,
        table,
    ):
        for row, axes_row in zip(shown, table, strict=True):
            for axes, line in zip(axes_row, row, strict=False):
                drawn += _draw_panel(axes, line)
            for axes in axes_row[len(row) :]:
                axes.set_visible(False)
            axes_row[0].set_ylabel("L2 norm")
            for axes in axes_row[1:]:
                scales.name_unseen(axes.yaxis, "L2 norm")
            for axes in axes_row:
                scales.name_unseen(axes.xaxis, "time step t")
        for axes in table[-1]:
            axes.xaxis.label.set_visible(True)
        left_out = f"\nthe first {MAX_ROWS} of {len(rows)} settings" if len(rows) > MAX_ROWS else ""
        style.title(canvas, _title(finding) + left_out, 10)
        panels = [axes for row in table for axes in row if axes.get_visible()]
        style.name_lines(canvas, panels, width=18)
        return [style.save(canvas, folder, finding.name, drawn)]


def _title(finding: HiddenDynamics) -> str:
    """Which state is the steadiest, where intervals over seeds tell, and what the lines are."""
    seen = "Size of the states along whole test sequences"
    for found in finding.extremes():
        seen += f"; {_in_words(found, finding.lines)}"
    widths = [curve.width for line in finding.lines for curve in line.curves]
    averaged = f", averaged over {titles.span(widths)} steps" if max(widths, default=1) > 1 else ""
    seeds = {line.seed for line in finding.lines if line.seed is not None}
    of = f", seed {seeds.pop()}" if len(seeds) == 1 else ""
    return (
        f"{seen}\nmean and 95% interval over sequences, thin: each{averaged}{of}; "
        "to where half of them have ended"
    )


def _in_words(found: str, lines: Sequence[StateLine]) -> str:
    """Models and settings as a figure names them; the longest names first."""
    for line in sorted(lines, key=lambda line: -len(line.name)):
        found = found.replace(line.name, f"{words.label(line.label)} {line.sign}")
    return found


def _draw_panel(axes: Axes, line: StateLine) -> list[dict[str, object]]:
    kind = KINDS.get(line.sign, f"‖{line.sign}‖")
    panel = f"{words.label(line.label)}: {kind}"
    rows: list[dict[str, object]] = []
    for curve in line.curves:
        rows += _draw_class(axes, panel, curve)
    style.panel_title(axes, panel, 9.5)
    scales.whole_numbers(axes.xaxis)
    if line.curves:
        axes.set_ylim(bottom=0)
    else:
        scales.nothing(axes, "no test sequence is long enough")
    return rows


def _draw_class(axes: Axes, panel: str, curve: ClassCurve) -> list[dict[str, object]]:
    look = looks.other_look(curve.place or 0)
    place = {"panel": panel, "line": curve.name}
    rows: list[dict[str, object]] = []
    for n, norms in enumerate(curve.each_NK, 1):
        axes.plot(curve.steps_K, norms, color=look.color, linewidth=0.5, alpha=0.45)
        rows += along({**place, "of": f"sequence {n}"}, time_step=curve.steps_K, state_norm=norms)
    known = [pair for pair in zip(curve.steps_K, curve.intervals, strict=True) if pair[1]]
    if len(curve.each_NK) < 2:
        known = []
        _name_single(axes, curve, look)
    for step, interval in known:
        assert interval is not None
        rows += numbers.over_seeds(
            {**place, "time_step": step}, "state_norm", interval, counted="sequences"
        )
    steps, intervals = [step for step, _ in known], [i for _, i in known if i is not None]
    if intervals:
        axes.plot(steps, [i.mean for i in intervals], label=words.literal(curve.name), **look.line)
        scales.band(axes, steps, intervals, look.color)
    return rows


def _name_single(axes: Axes, curve: ClassCurve, look: looks.Look) -> None:
    """A class of one sequence has no mean: its line has the name."""
    line = axes.get_lines()[-1]
    line.set(linewidth=1.2, alpha=1.0, label=words.literal(f"{curve.name} (1 sequence)"))
    line.set(linestyle=look.dash)
