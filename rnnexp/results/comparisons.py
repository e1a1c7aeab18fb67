"""Two values of one setting compared over the seeds that both have, all else alike."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnexp.results.groups import Group
from rnnexp.results.significance import Paired, paired
from rnnexp.scores import Score


@dataclass(frozen=True)
class Comparison:
    """difference: over seeds, the second value's score minus the first's."""

    factor: str
    values: tuple[Any, Any]
    others: Mapping[str, Any]
    difference: Paired


def compared(groups: Sequence[Group], factor: str, score: Score) -> Iterator[Comparison]:
    """The test score at each pair of values of a setting, over the same seeds, all else alike."""
    alike: dict[str, list[Group]] = {}
    for group in groups:
        others = {key: value for key, value in group.factors.items() if key != factor}
        alike.setdefault(str(others), []).append(group)
    column = f"test_{score.name}"
    for members in alike.values():
        for a, b in itertools.combinations(members, 2):
            if a.chance_levels(score) != b.chance_levels(score):
                continue  # scores above different chance levels are no two of a kind
            difference = paired(
                a.by_seed(column), b.by_seed(column), a.score(column) or score, a.solvable
            )
            if difference is not None:
                others = {key: value for key, value in a.factors.items() if key != factor}
                values = a.factors[factor], b.factors[factor]
                yield Comparison(factor, values, others, difference)
