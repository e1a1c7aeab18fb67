"""Pairs of models, or of the first setting that varies, compared seed by seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rnnexp.results import words
from rnnexp.results.comparisons import MAX_COMPARED, Comparison, only_next
from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.padding import reads_pads
from rnnexp.results.groups import group_label, json_value
from rnnexp.results.over_seeds import ONE_BY_ONE
from rnnexp.results.significance import SIGNIFICANT, Paired, PairsTested, seeds_needed
from rnnexp.results.study import Study
from rnnexp.results.tables import NOTHING, Cell, Table, count, spread, with_interval
from rnnexp.scores import Score

#: Pairs that one table can hold and still be read.
MAX_PAIRS = 24


@dataclass(frozen=True)
class Comparisons(StudyFinding):
    """shown: the setting whose values the table compares; study.json has those of all settings.

    only_next: settings of which each value is compared with the next alone, as they have so many.
    at_chance: whether no run beats chance, so that no difference answers anything.
    """

    place, answer_place = 20, 110
    json_when_absent: ClassVar[Any] = []
    heading = "Settings compared seed by seed"
    equation = (
        "difference: mean over seeds of score_a - score_b; p: share of the 2ⁿ ways to swap a "
        "and b within seeds that give as large a mean"
    )
    reading = (
        "A row a - b is the score with a less that with b, over the seeds that both have: above "
        "0 a has the higher score, which of an error is the worse one. The "
        "interval is over seeds; p is that of the sign-flip test, adjusted for all pairs of "
        "the table (Holm)."
    )
    misleads = (
        "Of n seeds p is never below 2/2ⁿ: five never give less than 0.06, so that a large p "
        "of few seeds is no sign that nothing differs. A small p is of these data and this "
        "training, not of the models as such."
    )

    score: Score
    shown: str
    comparisons: Sequence[Comparison]
    only_next: Sequence[str] = ()
    at_chance: bool = False

    @classmethod
    def of(cls, study: Study) -> Self | None:
        settings = [name for name in study.factors if name not in LENGTHS]
        several = [n for n in settings if len({str(run.factors[n]) for run in study.runs}) > 1]
        comparisons = [pair for name in several for pair in study.comparisons(name)]
        if not comparisons:
            return None
        too_many = [name for name in several if only_next(study.groups(), name)]
        return cls(study.score, several[0], comparisons, too_many, study.at_chance)

    def tables(self) -> list[Table]:
        lines = [pair for pair in self.comparisons if pair.factor == self.shown]
        if not lines:
            return []
        head = ["compared over the same seeds", f"difference in test {self.score.name}",
                "95% interval", "p", "seeds"]  # fmt: skip
        tested = PairsTested.of([pair.difference for pair in lines])
        notes = tested.notes()
        if any(pair.difference.difference.apart for pair in lines):
            notes.append(ONE_BY_ONE)
        notes += [
            f"more than {MAX_COMPARED} pairs of values of {name}: each is compared with the next "
            "alone"
            for name in self.only_next
        ]
        if len(lines) > MAX_PAIRS:
            notes.append(f"{len(lines) - MAX_PAIRS} more in study.json")
        shown = list(zip(lines, tested.adjusted, strict=True))[:MAX_PAIRS]
        return [Table(head, [self._row(pair, p) for pair, p in shown], notes)]

    def _row(self, comparison: Comparison, p: float | None) -> list[Cell]:
        first, second = ("none" if v is None else str(v) for v in comparison.values)
        others = f", {group_label(comparison.others)}" if comparison.others else ""
        difference = difference_cells(self.score, comparison.difference, p)
        return [Cell(f"{second} - {first}{others}"), *difference]

    def answer(self) -> str:
        """The pair that differs most of those that are significant; where none is, the first pair
        at the longest length that reads no pads, of these one that beats chance. And how many pairs
        are.
        """
        lines = [pair for pair in self.comparisons if pair.factor == self.shown]
        if not lines or self.at_chance:
            return ""
        tested = PairsTested.of([pair.difference for pair in lines])
        ps = tested.adjusted
        significant = [
            i
            for i, p in enumerate(ps)
            if p is not None and p <= SIGNIFICANT and not lines[i].at_chance
        ]
        longest = max(map(_length, lines))
        at_longest = [i for i, pair in enumerate(lines) if _length(pair) == longest]
        place = (
            max(significant, key=lambda i: abs(lines[i].difference.difference.mean))
            if significant
            # the first of them
            else min(at_longest, key=lambda i: (reads_pads(lines[i].others), lines[i].at_chance))
        )
        pair, p = lines[place], ps[place]
        first, second = (words.settings({self.shown: value}) for value in pair.values)
        where = f" ({words.settings(pair.others)})" if pair.others else ""
        if pair.at_chance:
            return (
                f"Neither {first} nor {second} is shown to beat chance{where}: nothing can be said "
                "of which is better."
            )
        over_seeds = pair.difference.difference
        better = f"Between {first} and {second} no difference is significant"
        if p is None or p <= SIGNIFICANT:
            better = sentences.which_is_better(self.score, over_seeds, first, second)
        told = sentences.difference(self.score, over_seeds)
        if p is None:
            tries = f" for {len(lines)} pairs" if len(lines) > 1 else ""
            said = (
                "by that interval, which holds where differences are normal; a test that assumes "
                f"nothing takes {seeds_needed(len(lines))} seeds{tries}"
            )
            if over_seeds.ends is None:
                said = f"a test takes {seeds_needed(len(lines))} seeds{tries}"
        elif len(lines) == 1:
            said = f"p = {p:.2g}"
        else:
            count = len(significant)
            among = f"{count or 'none'} {'is' if count < 2 else 'are'} significant"
            said = f"p = {p:.2g} adjusted for {len(lines)} pairs, of which {among}"
        return f"{better}{where}: {second} - {first} in test {self.score.axis} {told}; {said}."

    def as_json(self) -> list[dict[str, Any]]:
        """p_adjusted: among the pairs of its setting; null where so few seeds allow none."""
        adjusted = {
            name: iter(PairsTested.of([pair.difference for pair in pairs]).adjusted)
            for name, pairs in self._by_setting().items()
        }
        return [
            {
                "factor": pair.factor,
                "values": [json_value(value) for value in pair.values],
                "others": {name: json_value(value) for name, value in pair.others.items()},
                "column": f"test_{self.score.name}",
                "seeds": list(pair.difference.seeds),
                "difference": pair.difference.difference.mean,
                "interval_95": pair.difference.difference.ends,
                **(
                    {"by_seed": list(pair.difference.difference.apart)}
                    if pair.difference.difference.apart
                    else {}
                ),
                "p": pair.difference.p,
                "least_p": pair.difference.least_p,
                "p_adjusted": next(adjusted[pair.factor]),
                "left_out": list(pair.difference.left_out),
            }
            for pair in self.comparisons
        ]

    def _by_setting(self) -> dict[str, list[Comparison]]:
        settings: dict[str, list[Comparison]] = {}
        for pair in self.comparisons:
            settings.setdefault(pair.factor, []).append(pair)
        return settings


def _length(pair: Comparison) -> float:
    """The length at which a pair is compared; 0 where none varies."""
    lengths = (pair.others.get(name) for name in LENGTHS)
    return max((float(length) for length in lengths if length is not None), default=0.0)


def difference_cells(score: Score, over_seeds: Paired, p: float | None) -> list[Cell]:
    """A difference in a table: its mean, or the differences one by one; its interval; p; seeds."""
    difference = over_seeds.difference
    mean = Cell(score.signed(difference.mean), difference.mean)
    left_out = f" (not in both: {', '.join(map(str, over_seeds.left_out))})"
    return [
        with_interval(difference, score.signed) if difference.apart else mean,
        Cell(spread(difference, score.signed) or NOTHING),
        Cell(NOTHING if p is None else f"{p:.3g}", p),
        Cell(f"{difference.n}{left_out}", difference.n)
        if over_seeds.left_out
        else count(difference.n),
    ]
