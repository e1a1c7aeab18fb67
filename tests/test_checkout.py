"""Which rnnexp this is."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rnnexp import checkout
from rnnexp.checkout import Build, git_state


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *identity, *words]
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, env=environment
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with a package in it, committed."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    place = tmp_path / "checkout"
    (place / "rnnexp").mkdir(parents=True)
    (place / "rnnexp" / "types.py").write_text("a = 1\n")
    git(tmp_path, "init", "-q", str(place))
    git(place, "add", "rnnexp")
    git(place, "commit", "-qm", "first")
    return place


def test_the_commit_and_whether_it_was_changed(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(repository, "rev-parse", "HEAD").strip()
    monkeypatch.setenv("GIT_DIR", str(repository / "elsewhere"))  # as in a hook of another one
    assert git_state(repository) == {"commit": commit, "diff": ""}
    (repository / "rnnexp" / "types.py").write_text("a = 2\n")
    state = git_state(repository)
    assert state is not None
    assert "a = 2" in state["diff"]
    monkeypatch.setattr(checkout, "git_state", lambda: state)
    version = str(Build.here())
    assert version.endswith(f" (commit {commit[:7]}, changed)")


def test_a_package_inside_of_somebody_elses_repository(repository: Path) -> None:
    """As an environment is that lies in a project: what is not committed there is none of it."""
    installed = repository / "venv" / "site-packages"
    (installed / "rnnexp").mkdir(parents=True)
    (installed / "rnnexp" / "types.py").write_text("a = 1\n")
    assert git_state(installed) is None


def test_without_a_repository_the_version_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git_state(tmp_path) is None
    monkeypatch.setattr(checkout, "git_state", lambda: None)
    monkeypatch.setattr(checkout, "_installed_commit", lambda: None)
    assert "commit" not in str(Build.here())
    monkeypatch.setattr(checkout, "_installed_commit", lambda: "0123456789")
    assert str(Build.here()).endswith("(commit 0123456)")
