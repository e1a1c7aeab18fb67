"""A probe's numbers over the training, for probes that no finding is about: a figure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import Finding
from rnnexp.results.groups import Group

MAX_NUMBERS = 6


@dataclass(frozen=True)
class OtherProbe(Finding):
    """numbers: of each measurement, by their names, of one run; its first `MAX_NUMBERS`."""

    place = 800
    heading = "What other probes have measured"
    reading = (
        "The figure has the numbers of a probe for which there is no table, over the training; "
        "at most six. What they mean, the probe's own documentation says."
    )

    probe: str
    label: str
    model: str
    numbers: Mapping[str, npt.NDArray[np.float64]]
    progress: Any
    unit: str

    @property
    def title(self) -> str:
        return self.probe

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        known = {getattr(kind, "probe", None) for kind in finding_types() if kind is not cls}
        for name in run.first.directory.probe_names:
            arrays = None if name in known else run.first.probe(name)
            numbers = {
                key: values
                for key, values in (arrays or {}).items()
                if key not in ("epoch", "step") and values.ndim == 1
            }
            if arrays and numbers:
                shown = dict(list(numbers.items())[:MAX_NUMBERS])
                yield cls(name, run.label, run.model, shown, *run.first.progress(arrays))

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import other_probes

        return other_probes.draw(self, folder)
