"""L50 of a study recovers what was planted, on made-up runs and on a network that forgets."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rnnexp import scores as scores_module
from rnnexp.durable import write_json
from rnnexp.plugins import own_config_dir
from rnnexp.results.findings.trainability import Line, Trainability
from rnnexp.results.study import Study
from tests.conftest import Outcome
from tests.results.test_study import add_run, draw_study, scores_table

LENGTHS = (5, 10, 20, 40, 80)
#: Steps of each row, and of the training.
ROWS = tuple(range(100, 2001, 100))


def lines(study: Study) -> dict[str, Line]:
    finding = Trainability.of(study)
    return {line.model: line for line in finding.lines} if finding else {}


def table(study: Study) -> str:
    finding = Trainability.of(study)
    return finding.text() if finding else ""


def as_json(study: Study) -> list[dict[str, Any]]:
    finding = Trainability.of(study)
    return finding.as_json() if finding else []


def add(
    folder: Path, number: int, learned_at: int | None, rows: Sequence[int] = ROWS, **settings: Any
) -> Path:
    """A run that learns from that step on; None for one that never does."""
    score = 0.51 if learned_at is None else 0.95
    add_run(folder, number, score, data="recall", **settings)
    path = folder / f"job{number:03d}"
    learned = [learned_at is not None and step >= learned_at for step in rows]
    text = [f"{step},{0.95 if is_so else 0.5}" for step, is_so in zip(rows, learned, strict=True)]
    (path / "metrics.csv").write_text("\n".join(["step,val_accuracy", *text]) + "\n")
    change(
        path, memory=True, synthetic=True, steps=rows[-1], data_report={"val": 1000, "test": 2000}
    )
    return path


def change(path: Path, **values: Any) -> None:
    file = path / "summary.json"
    write_json(file, json.loads(file.read_text()) | values)


def plant(
    folder: Path, longest: Mapping[str, Sequence[int]], lengths: Sequence[int] = LENGTHS
) -> Study:
    """A study in which seed s of each model learns up to the length given for it, all of them at
    step 300, and at half that length at step 100.
    """
    number = 0
    for model, by_seed in longest.items():
        for seed, last in enumerate(by_seed):
            for n in lengths:
                learned_at = 100 if 2 * n <= last else 300 if n <= last else None
                add(folder, number, learned_at, model=model, seq_len=n, seed=seed)
                number += 1
    return Study.read(folder)


def test_planted_lengths_are_recovered_within_each_budget(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [10, 10, 20, 20, 10, 20], "lstm": [80] * 6, "gru": [0] * 6})
    found = lines(study)
    rnn = found["rnn"]
    assert [within.steps for within in rnn.budgets] == [500, 1000, 2000]
    assert [list(within.outcomes.counts) for within in rnn.budgets] == [
        [(6, 6), (6, 6), (3, 6), (0, 6), (0, 6)]
    ] * 3
    l50 = rnn.budgets[0].l50
    assert l50.value == pytest.approx(20, rel=0.05)
    assert l50.low is not None
    assert l50.high is not None
    assert 10 < l50.low < 20 < l50.high < 40
    assert str(found["lstm"].budgets[-1].l50) == "above 80"
    assert str(found["gru"].budgets[-1].l50) == "below 5"
    assert (rnn.seeds, rnn.runs, rnn.diverged, rnn.without) == (6, 30, 0, 0)


def test_a_smaller_budget_has_a_smaller_l50(tmp_path: Path) -> None:
    for number in range(30):
        seed, n = divmod(number, 5)
        length = LENGTHS[n]
        add(tmp_path, number, 40 * length, seq_len=length, seed=seed)  # at 200 to 3,200 steps
    rnn = lines(Study.read(tmp_path))["rnn"]
    values = [within.l50.value for within in rnn.budgets]
    assert [within.steps for within in rnn.budgets] == [500, 1000, 2000]
    assert values == pytest.approx([14.1, 28.3, 56.6], rel=0.15)


def test_what_it_is_and_what_it_is_not_is_said(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [10] * 6, "gru": [0] * 6})
    text = table(study)
    assert "trainability: L50, seq_len" in text
    assert "within 2,000 steps" in text
    assert "it is no limit of memory" in text
    assert "at two rows of metrics.csv in a row within the budget" in text
    assert "below 5" in text
    (row,) = [one for one in as_json(study) if one["label"] == "rnn"]
    assert "half the seeds learn within the budget" in row["is"]
    assert "no limit of memory" in row["is_not"]
    assert [one["steps"] for one in row["budgets"]] == [500, 1000, 2000]
    (low, high), l50 = row["budgets"][0]["interval_95"], row["budgets"][0]["l50"]
    assert low <= l50 <= high
    (none,) = [one for one in as_json(study) if one["label"] == "gru"]
    assert none["budgets"][0]["l50"] is None
    assert none["budgets"][0]["interval_95"] == [None, 5]
    assert json.dumps(as_json(study))


def test_lines_may_have_lengths_of_their_own(tmp_path: Path) -> None:
    plant(tmp_path / "a", {"rnn": [10] * 3}, lengths=(5, 10, 12))
    number = 100
    for seed in range(3):
        for n in (20, 40):
            add(tmp_path / "a", number, 100, model="lstm", seq_len=n, seed=seed)
            number += 1
    found = lines(Study.read(tmp_path / "a"))
    assert (list(found["rnn"].lengths), list(found["lstm"].lengths)) == ([5, 10, 12], [20, 40])


def test_runs_that_diverged_count_and_those_without_a_result_are_left_out(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [40, 40, 40]})
    for path in tmp_path.glob("*/summary.json"):
        summary = json.loads(path.read_text())
        if summary["seq_len"] == 40 and summary["seed"] in (1, 2):
            status = {1: "failed", 2: "diverged"}[summary["seed"]]
            del summary["test"], summary["test_interval"]
            write_json(path, summary | {"status": status})
            if status == "diverged":
                path.with_name("metrics.csv").write_text("step,val_accuracy\n100,0.5\n200,\n")
    study = Study.read(study.path)
    rnn = lines(study)["rnn"]
    assert (rnn.runs, rnn.diverged, rnn.without) == (14, 1, 1)
    assert rnn.budgets[-1].outcomes.counts[3] == (1, 2)
    assert "14 (1 diverged, 1 without a result left out)" in table(study)
    assert "unequal seeds, of 0, 1, 2: rnn, seq_len=40 (seeds 0, 2)" in scores_table(study)


def test_a_run_that_ended_early_had_the_same_budget(tmp_path: Path) -> None:
    """By its patience: what it had not learned then it had not learned at all."""
    for number in range(12):
        seed, n = divmod(number, 4)
        rows = ROWS if n < 2 else ROWS[:7]
        add(tmp_path, number, 100 if n < 2 else None, rows, seq_len=LENGTHS[n], seed=seed)
    rnn = lines(Study.read(tmp_path))["rnn"]
    assert [within.steps for within in rnn.budgets] == [500, 1000, 2000]
    assert rnn.budgets[-1].outcomes.counts == [(3, 3), (3, 3), (0, 3), (0, 3)]


def test_runs_of_a_version_without_rows_are_judged_by_their_tests(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [10, 10, 10]})
    for path in tmp_path.glob("*/metrics.csv"):
        path.unlink()
    rnn = lines(Study.read(study.path))["rnn"]
    assert [within.steps for within in rnn.budgets] == [2000]
    assert rnn.budgets[0].outcomes.counts == [(3, 3), (3, 3), (0, 3), (0, 3), (0, 3)]


def test_there_is_none_on_texts_nor_at_one_length_nor_of_mixed_lengths(tmp_path: Path) -> None:
    for number, n in enumerate(LENGTHS):
        add_run(tmp_path / "texts", number, 0.9, seq_len=n)
    assert lines(Study.read(tmp_path / "texts")) == {}
    assert lines(plant(tmp_path / "one", {"rnn": [5, 5]}, lengths=(5,))) == {}
    assert table(Study.read(tmp_path / "one")) == ""
    for number, n in enumerate(LENGTHS):
        path = add(tmp_path / "grown", number, 100, seq_len=n)
        change(path, data_report={"val": 1000, "train_lengths": [2, n], "curriculum": "grow"})
    assert lines(Study.read(tmp_path / "grown")) == {}


def test_a_length_of_zero_has_no_logarithm_and_is_left_out(tmp_path: Path) -> None:
    for number in range(9):
        seed, distance = divmod(number, 3)
        learned_at = 100 if distance < 2 else None
        add(tmp_path, number, learned_at, seed=seed, **{"data.distance": distance})
    study = Study.read(tmp_path)
    rnn = lines(study)["rnn"]
    assert (list(rnn.lengths), rnn.at_zero, rnn.runs) == ([1, 2], 3, 6)
    assert "length 0 is left out" in table(study)
    draw_study(study)
    assert (tmp_path / "plots" / "trainability.png").is_file()


def test_the_figure(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [5, 10, 10], "lstm": [80, 80, 80], "gru": [0, 0, 0]})
    draw_study(study)
    svg = (tmp_path / "plots" / "trainability.svg").read_text()
    for words in ("RNN", "LSTM", "synthetic", "share of seeds that learn", "Wilson", "3 seeds",
                  "no limit of memory", "within 500 training", "L50 and its 95%"):  # fmt: skip
        assert words in svg


def test_what_is_learned_from_scratch_is_called_no_memory() -> None:
    """No text in conf/ or in the package calls a trained length, or a half-life, memory."""
    files = [
        *own_config_dir().rglob("*.yaml"),
        *Path(scores_module.__file__).parents[1].rglob("*.py"),
    ]
    wrong = re.compile(
        r"memory.horizon|how far back .{0,30}remember|remembers? (no )?farther", re.I
    )
    called = [path.name for path in files if wrong.search(path.read_text(encoding="utf-8"))]
    assert called == ["earlier.py"]  # which answers the old name
    preset = (own_config_dir() / "experiment" / "trainability.yaml").read_text(encoding="utf-8")
    assert "no limit of memory" in preset


def test_the_old_names_are_answered_with_the_new(
    rnnexp: Callable[..., Outcome], tmp_path: Path
) -> None:
    error = rnnexp("experiment=memory_horizon", "seed=0").error
    assert "experiment=memory_horizon is called experiment=trainability now" in error
    study = plant(tmp_path / "old", {"rnn": [10, 10]})
    write_json(study.path / "study.json", {"memory_horizon": [{"median": 10}]})
    (study.path / "study.csv").touch()
    (study.path / "plots").mkdir()
    (study.path / "plots" / "memory_horizon.png").touch()
    for _ in range(2):
        outcome = rnnexp("report", str(study.path))
        assert outcome.status == 0, outcome.err
    written = json.loads((study.path / "study.json").read_text())
    assert written["memory_horizon"] == "is called trainability now, and measured otherwise"
    assert written["trainability"][0]["label"] == "rnn"
    names = {path.name for path in (study.path / "plots").iterdir()}
    assert "trainability.png" in names
    assert "memory_horizon.png" not in names


#: A network whose state is the mean of its last `window` inputs, weighted by place: it sees nothing
#: else, so that what it can learn is known.
WINDOW = """
import torch
from rnnexp.model.base import SequenceModel

class Window(SequenceModel):
    def __init__(self, encoder, output_size, window: int = 4, **common) -> None:
        super().__init__(encoder, window * encoder.output_size, output_size, **common)
        self.window = window

    def states(self, x_TBE):
        padded = torch.cat([x_TBE.new_zeros(self.window - 1, *x_TBE.shape[1:]), x_TBE])
        return torch.cat([padded[k : k + len(x_TBE)] for k in range(self.window)], dim=2)
"""


def test_l50_of_a_network_that_sees_so_far_and_no_further(
    rnnexp: Callable[..., Outcome], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mywindow.py").write_text(WINDOW)
    Path("myconf/model").mkdir(parents=True)
    Path("myconf/model/window.yaml").write_text(
        "_target_: mywindow.Window\nwindow: 4\nreadout: last_valid\nhead: auto\n"
    )
    monkeypatch.syspath_prepend(str(workdir))
    outcome = rnnexp(
        "--config-dir", "myconf", "-m", "model=window", "data=recall", "model.window=4,8",
        "data.distance=3,5,7,9", "seq_len=10", "seed=0,1", "trainer.steps=60", "study=w",
        "optimizer.lr=0.05", "embedding=one_hot", "plots=false", "data.test_count=1000",
        "probes=none",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    found = json.loads(Path("outputs/studies/w/study.json").read_text())["trainability"]
    assert [(one["label"], one["axis"]) for one in found] == [
        ("window, model.window=4", "data.distance"), ("window, model.window=8", "data.distance"),
    ]  # fmt: skip
    for one, expected in zip(found, (1, 3), strict=True):
        (within,) = one["budgets"]
        assert within["steps"] == 60
        assert within["learned"] == [[2, 2]] * expected + [[0, 2]] * (4 - expected)
    (low, high) = found[0]["budgets"][0]["interval_95"]
    assert (low or 0) <= 4 <= (high or math.inf)
    assert "within 60 steps" in outcome.out


def test_a_budget_before_the_second_row_is_left_out(tmp_path: Path) -> None:
    # whatever is learned, no run can count at its first row alone
    rows = (100, 200, 300, 400)
    for number in range(6):
        seed, n = divmod(number, 2)
        add(tmp_path, number, 100, rows, seq_len=(5, 10)[n], seed=seed)
    study = Study.read(tmp_path)
    rnn = lines(study)["rnn"]
    assert [within.steps for within in rnn.budgets] == [200, 400]
    assert [list(within.outcomes.counts) for within in rnn.budgets] == [[(3, 3), (3, 3)]] * 2
    assert "left out where metrics.csv has no two rows by then" in table(study)
    assert "2 lengths, 5 to 10" in table(study)
    assert "left out where" not in table(plant(tmp_path / "long", {"rnn": [10] * 2}))
