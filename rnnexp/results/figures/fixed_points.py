"""Fixed points among the states of a batch, and the eigenvalues of the map there."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.fixed_points import MOST_INPUTS, FixedPoints, RunPoints
from rnnexp.results.points import Array, PointsAt, kind

#: Classes that have a colour each; the others share one.
MOST_CLASSES = 3


def draw(finding: FixedPoints, folder: Path) -> list[Path]:
    """fixed_points.png and .svg: a row for each constant input, states at the left."""
    run = finding.alone
    assert run is not None
    (line,) = finding.lines
    shown = run.at[:MOST_INPUTS]
    with style.grid(9.2, 0.9 + 3.7 * len(shown), len(shown), 2) as (canvas, table):
        for (states, spectrum), at in zip(table, shown, strict=True):
            _draw_states(states, run, at)
            _draw_spectrum(spectrum, at, line.model)
            style.panel_title(states, f"states (large: last), fixed points at {at.input}", 9.5)
            style.panel_title(spectrum, _spectrum_title(at), 9.5)
        style.title(canvas, f"{words.label(line.label)}: {line.verdict}")
        style.name_lines(canvas, [axes for row in table for axes in row])
        rows = [row for at in shown for row in _rows(run, at)]
        return [style.save(canvas, folder, finding.name, rows)]


def _draw_states(axes: Axes, run: RunPoints, at: PointsAt) -> None:
    classes = np.unique(run.class_S) if at.has_classes else np.array([0])
    names = dict(enumerate(run.class_names))
    last_S = np.arange(len(run.class_S)) >= len(run.class_S) - run.last
    for index, of_class in enumerate(classes):
        color = looks.other_look(min(index, MOST_CLASSES)).color
        name = names.get(int(of_class), f"class {of_class + 1}")
        if index == MOST_CLASSES:
            name = f"{len(classes) - MOST_CLASSES} more classes"
        mine_S = (run.class_S == of_class) if at.has_classes else np.ones(len(run.class_S), bool)
        shown = words.wrapped(name, 30) if at.has_classes else "states"
        marker = looks.marker(min(index, MOST_CLASSES))  # told apart without colours
        for chosen_S, size, alpha, label in (
            (mine_S & ~last_S, 5, 0.35, ""),
            (mine_S & last_S, 18, 0.9, shown),
        ):
            x, y = run.visited_S2[chosen_S].T
            axes.plot(
                x, y, marker, color=color, markersize=size**0.5, alpha=alpha, markeredgewidth=0,
                label=label if label and index <= MOST_CLASSES else None,
            )  # fmt: skip
    low, high = _frame(np.concatenate([run.visited_S2, at.place_P2[at.stable_P]]))
    margin = 0.03 * (high - low)  # half of a marker, so that none is cut
    inside_P = ((at.place_P2 >= low + margin) & (at.place_P2 <= high - margin)).all(axis=1)
    for chosen_P, marker, face, label in (
        (at.stable_P, "*", "black", "stable fixed point"),
        (at.fixed_P & (at.unstable_P > 0), "X", "white", "unstable fixed point"),
        (at.neutral_P, "D", "white", "neutral fixed point"),
        (~at.fixed_P, "^", "white", "slow point"),
    ):
        there_P = chosen_P & inside_P
        if there_P.any():
            axes.plot(
                *at.place_P2[there_P].T, marker, color="black", markerfacecolor=face,
                markersize=13 if marker == "*" else 8, markeredgecolor="black" if face == "white"
                else "white", markeredgewidth=1.0, label=label, linestyle="none",
            )  # fmt: skip
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    outside = int((~inside_P).sum())
    more = f"; {outside} more outside" if outside else ""
    axes.set_xlabel(f"first principal component ({scales.percent(round(run.shares[0], 3))})")
    axes.set_ylabel(f"second ({scales.percent(round(run.shares[1], 3))}{more})")


def _frame(shown_S2: Array) -> tuple[Array, Array]:
    low, high = shown_S2.min(axis=0), shown_S2.max(axis=0)
    room = np.maximum(0.15 * (high - low), 0.05 * max(float((high - low).max()), 1e-9))
    return low - room, high + room


def _draw_spectrum(axes: Axes, at: PointsAt, model: str) -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angle), np.sin(angle), color=scales.CHANCE, linewidth=0.8, zorder=1)
    axes.annotate("|λ| = 1", (-0.71, 0.71), (-3, 3), textcoords="offset points", ha="right",
                  fontsize=8.5)  # fmt: skip
    chosen = _commonest(at)
    for index, point in enumerate(chosen):
        look = looks.look(model, index)
        values_D = at.eigenvalues_PD[point]
        axes.plot(
            values_D.real, values_D.imag, marker="os"[index], color=look.color, alpha=0.8,
            markersize=6 - index, markerfacecolor="none", linestyle="none",
        )  # fmt: skip
    axes.axhline(0, color=scales.CHANCE, linewidth=0.4, zorder=1)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("real part")
    axes.set_ylabel("imaginary part")
    if not chosen:
        scales.nothing(axes, "no point was found")


def _spectrum_title(at: PointsAt) -> str:
    """Whose eigenvalues are shown, and with which marks."""
    marks = ("circles", "squares")
    whose = [
        f"{_words(at, point)} ({mark})" for point, mark in zip(_commonest(at), marks, strict=False)
    ]
    return (
        f"eigenvalues λ of ∂F/∂h at {' and at '.join(whose)}" if whose else "eigenvalues of ∂F/∂h"
    )


def _rows(run: RunPoints, at: PointsAt) -> list[dict[str, object]]:
    """States, points and eigenvalues that are drawn at one input."""
    names = dict(enumerate(run.class_names))
    last_S = np.arange(len(run.class_S)) >= len(run.class_S) - run.last
    x_S, y_S = run.visited_S2.T
    x_P, y_P = at.place_P2.T
    kinds = [kind(at, point) for point in range(len(at.speed_P))]
    classes = [names.get(int(c), f"class {c + 1}") for c in run.class_S]
    rows = along(
        {"input": at.input, "what": "state"}, first_component=x_S, second_component=y_S,
        last=last_S, **({"class": classes} if at.has_classes else {}),
    )  # fmt: skip
    rows += along(
        {"input": at.input, "what": "point"}, first_component=x_P, second_component=y_P,
        kind=kinds, starts=at.starts_P,
    )  # fmt: skip
    for point in _commonest(at):
        rows += along(
            {"input": at.input, "what": "eigenvalue", "kind": kinds[point]},
            real_part=at.eigenvalues_PD[point].real, imaginary_part=at.eigenvalues_PD[point].imag,
        )  # fmt: skip
    return rows


def _words(at: PointsAt, point: int) -> str:
    """Its kind, in the words of a title."""
    words_of = kind(at, point)
    return f"a {words_of} point" if words_of in ("stable", "slow") else f"one {words_of}"


def _commonest(at: PointsAt) -> list[int]:
    """The stable point to which most starts came, and the same of the others."""
    order = np.argsort(-at.starts_P, kind="stable").tolist()
    stable = [point for point in order if at.stable_P[point]]
    others = [point for point in order if not at.stable_P[point]]
    return [*stable[:1], *others[:1]]
