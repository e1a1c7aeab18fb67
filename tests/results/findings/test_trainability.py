"""The trainable length recovers what was planted, on made-up runs and on a network that forgets."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rnnexp.results.findings.memory_horizon import BELOW, Horizon, MemoryHorizon

from rnnexp import scores as scores_module
from rnnexp.durable import write_json
from rnnexp.plugins import own_config_dir
from rnnexp.results.study import Study
from tests.conftest import Outcome
from tests.results.test_study import add_run, draw_study, scores_table

LENGTHS = (5, 10, 20, 40, 80)


def horizons(study: Study) -> list[Horizon]:
    finding = MemoryHorizon.of(study)
    return list(finding.horizons) if finding else []


def table(study: Study) -> str:
    finding = MemoryHorizon.of(study)
    return finding.text() if finding else ""


def as_json(study: Study) -> list[dict[str, Any]]:
    finding = MemoryHorizon.of(study)
    return finding.as_json() if finding else []


def plant(
    folder: Path, horizons: dict[str, list[int]], lengths: tuple[int, ...] = LENGTHS
) -> Study:
    """A study in which seed s of each model beats chance up to the length given for it."""
    number = 0
    for model, by_seed in horizons.items():
        for seed, last in enumerate(by_seed):
            for n in lengths:
                score = 0.95 if n <= last else 0.51
                add_run(folder, number, score, model=model, seq_len=n, seed=seed, data="recall")
                summary_file = folder / f"job{number:03d}" / "summary.json"
                summary = json.loads(summary_file.read_text())
                write_json(summary_file, summary | {"memory": True, "synthetic": True})
                number += 1
    return Study.read(folder)


def test_planted_horizons_are_recovered(tmp_path: Path) -> None:
    study = plant(
        tmp_path, {"rnn": [5, 10, 10, 20, 10], "lstm": [40, 80, 20, 80, 80], "gru": [0] * 5}
    )
    found = {one.model: one for one in horizons(study)}
    rnn, lstm, gru = found["rnn"], found["lstm"], found["gru"]
    assert rnn.by_seed == {0: 5, 1: 10, 2: 10, 3: 20, 4: 10}
    assert rnn.median is not None
    assert (rnn.median.median, rnn.median.low, rnn.median.high) == (10, 5, 20)
    assert rnn.median.level == pytest.approx(0.9375)
    assert [rate and rate.successes for rate in rnn.rates] == [5, 4, 1, 0, 0]
    assert lstm.median is not None
    assert lstm.shown(lstm.median.median) == "80 or more"
    assert gru.median is not None
    assert gru.shown(gru.median.median) == "below 5"
    text = table(study)
    assert "5 to 20 (94%)" in text
    assert "trainable length: the longest length learned from scratch within" in text
    assert "no limit of memory" in text
    assert "95% interval over test examples" in text
    (row,) = [one for one in as_json(study) if one["label"] == "rnn"]
    assert row["by_seed"] == rnn.by_seed
    assert row["interval"] == [5, 20]


def test_what_is_learned_from_scratch_is_called_no_memory() -> None:
    """No text in conf/ or in the package calls a trainable length, or a half-life, memory."""
    files = [*own_config_dir().rglob("*.yaml"), *Path(scores_module.__file__).parent.rglob("*.py")]
    wrong = re.compile(
        r"memory horizon|how far back .{0,30}remember|remembers? (no )?farther", re.I
    )
    assert [path.name for path in files if wrong.search(path.read_text(encoding="utf-8"))] == []
    preset = (own_config_dir() / "experiment" / "memory_horizon.yaml").read_text(encoding="utf-8")
    assert "no limit of memory" in preset


def test_a_lucky_length_beyond_an_unlucky_one_counts(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [40, 40]})
    for path in tmp_path.glob("*/summary.json"):
        summary = json.loads(path.read_text())
        if summary["seq_len"] == 10 and summary["seed"] == 0:
            write_json(path, summary | {"test_interval": {"accuracy": [0.45, 0.55]}})
    (one,) = horizons(Study.read(study.path))
    assert one.by_seed == {0: 40, 1: 40}
    assert one.rates[1] is not None
    assert (one.rates[1].successes, one.rates[1].n) == (1, 2)


def test_seeds_without_every_length_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [10, 20, 40]})
    for path in tmp_path.glob("*/summary.json"):
        summary = json.loads(path.read_text())
        if summary["seq_len"] == 40 and summary["seed"] == 2:
            for file in sorted(path.parent.rglob("*"), reverse=True):
                file.unlink()
            path.parent.rmdir()
    study = Study.read(study.path)
    (one,) = horizons(study)
    assert one.by_seed == {0: 10, 1: 20}
    assert one.left_out == [2]
    assert "2 (1 left out)" in table(study)
    assert "unequal seeds, of 0, 1, 2: rnn, seq_len=40 (seeds 0, 1)" in scores_table(study)


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [10]})
    (one,) = horizons(study)
    assert one.median is not None
    assert one.median.low is None
    assert "one seed gives no interval" in table(study)


def test_there_is_none_on_texts_nor_at_one_length(tmp_path: Path) -> None:
    for number, n in enumerate(LENGTHS):
        add_run(tmp_path / "texts", number, 0.9, seq_len=n)
    assert horizons(Study.read(tmp_path / "texts")) == []
    assert horizons(plant(tmp_path / "one", {"rnn": [5, 5]}, lengths=(5,))) == []
    assert table(Study.read(tmp_path / "one")) == ""


def test_the_figure(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [5, 10, 10], "lstm": [80, 80, 80], "gru": [0, 0, 0]})
    draw_study(study)
    svg = (tmp_path / "plots" / "memory_horizon.svg").read_text()
    for words in ("RNN", "LSTM", "synthetic", "beat chance", "Wilson", "half-life", "3 seeds",
                  "Trainable length"):  # fmt: skip
        assert words in svg


#: A network whose state is the mean of its last `window` inputs, weighted by place: it sees nothing
#: else, so that its horizon is known.
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


def test_the_horizon_of_a_network_that_sees_so_far_and_no_further(
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
        "trainer.learning_rate=0.05", "embedding=one_hot", "plots=false", "data.test_count=1000",
        "probes=none",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    found = json.loads(Path("outputs/studies/w/study.json").read_text())["memory_horizon"]
    assert [(one["label"], one["axis"]) for one in found] == [
        ("window, model.window=4", "data.distance"), ("window, model.window=8", "data.distance"),
    ]  # fmt: skip
    for one, expected in zip(found, (3, 7), strict=True):
        assert set(one["by_seed"].values()) == {expected}
        assert one["interval"] == [expected, expected]
    assert "trainable length" in outcome.out
    assert "within 60 training steps" in outcome.out
    assert "within 60 training steps" in found[0]["measures"]


def test_a_run_that_did_not_end_decides_nothing(tmp_path: Path) -> None:
    study = plant(tmp_path, {"rnn": [40, 40, 40]})
    for path in tmp_path.glob("*/summary.json"):
        summary = json.loads(path.read_text())
        if summary["seq_len"] == 40 and summary["seed"] in (1, 2):
            status = {1: "failed", 2: "diverged"}[summary["seed"]]
            del summary["test"], summary["test_interval"]
            write_json(path, summary | {"status": status})
    (one,) = horizons(Study.read(study.path))
    assert one.by_seed == {0: 40, 2: 20}  # a diverged run has not beaten chance
    assert one.left_out == [1]


def test_distance_zero_is_not_below_everything(tmp_path: Path) -> None:
    for number, (distance, score) in enumerate([(0, 0.9), (1, 0.5), (0, 0.5), (1, 0.5)]):
        add_run(
            tmp_path, number, score, data="recall", seed=number // 2, **{"data.distance": distance}
        )
    for path in tmp_path.glob("*/summary.json"):
        write_json(path, json.loads(path.read_text()) | {"memory": True})
    study = Study.read(tmp_path)
    (one,) = horizons(study)
    assert one.by_seed == {0: 0, 1: BELOW}
    assert (one.shown(0), one.shown(BELOW)) == ("0", "below 0")
    (row,) = as_json(study)
    assert row["by_seed"] == {0: 0, 1: None}
    draw_study(study)
    assert (tmp_path / "plots" / "memory_horizon.png").is_file()
