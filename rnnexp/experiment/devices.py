"""Devices by name: which are there, and which GPU a job of its own gets."""

import os
import re
from dataclasses import replace

import torch

from rnnexp.errors import ConfigError
from rnnexp.experiment.spec import RunSpec

#: Makes the same seed give the same bytes on CUDA; cuBLAS reads it when it starts.
CUBLAS = "CUBLAS_WORKSPACE_CONFIG"

#: The variable by which a process is told the GPUs that it may use.
VISIBLE = "CUDA_VISIBLE_DEVICES"


def pick_device(name: str) -> torch.device:
    """The torch device of that name; `auto` takes CUDA, else MPS, else the CPU."""
    if name == "auto":
        if torch.cuda.is_available():
            name = "cuda"
        else:
            name = "mps" if torch.backends.mps.is_available() else "cpu"
    if not is_there(name):
        raise ConfigError(f"device={name} is not there: use device=cpu or device=auto")
    if name.startswith("cuda"):
        os.environ.setdefault(CUBLAS, ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    return torch.device(name)


def is_there(name: str) -> bool:
    """Whether this machine has a device, or finds one itself. Raises ConfigError for no name."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise ConfigError(f"device must be auto, cpu, cuda, cuda:N or mps (got {name})")
    kind, _, index = name.partition(":")
    if kind == "cuda":
        return torch.cuda.is_available() and int(index or 0) < torch.cuda.device_count()
    return kind != "mps" or torch.backends.mps.is_available()


def without_device(spec: RunSpec) -> RunSpec:
    """The spec as it can be built where its device is not: on the CPU, in float32.

    For the check of a job that runs on another machine, of which all else is told here.
    """
    config = {**spec.config, "device": "cpu"}
    trainer = config.get("trainer") or {}
    if trainer.get("precision") == "bf16":
        config["trainer"] = {**trainer, "precision": "float32"}
    return replace(spec, config=config)


def gpus() -> tuple[str, ...]:
    """The names that `VISIBLE` has for the GPUs of this process.

    torch asks the driver, and starts no CUDA, which a process that forks must not.
    """
    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return tuple(named[:count] or map(str, range(count)))
