"""The machine and the versions that numbers were measured with."""

import importlib.metadata
import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil

PACKAGES = ("rnnexp", "torch", "keras", "jax", "lightning", "numpy")
#: Instructions for products in bfloat16, as /proc/cpuinfo calls them.
BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Machine:
    """load: processes that wanted to run, a mean over the minute before the measurements.

    versions: of packages by name; None where one is not installed.
    bf16: the instructions for bfloat16 that the CPU has; None where that cannot be told.
    """

    day: str
    cpu: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    load: float | None
    versions: dict[str, str | None]
    bf16: list[str] | None


def this_machine() -> Machine:
    name, flags = _cpu()
    return Machine(
        day=date.today().isoformat(),
        cpu=name,
        cores=cores(),
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        versions={package: _version(package) for package in PACKAGES},
        bf16=None if flags is None else [word for word in BF16_INSTRUCTIONS if word in flags],
    )


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> tuple[str, set[str] | None]:
    """Its name and its instructions, None where the system does not list them as Linux does."""
    facts: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    name = facts.get("model name") or platform.processor() or "unknown"
    if "cpu family" in facts:
        name += f" (family {facts['cpu family']}, model {facts.get('model', '?')})"
    return name, set(facts["flags"].split()) if "flags" in facts else None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
