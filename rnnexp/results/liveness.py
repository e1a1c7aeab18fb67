"""Whether the process that a run was left in is still there. Never imports torch."""

import os
import socket
from functools import cache

import psutil

from rnnexp.results.summary import Process

#: Seconds by which two readings of when a process was started may differ: systems count it from
#: when they were started themselves, which they know only so well.
SAME_START = 2.0


@cache
def _created(pid: int) -> float:
    return float(psutil.Process(pid).create_time())


def this_process() -> Process:
    """The one that asks."""
    pid = os.getpid()
    return Process(host=socket.gethostname(), pid=pid, created=_created(pid))


def is_alive(process: Process | None) -> bool | None:
    """Whether a run's process is still there; None where it is another machine's.

    A run of an earlier version names no process, and has none.
    """
    if process is None:
        return False
    if process.host != socket.gethostname():
        return None
    try:
        there = psutil.Process(process.pid)
        same = abs(there.create_time() - process.created) < SAME_START
        return same and there.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
