"""Findings about probes, on made-up measurements: what is said is made of numbers, not of text."""

from pathlib import Path

import numpy as np

from rnnexp.results.findings.gates import Gates
from rnnexp.results.findings.hidden_dynamics import HiddenDynamics
from rnnexp.results.groups import Group
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study_run import StudyRun
from rnnexp.results.summary import CellFacts, Summary, TaskRecord
from tests.conftest import BEGUN

#: A cell that rnnexp has not heard of.
CELL = CellFacts(gates=["keep", "write", "content"], carry="keep", candidate="content")


def run_with(name: str, cell: CellFacts | None) -> StudyRun:
    directory = RunDirectory.create_at(Path(name), BEGUN, "{}\n")
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


def moving(name: str, size: float, swing: float) -> Group:
    """Two sequences whose norm goes up and down by `swing`, a little more in the second."""
    run = run_with(name, None)
    steps = np.array([1.0, -1.0, 1.0, -1.0])
    norms = size + np.stack([swing * steps, 1.01 * swing * steps])
    arrays = {"epoch": np.array([1]), "state": norms[None], "saturated": np.zeros((1, 2)),
              "state_variance": norms.var(axis=1)[None], "target": np.array([[0.0, 1.0]]),
              "sequences": np.array([2.0]), "wanted": np.array([2.0])}  # fmt: skip
    run.directory.save_probe("hidden_dynamics", arrays)
    return Group(name, "mine", [run])


def test_the_steadiest_state_is_steady_for_its_size(workdir: Path) -> None:
    # the smallest variance is that of the smallest state, which moves most for its size
    groups = [moving("large", 100.0, 1.0), moving("small", 0.1, 0.05), moving("middle", 1.0, 0.1)]
    finding = HiddenDynamics.of(groups)
    assert finding is not None
    assert "steadiest for its size: large h; most restless: small h" in finding.text()
    variances = [line.variance for line in finding.lines]
    assert min(variances) == variances[1]


def test_states_whose_intervals_overlap_are_not_ranked(workdir: Path) -> None:
    finding = HiddenDynamics.of([moving("a", 1.0, 0.1), moving("b", 1.0, 0.1001)])
    assert finding is not None
    assert "steadiest, most restless: unclear, intervals overlap" in finding.text()
    (path,) = finding.draw(workdir / "plots")
    assert "good" in path.with_suffix(".svg").read_text()
