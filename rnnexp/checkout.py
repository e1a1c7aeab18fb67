"""Which rnnexp this is: its version, and the commit of its code where that can be known."""

import json
import os
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Self

#: Of the repository, where the package runs from a checkout.
ROOT = Path(__file__).resolve().parent.parent
#: Digits of a commit that are shown.
SHORT = 7


@dataclass(frozen=True)
class Build:
    """commit: None where it is not known. changed: whether the code is not as it was committed."""

    version: str
    commit: str | None
    changed: bool

    @classmethod
    def here(cls) -> Self:
        """Of the package that runs."""
        from rnnexp import __version__

        if (state := git_state()) is not None:
            return cls(__version__, state["commit"], bool(state["diff"]))
        return cls(__version__, _installed_commit(), False)

    def __str__(self) -> str:
        """
        >>> print(Build("0.8.0", "2242bd38f0", True), "|", Build("0.8.0", None, False))
        rnnexp 0.8.0 (commit 2242bd3, changed) | rnnexp 0.8.0
        """
        if self.commit is None:
            return f"rnnexp {self.version}"
        return f"rnnexp {self.version} (commit {self.commit[:SHORT]}{', changed' * self.changed})"


def git_state(folder: Path = ROOT) -> dict[str, str] | None:
    """Commit and uncommitted changes of the checkout that the package runs from, if it is one."""
    package = folder / "rnnexp"
    commit = _git(package, "rev-parse", "HEAD")
    if commit is None or _git(package, "ls-files", "--error-unmatch", "types.py") is None:
        return None  # installed, perhaps into the environment of some other repository
    return {"commit": commit.strip(), "diff": _git(folder, "diff", "HEAD") or ""}


def _git(folder: Path, *arguments: str) -> str | None:
    # a hook of another repository has variables that name it, whatever the folder is
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _installed_commit() -> str | None:
    """What pip has written down of a package that it installed from a repository (PEP 610).

    None of a wheel, which does not say; and where it is another copy that was installed.
    """
    try:
        installed = distribution("rnnexp")
        if Path(str(installed.locate_file("rnnexp"))).resolve() != Path(__file__).resolve().parent:
            return None
        origin = json.loads(installed.read_text("direct_url.json") or "{}")
        commit = origin.get("vcs_info", {}).get("commit_id")
    except (PackageNotFoundError, OSError, ValueError, AttributeError):
        return None
    return commit if isinstance(commit, str) else None
