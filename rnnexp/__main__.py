"""`python -m rnnexp` is the `rnnexp` command."""

import os
import sys

# Python puts the current folder first; a user's profile.py or random.py must not stand in for
# Python's own. Nothing else may be imported before.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
    sys.path.append(sys.path.pop(0))

from rnnexp.command.main import main

raise SystemExit(main())
