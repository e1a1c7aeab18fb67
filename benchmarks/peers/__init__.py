"""The peers: each file of this folder that has `PEERS` brings some."""

import importlib
import pkgutil

from benchmarks.peers.base import Peer


def peers() -> list[Peer]:
    """All of them, rnnexp first, then by the names of their files."""
    names = sorted((module.name for module in pkgutil.iter_modules(__path__)), key=_rnnexp_first)
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [peer for module in modules for peer in getattr(module, "PEERS", ())]


def _rnnexp_first(name: str) -> tuple[bool, str]:
    return name != "rnnexp", name
