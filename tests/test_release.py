"""A version is the same in all of its places, and its notes can be printed."""

import datetime
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import rnnexp
from tests.conftest import script

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
release_notes = script(ROOT / "docs" / "release_notes.py")

CHANGELOG = """# Changelog

## 1.1.0

About this and that.
In two lines.

Cells:

- a cell

- another

Upgrading:

- a name is another now

## 1.0.0

- the first
"""


def test_a_version_is_the_same_in_all_of_its_places() -> None:
    version = PROJECT["version"]
    assert rnnexp.__version__ == version
    assert CITATION["version"] == version
    newest = next(iter(release_notes.sections(release_notes.CHANGELOG.read_text("utf-8"))))
    assert newest == version
    assert f"git tag -a v{version} " in PAGE


def test_the_citation_is_that_of_this_project() -> None:
    """Valid by the schema 1.2.0, as cffconvert 2.0.0 found it: what the schema requires is here."""
    assert {"cff-version", "message", "title", "authors"} <= set(CITATION)
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["license"] == PROJECT["license"] == "MIT"
    assert CITATION["title"].casefold() == f"rnnexp: {PROJECT['description']}".casefold()
    assert CITATION["keywords"] == PROJECT["keywords"]
    assert isinstance(CITATION["date-released"], datetime.date)
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    (author,) = CITATION["authors"]
    assert author["name"].casefold() in licence.casefold()
    assert f"(c) {CITATION['date-released'].year}" in licence
    assert CITATION.get("repository-code") == PROJECT.get("urls", {}).get("Repository")


def test_notes_put_first_what_changes_for_those_who_upgrade() -> None:
    text = release_notes.notes(CHANGELOG, "1.1.0")
    parts = ["# rnnexp 1.1.0", "In two lines.", "Upgrading:", "- a name is another now", "Cells:",
             "- a cell", "- another", "rnnexp-1.1.0-py3-none-any.whl"]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "the first" not in text
    assert "- the first" in release_notes.notes(CHANGELOG, "1.0.0")


@pytest.mark.parametrize(
    ("changelog", "said"),
    [
        (CHANGELOG, r"no heading '## 2\.0'.*1\.1\.0, 1\.0\.0"),
        (CHANGELOG + "\n## 1.1.0\n\n- again\n", r"two headings '## 1\.1\.0'"),
        ("## 2.0\n\n## 1.0\n\n- one\n", r"says nothing below '## 2\.0'"),
    ],
    ids=["missing", "doubled", "empty"],
)
def test_what_has_no_notes_is_refused(changelog: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        release_notes.notes(changelog, "2.0")


def test_every_version_has_notes_and_nothing_of_it_is_lost() -> None:
    changelog = release_notes.CHANGELOG.read_text("utf-8")
    for version, text in release_notes.sections(changelog).items():
        told = release_notes.notes(changelog, version)
        assert set(text.splitlines()) <= set(told.splitlines())


def test_the_notes_are_what_the_command_of_the_page_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = next(line.strip() for line in PAGE.splitlines() if "release_notes.py" in line)
    python, program, *words = shlex.split(line)
    assert python == "python"
    done = subprocess.run(
        [sys.executable, ROOT / program, *words], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"# rnnexp {rnnexp.__version__}\n")
    assert release_notes.main(["0.0.0"]) == 2
    assert capsys.readouterr().err.startswith("release_notes: CHANGELOG.md has no heading")


def test_what_the_page_tells_to_make_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^ *make (\S+)$", PAGE, flags=re.M):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target
    for path in re.findall(r"`((?:tests|rnnexp)/[\w/]+\.py)`", PAGE):
        assert (ROOT / path).is_file(), path
