"""A page for every probe and every task, and what it takes from the code is what the code says."""

import re
from pathlib import Path

import pytest

from tests.conftest import script

ROOT = Path(__file__).resolve().parents[2]
made = script(ROOT / "docs" / "component_pages.py")
PAGES = {f"{page.parent.name}/{page.stem}": page for page in made.pages()}
TEXTS = {name: page.read_text(encoding="utf-8") for name, page in PAGES.items()}

#: What a page must have made from the code, by its folder.
KINDS = {"probes": {"what", "reading", "settings"}, "tasks": {"settings"}}
#: The largest figure of a page, in bytes.
LARGEST = 80_000


@pytest.mark.parametrize("folder", made.FOLDERS)
def test_every_probe_and_task_has_a_page_and_every_page_is_of_one(folder: str) -> None:
    there = {name.partition("/")[2] for name in PAGES if name.startswith(f"{folder}/")}
    assert there == {*made.components(made.FOLDERS[folder]), "index"}


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_says_what_the_code_says(name: str) -> None:
    """Out of date? `make readme` makes it anew."""
    assert made.filled(TEXTS[name]) == TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_has_all_that_is_made(name: str) -> None:
    folder, _, component = name.partition("/")
    marks = re.findall(r"<!-- (\w+) (\w+): made by docs/component_pages\.py -->", TEXTS[name])
    assert len(marks) == len(made.MARK.findall(TEXTS[name])), "a mark without its end"
    if component == "index":
        assert ("index", folder) in marks
    else:
        assert {kind for kind, of in marks if of == component} >= KINDS[folder]


@pytest.mark.parametrize("name", [name for name in TEXTS if not name.endswith("/index")])
def test_a_page_has_its_parts(name: str) -> None:
    text = TEXTS[name]
    for part in ("## Try it", "## How to read it", "## How it misleads", "## Settings"):
        assert text.count(f"\n{part}\n") == 1, part
    exact = "## An exact case" if name.startswith("probes/") else "## Chance and perfection"
    assert text.count(f"\n{exact}\n") == 1
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.S)
    commands = [line for block in blocks for line in block.strip().splitlines()]
    assert commands
    assert all(line.startswith("rnnexp ") for line in commands)
    component = name.partition("/")[2]
    assert any(component in line for line in commands)


def test_every_measurement_that_is_verified_has_its_cases_on_its_page() -> None:
    measured = {check.measurement for check in made.find_checks()}
    for name in made.components("probes"):
        mark = f"<!-- checks {name}: made by"
        assert (mark in TEXTS[f"probes/{name}"]) == (name in measured), name


@pytest.mark.parametrize("name", [n for n in TEXTS if n.startswith("probes/") and "index" not in n])
def test_a_probe_shows_its_figure(name: str) -> None:
    component = name.partition("/")[2]
    figure = f"<!-- figure: plots/{component}.png -->\n!["
    assert figure in TEXTS[name], "the figure that the command above it makes"
    size = PAGES[name].with_name(f"{component}.png").stat().st_size
    assert 5_000 < size < LARGEST


def test_a_mark_of_no_kind_is_told() -> None:
    text = "<!-- wat gates: made by docs/component_pages.py -->\n<!-- end of wat gates -->\n"
    with pytest.raises(KeyError, match="wat"):
        made.filled(text)


def test_what_stands_there_is_replaced() -> None:
    mark = "<!-- index tasks: made by docs/component_pages.py -->"
    text = f"before\n{mark}\nold\n<!-- end of index tasks -->\nbehind\n"
    filled = made.filled(text)
    assert "\nold\n" not in filled
    assert filled.startswith(f"before\n{mark}\n| name | what |")
    assert filled.endswith("<!-- end of index tasks -->\nbehind\n")
    assert made.filled(filled) == filled
