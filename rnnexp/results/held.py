"""How far networks that were trained on several lengths hold: the numbers of each group.

A run holds a place where its whole 95% interval over test examples lies above halfway from chance
to perfect, at it and at every shorter one that was tested, from the shortest that it was trained
on. Never imports torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnexp.results.groups import Group
from rnnexp.results.statistics import Interval, Rate, wilson
from rnnexp.results.tested import (
    MedianReach,
    Reach,
    ScoreAt,
    distance_offset,
    interval_over,
    scores_by_length,
    trained_lengths,
)

#: The share of the way from chance to perfect above which an answer is held.
HELD = 0.5


@dataclass(frozen=True)
class HeldAt:
    """The scores of a group at one tested distance.

    interval: over seeds; of one seed over test examples. None where a score was not finite.
    lowest: the seed with the worst score, with its interval over test examples.
    by_seed: None where a score was not finite. rate: of the seeds whose own test there shows more
    than `HELD`, whatever they do at shorter distances; diverged ones do not.
    """

    place: int
    interval: Interval | None
    lowest: Interval | None
    by_seed: Mapping[int, float | None]
    chance: float | None
    rate: Rate


@dataclass(frozen=True)
class HeldGroup:
    """Runs that differ in their seed alone.

    lengths: shortest and longest trained on. how: `grow`, `uniform`, `fixed`.
    axis: what `place` counts: `distance` of the cue, or `length` where the two differ.
    reaches: of each seed. untested: seeds that diverged, which hold nothing.
    """

    label: str
    model: str
    lengths: tuple[int, int]
    how: str
    axis: str
    points: Sequence[HeldAt]
    reaches: Mapping[int, Reach]
    untested: Sequence[int]
    median: MedianReach

    @property
    def trained(self) -> str:
        low, high = self.lengths
        lengths = str(high) if low == high else f"{low} to {high}"
        return lengths + (f" ({self.how})" if self.how else "")

    @property
    def first(self) -> int:
        """The first place from which a reach counts."""
        return min(self.counted, default=self.points[0].place)

    @property
    def counted(self) -> list[int]:
        """The places of no shorter a length than trained on."""
        offset = 1 if self.axis == "distance" else 0
        return [p.place for p in self.points if p.place + offset >= self.lengths[0]]

    @property
    def farthest(self) -> int:
        return self.points[-1].place

    @property
    def to_the_farthest(self) -> Rate:
        """How many seeds hold to the farthest place tested."""
        return wilson(
            sum(reach.held == self.farthest for reach in self.reaches.values()), len(self.reaches)
        )


def held_group(group: Group) -> HeldGroup | None:
    """None where it was trained at one length, or not tested at several."""
    summary = group.first.summary
    lengths = trained_lengths(summary)
    scores = {run.summary.seed: scores_by_length(run.summary) for run in group.ended}
    tested = {seed: by_length for seed, by_length in scores.items() if by_length}
    places = sorted({n for by_length in tested.values() for n in by_length})
    if lengths is None or not summary.memory or len(places) < 2:
        return None
    offset = distance_offset(summary) or 0
    points = [_held_at(group, tested, n, n - offset) for n in places]
    untested = sorted(scores.keys() - tested.keys())
    counted = [n for n in places if n >= lengths[0]] or places
    reaches = {seed: Reach(None, counted[0] - offset) for seed in untested} | {
        seed: Reach.of(
            {n - offset: at.verdict(HELD) for n, at in by_length.items() if n in counted}
        )
        for seed, by_length in tested.items()
    }
    return HeldGroup(
        group.label,
        group.model,
        lengths,
        str(summary.data_report.get("curriculum") or ""),
        "distance" if offset else "length",
        points,
        dict(sorted(reaches.items())),
        untested,
        MedianReach.of(list(reaches.values())),
    )


def _held_at(
    group: Group, tested: Mapping[int, Mapping[int, ScoreAt]], length: int, place: int
) -> HeldAt:
    there = {seed: at[length] for seed, at in tested.items() if length in at}
    runs = [run for run in group.ended if run.summary.seed in there]
    scores = [there[run.summary.seed] for run in runs]
    known = [at for at in scores if at.interval is not None]
    worst = min if scores[0].score.better == "high" else max
    lowest = worst(known, key=lambda at: at.value or 0.0) if known else None
    diverged = len(group.ended) - len(tested)
    shown = sum(at.verdict(HELD) is True for at in scores)
    return HeldAt(
        place,
        interval_over(runs, scores),
        None if lowest is None else lowest.interval,
        {seed: at.value for seed, at in sorted(there.items())},
        scores[0].score.chance,
        wilson(shown, len(scores) + diverged),
    )
