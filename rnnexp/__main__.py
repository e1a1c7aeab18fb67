"""`python -m rnnexp` is the `rnnexp` command."""

from rnnexp.command.main import main

raise SystemExit(main())
