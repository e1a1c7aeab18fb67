"""Denormal numbers are flushed to zero for the time of a run.

A denormal number is one too small for a normalised mantissa: in float32 below 1.2e-38, in float64
below 2.2e-308. Vanishing gradients are full of them, and many CPUs compute with them ten times more
slowly. In every run that was tried flushing changed no byte of metrics.csv, and no
measurement above the floor of 1e-300 that the probes have (docs/LOG.md).

The mode belongs to a thread, and new threads inherit it from the one that starts them. So it must
be set before torch starts its threads, and whoever starts a run in a process of their own, such as
a notebook, must get their mode back.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


def flushes_denormals() -> bool:
    """Whether this thread rounds denormal numbers to zero."""
    return sys.float_info.min / 2.0 == 0.0


@contextmanager
def flushed_denormals() -> Iterator[bool]:
    """Round denormal numbers to zero inside the block; the mode before it comes back after it.

    Yields whether the CPU can do it: where it cannot, nothing changes but the time.
    """
    import torch

    before = flushes_denormals()
    there = torch.set_flush_denormal(True)
    try:
        yield there
    finally:
        if there:
            torch.set_flush_denormal(before)
