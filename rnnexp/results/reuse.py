"""Studies on disk that hold runs of a study that is about to begin. Never imports torch."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnexp.errors import DataError
from rnnexp.results.code import changed_code
from rnnexp.results.names import name_of_version_0_3, safe_name, shown_path
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from rnnexp.results.versions import versions_line

#: How the name begins that is made for a study without one.
UNNAMED = "sweep_"


@dataclass(frozen=True)
class Identity:
    """What makes two runs one.

    fingerprint: of their settings and seed. content: of the files read. measured: of the probes.
    code: digests of the source of components of the user's own, see `Code`.
    contents_before: what earlier versions had for the same `content`.
    """

    fingerprint: str
    content: str | None
    measured: str | None
    code: str | None = None
    contents_before: tuple[str, ...] = ()

    def changes_since(self, summary: Summary) -> list[str]:
        """What was otherwise when a run of the same settings was made, in words."""
        changes = []
        if summary.content not in (self.content, *self.contents_before):
            changes.append("the data have changed")
        if summary.measured != self.measured:
            changes.append("the probes have changed")
        if code := changed_code(summary.code, self.code):
            changes.append(f"the code of {', '.join(code)} has changed")
        return changes


@dataclass(frozen=True)
class Holding:
    """A study of which some runs are wanted.

    wanted: how many of them it has, whatever became of them, and `done` those with a result.
    others: whether it has runs beside these, or the same runs with other data or probes.
    """

    path: Path
    wanted: int
    done: int
    others: bool

    @property
    def extended(self) -> bool:
        """Whether what is wanted is this study and more: nothing is mixed by going on in it."""
        return self.path.name.startswith(UNNAMED) and not self.others


def place_of_study(root: Path, name: str) -> tuple[Path, str]:
    """The directory of the study of a name, and what must be said of it; empty where it is plain.

    Up to version 0.3 unlike names could share a directory. One of that time is gone on with where
    each of its runs says that it was made for a study of this name.
    """
    place, earlier = root / safe_name(name), root / name_of_version_0_3(name)
    if earlier == place or place.exists() or not earlier.is_dir():
        return place, ""
    names = _names_told_in(earlier)
    if names == {unicodedata.normalize("NFC", name)}:
        return earlier, ""
    if not names:
        return place, ""
    return place, (
        f"{shown_path(earlier)} was made for another study, or for several by an earlier version "
        "that called them all so: it is left as it is"
    )


def _names_told_in(folder: Path) -> set[str]:
    """What the runs of a study say that it is called; `` of one that does not say it."""
    names = set()
    for file in folder.glob("*/config.yaml"):
        try:
            name = RunDirectory(file.parent).config_as_written.get("study")
        except DataError:  # damaged: reading the study names it
            name = None
        names.add(unicodedata.normalize("NFC", name) if isinstance(name, str) else "")
    return names


def studies_holding(root: Path, wanted: Sequence[Identity]) -> list[Holding]:
    """The studies below `root` that have runs of `wanted`, those that have most first."""
    known = [_holding(folder, wanted) for folder in sorted(root.glob("*/"))]
    return sorted((h for h in known if h.wanted), key=lambda h: (-h.done, -h.wanted))


def _holding(folder: Path, wanted: Sequence[Identity]) -> Holding:
    jobs = [file.parent for file in folder.glob("[!.]*/summary.json")]  # one being made is hidden
    # a directory's name ends with the beginning of its fingerprint: most studies need no reading
    beginnings = {identity.fingerprint[:8] for identity in wanted}
    if not any(job.name.rpartition("_")[2] in beginnings for job in jobs):
        return Holding(folder, 0, 0, others=bool(jobs))
    by_fingerprint = {identity.fingerprint: identity for identity in wanted}
    count, done, others = 0, 0, False
    for job in jobs:
        try:
            summary = RunDirectory.open(job).summary
        except (DataError, OSError):  # damaged: run again where it is wanted, by its name
            wanted_here = job.name.rpartition("_")[2] in beginnings
            count += wanted_here
            others = others or not wanted_here
            continue
        identity = by_fingerprint.get(str(summary.fingerprint))
        failed_early = summary.content is None
        if identity is not None and (failed_early or not identity.changes_since(summary)):
            count += 1
            done += summary.done
        else:
            others = True
    return Holding(folder, count, done, others)


def taken_as_they_are(study: Path, wanted: Sequence[Identity]) -> list[str]:
    """What is to be said of the runs of `wanted` that are done there, before they are used."""
    by_beginning = {identity.fingerprint[:8]: identity for identity in wanted}
    taken: list[tuple[Identity, Summary]] = []
    for job in study.glob("*_*"):
        identity = by_beginning.get(job.name.rpartition("_")[2])
        if identity is None or not (job / "summary.json").is_file():
            continue
        try:
            summary = RunDirectory.open(job).summary
        except DataError:  # damaged: the job says what is done about it
            continue
        if summary.done and not identity.changes_since(summary):
            taken.append((identity, summary))
    lines = [versions_line([summary for _, summary in taken])]
    unknown = [i for i, summary in taken if i.code is not None and summary.code is None]
    if unknown:
        names = dict.fromkeys(n for i in unknown for n in changed_code("", i.code))
        lines.append(
            f"{len(unknown)} of the runs that are there do not say of which code of "
            f"{', '.join(names)} they are, as an earlier version made them: taken as they are"
        )
    return [line for line in lines if line]
