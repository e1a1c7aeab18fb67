"""Where the state stops separating the classes beside where the answer fails, on made-up runs."""

from pathlib import Path

import numpy as np

from rnnexp.results.findings.class_separation import ClassSeparation
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from tests.results.findings.lengths import run_tested_at, up_to

LENGTHS = (6, 11, 21, 41)


def plant(folder: Path, number: int, state: int, answer: int, seed: int = 0) -> None:
    """A run whose state separates the classes up to a length, and whose answer is right up to
    another. It was trained at 11, which the probe measures first.
    """
    path = run_tested_at(folder, number, up_to(answer, LENGTHS), 11, seed=seed)
    lengths = np.array([11, 6, 21, 41], np.float64)
    right = np.where(lengths <= state, 0.99, 0.5)
    along = np.arange(1.0, 42.0)
    columns = {
        "read_length": lengths, "read_is_own": (lengths == 11).astype(float),
        "read_ratio": np.where(lengths <= state, 10.0, 0.01), "read_accuracy": right,
        "read_shuffled_ratio": np.full(4, 0.01), "read_shuffled_ratio_high": np.full(4, 0.02),
        "read_examples": np.full(4, 200.0), "along_step": along,
        "along_ratio": np.where(along <= state, np.where(along > 1, 10.0, np.inf), 0.01),
        "along_shuffled_ratio_high": np.full(41, 0.02),
    }  # fmt: skip
    arrays = {name: values[None] for name, values in columns.items()}
    RunDirectory.open(path.parent).save_probe(
        "class_separation", {"epoch": np.array([1]), **arrays}
    )


def test_state_and_answer_are_set_side_by_side(tmp_path: Path) -> None:
    plant(tmp_path, 0, state=21, answer=21, seed=0)
    plant(tmp_path, 1, state=41, answer=11, seed=1)
    plant(tmp_path, 2, state=21, answer=6, seed=2)
    (finding,) = ClassSeparation.in_study(Study.read(tmp_path))
    assert isinstance(finding, ClassSeparation)
    (group,) = finding.groups
    assert (group.axis, group.places) == ("distance", [5, 10, 20, 40])
    state, answer, same, earlier = (cell.text for cell in finding.tables()[0].rows[0][1:])
    assert (state, answer, same, earlier) == ("20", "10", "1 of 3", "2 of 3")
    assert "the network's readout misses it" in finding.text()
    (entry,) = finding.as_json()
    assert [run["answer_holds_to"] for run in entry["runs"]] == [20, 10, 5]
    assert [run["state_separates_to"] for run in entry["runs"]] == [20, 40, 20]
    finding.draw(tmp_path / "plots")
    svg = (tmp_path / "plots" / "class_separation.svg").read_text()
    for words in ("distance of the cue (steps)", "linear reader", "shuffled labels", "chance",
                  "the state holds it to 20, the answer to 10"):  # fmt: skip
        assert words in svg


def test_a_length_whose_states_overflow_is_no_length_that_is_held(tmp_path: Path) -> None:
    plant(tmp_path, 0, state=41, answer=41)
    run = RunDirectory.open(tmp_path / "job000")
    arrays = run.probe_arrays("class_separation")
    assert arrays is not None
    overflowed = {name: np.array(values) for name, values in arrays.items()}
    overflowed["read_accuracy"][0, -1] = np.nan
    run.save_probe("class_separation", overflowed)
    (finding,) = ClassSeparation.in_study(Study.read(tmp_path))
    assert isinstance(finding, ClassSeparation)
    ((one,),) = (group.runs for group in finding.groups)
    assert (one.state_reach.held, one.state_reach.failed) == (20, 40)
