"""Findings about probes, on made-up measurements: what is said is made of numbers, not of text."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnexp.results.findings.gates import Gates
from rnnexp.results.findings.hidden_dynamics import HiddenDynamics, over_seeds
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


def moving(name: str, size: float, swing: float, seeds: int = 3, tail: int = 0) -> Group:
    """Two sequences whose norm goes up and down by `swing`, a little more in the second and with
    each seed; tail: steps by which a third is longer.
    """
    runs = []
    for seed in range(seeds):
        run = run_with(f"{name}{seed}", None)
        steps = np.array([1.0, -1.0, 1.0, -1.0])
        norms = size + np.stack([swing * steps, 1.01 * swing * steps]) * (1 + 0.01 * seed)
        if tail:
            norms = np.concatenate([np.pad(norms, ((0, 0), (0, tail)), constant_values=np.nan),
                                    np.full((1, 4 + tail), size)])  # fmt: skip
        arrays = {"epoch": np.array([1]), "state": norms[None], "saturated": np.zeros((1, 2)),
                  "state_variance": np.nanvar(norms, axis=1)[None],
                  "target": (np.arange(len(norms)) % (1.0 if tail else 2.0))[None],
                  "sequences": np.array([len(norms)]),
                  "wanted": np.array([len(norms)])}  # fmt: skip
        run.directory.save_probe("hidden_dynamics", arrays)
        runs.append(run)
    return Group(name, "mine", runs)


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
    assert "steadiest, most restless: unclear, intervals over seeds overlap" in finding.text()
    (path,) = finding.draw(workdir / "plots")
    assert "good" in path.with_suffix(".svg").read_text()


def test_of_one_seed_no_state_is_said_to_be_steadier(workdir: Path) -> None:
    groups = [moving("large", 100.0, 1.0, seeds=1), moving("small", 0.1, 0.05, seeds=1)]
    finding = HiddenDynamics.of(groups)
    assert finding is not None
    assert "one seed: which is steadier is not said" in finding.text()
    assert finding.extremes() == []
    (path,) = finding.draw(workdir / "plots")
    assert "steadiest" not in path.with_suffix(".svg").read_text()


@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_equal_settings_get_an_order_in_few_studies(workdir: Path, seeds: int) -> None:
    finding = HiddenDynamics.of([moving("a", 1.0, 0.1, seeds=1), moving("b", 1.0, 0.1, seeds=1)])
    assert finding is not None
    rng, studies = np.random.default_rng(0), 400
    # sequences of one network are nearly alike, networks are not
    own = 0.1 * np.exp(0.1 * rng.standard_normal((studies, 2, seeds, 1)))
    drawn = own * np.exp(0.01 * rng.standard_normal((studies, 2, seeds, 10)))
    ordered = 0
    for study in drawn:
        lines = [
            replace(line, of_seeds=over_seeds(list(of_runs)))
            for line, of_runs in zip(finding.lines, study, strict=True)
        ]
        ordered += bool(replace(finding, lines=lines).extremes())
    assert ordered <= 0.05 * studies


def test_counts_are_those_of_one_run_and_deviations_have_n_less_one(workdir: Path) -> None:
    finding = HiddenDynamics.of([moving("a", 1.0, 0.1)])
    assert finding is not None
    (line,) = finding.lines
    assert line.sequences == line.wanted == 2
    assert line.relative is not None
    assert line.relative.n == 2
    assert line.of_seeds is not None
    assert line.of_seeds.n == 3
    grown = np.mean((1 + 0.01 * np.arange(3)) ** 2)
    assert line.deviation == pytest.approx(0.01 * (1.01**2 - 1) * grown / np.sqrt(2))


def test_the_figure_tells_the_steps_that_it_averages_and_counts_sequences(workdir: Path) -> None:
    finding = HiddenDynamics.of([moving("a", 1.0, 0.1, seeds=1, tail=200)])
    assert finding is not None
    (path,) = finding.draw(workdir / "plots")
    # the tail, of one sequence of three, is cut off before spans are made
    assert "averaged over" not in path.with_suffix(".svg").read_text()
    rows = list(csv.DictReader(path.with_suffix(".csv").read_text().splitlines()))
    means = [row for row in rows if row["of"] == "mean"]
    assert {row["sequences"] for row in means} == {"3"}
    assert "seeds" not in rows[0]
