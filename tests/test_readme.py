"""The README promises nothing that is not there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp import config as settings
from rnnexp.command.main import VERBS
from tests.conftest import Outcome

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    exec(compile(code, "README.md", "exec"), {})


def test_every_preset_stands_in_the_table_and_no_other() -> None:
    table = README.partition("### Presets")[2].partition("###")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.M))
    assert named == {path.stem for path in settings.config_dir().glob("experiment/*.yaml")}


def test_every_setting_it_names_is_one() -> None:
    keys = set(settings.valid_keys())
    table = README.partition("### Settings")[2].partition("### Presets")[0]
    groups = "|".join(settings.GROUPS)
    for line in table.splitlines():
        cells = line.split("|")
        if len(cells) < 3:
            continue
        names = re.findall(r"`((?:\w+)?\.?\w+)`", cells[1])
        group = ""
        for name in names:
            group = name.partition(".")[0] or group if "." in name else group
            full = f"{group}{name}" if name.startswith(".") else name
            assert full in keys, full
    for key in re.findall(rf"\b((?:{groups})\.[a-z_]+)=", README):
        assert key in keys or key == "init.value", key


def test_every_verb_is_explained() -> None:
    for verb in VERBS:
        assert f"rnnexp {verb} " in README


def test_its_files_exist() -> None:
    for name in re.findall(r"`((?:rnnexp|conf|data|docs)/[\w./]+\.\w+)`", README):
        if name.startswith(("rnnexp", "conf", "docs")):
            assert (ROOT / name).is_file(), name
    for name in re.findall(r"\]\(([\w./]+)\)", README):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("page", ["README.md", "rnnexp --help"])
def test_every_choice_is_offered(rnnexp: Callable[..., Outcome], page: str) -> None:
    text = README if page == "README.md" else rnnexp("--help").out
    for group in (*settings.GROUPS, "experiment"):
        for path in settings.config_dir().glob(f"{group}/*.yaml"):
            if not path.stem.startswith("_") and (group, page) != ("trainer", "README.md"):
                assert re.search(rf"\b{path.stem}\b", text), f"{group}={path.stem}"
