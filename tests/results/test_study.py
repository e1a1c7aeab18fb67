import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rnnexp.durable import write_json
from rnnexp.results.figures import style
from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import Finding
from rnnexp.results.findings.comparisons import Comparisons
from rnnexp.results.findings.padding import Padding
from rnnexp.results.findings.scores import Scores
from rnnexp.results.runs import RunDirectory
from rnnexp.results.statistics import SHARE, t_interval
from rnnexp.results.study import Study
from tests.conftest import BEGUN


def findings_of(study: Study) -> list[Finding]:
    """As `report.study_findings`, but what goes wrong is raised."""
    return [finding for kind in finding_types() for finding in kind.in_study(study)]


def draw_study(study: Study) -> list[Path]:
    """As `report.draw`, but what goes wrong is raised."""
    plots = study.path / "plots"
    return [path for finding in findings_of(study) for path in finding.draw(plots)]


def scores_table(study: Study) -> str:
    scores = Scores.of(study)
    assert scores is not None
    return scores.text()


def add_run(folder: Path, number: int, accuracy: float | None, **settings: Any) -> None:
    """A run directory as a finished (or diverged) run leaves it."""
    run = RunDirectory.create_at(folder / f"job{number:03d}", BEGUN, "{}\n")
    settings = {"model": "rnn", "data": "reviews", "seq_len": 50, "seed": 0, **settings}
    status = settings.pop("status", "finished")
    extra = {k: v for k, v in settings.items() if k not in ("model", "data", "seq_len", "seed")}
    nested: dict[str, Any] = {}
    for key, value in extra.items():
        group, dot, name = key.partition(".")
        if dot:
            nested.setdefault(group, {})[name] = value
        else:
            nested[group] = value
    run.write_config(json.dumps({**nested, "seed": settings["seed"]}))
    write_json(
        run.path / "summary.json",
        {
            "status": status,
            "reason": None if status == "finished" else "step 3 is not finite",
            "started": f"2026-01-01T00:00:{number:02d}",
            **{key: settings[key] for key in ("model", "data", "seq_len", "seed")},
            "overrides": {key: str(value) for key, value in settings.items()},
            "choices": {"model": settings["model"], "data": settings["data"]},
            "headline": "accuracy",
            "chance": {"accuracy": 0.5, "loss": 0.693},
            "perfect": {"accuracy": 1.0, "loss": 0.0},
            "seconds": 1.0 + number,
            **(
                {
                    "test": {"loss": 0.5, "accuracy": accuracy},
                    "test_interval": {"accuracy": [accuracy - 0.02, accuracy + 0.02]},
                }
                if accuracy is not None
                else {}
            ),
        },
    )


@pytest.fixture
def study_dir(tmp_path: Path) -> Path:
    number = 0
    for model, base in (("rnn", 0.6), ("lstm", 0.8)):
        for seq_len in (100, 50):
            for seed in (0, 1, 2):
                add_run(
                    tmp_path, number, base + 0.01 * seed, model=model, seq_len=seq_len, seed=seed
                )
                number += 1
    return tmp_path


def test_groups_are_all_that_varies_but_the_seed(study_dir: Path) -> None:
    study = Study.read(study_dir)
    assert study.factors == ["model", "seq_len"]
    groups = study.groups()
    assert [(g.factors["model"], g.factors["seq_len"]) for g in groups] == [
        ("rnn", 50), ("rnn", 100), ("lstm", 50), ("lstm", 100),
    ]  # fmt: skip
    interval = groups[0].interval("test_accuracy")
    assert interval is not None
    assert interval.n == 3
    assert interval.mean == pytest.approx(0.61)
    assert interval.ends == t_interval([0.6, 0.61, 0.62], SHARE).ends


def test_a_dotted_setting_and_a_group_choice_can_be_factors(tmp_path: Path) -> None:
    for number, readout in enumerate(("last_valid", "last")):
        add_run(tmp_path, number, 0.5, **{"model.readout": readout})
    study = Study.read(tmp_path)
    assert study.factors == ["model", "model.readout"]
    assert [g.factors["model.readout"] for g in study.groups()] == ["last_valid", "last"]


def test_runs_that_differ_in_what_no_command_named_are_not_averaged(tmp_path: Path) -> None:
    for number, (readout, seed) in enumerate(
        [("last", 0), ("last", 1), ("last_valid", 0), ("last_valid", 1)]
    ):
        add_run(tmp_path, number, 0.5, **{"model.readout": readout, "seed": seed})
    for path in tmp_path.glob("*/summary.json"):  # as a preset would set it
        summary = json.loads(path.read_text())
        del summary["overrides"]["model.readout"]
        path.write_text(json.dumps(summary))
    study = Study.read(tmp_path)
    assert study.factors == ["model", "model.readout"]
    assert [len(group.runs) for group in study.groups()] == [2, 2]


def test_hidden_factors_are_found_whatever_the_order(tmp_path: Path) -> None:
    for number, (readout, size) in enumerate([("last", 4), ("last_valid", 4), ("last", 8)]):
        add_run(tmp_path, number, 0.5, **{"model.readout": readout, "model.hidden_size": size})
    for path in tmp_path.glob("*/summary.json"):
        summary = json.loads(path.read_text())
        summary["overrides"] = {"seed": "0"}
        path.write_text(json.dumps(summary))
    study = Study.read(tmp_path)
    assert study.factors == ["model", "model.hidden_size", "model.readout"]
    assert [len(group.runs) for group in study.groups()] == [1, 1, 1]


def test_a_path_that_follows_from_the_data_is_no_factor(tmp_path: Path) -> None:
    for number, (data, path) in enumerate(
        [("imdb", "a.csv"), ("reviews", None), ("imdb", "a.csv")]
    ):
        add_run(tmp_path, number, 0.5, data=data, seed=number, **{"data.path": path})
    assert Study.read(tmp_path).factors == ["model", "data"]
    add_run(tmp_path, 3, 0.5, data="imdb", **{"data.path": "b.csv"})
    assert Study.read(tmp_path).factors == ["model", "data", "data.path"]


def test_threads_are_a_factor_and_no_seed(tmp_path: Path) -> None:
    for number, threads in enumerate((1, 2)):
        add_run(tmp_path, number, 0.5, threads=threads)
    assert [len(group.runs) for group in Study.read(tmp_path).groups()] == [1, 1]


def test_ten_classes_keep_their_curve_in_sight(tmp_path: Path) -> None:
    for number, seq_len in enumerate((50, 100)):
        add_run(tmp_path, number, 0.15, seq_len=seq_len)
    draw_study(Study.read(tmp_path))
    svg = (tmp_path / "plots" / "score_vs_length.svg").read_text()
    assert "15.0%" in svg or "15%" in svg


def test_csv_and_json(study_dir: Path) -> None:
    Study.read(study_dir).write()
    with (study_dir / "study.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert rows[0]["run"] == "job000"
    assert float(rows[0]["test_accuracy"]) == 0.6
    groups = json.loads((study_dir / "study.json").read_text())["groups"]
    assert groups[0]["runs"] == {"finished": 3}
    assert groups[0]["test_accuracy"]["n"] == 3
    low, high = groups[0]["test_accuracy"]["interval_95"]
    assert low < 0.61 < high


def test_failed_and_diverged_runs_have_a_row_and_no_score(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.7, seed=0)
    add_run(tmp_path, 1, None, seed=1, status="diverged")
    add_run(tmp_path, 2, None, seed=2, status="failed")
    study = Study.read(tmp_path)
    assert [row["status"] for row in study.rows] == ["finished", "diverged", "failed"]
    (group,) = study.groups()
    assert group.values("test_accuracy") == [0.7]
    table = scores_table(study)
    assert "1 1 diverged 1 failed" in table
    assert "one seed gives no interval" in table


def test_the_table_shows_percent_interval_and_chance(study_dir: Path) -> None:
    lines = scores_table(Study.read(study_dir)).splitlines()
    assert lines[0].split()[:3] == ["model", "seq_len", "test"]
    assert "61.0" in lines[2]
    assert "58.5 to 63.5" in lines[2]
    assert "chance: 50.0" in lines


def test_figures_of_a_length_study_and_of_another(
    study_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style, "DPI", 300)
    draw_study(Study.read(study_dir))
    with Image.open(study_dir / "plots" / "score_vs_length.png") as picture:
        assert picture.width > 2000  # wide enough for print
    svg = (study_dir / "plots" / "score_vs_length.svg").read_text()
    for words in ("RNN", "LSTM", "chance", "95% t-interval", "over 3 seeds", "synthetic"):
        assert words in svg
    other = tmp_path / "other"
    other.mkdir()
    add_run(other, 0, 0.7, model="rnn")
    add_run(other, 1, 0.8, model="lstm")
    draw_study(Study.read(other))
    assert "one seed: no interval" in (other / "plots" / "scores.svg").read_text()


@pytest.mark.parametrize("lengths", [(50, 50), (50, 100)])
def test_many_long_settings_leave_the_figure_room(tmp_path: Path, lengths: tuple[int, ...]) -> None:
    for number, seq_len in enumerate(lengths):
        settings = {f"model.setting_of_a_long_name_{i}": number for i in range(30)}
        add_run(tmp_path, number, 0.6 + 0.1 * number, seq_len=seq_len, **settings)
    draw_study(Study.read(tmp_path))
    assert list(tmp_path.glob("plots/*.png"))


def test_a_study_without_a_finished_run_draws_nothing(tmp_path: Path) -> None:
    add_run(tmp_path, 0, None, status="failed")
    draw_study(Study.read(tmp_path))
    assert not (tmp_path / "plots").exists()


def test_superseded_attempts_are_not_counted(study_dir: Path) -> None:
    RunDirectory.create_at(study_dir / "job000", BEGUN, "{}\n")
    rows = Study.read(study_dir).rows
    assert len(rows) == 12
    assert [row["status"] for row in rows].count("running") == 1


def test_runs_of_the_same_settings_and_seed_count_once(tmp_path: Path) -> None:
    """As where an earlier version named one more setting, or one fewer, that is null."""
    for number, score in enumerate((0.6, 0.7, 0.9)):
        add_run(tmp_path, number, score, seed=min(number, 1))
    study = Study.read(tmp_path)
    (group,) = study.groups()
    assert group.values("test_accuracy") == [0.6, 0.9]
    assert "left out, since there is a newer run of the same settings and seed: job001" in (
        scores_table(study)
    )


def test_an_attempt_without_a_result_replaces_none_that_has_one(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.6)
    add_run(tmp_path, 1, None, status="failed")
    study = Study.read(tmp_path)
    (group,) = study.groups()
    assert group.values("test_accuracy") == [0.6]
    assert study.older == ["job001"]


def test_missing_and_uneven_runs_are_named(tmp_path: Path) -> None:
    for number, (model, seq_len, seed) in enumerate(
        [("rnn", 50, 0), ("rnn", 50, 1), ("rnn", 100, 0), ("rnn", 100, 1), ("lstm", 50, 0)]
    ):
        add_run(tmp_path, number, 0.7, model=model, seq_len=seq_len, seed=seed)
    study = Study.read(tmp_path)
    notes = study.notes()
    assert "no run of: lstm, seq_len=100" in notes
    assert "unequal seeds, of 0, 1: lstm, seq_len=50 (seeds 0)" in notes
    assert all(note in scores_table(study) for note in notes)
    (compared,) = study.comparisons("model")
    assert (compared.difference.seeds, compared.difference.left_out) == ([0], [1])
    comparisons = Comparisons.of(study)
    assert comparisons is not None
    assert "1 (not in both: 1)" in comparisons.text()
    assert comparisons.as_json()[0]["left_out"] == [1]
    study.write()
    written = json.loads((tmp_path / "study.json").read_text())
    assert written["notes"] == notes
    assert written["groups"][0]["test_accuracy"]["standard_deviation"] == 0.0
    assert written["groups"][0]["beats_chance"] == {
        "successes": 2, "n": 2, "interval_95": pytest.approx([0.342, 1.0], abs=1e-3),
    }  # fmt: skip


def test_two_scores_are_not_put_into_one_column(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.7, data="recall")
    add_run(tmp_path, 1, 0.7, data="adding")
    path = tmp_path / "job001" / "summary.json"
    summary = json.loads(path.read_text()) | {
        "headline": "mse", "chance": {"mse": 1 / 6}, "perfect": {"mse": 0.0},
        "test": {"mse": 0.01}, "test_interval": {"mse": [0.009, 0.011]}, "solved_at": 0.005,
    }  # fmt: skip
    path.write_text(json.dumps(summary))
    study = Study.read(tmp_path)
    assert "scored otherwise, see study.json and study.csv: adding by mse" in scores_table(study)
    assert "at least 0.5" not in scores_table(study)
    recall, adding = study.groups()
    assert adding.rate("beats_chance") is not None
    assert [group.first.row["beats_chance"] for group in (recall, adding)] == [True, True]
    draw_study(study)


def test_what_padding_costs_is_paired_over_seeds(tmp_path: Path) -> None:
    scores = {("post", "last"): 0.5, ("post", "last_valid"): 0.8, ("pre", "last"): 0.79,
              ("pre", "last_valid"): 0.79}  # fmt: skip
    number = 0
    for (padding, readout), score in scores.items():
        for seq_len in (50, 100):
            for seed in (0, 1, 2):
                settings = {"data.padding": padding, "model.readout": readout}
                value = score + 0.01 * seed - (seq_len == 100) * 0.02 * seed
                add_run(tmp_path, number, value, seq_len=seq_len, seed=seed, **settings)
                number += 1
    study = Study.read(tmp_path)
    padding = Padding.of(study)
    assert padding is not None
    text = padding.text()
    assert "+30.0 (all 3 alike)" in text
    assert "51.0 (48.5 to 53.5)" in text
    draw_study(study)
    svg = (tmp_path / "plots" / "padding.svg").read_text()
    for words in ("pads behind, read at last real step", "chance", "synthetic", "95% t-interval"):
        assert words in svg


def test_a_classes_sweep_has_a_chance_line_each(tmp_path: Path) -> None:
    for number, (classes, seq_len) in enumerate([(2, 50), (2, 100), (4, 50), (4, 100)]):
        add_run(tmp_path, number, 0.7, seq_len=seq_len, **{"data.classes": classes})
        path = tmp_path / f"job{number:03d}" / "summary.json"
        summary = json.loads(path.read_text())
        path.write_text(json.dumps(summary | {"chance": {"accuracy": 1 / classes}}))
    draw_study(Study.read(tmp_path))
    svg = (tmp_path / "plots" / "score_vs_length.svg").read_text()
    assert "chance 25.0%" in svg
    assert "chance 50.0%" in svg


@pytest.mark.parametrize(
    "damage", [{"seed": None}, {"test": {"accuracy": "high"}}, {"chance": 3}, {"status": None}]
)
def test_a_damaged_summary_is_named_and_costs_its_run_alone(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    add_run(tmp_path, 0, 0.7)
    add_run(tmp_path, 1, 0.7, seed=1)
    path = tmp_path / "job001" / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    study = Study.read(tmp_path)
    assert [run.name for run in study.runs] == ["job000"]
    (reason,) = study.left_out
    assert reason.startswith(f"job001/summary.json is damaged ({next(iter(damage))})")
    assert f"left out: {reason}" in study.notes()
    study.write()
    assert f"left out: {reason}" in json.loads((tmp_path / "study.json").read_text())["notes"]


def test_what_is_no_run_is_named_and_costs_nothing(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.7)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "summary.json")
    add_run(tmp_path, 1, 0.7, seed=1)
    (tmp_path / "job001" / "metrics.csv").symlink_to("metrics.csv")
    add_run(tmp_path, 2, 0.7, seed=2)
    (tmp_path / "job002" / "config.yaml").unlink()
    os.mkfifo(tmp_path / "job002" / "config.yaml")
    add_run(tmp_path, 3, 0.7, seed=3)
    path = tmp_path / "job003" / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    add_run(tmp_path, 4, 0.7, seed=4)
    (tmp_path / "job004" / "probes").mkdir()
    (tmp_path / "job004" / "probes" / "gates.npz").write_bytes(b"PK")
    for ignored in ("plots", "superseded", ".submitit", "empty"):
        (tmp_path / ignored).mkdir()
    (tmp_path / "plots" / "a.png").write_text("drawn")
    study = Study.read(tmp_path)
    assert [run.name for run in study.runs] == ["job000"]
    assert [reason.partition(" ")[0] for reason in study.left_out] == [
        "job001/metrics.csv", "job002/config.yaml", "job003/summary.json",
        "job004/probes/gates.npz", "loop", "notes", "pipe",
    ]  # fmt: skip
    assert all(reason in scores_table(study) for reason in study.left_out)


def test_names_in_files_move_no_cursor_and_fill_no_screen(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.7)
    (tmp_path / f"a\x1b[2J\n{'b' * 180}").mkdir()
    (tmp_path / f"a\x1b[2J\n{'b' * 180}" / "summary.json").write_text("{" + "x" * 10**6)
    (reason,) = Study.read(tmp_path).left_out
    assert reason.isprintable()
    assert len(reason) <= 400


def test_runs_of_an_earlier_version_are_said_to_lack_intervals(tmp_path: Path) -> None:
    for number in range(2):
        add_run(tmp_path, number, 0.7, seed=number)
    path = tmp_path / "job001" / "summary.json"
    summary = json.loads(path.read_text())
    for key in ("perfect", "test_interval"):
        del summary[key]
    path.write_text(json.dumps(summary))
    assert "without an interval over test examples" in scores_table(Study.read(tmp_path))


def test_scores_above_different_chance_levels_are_not_compared(tmp_path: Path) -> None:
    for number, classes in enumerate((2, 4)):
        add_run(tmp_path, number, 0.7, **{"data.classes": classes})
        path = tmp_path / f"job{number:03d}" / "summary.json"
        summary = json.loads(path.read_text())
        path.write_text(json.dumps(summary | {"chance": {"accuracy": 1 / classes}}))
    study = Study.read(tmp_path)
    assert list(study.comparisons("data.classes")) == []
    lines = scores_table(study).splitlines()
    assert "chance" in lines[0]
    assert lines[2].split()[:4] == ["rnn", "2", "70.0", "50.0"]
    assert lines[3].split()[:4] == ["rnn", "4", "70.0", "25.0"]


def test_a_list_can_be_a_factor(tmp_path: Path) -> None:
    for number, lengths in enumerate(([20], [30, 40])):
        add_run(tmp_path, number, 0.7, **{"data.eval_lengths": lengths})
    assert [g.factors["data.eval_lengths"] for g in Study.read(tmp_path).groups()] == [
        "[20]", "[30, 40]",
    ]  # fmt: skip


def add_solved_or_not(
    folder: Path, scores: dict[str, list[float]], solved_at: float | None
) -> Study:
    """A study of a task with a score from which on a run counts as solved."""
    number = 0
    for model, values in scores.items():
        for seed, value in enumerate(values):
            add_run(folder, number, value, model=model, seed=seed)
            path = folder / f"job{number:03d}" / "summary.json"
            report = {"test": 60, "train": 0}
            more = {"solved_at": solved_at, "data_report": report}
            write_json(path, json.loads(path.read_text()) | more)
            number += 1
    return Study.read(folder)


MIXED = {"rnn": [0.50, 0.51, 0.505], "lstm": [0.99, 0.52, 0.995], "gru": [1.0, 1.0, 1.0]}


@pytest.mark.parametrize("solved_at", [0.99, None])
def test_solved_or_not_is_shown_seed_by_seed(tmp_path: Path, solved_at: float | None) -> None:
    """By the task's word, or since the seeds lie in two bunches."""
    study = add_solved_or_not(tmp_path, MIXED, solved_at)
    lines = scores_table(study).splitlines()
    rnn, lstm, gru = lines[2:5]
    assert "99.0, 52.0, 99.5" in lstm
    assert "2 of 3 (21-94%)" in lstm
    assert "all 3 alike" in gru
    assert "3 of 3 (44-100%)" in gru
    assert ("50.0, 51.0, 50.5" in rnn) is (solved_at is not None)
    assert any(line.startswith("seeds one by one") for line in lines)
    assert any(line.startswith("95% interval: a t-interval") for line in lines) is (
        solved_at is None
    )
    groups = study.statistics()["groups"]
    assert groups[1]["test_accuracy"]["interval_95"] is None
    assert groups[1]["test_accuracy"]["by_seed"] == MIXED["lstm"]
    assert groups[2]["test_accuracy"]["interval_95"] is None
    draw_study(study)
    svg = (tmp_path / "plots" / "scores.svg").read_text()
    assert "over 3 seeds" in svg
    comparisons = Comparisons.of(study)
    assert comparisons is not None
    text = comparisons.text()
    assert "+49.0, +1.0, +49.0" in text
    assert "with 3 seeds no difference can be called significant (3 pairs are compared)" in text
    first = comparisons.as_json()[0]
    assert (first["least_p"], first["p_adjusted"]) == (0.25, None)
    assert first["by_seed"] == pytest.approx([0.49, 0.01, 0.49])


def test_a_column_of_yes_and_no_is_a_rate(tmp_path: Path) -> None:
    study = add_solved_or_not(tmp_path, MIXED, 0.99)
    interval = study.groups()[2].interval("solved")
    assert interval is not None
    assert interval.ends == pytest.approx([0.4385, 1.0], abs=1e-3)


def test_a_small_test_set_is_told_of(tmp_path: Path) -> None:
    table = scores_table(add_solved_or_not(tmp_path, MIXED, None))
    assert "of only 60 test examples, guessing beats chance in up to 1% of runs" in table


def test_six_seeds_can_differ_significantly(tmp_path: Path) -> None:
    values = [0.7 + 0.01 * seed for seed in range(6)]
    study = add_solved_or_not(tmp_path, {"rnn": [0.5] * 6, "lstm": values}, None)
    comparisons = Comparisons.of(study)
    assert comparisons is not None
    assert "0.0312" in comparisons.text()
    assert "p: sign-flip permutation test over seeds; significant below 0.05" in comparisons.text()
    assert comparisons.as_json()[0]["p_adjusted"] == pytest.approx(2 / 64)


def test_a_run_whose_examples_all_scored_alike_is_not_said_to_be_at_chance(tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.7)
    path = tmp_path / "job000" / "summary.json"
    write_json(path, json.loads(path.read_text()) | {"test_interval": {"accuracy": [None, None]}})
    study = Study.read(tmp_path)
    assert "beats_chance" not in study.rows[0]
    assert study.rows[0]["skill"] == pytest.approx(0.4)
    assert "nothing is said of beating chance" in scores_table(study)
