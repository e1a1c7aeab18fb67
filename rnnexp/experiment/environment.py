"""What a run ran on: versions, device, threads, and the state of the code."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from rnnexp.experiment.denormals import flushes_denormals

PACKAGES = ("rnnexp", "torch", "numpy", "hydra-core", "omegaconf", "pandas", "scipy", "matplotlib")


def describe_environment(device: torch.device) -> dict[str, Any]:
    """Plain values for environment.json."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.machine(),
        "packages": {name: _version(name) for name in PACKAGES},
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "threads": torch.get_num_threads(),
        "flushes_denormals": flushes_denormals(),
        "git": _git_state(Path(__file__).resolve().parent.parent),
    }


def peak_memory_mb(device: torch.device) -> float | None:
    """Peak memory in MB: of the device where it is a GPU, else of the process so far."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git_state(folder: Path) -> dict[str, str] | None:
    """Commit and uncommitted changes of the checkout that the package runs from, if it is one."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None or _git(folder, "ls-files", "--error-unmatch", "types.py") is None:
        return None  # installed, perhaps into the environment of some other repository
    return {"commit": commit.strip(), "diff": _git(folder.parent, "diff", "HEAD") or ""}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
