"""A lower rate once the validation score improves no more."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rnnexp.ranges import at_least
from rnnexp.schedule.base import Schedule


@dataclass(frozen=True, kw_only=True)
class Plateau(Schedule):
    """lr factor^k, k the times that `patience` epochs have passed without a better score.

    As torch's ReduceLROnPlateau. The score is `trainer.monitor`'s. Better is a score s below
    best - threshold |best|, where lower is better, and above best + threshold |best| otherwise.

    factor: see above. patience: epochs that may pass; the rate falls after one more.
    threshold: see above. cooldown: epochs after each fall that do not count. min_lr: never lower.
    """

    varies: ClassVar[bool] = True
    watches: ClassVar[bool] = True

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    min_lr: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise ValueError(f"factor must be greater than 0 and less than 1 (got {self.factor})")
        for name in ("patience", "threshold", "cooldown", "min_lr"):
            at_least(name, getattr(self, name), 0)

    @property
    def words(self) -> str:
        return (
            f"rate times {self.factor:g} after {self.patience + 1} epochs without a better "
            "validation score"
        )

    def check(self, steps: int, epochs: int, lr: float) -> None:
        if self.min_lr >= lr:
            raise ValueError(
                f"min_lr={self.min_lr:g} is no lower rate than optimizer.lr={lr:g}: use a smaller "
                "schedule.min_lr"
            )
        if epochs < self.patience + 3:  # the best, those that wait, one that is trained slower
            raise ValueError(
                f"patience={self.patience} lowers the rate for epoch {self.patience + 3} at the "
                f"earliest and the training has {epochs}: use schedule.patience="
                f"{max(0, epochs // 3 - 1)}"
            )

    def rate(self, lr: float, step: int, steps: int, kept: Mapping[str, float]) -> float:
        lowered: float = lr * self.factor ** kept.get("falls", 0)
        return max(lowered, min(lr, self.min_lr))

    def after(self, kept: Mapping[str, float], score: float) -> Mapping[str, float]:
        best, waiting = kept.get("best", math.inf), kept.get("waiting", 0)
        cooling, falls = kept.get("cooling", 0), kept.get("falls", 0)
        if not math.isfinite(best) or score < best - self.threshold * abs(best):
            best, waiting = min(best, score), 0
        else:
            waiting += 1
        if cooling:
            cooling, waiting = cooling - 1, 0
        if waiting > self.patience:
            cooling, waiting, falls = self.cooldown, 0, falls + 1
        return {"best": best, "waiting": waiting, "cooling": cooling, "falls": falls}
