"""A process that carries out commands one after the other and says what became of each.

It is another process, so that a command that hangs can be ended, and one that takes its process
down costs no test. It reads a command as a line of JSON, a list of words, and answers with a line.
"""

import contextlib
import io
import json
import os
import resource
import shutil
import sys
import warnings
from pathlib import Path

#: What one command may take of this machine, which others use too.
MOST_ADDRESSES = 14 * 2**30

#: The memory that the machine is said to have: what is refused is then the same on every machine.
MEMORY = 4 * 2**30


def main() -> None:
    """Answer until nothing more is asked."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))

    import torch

    from rnnexp import bounds
    from rnnexp.command.main import main as command
    from rnnexp.results.figures import style

    torch.set_num_threads(1)
    lowered = json.loads(os.environ.get("RNNEXP_BOUNDS", "{}"))
    memory = lowered.pop("memory", MEMORY)
    bounds.memory = lambda: memory  # type: ignore[assignment]
    for name, value in lowered.items():
        setattr(bounds, name, value)
    style.DPI = 30  # writing a large picture takes most of a figure's time
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        shutil.rmtree("outputs", ignore_errors=True)
        out, err = io.StringIO(), io.StringIO()
        raised = None
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = command(json.loads(line))
            except BaseException as error:
                status, raised = -1, repr(error)[:300]
        written = [str(path) for path in Path("outputs").rglob("*")][:5]
        told = err.getvalue() if len(err.getvalue()) < 10_000 else err.getvalue()[:10_000] + "..."
        answer = {"status": status, "err": told, "raised": raised, "written": written}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
