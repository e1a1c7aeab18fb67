"""What the training steps of an epoch were: loss, scores and gradient norms of each."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.types import Batch, ClipReport, wide


class EpochSteps:
    """Loss, scores and clip report of each step of an epoch.

    They stay on the device until `read` fetches them all at once, so that no step waits for the
    host; whatever follows needs `read` first.

    metrics: the names of the scores.
    nonfinite_seen: 1.0 from the first step on whose loss or gradient is not finite, else 0.0.
    """

    def __init__(self) -> None:
        self._rows: list[Tensor] = []
        self._sizes: list[int] = []
        self.metrics: tuple[str, ...] = ()
        self.nonfinite_seen = torch.zeros(())

    def add(
        self, loss: Tensor, metrics: Mapping[str, Tensor], clip: ClipReport, batch: Batch
    ) -> None:
        """A step's loss and metrics, 0-dim each, and what clipping reported of its gradients."""
        self.metrics = tuple(metrics)
        numbers = (
            batch.lengths.sum(), loss, *metrics.values(),
            clip.norm_before, clip.norm_after, clip.fired, clip.nonfinite,
        )  # fmt: skip
        self._rows.append(torch.stack([number.to(wide(loss.device)) for number in numbers]))
        self._sizes.append(len(batch))
        nonfinite = ~(loss.isfinite() & clip.norm_before.isfinite())
        self.nonfinite_seen = torch.maximum(self.nonfinite_seen.to(loss.device), nonfinite.float())

    def read(self) -> None:
        """Bring everything to the CPU and look for the first step that was not finite."""
        tokens, table = np.split(torch.stack(self._rows).cpu().numpy(), [1], axis=1)
        nonfinite = ~np.isfinite(table[:, 0]) | ~np.isfinite(table[:, -4])
        #: index of the first step that was not finite, None where all were
        self.diverged_at = int(nonfinite.argmax()) if nonfinite.any() else None
        #: steps taken, the one that was not finite included
        self.count = len(table) if self.diverged_at is None else self.diverged_at + 1
        #: real steps of all sequences, of the steps behind a divergence too
        self.tokens = int(tokens.sum())
        self._table = table
        self._finite = slice(0, self.diverged_at)

    def means(self) -> dict[str, float | None]:
        """The training part of the epoch's row of metrics.csv, over the steps that were finite.

        train_*: means over examples, each at the weights of its step. grad_norm: mean over steps of
        the total norm before clipping, grad_norm_max: the largest; grad_norm_clipped: mean after
        clipping; clipped_fraction: share of steps on which clipping changed a gradient. All None
        where no step was finite.
        """
        names = (
            "train_loss", *(f"train_{name}" for name in self.metrics),
            "grad_norm", "grad_norm_max", "grad_norm_clipped", "clipped_fraction",
        )  # fmt: skip
        table = self._table[self._finite]
        if not len(table):
            return dict.fromkeys(names)
        sizes = self._sizes[self._finite]
        *scores, before, after, fired, _ = table.T
        means = (
            *(float(np.average(score, weights=sizes)) for score in scores),
            float(before.mean()), float(before.max()), float(after.mean()), float(fired.mean()),
        )  # fmt: skip
        return dict(zip(names, means, strict=True))

    def by_step(self) -> dict[str, npt.NDArray[np.float64]]:
        """Loss and clip report of each step, the one that was not finite included."""
        table = self._table[: self.count]
        names = ("norm_before", "norm_after", "fired", "nonfinite")
        columns = dict(zip(names, table[:, -4:].T, strict=True))
        return {"loss": table[:, 0], **columns}

    def divergence(self, step: int) -> str:
        """One line on the step that was not finite; step: its number in the run."""
        assert self.diverged_at is not None
        row = self._table[self.diverged_at]
        return (
            f"step {step} is not finite: loss {row[0]:g}, gradient norm {row[-4]:g}, "
            f"{row[-1]:.0f} gradient elements infinite or NaN"
        )
