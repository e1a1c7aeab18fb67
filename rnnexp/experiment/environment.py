"""What a run ran on: versions, device, threads, and the state of the code."""

import hashlib
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from rnnexp import __version__
from rnnexp.checkout import git_state
from rnnexp.experiment.code import own_source
from rnnexp.experiment.denormals import flushes_denormals
from rnnexp.results.code import changed_code

PACKAGES = (
    "torch", "numpy", "hydra-core", "omegaconf", "pandas", "scipy", "matplotlib", "tokenizers",
)  # fmt: skip


def describe_environment(device: torch.device, code: str | None = None) -> dict[str, Any]:
    """Plain values for environment.json.

    code: digests of the source of the user's own components, as in summary.json.
    """
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.machine(),
        "processor_name": _processor_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "packages": {"rnnexp": __version__} | {name: _version(name) for name in PACKAGES},
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "threads": torch.get_num_threads(),
        "flushes_denormals": flushes_denormals(),
        "git": git_state(),
        "source": own_source(),
        "code": code,
    }


#: The packages of `PACKAGES` that compute: another version may round otherwise.
COMPUTING = ("rnnexp", "torch", "numpy", "tokenizers")


def environment_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What may make a training go on otherwise than it began, each a short phrase.

    before, now: as `describe_environment` gives them. What `before` does not name, as an earlier
    version did not, is not compared.

    >>> environment_differences({"threads": 2, "device": "cpu"}, {"threads": 1, "device": "cpu"})
    ['threads 1, was 2']
    """
    versions, versions_now = before.get("packages") or {}, now.get("packages") or {}
    differences = [
        f"{name} {versions_now.get(name)}, was {versions[name]}"
        for name in COMPUTING
        if name in versions and versions[name] != versions_now.get(name)
    ]
    differences += [
        f"{words} {now.get(key)}, was {before[key]}"
        for key, words in (
            ("threads", "threads"),
            ("processor_name", "processor"),
            ("instructions", "processor instructions"),
        )
        if before.get(key) is not None and before[key] != now.get(key)
    ]
    devices = _device(before), _device(now)
    if "device" in before and devices[0] != devices[1]:
        differences.append(f"device {devices[1]}, was {devices[0]}")
    flushes = "flushes_denormals"
    if flushes in before and before[flushes] != now.get(flushes):
        differences.append(f"numbers below 1e-38 are {'zero' if now.get(flushes) else 'kept'} now")
    if code := changed_code(before.get("code"), now.get("code")):
        differences.append(f"the code of {', '.join(code)} has changed")
    # the commit is another one after a change of a text or a test too: it stands in for the digest
    key = "source" if before.get("source") is not None else "git"
    same_version = versions.get("rnnexp") == versions_now.get("rnnexp")
    if key in before and before[key] != now.get(key) and same_version:
        there, then = _commit(now.get("git")), _commit(before.get("git"))
        commits = f" ({there}, was {then})" * (there != then)
        differences.append(f"the package's own code has changed{commits}")
    return differences


def _device(environment: Mapping[str, Any]) -> str:
    name = environment.get("device_name")
    return f"{environment.get('device')}" + (f" ({name})" if name else "")


def _commit(git: Mapping[str, str] | None) -> str:
    """A state of the checkout: the beginning of its commit, and of a digest of what is changed."""
    if git is None:
        return "installed"
    changes = str(git.get("diff") or "")
    changed = f" with changes {hashlib.sha256(changes.encode()).hexdigest()[:8]}" * bool(changes)
    return f"commit {str(git.get('commit'))[:8]}{changed}"


def _processor_name() -> str | None:
    """The processor's model: another one may add up in another order."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or None
    names = (line.partition(":") for line in text.splitlines())
    found = (name.strip() for key, _, name in names if key.strip() == "model name")
    return next(found, None) or platform.processor() or None


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
