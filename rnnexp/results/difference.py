"""The difference of two groups' test scores, as a value: what a table's line of comparisons says.

Never imports torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rnnexp.errors import UserError
from rnnexp.results.groups import Group
from rnnexp.results.over_seeds import ONE_BY_ONE
from rnnexp.results.significance import SIGNIFICANT, Paired, PairsTested, paired
from rnnexp.scores import Score


@dataclass(frozen=True)
class Difference:
    """How much higher the test score of b is than that of a, over the seeds that both have.

    a, b: what the two groups are called. score: how their numbers are read.
    mean: of b - a, paired by seed. interval: 95%, a t-interval of paired differences; None of one
        seed, and where no interval over so few would cover the mean: `by_seed` then says all.
    by_seed: b - a of each seed.
    p: two-sided sign-flip permutation test over seeds, for this pair alone; None of one seed.
    significant: whether p is below 0.05; None where so few seeds could not say so.
    left_out: seeds that only one of them has. notes: what there is to know, in words.
    """

    a: str
    b: str
    score: Score
    mean: float
    interval: tuple[float, float] | None
    by_seed: Mapping[int, float]
    p: float | None
    significant: bool | None
    left_out: Sequence[int]
    notes: Sequence[str]

    @classmethod
    def of(cls, a: Group, b: Group, name: str, column: str) -> Self:
        """Raises UserError where the two cannot be compared: no seed in common, or scores of two
        kinds.

        name: of the score, which is in `column` of study.csv.
        """
        scores = a.by_seed(column), b.by_seed(column)
        for group, own in zip((a, b), scores, strict=True):
            if not own:
                raise UserError(f"no run of {group.label} has a test {name}")
        score = a.score(column)
        if score is None:
            raise UserError(f"{name} is no score of {a.label}")
        if a.chance_levels(score) != b.chance_levels(score):
            raise UserError(f"{a.label} and {b.label} have other chance levels: no two of a kind")
        pair = paired(*scores, score, a.solvable)
        if pair is None:
            seeds = " and ".join(", ".join(map(str, sorted(own))) for own in scores)
            raise UserError(f"{a.label} and {b.label} have no seed in common ({seeds})")
        return cls._made(a, b, score, pair, *scores)

    @classmethod
    def _made(
        cls, a: Group, b: Group, score: Score, pair: Paired,
        of_a: Mapping[int, float], of_b: Mapping[int, float],
    ) -> Self:  # fmt: skip
        tested = PairsTested.of([pair])
        (adjusted,) = tested.adjusted
        ends = pair.difference.ends
        notes = [*tested.notes(), *([ONE_BY_ONE] if pair.difference.apart else [])]
        if pair.left_out:
            notes.append(f"seeds that only one has: {', '.join(map(str, pair.left_out))}")
        return cls(
            a.label,
            b.label,
            score,
            pair.difference.mean,
            None if ends is None else (ends[0], ends[1]),
            {seed: of_b[seed] - of_a[seed] for seed in pair.seeds},
            pair.p,
            None if adjusted is None else adjusted < SIGNIFICANT,
            tuple(pair.left_out),
            notes,
        )

    def __str__(self) -> str:
        """`lstm - rnn: +7.0 (+2.1 to +11.9) in test accuracy %, p 0.0156 over 7 seeds`."""
        ends = self.interval
        interval = "" if ends is None else f" ({' to '.join(map(self.score.signed, ends))})"
        p = "" if self.p is None else f", p {self.p:.3g}"
        seeds = f"{len(self.by_seed)} seed" + ("s" if len(self.by_seed) > 1 else "")
        return (
            f"{self.b} - {self.a}: {self.score.signed(self.mean)}{interval} in test "
            f"{self.score.head}{p} over {seeds}"
        )
