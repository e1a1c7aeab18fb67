"""A score: its name, which way is better, how it is written, and what chance and perfection get.

Asked here once, instead of by its name wherever a score is written, drawn or judged.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

#: A run beats chance where its whole 95% interval over test examples shows more than this share of
#: all skill: more than a lucky test set of 500 examples gives, even to the luckiest of some hundred
#: runs. What smaller test sets give is in `GUESSES`.
NEEDED_SKILL = 0.1

#: From so many test examples on, the share of networks that only guess and yet beat chance, at
#: most. Computed for coins of 2, 3, 4 and 10 sides, and simulated for the constant answer to the
#: adding problem.
GUESSES = {500: 0.0005, 200: 0.002, 100: 0.005, 50: 0.01, 20: 0.025, 10: 0.04, 3: 0.06, 1: 0.11}

#: The name of every task's loss.
LOSS = "loss"

#: When a run beats chance, in words.
BEATS_CHANCE = (
    f"a run's 95% interval over test examples lies above {NEEDED_SKILL:.0%} of the way from "
    "chance to perfect"
)


def guessing_share(examples: int) -> float:
    """The share of networks that only guess and yet beat chance, at most (`GUESSES`).

    >>> guessing_share(30), guessing_share(2000)
    (0.025, 0.0005)
    """
    return next(share for fewest, share in GUESSES.items() if examples >= fewest)


def guessing(examples: int, headline: bool = True) -> str:
    """How often guessing beats chance on so small a test set, in words; empty for a large one.

    headline: it is judged by accuracy or squared error; else by a score of the whole split, of
    which it was simulated: 200 examples and more 0.7% at most, of rare classes more often.

    >>> guessing(30)
    'of only 30 test examples, guessing beats chance in up to 2.5% of runs'
    >>> guessing(200)
    ''
    """
    if examples >= 200:
        return ""
    if not headline:
        return (
            f"of only {examples} test examples: where classes are rare (85, 10 and 5%), guessing "
            "beats chance in 5% of runs with 50 examples, in 13% with 20"
        )
    passes = f"guessing beats chance in up to {100 * guessing_share(examples):.2g}% of runs"
    return f"of only {examples} test examples, {passes}"


@dataclass(frozen=True)
class Score:
    """A number that says how well a network does.

    name: its key in summary.json and, behind `train_` and `val_`, in metrics.csv.
    better: whether `high` or `low` values are.
    percent: a fraction that people read in percent; files hold the fraction.
    axis: what an axis of a figure says, with the unit where there is one.
    logarithmic: spans orders of magnitude, so that its axis is logarithmic.
    perfect: what a network that is always right gets.
    chance: what the best answer without memory gets; None where nobody knows.
    solved_at: from this value on a run counts as solved; None where nothing is ever solved.
    unit_power: the power of the unit of what is predicted that it is in; 0: it has no unit.
    """

    name: str
    better: Literal["high", "low"]
    axis: str
    percent: bool = False
    logarithmic: bool = False
    perfect: float | None = None
    chance: float | None = None
    solved_at: float | None = None
    unit_power: int = 0

    def show(self, value: float | None) -> str:
        """
        >>> ACCURACY.show(0.8312), MSE.show(0.16667), MSE.show(None)
        ('83.1%', '0.1667', '-')
        """
        if value is None:
            return "-"
        return f"{value:.1%}" if self.percent else f"{value:.4g}"

    def cell(self, value: float | None) -> str:
        """As `show`, for a column whose head says the unit already.

        >>> ACCURACY.cell(0.8312), MSE.cell(0.16667)
        ('83.1', '0.1667')
        """
        return self.show(value).removesuffix("%")

    def signed(self, difference: float) -> str:
        """A difference of two such scores, in points where they are in percent.

        >>> ACCURACY.signed(0.05), MSE.signed(-0.01)
        ('+5.0', '-0.01')
        >>> ACCURACY.signed(-1e-9)
        '+0.0'
        """
        if not self.percent:
            return f"{difference:+.4g}"
        return f"{round(100 * difference, 1) + 0.0:+.1f}"  # -0.0 + 0.0 is 0.0

    def in_unit(self, unit: str) -> Self:
        """With the unit of what is predicted on its axis.

        >>> MAE.in_unit("kg").axis, MSE.in_unit("kg").axis, R2.in_unit("kg").axis
        ('mean absolute error (kg)', 'mse (kg²)', 'R²')
        """
        if not self.unit_power:
            return self
        power = {1: "", 2: "²"}.get(self.unit_power, f"^{self.unit_power}")
        return replace(self, axis=f"{self.axis} ({unit}{power})")

    @property
    def head(self) -> str:
        """The head of a column: `accuracy %`."""
        return f"{self.name} %" if self.percent else self.name

    @property
    def is_loss(self) -> bool:
        """Whether it is what training minimises, and no score that one judges a network by.

        >>> CROSS_ENTROPY.is_loss, SQUARED_ERROR.is_loss, MSE.is_loss
        (True, True, False)
        """
        return self.name == LOSS

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that it can have: a share lies between 0 and 1, and
        nothing is better than perfect.

        >>> ACCURACY.bounds, MSE.bounds
        ((0.0, 1.0), (0.0, inf))
        """
        if self.percent:
            return 0.0, 1.0
        if self.perfect is None:
            return -math.inf, math.inf
        return (-math.inf, self.perfect) if self.better == "high" else (self.perfect, math.inf)

    @property
    def tells_skill(self) -> bool:
        """Whether it can be above chance: not where the best answer that ignores the input is
        perfect already, as predicting the shares of the classes is by the calibration error.
        """
        return self.chance is None or self.chance != self.perfect

    def skill(self, value: float) -> float | None:
        """(value - chance) / (perfect - chance): 0 at chance, 1 where every answer is right.

        None where chance or perfection is not known, or both are the same.

        >>> from dataclasses import replace
        >>> replace(ACCURACY, chance=0.5).skill(0.75)
        0.5
        >>> round(replace(MSE, chance=1 / 6).skill(1 / 12), 6)
        0.5
        """
        if self.chance is None or self.perfect is None or self.perfect == self.chance:
            return None
        return (value - self.chance) / (self.perfect - self.chance)

    def beats_chance(self, interval: Sequence[float | None]) -> bool:
        """Whether both ends of a score's interval have a skill above `NEEDED_SKILL`.

        An end that is None was not finite, and shows none.
        """
        skills = [None if end is None else self.skill(end) for end in interval]
        return all(skill is not None and skill > NEEDED_SKILL for skill in skills)

    def is_solved(self, value: float) -> bool:
        """Whether `value` is as good as `solved_at`, or better."""
        if self.solved_at is None:
            return False
        return value >= self.solved_at if self.better == "high" else value <= self.solved_at


def is_imbalanced(chance: Mapping[str, float | None]) -> bool:
    """Whether classes are so uneven that accuracy misleads, by the chance levels of its scores.

    With p what always answering the commonest of K classes gets: p >= 2/K, or p a third of the way
    and more from 1/K to 1.

    >>> [is_imbalanced({"accuracy": p, "balanced_accuracy": 0.5}) for p in (0.6, 0.7)]
    [False, True]
    >>> [is_imbalanced({"accuracy": p, "balanced_accuracy": 0.1}) for p in (0.15, 0.2)]
    [False, True]
    """
    commonest, equal = chance.get("accuracy"), chance.get("balanced_accuracy")
    if commonest is None or equal is None or equal >= 1:
        return False
    return commonest >= min(2 * equal, equal + (1 - equal) / 3) * (1 - 1e-12)


ACCURACY = Score("accuracy", "high", "accuracy", percent=True, perfect=1.0)
MACRO_F1 = Score("macro_f1", "high", "macro F1", percent=True, perfect=1.0)
BALANCED_ACCURACY = Score("balanced_accuracy", "high", "balanced accuracy", True, perfect=1.0)
AUROC = Score("auroc", "high", "AUROC", percent=True, perfect=1.0)
CALIBRATION_ERROR = Score("calibration_error", "low", "calibration error", True, perfect=0.0)
MSE = Score("mse", "low", "mse", logarithmic=True, perfect=0.0, unit_power=2)
MAE = Score("mae", "low", "mean absolute error", logarithmic=True, perfect=0.0, unit_power=1)
R2 = Score("r2", "high", "R²", perfect=1.0)
CROSS_ENTROPY = Score(LOSS, "low", "loss (nats)", perfect=0.0)
SQUARED_ERROR = Score(LOSS, "low", "loss", logarithmic=True, perfect=0.0)

#: What a classifier is scored by beside its accuracy, each of a whole split: `ClassAnswers`.
OF_CLASSES = (BALANCED_ACCURACY, MACRO_F1, AUROC, CALIBRATION_ERROR)
#: What predicted numbers are scored by beside their squared error.
OF_NUMBERS = (MAE, R2)
