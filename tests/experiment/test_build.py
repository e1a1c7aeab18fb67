"""From a spec to its components."""

from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.errors import ConfigError


def test_a_component_that_refuses_the_model_names_its_setting(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An init of the user's own sees its model only when it fills it."""
    Path("picky.py").write_text(
        "from rnnexp.init.normal import Normal\n\n\nclass Picky(Normal):\n"
        "    def fill(self, *arguments):\n"
        "        raise ValueError('std must be another')\n"
    )
    monkeypatch.syspath_prepend(str(workdir))
    words = ["data=parity", "init=normal", "init._target_=picky.Picky", "data.test_count=5"]
    with pytest.raises(ConfigError, match=r"^init\.std must be another"):
        package.run(words)
