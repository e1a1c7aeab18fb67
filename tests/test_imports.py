"""Who may import whom, as DESIGN fixes it, read off the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rnnexp

PACKAGE = Path(rnnexp.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: what every module may use
BASE = {
    "types",
    "errors",
    "ranges",
    "scores",
    "streams",
    "words",
    "files",
    "bounds",
    "yamls",
    "durable",
    "manifest",
    "dials",
    "interrupts",
    "plugins",
    "earlier",
    "config",
    "printable",
    "variables",
    "bars",
    "checkout",
}
#: packages of components: they see plain values and their own base, never each other
ROOMS = {
    "data", "model", "embedding", "init", "clip", "optimizer", "schedule", "loss", "regulariser",
    "probes", "logger",
}  # fmt: skip
#: what each may import beside the base and itself; arrows point down
ALLOWED = {
    **{room: set[str]() for room in (*BASE, *ROOMS)},
    "model": {"embedding"},  # a model holds an encoder and knows its interface
    "regime": {"model", "probes"},
    # bases; probes and the recorder by protocol
    "training": {"data", "model", "clip", "optimizer", "schedule", "loss", "regulariser"},
    "results": set[str](),
    "checks": {*ROOMS, "regime", "results"},
    "experiment": {*ROOMS, "regime", "training", "results"},
    "command": {"experiment", "results", "checks", "__init__"},
    "__init__": {*ROOMS, "command", "experiment"},
    "__main__": {"command"},
}
HYDRA, OMEGACONF = {"command"}, {"command", "config", "experiment"}
NO_TORCH = {"results", "command", *BASE} - {"types"}
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


def rooms_of(names: set[str]) -> set[str]:
    rooms = {name.split(".")[1] for name in names if name.startswith("rnnexp.")}
    return rooms - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_arrows_point_down(path: Path) -> None:
    here = room(path)
    base = set[str]() if here in BASE else BASE
    assert rooms_of(imports(path)) - {here} <= ALLOWED[here] | base | (
        {"errors", "ranges", "plugins", "dials", "durable", "bounds", "files", "yamls", "earlier"}
        if here in BASE
        else set()
    )


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_who_knows_hydra(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)}
    assert "hydra" not in outside or room(path) in HYDRA
    assert "omegaconf" not in outside or room(path) in OMEGACONF


def test_the_internals_of_hydra_are_used_in_one_file() -> None:
    users = {ids(path) for path in MODULES if any("hydra._" in name for name in imports(path))}
    assert users == {"command/hydra.py"}


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_results_and_the_command_go_without_torch(path: Path) -> None:
    if room(path) in NO_TORCH and path != PACKAGE / "command" / "python.py":
        assert "torch" not in {name.split(".")[0] for name in imports(path)}


def test_the_command_starts_without_heavy_imports() -> None:
    """One door leads to torch, and it opens when something is built."""
    code = (
        "import sys, rnnexp.command.main, rnnexp.config; "
        f"print([name for name in {sorted(HEAVY)} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_types_import_no_sibling() -> None:
    assert not rooms_of(imports(PACKAGE / "types.py"))


def test_training_sees_interfaces() -> None:
    for path in MODULES:
        if room(path) == "training":
            ours = {name for name in imports(path) if name.startswith("rnnexp.")}
            components = {name for name in ours if name.split(".")[1] in ROOMS}
            assert {name.split(".")[2] for name in components} <= {"base"}, path
