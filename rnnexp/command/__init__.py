"""The `rnnexp` command: from words to what is to be done."""

#: Exit statuses: done (diverged included), a job failed, the user's error, Ctrl-C, SIGTERM.
OK, FAILED, USER_ERROR, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
