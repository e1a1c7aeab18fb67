"""`rnnexp verify cells/mine data/mine path=x.csv`: what every component of a kind must satisfy."""

from collections.abc import Sequence
from typing import Any

import yaml

from rnnexp import plugins
from rnnexp.checks.conformance import checks_of
from rnnexp.checks.suite import Result
from rnnexp.errors import ConfigError


def verify_components(words: Sequence[str]) -> list[Result]:
    """The results of all components; settings, name=value, belong to the component before them."""
    plugins.look_here_last()  # where a package of the user's own may lie
    asked: list[tuple[str, dict[str, Any]]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            asked.append((word, {}))
        elif not asked:
            raise ConfigError(f"verify: '{word}' belongs behind the component that it sets")
        else:
            asked[-1][1][name.rpartition(".")[2]] = _value(word, value)
    # all are looked up before the first is run
    checks = [check for component, settings in asked for check in checks_of(component, settings)]
    return [check.result() for check in checks]


def _value(word: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"verify: '{word}' cannot be read: put quotes around the value") from None
