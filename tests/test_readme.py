"""The README promises nothing that is not there."""

import re
from pathlib import Path

import pytest

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.command.keys import valid_keys
from rnnexp.command.verbs import VERBS
from tests.conftest import script

ROOT = Path(__file__).resolve().parent.parent
tables = script(ROOT / "docs" / "tables.py")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, flags=re.S))
def test_the_python_examples_run(code: str) -> None:
    exec(compile(code, "README.md", "exec"), {})


def test_every_preset_stands_in_the_table_and_no_other() -> None:
    table = README.partition("### Presets")[2].partition("###")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.M))
    assert named == {path.stem for path in plugins.own_config_dir().glob("experiment/*.yaml")}


def test_its_tables_are_those_of_the_folders() -> None:
    """Out of date? `make readme` makes them anew."""
    assert tables.filled(README) == README


def test_every_setting_it_names_is_one() -> None:
    keys = set(valid_keys())
    groups = "|".join(settings.GROUPS)
    for key in re.findall(rf"\b((?:{groups})\.[a-z_]+)=", README):
        assert key in keys or key == "init.value", key


def test_every_verb_is_explained() -> None:
    for verb in VERBS:
        assert f"rnnexp {verb} " in README


def test_its_files_exist() -> None:
    for name in re.findall(r"`((?:rnnexp|conf|data|docs)/[\w./]+\.\w+)`", README):
        if name.startswith(("rnnexp", "conf", "docs")):
            assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\(([\w./]+)\)", README):
        assert (ROOT / name).exists(), name


def test_every_choice_is_offered() -> None:
    for group in (*settings.GROUPS, "experiment", "probes"):
        for name in plugins.option_files(group):
            alone = group in ("experiment", "probes")
            row = f"| `{name}` |" if alone else f"| `{group}={name}`"
            assert row in README or name == "none", (group, name)
