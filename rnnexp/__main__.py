"""`python -m rnnexp` is the `rnnexp` command."""

import os
import sys

# Python puts the current folder first, where a random.py may lie that is not Python's own, or all
# that somebody else's archive has brought. Nothing else may be imported before it is gone.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
    del sys.path[0]

from rnnexp.command.main import main

if __name__ == "__main__":  # a run may name this module as that of a class
    raise SystemExit(main())
