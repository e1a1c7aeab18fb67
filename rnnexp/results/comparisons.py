"""Two values of one setting compared over the seeds that both have, all else alike."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnexp.results.groups import Group
from rnnexp.results.significance import Paired, paired
from rnnexp.scores import Score

#: Pairs of values of one setting that are compared. Each of n with each are n²/2, of which nothing
#: can be told from its table or be called significant: of more, each with the next alone.
MAX_COMPARED = 1_000


@dataclass(frozen=True)
class Comparison:
    """difference: over seeds, the second value's score minus the first's.

    at_chance: whether neither beats chance, so that the difference is none of what they can do.
    """

    factor: str
    values: tuple[Any, Any]
    others: Mapping[str, Any]
    difference: Paired
    at_chance: bool = False


def compared(groups: Sequence[Group], factor: str, score: Score) -> Iterator[Comparison]:
    """The test score at each pair of values of a setting, over the same seeds, all else alike.

    Of more than `MAX_COMPARED` pairs those of values that follow each other, see `only_next`.
    """
    column = f"test_{score.name}"
    pairs_of = itertools.pairwise if only_next(groups, factor) else _each_with_each
    for members in _alike(groups, factor):
        scores = {id(group): group.by_seed(column) for group in members}
        for a, b in pairs_of(members):
            if a.chance_levels(score) != b.chance_levels(score):
                continue  # scores above different chance levels are no two of a kind
            difference = paired(scores[id(a)], scores[id(b)], a.score(column) or score, a.solvable)
            if difference is not None:
                values = a.factors[factor], b.factors[factor]
                at_chance = a.at_chance(score) and b.at_chance(score)
                yield Comparison(factor, values, _others(a, factor), difference, at_chance)


def only_next(groups: Sequence[Group], factor: str) -> bool:
    """Whether a setting has too many values to compare each with each: then each with the next."""
    return any(math.comb(len(members), 2) > MAX_COMPARED for members in _alike(groups, factor))


def _each_with_each(members: Sequence[Group]) -> Iterator[tuple[Group, Group]]:
    return itertools.combinations(members, 2)


def _alike(groups: Sequence[Group], factor: str) -> list[list[Group]]:
    """The groups that differ in this setting alone, in their order."""
    alike: dict[str, list[Group]] = {}
    for group in groups:
        alike.setdefault(str(_others(group, factor)), []).append(group)
    return list(alike.values())


def _others(group: Group, factor: str) -> dict[str, Any]:
    return {key: value for key, value in group.factors.items() if key != factor}
