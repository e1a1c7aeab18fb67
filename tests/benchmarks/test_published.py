"""The table of published numbers: what headers promise is read and judged as it is meant."""

from pathlib import Path
from types import ModuleType

import pytest

from rnnexp import plugins
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


@pytest.mark.parametrize(
    ("expected", "values", "kept"),
    [
        ("0.5 ± 0.1", [0.3, 0.7], True),
        ("0.5 ± 0.1", [0.3, 0.5], True),
        ("0.5 ± 0.05", [0.3, 0.5], False),
        ("every < 0.5", [0.3, 0.4], True),
        ("every < 0.5", [0.3, 0.6], False),
        ("every > 0.5", [0.6, 0.5], False),
        ("every = 1", [1.0, 1.0], True),
        ("every = 1", [1.0, 0.0], False),
        ("every < 0.7 chance", [1.3, 1.39], True),
        ("every < 0.7 chance", [1.3, 1.41], False),
        ("every < 0.5", [], False),
    ],
)
def test_promises(published: ModuleType, expected: str, values: list[float], kept: bool) -> None:
    promise = published.Promise.parse(f"#: model=rnn, seq_len=5 | test_mse | {expected} | somebody")
    assert promise.settings == {"model": "rnn", "seq_len": "5"}
    assert promise.kept(values, [2.0] * len(values)) is kept


@pytest.mark.parametrize("line", ["#: model=rnn | test_mse | 5", "#: model=rnn | a | about 5 | b"])
def test_no_promise(published: ModuleType, line: str) -> None:
    with pytest.raises(ValueError, match=r"needs which runs|neither"):
        published.Promise.parse(line)


def test_a_line_of_the_table(published: ModuleType, tmp_path: Path) -> None:
    for seed in (1, 0):
        add_run(tmp_path, seed, 0.8 + 0.1 * seed, seed=seed)
    study = Study.read(tmp_path)
    promise = published.Promise.parse("#: model=rnn | test_accuracy | every > 0.75 | somebody")
    (line,), kept = published.table_rows("preset", study, [promise], long=True)
    assert kept
    assert "| `preset` (long) | model=rnn | test_accuracy |" in line
    assert "0.85 (0.0374 to 0.999); 0.8, 0.9 | yes | somebody |" in line
    missing = published.Promise.parse("#: model=gru | test_accuracy | every > 0.75 | somebody")
    (line,), kept = published.table_rows("preset", study, [missing], long=False)
    assert "| not measured | **no** |" in line
    assert not kept


def test_a_diverged_run_keeps_no_promise(published: ModuleType, tmp_path: Path) -> None:
    add_run(tmp_path, 0, 0.9, seed=0)
    add_run(tmp_path, 1, None, seed=1, status="diverged")
    promise = published.Promise.parse("#: model=rnn | test_accuracy | every > 0.75 | somebody")
    (line,), kept = published.table_rows("preset", Study.read(tmp_path), [promise], long=False)
    assert "| 0.9; none | **no** |" in line
    assert not kept


def test_a_rate_has_wilsons_interval_and_a_score_of_two_kinds_none(
    published: ModuleType, tmp_path: Path
) -> None:
    study = add_solved_or_not(tmp_path, {"rnn": [0.995, 0.99, 1.0]}, 0.99)
    lines = []
    for quantity in ("solved", "test_accuracy", "test_loss"):
        promise = published.Promise.parse(f"#: model=rnn | {quantity} | every > 0.4 | somebody")
        lines += published.table_rows("preset", study, [promise], long=False)[0]
    assert "| 3 of 3 (44-100%); 1, 1, 1 | yes |" in lines[0]
    assert "| 0.995, 0.99, 1 | yes |" in lines[1]
    assert "| 0.5 (all 3 alike); 0.5, 0.5, 0.5 | yes |" in lines[2]
