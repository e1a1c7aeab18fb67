"""What is installed with rnnexp: pins, licences, and what its archives hold."""

import re
import subprocess
import tarfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import script

ROOT = Path(__file__).resolve().parent.parent
licences = script(ROOT / "docs" / "licences.py")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins() -> Mapping[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def of_cuda(name: str) -> bool:
    """What torch's build with CUDA needs in addition, on machines that have it."""
    return name.startswith(("nvidia-", "cuda-", "triton"))


def wanted() -> list[Requirement]:
    texts = [text for group in licences.requirements().values() for text in group]
    return [Requirement(text) for text in (*texts, *PROJECT["build-system"]["requires"])]


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_every_requirement_has_a_pin_that_it_allows(requirement: Requirement) -> None:
    version = pins().get(canonicalize_name(requirement.name))
    assert version is not None, f"constraints.txt lacks {requirement.name}"
    assert requirement.specifier.contains(version), f"{requirement} and {version}"


def test_what_they_need_has_a_pin_too() -> None:
    """Of all that is installed here, along the requirements."""
    there = licences.closure(str(requirement) for requirement in wanted())
    lacking = {name for name in set(there) - set(pins()) if not of_cuda(name)}
    assert lacking - {"setuptools"} == set()


def test_the_pins_are_what_is_installed() -> None:
    """A newer one is tried by all tests, or it is pinned in vain."""
    there = licences.closure(str(requirement) for requirement in wanted())
    other = {
        name: (package.version, pins()[name])
        for name, package in there.items()
        if name in pins() and Version(package.version).public != pins()[name]
    }
    assert other == {}


def test_the_licences_are_those_that_packages_state() -> None:
    """Out of date? `make licences` makes the page anew."""
    there = licences.stated(licences.PAGE.read_text(encoding="utf-8"))
    for name, row in licences.rows().items():
        assert not licences.differs(row, there.get(name)) or of_cuda(name), row


def test_python_versions_agree() -> None:
    """What pip allows, what `make` allows and what is said of it."""
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= v <= (3, 13)" in (ROOT / "Makefile").read_text(encoding="utf-8")


def tracked(*folders: str) -> set[str]:
    done = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout")
def test_the_source_archive_names_all_that_belongs_to_it() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    top = {path.split("/")[0] for path in tracked()}
    left_out = top - set(included) - {"pyproject.toml", ".gitignore"}
    assert left_out <= {".ci", "data", "outputs"}


def check_source_archive(path: Path) -> None:
    """All tracked files of its folders are there, and nothing that is not tracked."""
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert tracked(*included) <= names
    for name in ("docs/plugins.md", "examples/plugin/pyproject.toml", "conf/config.yaml"):
        assert name in names
    assert not [name for name in names if re.search(r"__pycache__|\.venv|outputs/(?!README)", name)]
