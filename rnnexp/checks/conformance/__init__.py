"""What every component of a kind must satisfy, whoever wrote it: checks of one's own.

    rnnexp verify cells/mine data/mine probes/mine

runs them, and a test of a plugin asks for them:

    @pytest.mark.parametrize("check", checks_of("cells/mine"), ids=str)
    def test_my_cell(check):
        assert check.result().passed

A module here is a kind, by its name; its `checks` gives those of one component.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from rnnexp.checks.suite import Check as Check
from rnnexp.errors import ConfigError, did_you_mean


def kinds() -> list[str]:
    """The kinds of components that there are checks of."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def checks_of(component: str, settings: Mapping[str, Any] | None = None) -> list[Check]:
    """The checks of a component, named as `cells/ugrnn` or `data/parity`.

    settings: those that differ from its defaults, by name; a task that reads a file needs its path,
    and `seq_len` is one, too.

    Raises ConfigError for a component that is not there, and for what its settings cannot be.

    >>> [str(check) for check in checks_of("cells/rnn")][0]
    'cells/rnn: dL/dh_t by finite differences'
    """
    kind, _, name = component.partition("/")
    if kind not in kinds() or not name:
        raise ConfigError(
            f"'{component}' cannot be verified: there are checks of "
            f"{', '.join(f'{kind}/NAME' for kind in kinds())}{did_you_mean(kind, kinds())}"
        )
    module = importlib.import_module(f"{__name__}.{kind}")
    found: list[Check] = module.checks(name, settings or {})
    return found
