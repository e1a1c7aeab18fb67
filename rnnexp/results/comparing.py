"""Two studies side by side: their groups matched by equal settings, and what differs compared.

A setting of which both studies share a value is matched: a group of the one is compared with those
of the other that have the same value of it. One of which they share none is what differs between
the two, such as a cell and its baseline. Data, lengths and how scores are read must be the same.
The statistics are those of a study's own table: differences over the seeds that both have, a
sign-flip test, adjusted for all pairs (Holm). Never imports torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from rnnexp.errors import UserError, did_you_mean
from rnnexp.results.factors import LENGTHS, flat_settings, varying_settings
from rnnexp.results.findings.comparisons import difference_cells
from rnnexp.results.groups import Group, group_label, grouped
from rnnexp.results.over_seeds import INTERVAL, ONE_BY_ONE
from rnnexp.results.prose import Piece, Prose, in_blocks, plain_text
from rnnexp.results.significance import Paired, PairsTested, paired
from rnnexp.results.study import MAX_NAMES, Study
from rnnexp.results.study_run import StudyRun
from rnnexp.results.tables import NOTHING, Cell, Table, count, score_with_interval
from rnnexp.results.versions import versions_line
from rnnexp.scores import Score

#: Settings that must be equal: of other data or another length a score is another number.
ALWAYS_MATCHED = ("data", *LENGTHS)
#: Lines that one table can hold and still be read.
MAX_LINES = 40


@dataclass(frozen=True)
class Pair:
    """A group of each study, with equal matched settings.

    difference: b - a over the seeds that both have; None where they share none.
    """

    a: Group
    b: Group
    difference: Paired | None


@dataclass(frozen=True)
class StudiesCompared:
    """Study b minus study a.

    score: what is compared.
    matched: settings that are equal in each pair. between: those that tell the groups of a from
        those of b. differing: all settings that differ between the two, those too that vary in
        neither, with the values of each.
    left_out: what was not compared and why, a line for each. notes: what each study lacks.
    """

    a: Study
    b: Study
    score: Score
    matched: Sequence[str]
    between: Sequence[str]
    differing: Mapping[str, tuple[str, str]]
    pairs: Sequence[Pair]
    left_out: Sequence[str]
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, a: Study, b: Study, score: str | None = None) -> Self:
        """score: the name of another score than the headline. Runs of versions that did not know it
        are scored by it from their predictions, where they allow it.

        Raises UserError where the two have no score in common, or no pair can be compared.
        """
        if a.path.resolve() == b.path.resolve():
            raise UserError(f"{a.path} is named twice: its own report compares its groups")
        for study in (a, b):
            if not study.runs:
                raise UserError(f"{study.path} holds no run that can be read")
        if score is not None:
            a, b = a.scored(score), b.scored(score)
        read_as = _score(a, b, score)
        factors, groups_a, groups_b = _grouped(a, b)
        shared = [name for name in factors if _shares_a_value(name, groups_a, groups_b)]
        matched = [n for n in factors if n in shared or n in ALWAYS_MATCHED]
        between = [n for n in factors if n not in matched]
        differing = {
            name: (_listed(name, groups_a), _listed(name, groups_b)) for name in between
        } | _differing_elsewhere(a, b, factors)
        pairs, left_out = _paired(groups_a, groups_b, matched, read_as)
        if not pairs:
            others = [
                f"other {name}: {_listed(name, groups_a)} in a, {_listed(name, groups_b)} in b"
                for name in matched
                if name not in shared
            ]
            raise UserError(
                f"nothing of {a.path.name} and {b.path.name} can be compared: "
                + "; ".join((others or left_out)[:MAX_NAMES])
            )
        return cls(a, b, read_as, matched, between, differing, pairs, left_out, _notes(a, b))

    @property
    def tested(self) -> PairsTested:
        """All pairs together: the p of each is adjusted for the others."""
        return PairsTested.of([pair.difference for pair in self.pairs])

    def table(self) -> Table:
        """A line per pair: both scores, the difference with its interval, p, and the seeds."""
        name, column = self.score.name, f"test_{self.score.name}"
        head = [
            "b - a", f"a: {self.score.head}", f"b: {self.score.head}", f"difference in test {name}",
            "95% interval", "p", "seeds in both",
        ]  # fmt: skip
        tested = self.tested
        rows = []
        for pair, p in list(zip(self.pairs, tested.adjusted, strict=True))[:MAX_LINES]:
            groups = pair.a, pair.b
            scores = [score_with_interval(self.score, g.interval(column)) for g in groups]
            difference = (
                [Cell(NOTHING), Cell(NOTHING), Cell(NOTHING), count(0)]
                if pair.difference is None
                else difference_cells(self.score, pair.difference, p)
            )
            rows.append([Cell(self._label(pair)), *scores, *difference])
        differences = [pair.difference for pair in self.pairs if pair.difference is not None]
        notes = [*tested.notes()]
        if len(self.pairs) > MAX_LINES:
            notes.append(f"{len(self.pairs) - MAX_LINES} more pairs; all are tested together")
        if any(pair.difference.apart for pair in differences):
            notes.append(ONE_BY_ONE)
        notes.append(f"differences are paired: of the same seed in both; {INTERVAL}")
        return Table(head, rows, notes)

    def _label(self, pair: Pair) -> str:
        """`gru - lstm, seq_len=50`: what differs, then what is equal."""

        def named(group: Group, names: Sequence[str]) -> str:
            return group_label({name: group.factors[name] for name in names})

        equal = named(pair.a, self.matched)
        if not self.between:
            return equal or str(pair.a.model)
        # what has one value in each study stands above the table, once
        several = [
            name
            for name in self.between
            if len(_values(name, [pair.a for pair in self.pairs])) > 1
            or len(_values(name, [pair.b for pair in self.pairs])) > 1
        ]
        telling = several if several else self.between[:1]
        differing = f"{named(pair.b, telling)} - {named(pair.a, telling)}"
        return f"{differing}, {equal}" if equal else differing

    def text(self) -> str:
        """All of it, whole."""
        return plain_text(self.pieces())

    def pieces(self) -> list[Piece]:
        """What a terminal shows."""
        head = [f"a: {self.a.path}", f"b: {self.b.path}"]
        if self.differing:
            values = [f"{name} {a} in a, {b} in b" for name, (a, b) in self.differing.items()]
            more = f"; and {len(values) - MAX_NAMES} more" if len(values) > MAX_NAMES else ""
            head.append(f"they differ in: {'; '.join(values[:MAX_NAMES])}{more}")
        else:
            head.append("no setting differs between them: only the code, the machine, the version")
        if doubtful := [name for name in self.differing if name.startswith("data.")]:
            head.append(f"whether both test the same examples is not known: {', '.join(doubtful)}")
        compared = sum(pair.difference is not None for pair in self.pairs)
        last = [f"compared: {compared} of {len(self.pairs)} pairs of groups"]
        if self.left_out:
            last.append(f"not compared: {len(self.left_out)}")
            last += [f"  {line}" for line in self.left_out[:MAX_NAMES]]
            if (unlisted := len(self.left_out) - MAX_NAMES) > 0:
                last.append(f"  and {unlisted} more")
        first, behind = (
            [Prose(line) for line in head],
            [Prose(line) for line in (*last, *self.notes)],
        )
        return in_blocks([first, [self.table()], behind])


def _score(a: Study, b: Study, name: str | None) -> Score:
    """The score that both have. Raises UserError where that is none."""
    if name is None:
        if a.score.name != b.score.name:
            raise UserError(
                f"{a.path.name} is scored by {a.score.name} and {b.path.name} by {b.score.name}: "
                "name one that both have, as in --score loss"
            )
        name = a.score.name
    for study in (a, b):
        names = list(dict.fromkeys(n for run in study.runs for n in run.summary.test or {}))
        if name not in names:
            near = did_you_mean(name, names) or f"; it has {', '.join(names) or 'none'}"
            raise UserError(f"no run of {study.path.name} has a test {name}{near}")
    known = (run.summary.score(name) for run in a.runs)
    read_as = next((score for score in known if score is not None), None)
    if read_as is None:
        raise UserError(f"how {name} is read is not recorded in {a.path.name}")
    return replace(read_as, chance=None, solved_at=None)


def _grouped(a: Study, b: Study) -> tuple[list[str], list[Group], list[Group]]:
    """The settings that vary over both studies, and the groups of each by them."""
    runs = [*a.runs, *b.runs]
    configs = [run.directory.config if run.directory.has_config else {} for run in runs]
    settings = varying_settings([run.summary for run in runs], configs)
    seen_anew = [
        StudyRun(run.directory, run.summary, {name: values[i] for name, values in settings.items()})
        for i, run in enumerate(runs)
    ]
    split = len(a.runs)
    factors = list(settings)
    return factors, grouped(seen_anew[:split], factors), grouped(seen_anew[split:], factors)


def _values(name: str, groups: Sequence[Group]) -> set[str]:
    return {str(group.factors[name]) for group in groups}


def _shares_a_value(name: str, a: Sequence[Group], b: Sequence[Group]) -> bool:
    return not _values(name, a).isdisjoint(_values(name, b))


def _listed(name: str, groups: Sequence[Group]) -> str:
    return ", ".join(dict.fromkeys(str(group.factors[name]) for group in groups))


def _differing_elsewhere(a: Study, b: Study, factors: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Settings that all runs have and of which the two studies have other values, the factors
    apart: between two models a preset's number of epochs is no factor, and may be what counts."""
    flat_a, flat_b = (
        [flat_settings(run.directory.config) for run in study.runs if run.directory.has_config]
        for study in (a, b)
    )
    if not flat_a or not flat_b:
        return {}
    everywhere = set.intersection(*(set(settings) for settings in (*flat_a, *flat_b)))
    chosen = {name for name in factors if "." not in name}
    differing = {}
    for name in sorted(everywhere - set(factors)):
        if name.endswith("_target_") and name.partition(".")[0] in chosen:
            continue  # follows from the choice that is named
        of_a, of_b = (
            dict.fromkeys(str(settings[name]) for settings in flat) for flat in (flat_a, flat_b)
        )
        if set(of_a) != set(of_b):
            differing[name] = (", ".join(of_a), ", ".join(of_b))
    return differing


def _paired(
    a: Sequence[Group], b: Sequence[Group], matched: Sequence[str], score: Score
) -> tuple[list[Pair], list[str]]:
    """The pairs, and a line for each group or pair that is not compared."""
    column = f"test_{score.name}"
    by_key: dict[str, list[Group]] = {}
    for group in b:
        by_key.setdefault(_key(group, matched), []).append(group)
    pairs, left_out = [], []
    there = {_key(group, matched) for group in a}
    for group in a:
        partners = by_key.get(_key(group, matched), [])
        if not partners:
            left_out.append(f"only in a: {group.label}")
        for partner in partners:
            if why := _unlike(group, partner, score, column):
                left_out.append(f"{partner.label} - {group.label}: {why}")
                continue
            of_a, of_b = group.by_seed(column), partner.by_seed(column)
            difference = paired(of_a, of_b, group.score(column) or score, group.solvable)
            pairs.append(Pair(group, partner, difference))
            if difference is None:
                seeds = " and ".join(", ".join(map(str, sorted(own))) for own in (of_a, of_b))
                left_out.append(f"{partner.label} - {group.label}: no seed in common ({seeds})")
    left_out += [f"only in b: {group.label}" for group in b if _key(group, matched) not in there]
    return pairs, left_out


def _key(group: Group, matched: Sequence[str]) -> str:
    return str([str(group.factors[name]) for name in matched])


def _unlike(a: Group, b: Group, score: Score, column: str) -> str:
    """Why the scores of two groups are no two of a kind; empty where they are."""
    for group in (a, b):
        if not group.by_seed(column):
            return f"no result of {group.label}"
    facts: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("data", _facts(a, "data"), _facts(b, "data")),
        ("seq_len", _facts(a, "seq_len"), _facts(b, "seq_len")),
    ]
    for name, of_a, of_b in facts:
        if of_a != of_b:
            return f"other {name}"
    if _contents(a) != _contents(b):
        return "other data: the files that they read differ"
    if a.test_examples != b.test_examples:
        return f"other data: {a.test_examples} and {b.test_examples} test examples"
    if a.chance_levels(score) != b.chance_levels(score):
        return "other chance levels"
    return ""


def _facts(group: Group, name: str) -> dict[str, Any]:
    return {name: sorted({str(getattr(run.summary, name)) for run in group.runs})}


def _contents(group: Group) -> set[str]:
    return {run.summary.content or "" for run in group.runs if run.finished}


def _notes(a: Study, b: Study) -> list[str]:
    """What each study lacks, and versions, where both are not of this one."""
    notes = []
    for name, study in (("a", a), ("b", b)):
        lines = [study.unfinished, *study.damaged]
        notes += [f"{name}: {line}" for line in lines if line]
        if study.older:
            notes.append(f"{name}: {len(study.older)} runs left out, of which there are newer ones")
    versions = versions_line([run.summary for run in (*a.runs, *b.runs)])
    return [*notes, *([versions] if versions else [])]
