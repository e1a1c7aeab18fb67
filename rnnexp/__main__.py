"""`python -m rnnexp` is the `rnnexp` command."""

from rnnexp.cli import main

raise SystemExit(main())
