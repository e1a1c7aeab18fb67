"""Imported by the process that jobs are forked from, before the first of them: it has computed
nothing, so that each of them begins as a new process would."""

import signal

# A signal to the whole group, as `timeout` and a terminal send it, is for the jobs and their
# parent; this process ends with them. isolated.py unblocks the signals in each job.
HELD_BACK = {
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
}
if hasattr(signal, "pthread_sigmask"):
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)

import rnnexp.experiment.run_spec  # noqa: E402, F401
