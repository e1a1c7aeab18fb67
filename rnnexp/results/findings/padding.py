"""What reading behind the pads costs, by where the pads are and where the answer is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.groups import Group
from rnnexp.results.over_seeds import ONE_BY_ONE
from rnnexp.results.significance import Paired, PairsTested, paired
from rnnexp.results.statistics import Interval
from rnnexp.results.study import Study
from rnnexp.results.tables import NOTHING, Cell, Table, score_with_interval, with_interval
from rnnexp.scores import Score

#: The settings that say where the pads are and where the answer is read.
SETTINGS = ("data.padding", "model.readout")

#: Of the four places that the table shows, the first two say what is lost.
BEHIND, AT_WORD = ("post", "last"), ("post", "last_valid")
SHOWN = {
    BEHIND: "read behind the pads",
    AT_WORD: "at the last real step",
    ("pre", "last"): "pads before",
    ("post", "mean"): "mean over steps",
}


@dataclass(frozen=True)
class PaddingScore:
    """A group's score. others: its settings beside those two, the length, and the model.

    values: the scores of its finished runs.
    """

    padding: str
    readout: str
    model: str
    others: tuple[tuple[str, Any], ...]
    length: int
    interval: Interval
    values: Sequence[float]
    chance: Sequence[float]


@dataclass(frozen=True)
class PaddingCost:
    """All settings alike but the two. lost: the score at the last word, less that behind the pads.

    intervals: of the places that `SHOWN` has, in its order.
    at_chance: whether it beats chance in neither place, so that there is nothing to lose.
    """

    settings: Sequence[Any]
    intervals: Sequence[Interval | None]
    lost: Paired | None
    at_chance: bool = False


@dataclass(frozen=True)
class Padding(StudyFinding):
    """others: names of the settings beside the two that vary.

    at_chance: whether no run beats chance, so that there is nothing to lose.
    drawn: whether where the pads are varies too; else the figure of the lengths has the readouts.
    """

    place, answer_place = 40, 115
    leads = True
    heading = "What the pads cost"
    equation = (
        "lost to the pads: score read at the last real step less score read behind the pads, "
        "mean over the same seeds (of an error the other way round)"
    )
    reading = (
        "The columns are up to four places to put the pads and to read the answer: behind the "
        "pads, at the last real step, with the pads before the text, and as the mean over steps. "
        "'Lost to the pads' is what reading behind them costs; p is that of a sign-flip test "
        "over the seeds, adjusted for the rows."
    )
    misleads = (
        "How much is lost depends on how many pads there are, which is the length less that of "
        "the texts: where all texts fill it nothing can be lost. Where the score at the last "
        "real step is itself near chance, there is nothing to lose either."
    )

    score: Score
    others: Sequence[str]
    costs: Sequence[PaddingCost]
    scores: Sequence[PaddingScore]
    data: str
    synthetic: bool
    at_chance: bool = False
    drawn: bool = True

    @classmethod
    def of(cls, study: Study) -> Self | None:
        if not asks_of_pads(study):
            return None
        others = [name for name in study.factors if name not in SETTINGS]
        scored = [group for group in study.groups() if group.interval(study.column)]
        first = scored[0].first.summary
        return cls(
            study.score, others, _costs(study),
            [score for group in scored if (score := _score(group, study))],
            str(first.data), first.synthetic, study.at_chance, varies_padding(study),
        )  # fmt: skip

    def tables(self) -> list[Table]:
        score = self.score
        lost = "lost to the pads" + (", points" if score.percent else "")
        head = [*self.others, *(list(SHOWN.values())[i] for i in self._known()), lost, "p"]
        unit = " in percent" if score.percent else ""
        tested = PairsTested.of([cost.lost for cost in self.costs])
        notes = [
            f"test {score.name}{unit}; means over seeds (95% intervals), lost: over the same seeds",
            *tested.notes(),
        ]
        lost_over_seeds = [cost.lost and cost.lost.difference for cost in self.costs]
        intervals = [*lost_over_seeds, *(i for cost in self.costs for i in cost.intervals)]
        if any(interval and interval.apart for interval in intervals):
            notes.append(ONE_BY_ONE)
        rows = zip(self.costs, tested.adjusted, strict=True)
        return [Table(head, [self._row(cost, p) for cost, p in rows], notes)]

    def _row(self, cost: PaddingCost, p: float | None) -> list[Cell]:
        return [
            *(Cell(str(value)) for value in cost.settings),
            *(score_with_interval(self.score, cost.intervals[i]) for i in self._known()),
            with_interval(cost.lost.difference if cost.lost else None, self.score.signed),
            Cell(NOTHING if p is None else f"{p:.2g}", p),
        ]

    def _known(self) -> list[int]:
        """Of the places that are shown, those that some run has."""
        return [i for i in range(len(SHOWN)) if any(cost.intervals[i] for cost in self.costs)]

    def answer(self) -> str:
        """What is lost to the pads, of each model, at the longest length."""
        known = [(cost, cost.lost) for cost in self.costs if cost.lost is not None]
        if not known or self.at_chance:
            return ""
        length = self.others.index("seq_len") if "seq_len" in self.others else None
        if length is not None:
            longest = max(int(cost.settings[length]) for cost, _ in known)
            known = [pair for pair in known if int(pair[0].settings[length]) == longest]
        parts, guessing = [], []
        for cost, lost in known:
            name = words.settings(dict(zip(self.others, cost.settings, strict=True)))
            if cost.at_chance:
                guessing.append(name)
            else:
                parts.append(f"{name} {sentences.difference(self.score, lost.difference)}")
        told = []
        if parts:
            told.append(
                "Lost to the pads where the answer is read behind them, of the test "
                f"{self.score.axis} at the last real step: {sentences.listed(parts)}."
            )
        if guessing:
            told.append(
                "Not shown to beat chance behind the pads or at the last real step, so that what "
                f"the pads cost is not known: {sentences.listed(guessing)}."
            )
        return " ".join(told)

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import padding

        return padding.draw(self, folder) if self.drawn else []


def reads_pads(settings: Mapping[str, Any]) -> bool:
    """Whether a group with these settings reads behind its pads, by the settings that it has."""
    return (settings.get("data.padding", BEHIND[0]), settings.get("model.readout")) == BEHIND


def varies_padding(study: Study) -> bool:
    """Whether the study asks what the pads cost, and varies where they are."""
    return set(SETTINGS) <= set(study.factors) and asks_of_pads(study)


def asks_of_pads(study: Study) -> bool:
    """Whether with pads behind it reads both at the last step and at the last word, all else
    alike.
    """
    if SETTINGS[1] not in study.factors:
        return False
    pairs = [p for p in _places(study).values() if BEHIND in p and AT_WORD in p]
    return bool(pairs) and any(group.interval(study.column) for group in study.groups())


def _places(study: Study) -> dict[tuple[Any, ...], dict[tuple[str, str], Group]]:
    """The groups by their other settings, and by padding and readout."""
    places: dict[tuple[Any, ...], dict[tuple[str, str], Group]] = {}
    for group in study.groups():
        others = tuple(v for name, v in group.factors.items() if name not in SETTINGS)
        places.setdefault(others, {})[_place(group)] = group
    return places


def _place(group: Group) -> tuple[str, str]:
    """Where its pads are and where the answer is read; what does not vary its settings say."""
    padding = group.factors.get(SETTINGS[0])
    if padding is None:
        run = group.first.directory
        data = run.config_as_written.get("data") if run.has_config else None
        padding = data.get("padding") if isinstance(data, Mapping) else None
    return str(padding), str(group.factors[SETTINGS[1]])


def _costs(study: Study) -> list[PaddingCost]:
    costs = []
    for settings, places in _places(study).items():
        if BEHIND not in places or AT_WORD not in places:
            continue
        behind, word = (places[place].by_seed(study.column) for place in (BEHIND, AT_WORD))
        low_is_better = study.score.better == "low"
        score, solvable = places[AT_WORD].score(study.column), places[AT_WORD].solvable
        better, worse = (word, behind) if low_is_better else (behind, word)
        lost = paired(better, worse, score or study.score, solvable)
        intervals = [
            places[place].interval(study.column) if place in places else None for place in SHOWN
        ]
        at_chance = all(places[place].at_chance(study.score) for place in (BEHIND, AT_WORD))
        costs.append(PaddingCost(settings, intervals, lost, at_chance))
    return costs


def _score(group: Group, study: Study) -> PaddingScore | None:
    interval, summary = group.interval(study.column), group.first.summary
    if interval is None or summary.seq_len is None:
        return None
    named = (*SETTINGS, "model", "seq_len")
    padding, readout = _place(group)
    others = tuple((name, value) for name, value in group.factors.items() if name not in named)
    return PaddingScore(
        padding, readout, group.model, others, summary.seq_len, interval,
        group.values(study.column), group.chance_levels(study.score),
    )  # fmt: skip
