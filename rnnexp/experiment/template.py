"""Imported by the process that jobs are forked from, before the first of them.

It has computed nothing, so that a job begins as a new process would, but for the time that imports
take.
"""

import atexit
import importlib
import os
import pkgutil
import signal
import sys


def _be_a_template() -> None:
    # A signal to the whole group, as `timeout` and a terminal send it, is for the jobs and their
    # parent; this process ends with them. isolated.py unblocks the signals in each job.
    if hasattr(signal, "pthread_sigmask"):
        names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
        signal.pthread_sigmask(signal.SIG_BLOCK, [getattr(signal, name) for name in names])

    # It holds the terminal's pipes, for which `$(rnnexp ...)` waits: seconds, if torch is taken
    # down.
    atexit.register(os._exit, 0)

    importlib.import_module("rnnexp.experiment.run_spec")
    for package in ("rnnexp.results.findings", "rnnexp.results.figures"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            importlib.import_module(f"{package}.{module.name}")


# multiprocessing's server is `python -c "from multiprocessing.forkserver import main; ..."`;
# whoever else imports this module, as a collector of doctests does, stays what it is.
if any("multiprocessing.forkserver" in word for word in sys.orig_argv):
    _be_a_template()
