"""The digests of the user's own source that a run was made by, as summary.json has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Code:
    """Digests by the names of modules and packages; see `rnnexp.experiment.code`.

    components: of what can change a run's numbers. probes: of what only measures.

    >>> str(Code({"mypkg": "0a"}, {"myprobe": "1b"}))
    'mypkg=0a probe:myprobe=1b'
    """

    components: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [f"{name}={digest}" for name, digest in sorted(self.components.items())]
        words += [f"probe:{name}={digest}" for name, digest in sorted(self.probes.items())]
        return " ".join(words)

    @classmethod
    def of(cls, text: str) -> Self:
        """What `str` has written."""
        components: dict[str, str] = {}
        probes: dict[str, str] = {}
        for word in text.split():
            name, _, digest = word.rpartition("=")
            is_probe = name.startswith("probe:")
            (probes if is_probe else components)[name.removeprefix("probe:")] = digest
        return cls(components, probes)


def changed_code(before: str | None, now: str | None) -> list[str]:
    """The modules and packages whose source is not as it was, in words: `mod`, `mod (a probe's)`.

    Empty where `before` is None: earlier versions did not write it down.
    """
    if before is None:
        return []
    old, new = Code.of(before), Code() if now is None else Code.of(now)
    if (old.components, old.probes) == (new.components, new.probes):
        return []
    was, is_now = {**old.probes, **old.components}, {**new.probes, **new.components}
    return [
        name if name in old.components or name in new.components else f"{name} (a probe's)"
        for name in sorted(was.keys() | is_now.keys())
        if was.get(name) != is_now.get(name)
    ]
