"""A probe's numbers over the training, for probes that no finding is about: a figure."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp import plugins
from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import Finding
from rnnexp.results.groups import Group
from rnnexp.results.names import shown_path
from rnnexp.results.study import Study
from rnnexp.results.study_run import StudyRun

MAX_NUMBERS = 6


@dataclass(frozen=True)
class OtherProbe(Finding):
    """Its files are called NAME_numbers: NAME is the figure of a finding that is about the probe.

    numbers: of each measurement, by their names, of one run; its first `MAX_NUMBERS`.
    """

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
        for name in _unknown([run.first]):
            yield from cls.of_probe(run, name)

    @classmethod
    def in_study(cls, study: Study) -> Iterable[Finding]:
        _unknown(study.runs, study.path)
        return ()

    @classmethod
    def of_probe(cls, run: Group, name: str) -> "Iterable[OtherProbe]":
        """The figure of a probe, whatever else is found of it."""
        arrays = run.first.probe(name)
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


def _unknown(runs: Sequence[StudyRun], place: Path | None = None) -> list[str]:
    """The probes of the runs that no finding is about.

    Where one may lie in a package that this command does not name, a line says so.
    place: of the study that the runs are of.
    """
    known = {getattr(kind, "probe", None) for kind in finding_types()}
    measured = dict.fromkeys(name for run in runs for name in run.directory.probe_names)
    unknown = [name for name in measured if name not in known]
    made_with = dict.fromkeys(folder for run in runs for folder in run.summary.config_dirs)
    here = {path.resolve() for path in plugins.config_dirs()}
    missing = [folder for folder in made_with if Path(folder).resolve() not in here]
    folder = place or (runs[0].directory.path if runs else Path())
    for name in unknown:
        drawn = (folder / "plots" / f"{name}.png").is_file()
        if missing or drawn:
            named = [w for f in missing or ["mypkg/conf"] for w in ("--config-dir", f)]
            again = shlex.join(["rnnexp", *named, "report", shown_path(folder)])
            kept = f"; plots/{name}.png stays as it is" if drawn else ""
            plugins.say_once(
                f"probe {name}: nothing here makes a table of it{kept}. Where its finding lies in "
                f"a package of yours, type {again}"
            )
    return unknown
