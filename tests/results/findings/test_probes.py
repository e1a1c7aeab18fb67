"""Findings about probes, on made-up measurements: what is said is made of numbers, not of text."""

from pathlib import Path

import numpy as np

from rnnexp.results.findings.gates import Gates
from rnnexp.results.findings.hidden_dynamics import HiddenDynamics
from rnnexp.results.groups import Group
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study_run import StudyRun
from rnnexp.results.summary import CellFacts, Summary, TaskRecord

#: A cell that rnnexp has not heard of.
CELL = CellFacts(gates=["keep", "write", "content"], carry="keep", candidate="content")


def run_with(name: str, cell: CellFacts | None) -> StudyRun:
    directory = RunDirectory.create_at(Path(name))
    directory.write_task(TaskRecord(classes=["bad", "good"]))
    directory.write_summary(Summary(status="finished", seed=0, model="mine", cell=cell))
    return StudyRun(directory, directory.summary)


def gated(name: str, cell: CellFacts | None) -> Group:
    run = run_with(name, cell)
    curves = {gate: np.full((2, 5), 0.1 * (i + 1)) for i, gate in enumerate(CELL.gates)}
    means = {f"mean_{gate}": values.mean(axis=1) for gate, values in curves.items()}
    times, product = np.array([3.0, 4.0]), np.full((2, 5), 0.5)
    run.directory.save_probe(
        "gates",
        {"epoch": np.array([0, 1]), "step": np.array([0, 5]), "product": product,
         "median_memory_time": times, **curves, **means},
    )  # fmt: skip
    return Group("mine", "mine", [run], alone=True)


def test_the_cell_says_which_gates_it_has_and_which_carries(workdir: Path) -> None:
    finding = Gates.of([gated("run", CELL)])
    assert finding is not None
    (table,) = finding.tables()
    (row,) = table.rows
    assert [cell.text for cell in row] == ["mine", "keep 0.1", "4 steps"]
    assert row[2].value == 4.0
    (path,) = finding.draw(workdir / "plots")
    svg = path.with_suffix(".svg").read_text()
    for words in ("keep gate", "write gate", "product of the last k carry gates"):
        assert words in svg
    assert "content gate" not in svg


def test_without_word_on_the_cell_no_gate_is_said_to_carry(workdir: Path) -> None:
    finding = Gates.of([gated("run", None)])
    assert finding is not None
    assert finding.text() == ""
    (path,) = finding.draw(workdir / "plots")
    svg = path.with_suffix(".svg").read_text()
    assert "keep gate" in svg
    assert "carry" not in svg
    # as one of a study it has nothing to show
    group = gated("other", None)
    assert Gates.of([Group("mine", "mine", group.runs)]) is None


def moving(name: str, variance: float) -> Group:
    run = run_with(name, None)
    arrays = {"epoch": np.array([1]), "state": np.ones((1, 2, 4)), "saturated": np.zeros((1, 2)),
              "state_variance": np.full((1, 2), variance), "target": np.array([[0.0, 1.0]]),
              "sequences": np.array([2.0]), "wanted": np.array([2.0])}  # fmt: skip
    run.directory.save_probe("hidden_dynamics", arrays)
    return Group(name, "mine", [run])


def test_the_steadiest_state_is_told_by_its_number(workdir: Path) -> None:
    """The two agree in all digits that the table shows."""
    finding = HiddenDynamics.of([moving("a", 0.100002), moving("b", 0.100001), moving("c", 1e9)])
    assert finding is not None
    assert "steadiest: b h, most restless: c h" in finding.text()
    assert [line.variance for line in finding.lines][1] < finding.lines[0].variance
    (path,) = finding.draw(workdir / "plots")
    assert "good" in path.with_suffix(".svg").read_text()
