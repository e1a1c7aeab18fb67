"""How findings are drawn, with matplotlib: a file per finding, in one style. Never imports torch.

What is drawn is in the finding; no file is read here.
"""

import os
import sys


def _import_matplotlib() -> None:
    """Import it, if need be without the window system that MPLBACKEND asks for.

    Figures go to files and need none; a notebook that starts a command hands its own on, which
    need not be known where the command runs.
    """
    try:
        import matplotlib
    except ValueError:
        backend = os.environ.pop("MPLBACKEND", None)
        if backend is None:
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
            del sys.modules[name]  # half imported
        try:
            import matplotlib  # noqa: F401
        finally:
            os.environ["MPLBACKEND"] = backend


_import_matplotlib()
