"""A section of a page for each finding, and one for what was predicted before the training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rnnexp.errors import first_line
from rnnexp.results.findings.base import Finding
from rnnexp.results.page.content import Section
from rnnexp.results.page.pictures import Pictures
from rnnexp.results.tables import NOTHING, Cell, Table


def of_findings(findings: Sequence[Finding], pictures: Pictures) -> tuple[list[Section], list[str]]:
    """In their order, the one that leads first; and a line for each that could not be shown, which
    costs no other.

    One that says nothing and has no figure has no section.
    """
    sections: list[Section] = []
    faults: list[str] = []
    for number, finding in enumerate(findings):
        try:
            section = _of_finding(number, finding, pictures)
        except Exception as error:
            what = f"{type(error).__name__}: {first_line(error)}"
            faults.append(f"left out: what was found of '{finding.title}' ({what})")
            continue
        if section.tables or section.lines or section.pictures:
            # probes without a finding of their own share a name, and places on a page may not
            same = sum(other.name.split("--")[0] == section.name for other in sections)
            name = f"{section.name}--{same + 1}" if same else section.name
            sections.append(replace(section, name=name))
    first = next((s for s in sections if s.leads and s.pictures), None)
    others = [replace(s, leads=False) for s in sections if s is not first]
    return [*([first] if first is not None else []), *others], faults


def _of_finding(number: int, finding: Finding, pictures: Pictures) -> Section:
    tables = list(finding.tables())
    for table in tables:
        _check(table)
    heading = finding.heading or finding.name.replace("_", " ").capitalize()
    answer = _answer(finding)
    return Section(
        name=finding.name.replace("_", "-"),
        heading=heading,
        equation=finding.equation,
        reading=finding.reading,
        misleads=finding.misleads,
        tables=tables,
        lines=[] if tables else [line for line in finding.text().splitlines() if line.strip()],
        leads=finding.leads,
        pictures=pictures.of(number, finding, f"{heading}. {answer}" if answer else heading),
    )


def _check(table: object) -> None:
    """A table of another's finding may be anything; raises TypeError where it is none."""
    if not isinstance(table, Table):
        raise TypeError(f"tables() has a {type(table).__name__} in place of a Table")
    for row in table.rows:
        if not all(isinstance(cell, Cell) for cell in row):
            raise TypeError("a row of a Table has something else than Cells")
        if len(row) != len(table.head):
            raise TypeError(f"a row of {len(row)} cells below a head of {len(table.head)}")


def _answer(finding: Finding) -> str:
    """Its sentence; a failure has been told where the answer of all of them was made."""
    try:
        return finding.answer()
    except Exception:
        return ""


def of_regime(regime: Mapping[str, Any]) -> Section | None:
    """What the initial weights will do to the gradient; None where nothing was said of it."""
    sentence = str(regime.get("sentence") or "")
    if not sentence:
        return None
    layers = [layer for layer in regime.get("layers") or [regime] if isinstance(layer, Mapping)]
    head = ["layer", "g = ‖W‖/√H", "radius ρ(W)", "σ_max(W)", "mean slope E[φ′]", "gain per step",
            "95% over examples", "which paths"]  # fmt: skip
    rows = [[Cell(str(n), n), *_layer(layer)] for n, layer in enumerate(layers, start=1)]
    left = regime.get("one_percent")
    notes = []
    if isinstance(left, int | float):
        grows = (regime.get("gain") or 0.0) > 1
        notes.append(
            f"the gradient {'is a hundred times as large' if grows else 'is down to 1%'} after "
            f"{left:.3g} steps"
        )
    notes.append("a cell with gates: the mean of the gate that multiplies the old state")
    return Section(
        name="regime",
        heading="Predicted from the initial weights, before any training",
        equation="q = g² E[φ(√q z)²] + v,   gain per step = g √E[φ′(√q z)²],   z ~ N(0, 1)",
        reading=(
            f"{sentence[0].upper()}{sentence[1:]}. The gradient is multiplied by the gain at each "
            "step that it goes back: below 1 it vanishes, above 1 it explodes, and the further "
            "from 1 the fewer steps are learned over."
        ),
        misleads=(
            "It is a theory of wide networks with independent random weights, and says nothing of "
            "the weights that training ends with: the measured gradient is the one to believe."
        ),
        tables=[Table(head, rows, notes)],
    )


def _layer(layer: Mapping[str, Any]) -> list[Cell]:
    ends = [layer.get("gain_low"), layer.get("gain_high")]
    low, high = (f"{end:.3g}" if isinstance(end, int | float) else "" for end in ends)
    return [
        *(_number(layer.get(key)) for key in ("g", "radius", "sigma_max", "mean_slope", "gain")),
        Cell(f"{low} to {high}" if low and high else NOTHING),
        Cell(str(layer.get("path") or NOTHING)),
    ]


def _number(value: object) -> Cell:
    return Cell(f"{value:.3g}", value) if isinstance(value, int | float) else Cell(NOTHING)
