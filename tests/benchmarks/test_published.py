"""The table of published numbers: what headers promise is read and judged as it is meant."""

import math
import re
from pathlib import Path
from types import ModuleType

import pytest

from rnnexp import plugins
from rnnexp.command.choices import choices
from rnnexp.results.factors import LENGTHS
from rnnexp.results.runs import RunDirectory
from rnnexp.results.statistics import POSITIVE, t_interval
from rnnexp.results.study import Study
from tests.conftest import script
from tests.results.test_study import add_run, add_solved_or_not

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "published.py"


@pytest.fixture(scope="module")
def published() -> ModuleType:
    return script(PATH)


def test_the_presets_of_published_numbers_promise_them(published: ModuleType) -> None:
    promised = {
        path.stem
        for path in (plugins.own_config_dir() / "experiment").glob("*.yaml")
        if published.promises(path)[0]
    }
    assert promised >= {
        "adding_problem", "adding_short", "copying_memory", "temporal_order", "chrono_init", "irnn",
        "clipping_matters",
    }  # fmt: skip


def test_a_rate_is_promised_of_six_seeds_or_more(published: ModuleType) -> None:
    """Three of three would leave a rate of 44%: fewer seeds could keep no promise."""
    for name, preset in choices("experiment").items():
        promises, _ = published.promises(preset.path)
        if any(isinstance(promise.expected, published.RateIs) for promise in promises):
            assert len(preset.sweep()["seed"].split(",")) >= 6, name


@pytest.mark.parametrize(
    ("expected", "values", "kept"),
    [
        ("0.5 ± 0.1", [0.48, 0.5, 0.52], True),  # 0.45 to 0.55
        ("0.5 ± 0.04", [0.48, 0.5, 0.52], None),
        ("0.5 ± 0.1", [0.3, 0.7], None),
        ("0.5 ± 0.1", [0.5], None),  # one seed has no interval
        ("0.5 ± 0.1", [0.7, 0.71, 0.72], False),
        ("0.5 ± 0.1", [0.5, math.nan], False),
        ("rate of < 0.5 above 50%", [0.3] * 6, True),  # Wilson 61 to 100%
        ("rate of < 0.5 above 50%", [0.3] * 3, None),  # 44 to 100%
        ("rate of < 0.5 above 50%", [0.3] * 5 + [0.6], None),  # 44 to 97%
        ("rate of < 0.5 above 40%", [0.3] * 5 + [0.6], True),
        ("rate of < 0.5 above 50%", [0.6] * 6, False),  # 0 to 39%
        ("rate of < 0.5 above 50%", [0.3] * 7 + [math.nan] * 7, None),
        ("rate of > 0.5 below 50%", [0.3] * 6, True),
        ("rate of > 0.5 above 50%", [0.6] * 6, True),
        ("rate of = 1 above 50%", [1.0] * 6, True),
        ("rate of = 1 above 50%", [1.0] + [0.0] * 9, False),
        ("rate of < 0.7 chance above 50%", [1.39] * 6, True),
        ("rate of < 0.7 chance above 50%", [1.41] * 6, False),
        ("rate of < 0.5 above 50%", [math.nan] * 6, False),
    ],
)
def test_promises(
    published: ModuleType, expected: str, values: list[float], kept: bool | None
) -> None:
    promise = published.Promise.parse(f"#: model=rnn, seq_len=5 | test_mse | {expected} | somebody")
    assert promise.settings == {"model": "rnn", "seq_len": "5"}
    runs = published.Measured(values, [2.0] * len(values), t_interval(values, POSITIVE))
    assert promise.expected.verdict(runs) is kept


@pytest.mark.parametrize(
    "line",
    ["#: model=rnn | test_mse | 5", "#: model=rnn | a | about 5 | b",
     "#: model=rnn | a | every < 5 | b"],
)  # fmt: skip
def test_no_promise(published: ModuleType, line: str) -> None:
    with pytest.raises(ValueError, match=r"needs which runs|neither"):
        published.Promise.parse(line)


def lines_of(
    published: ModuleType, folder: Path, *expected: str, long: bool = False
) -> tuple[list[str], bool]:
    promises = [published.Promise.parse(line) for line in expected]
    lines, none_broken = published.table_rows("preset", Study.read(folder), promises, long)
    return list(lines), none_broken


def test_a_line_of_the_table(published: ModuleType, tmp_path: Path) -> None:
    for seed in (1, 0):
        add_run(tmp_path, seed, 0.8 + 0.1 * seed, seed=seed)
    mean, rate = "#: model=rnn | test_accuracy | ", " | somebody"
    (line,), unbroken = lines_of(published, tmp_path, f"{mean}0.8 ± 0.9{rate}", long=True)
    assert unbroken
    assert "| `preset` (long) | model=rnn | test_accuracy | 0.8 ± 0.9 |" in line
    assert "| 0.85 (0.0374 to 0.999); 0.8, 0.9 | yes | somebody |" in line
    (line,), unbroken = lines_of(published, tmp_path, f"{mean}rate of > 0.75 above 50%{rate}")
    assert unbroken
    assert "| 2 of 2 (34-100%); 0.8, 0.9 | unclear at 2 seeds |" in line
    (line,), unbroken = lines_of(published, tmp_path, f"{mean}rate of > 0.95 above 70%{rate}")
    assert not unbroken
    assert "| 0 of 2 (0-66%); 0.8, 0.9 | **no** |" in line
    missing = "#: model=gru | test_accuracy | rate of > 0.75 above 50% | somebody"
    (line,), unbroken = lines_of(published, tmp_path, missing)
    assert "| not measured | **no** |" in line
    assert not unbroken


def test_a_diverged_run_has_not_done_it_and_a_failed_one_is_told(
    published: ModuleType, tmp_path: Path
) -> None:
    add_run(tmp_path, 0, 0.9, seed=0)
    add_run(tmp_path, 1, None, seed=1, status="diverged")
    add_run(tmp_path, 2, None, seed=2, status="failed")
    rate = "#: model=rnn | test_accuracy | rate of > 0.75 above 50% | somebody"
    mean = "#: model=rnn | test_accuracy | 0.9 ± 0.1 | somebody"
    (of_rate, of_mean), _ = lines_of(published, tmp_path, rate, mean)
    assert "| 1 of 2 (9-91%); 0.9, none; 1 without a result | unclear at 2 seeds |" in of_rate
    assert "| no mean; 0.9, none; 1 without a result | **no** |" in of_mean


def test_a_mean_of_two_kinds_has_no_interval_and_so_no_verdict(
    published: ModuleType, tmp_path: Path
) -> None:
    add_solved_or_not(tmp_path, {"rnn": [0.995, 0.99, 1.0]}, 0.99)
    lines, _ = lines_of(
        published,
        tmp_path,
        "#: model=rnn | solved | rate of = 1 above 40% | somebody",
        "#: model=rnn | test_accuracy | 0.99 ± 0.1 | somebody",
        "#: model=rnn | test_loss | 0.5 ± 0.1 | somebody",
    )
    assert "| 3 of 3 (44-100%); 1, 1, 1 | yes |" in lines[0]
    assert "| 0.995, 0.99, 1 | unclear at 3 seeds |" in lines[1]
    assert "| 0.5 (all 3 alike); 0.5, 0.5, 0.5 | unclear at 3 seeds |" in lines[2]


def test_the_table_says_which_version_made_it_and_when(
    published: ModuleType, tmp_path: Path
) -> None:
    for seed in (0, 1):
        add_run(tmp_path, seed, 0.9, seed=seed)
        summary = RunDirectory.open(tmp_path / f"job{seed:03d}").summary
        summary.version, summary.started = "0.9", f"2026-01-0{seed + 1}T10:00:00"
        RunDirectory.open(tmp_path / f"job{seed:03d}").write_summary(summary)
    study = Study.read(tmp_path)
    assert published.made_when([study]) == "rnnexp 0.9; 2026-01-01 to 2026-01-02"


def test_a_preset_that_compares_over_seeds_has_six_or_says_so() -> None:
    """The sign-flip test over n seeds gives no p below 2 / 2^n: over five it is never below .05."""
    for name, preset in choices("experiment").items():
        sweep = preset.sweep()
        seeds = len(str(sweep.get("seed", "")).split(","))
        compared = {key for key in sweep if key != "seed" and key not in LENGTHS}
        if compared and 1 < seeds < 6:
            header = preset.path.read_text(encoding="utf-8").partition("\nhydra:")[0]
            assert re.search("no comparison .*can reject", header.replace("\n# ", " ")), name
