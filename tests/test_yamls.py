"""YAML files that stand for far more than they are."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rnnexp import bounds, yamls
from rnnexp.errors import DataError
from tests.conftest import TINY, Outcome

#: Eight times as many values with each line.
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]\n" for i in range(1, 9)
)


def write(text: str) -> Path:
    path = Path("f.yaml")
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [1, 2, {c: d}]\n",
        "a: &x [1, 2]\nb: *x\nc: {<<: {d: 1}, e: *x}\n",
        "",
        "# no\n",
        "5",
    ],
)
def test_what_is_bounded_is_read_as_ever(text: str) -> None:
    assert yamls.read_yaml(write(text)) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "stands for more than 100000 values"),
        (BOMB.replace("a0: &a0", "a0: &a0 !!set"), "f.yaml cannot be read"),
        ("a: " + "[" * 60 + "]" * 60, "more than 50 levels deep"),
        ("- " * 100_000, "more than 50 levels deep"),
        ("a: &a [*a]", "f.yaml"),
        ("a: 2020-99-99", "month must be in 1..12"),
        ("a: 1" + "0" * 5000, "Exceeds the limit"),
        ("a: [", "f.yaml cannot be read"),
        ("a: !!python/object/apply:os.system [true]", "could not determine a constructor"),
        ("a: \0", "f.yaml cannot be read"),
    ],
)
def test_what_is_not_is_named(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("(", r"\(")) as told:
        yamls.read_yaml(write(text))
    assert "f.yaml" in str(told.value)


def test_each_alias_counts_as_all_that_it_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &a [1, 2, 3]\nb: *a\nc: *a\n"  # a mapping, three names, three lists of three
    monkeypatch.setattr(bounds, "MOST_VALUES", 16)
    yamls.check_bounded(text.encode())
    monkeypatch.setattr(bounds, "MOST_VALUES", 15)
    with pytest.raises(ValueError, match="more than 15 values"):
        yamls.check_bounded(text.encode())


@pytest.mark.parametrize("place", ["data/mine.yaml", "hydra/launcher/mine.yaml", "config.yaml"])
def test_a_folder_of_choices_is_looked_through(
    rnnexp: Callable[..., Outcome], workdir: Path, place: str
) -> None:
    path = workdir / "conf" / place
    path.parent.mkdir(parents=True)
    path.write_text(BOMB)
    outcome = rnnexp("--config-dir", "conf", *TINY)
    assert outcome.status == 2
    assert place in outcome.error
    assert "more than 100000 values" in outcome.error


def test_a_run_with_a_bomb_in_its_settings_is_refused(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    assert rnnexp(*TINY, "probes=none").status == 0
    run = run_directory()
    with (run / "config.yaml").open("a") as file:
        file.write(BOMB)
    summary = run / "summary.json"  # as of a run that was not sealed
    summary.write_text(summary.read_text().replace('"sealed": true', '"sealed": false'))
    (run / "manifest.json").unlink()
    outcome = rnnexp("predict", str(run), "a good film")
    assert outcome.status == 2
    assert "config.yaml cannot be read (it stands for more than 100000 values)" in outcome.error


def system_file(path: Path) -> None:
    """It says that it is empty, and is not."""
    path.symlink_to("/proc/self/environ")


def with_a_key_twice(path: Path) -> None:
    """Hydra cannot read it."""
    path.write_text("# @package _global_\nseed: 1\nseed: 2\n")


@pytest.mark.parametrize("make", [system_file, with_a_key_twice])
def test_a_choice_that_cannot_be_read_is_named(
    rnnexp: Callable[..., Outcome], workdir: Path, make: Callable[[Path], None]
) -> None:
    folder = Path("conf/experiment")
    folder.mkdir(parents=True)
    make(folder / "mine.yaml")
    outcome = rnnexp("--config-dir", "conf", "experiment=mine", *TINY)
    assert outcome.status == 2
    assert "mine.yaml" in outcome.error
    assert not Path("outputs").exists()
