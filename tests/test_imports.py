"""Who may import whom, as DESIGN fixes it, read off the sources."""

import ast
from pathlib import Path

import pytest

import rnnexp

PACKAGE = Path(rnnexp.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: rooms that see plain values and their own base, never each other
ROOMS = {"data", "model", "embedding", "init", "clip", "probes"}
BASE = {"rnnexp.types", "rnnexp.errors", "rnnexp.files", "rnnexp.streams"}
#: model/ holds an encoder and knows its interface
ALLOWED = {"model": {"rnnexp.embedding"}}
HYDRA_ROOMS = {"cli", "config", "experiment"}
NO_TORCH = {"runs", "study", "figures", "findings", "report", "cli", "console", "errors"}
HEAVY = {"torch", "pandas", "matplotlib", "scipy"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "rnnexp":
                found |= {f"rnnexp.{alias.name}" for alias in node.names}
    return found - {"rnnexp"}


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_rooms_do_not_import_each_other(path: Path) -> None:
    if room(path) not in ROOMS:
        return
    own = f"rnnexp.{room(path)}"
    allowed = BASE | ALLOWED.get(room(path), set())
    others = {m for m in imports(path) if m.startswith("rnnexp.") and not m.startswith(own)}
    assert others <= allowed


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_only_the_command_knows_hydra(path: Path) -> None:
    if room(path) not in HYDRA_ROOMS:
        assert not {m for m in imports(path) if m.split(".")[0] in ("hydra", "omegaconf")}


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_a_finished_study_is_read_without_torch(path: Path) -> None:
    if room(path) in NO_TORCH:
        assert not {m for m in imports(path) if m.split(".")[0] == "torch"}


@pytest.mark.parametrize("name", ["cli", "config", "experiment", "console", "__main__", "__init__"])
def test_the_command_starts_without_heavy_imports(name: str) -> None:
    top = imports(PACKAGE / f"{name}.py", top_level_only=True)
    assert not {m for m in top if m.split(".")[0] in HEAVY}


def test_types_import_no_sibling() -> None:
    assert not {m for m in imports(PACKAGE / "types.py") if m.startswith("rnnexp")}


def test_the_trainer_sees_interfaces() -> None:
    ours = {m for m in imports(PACKAGE / "trainer.py") if m.startswith("rnnexp.")}
    assert ours <= BASE | {
        "rnnexp.clip",
        "rnnexp.data.base",
        "rnnexp.model.base",
        "rnnexp.probes.base",
        "rnnexp.runs",
        "rnnexp.sampling",
    }
