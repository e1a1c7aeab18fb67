"""What a person sees while a network trains: a bar for each epoch, and a line after it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from tqdm import tqdm

from rnnexp.bars import no_bar
from rnnexp.scores import Score
from rnnexp.training.fit import Fit
from rnnexp.training.recorder import Recorder
from rnnexp.types import Batch


@dataclass
class Progress:
    """The words for where a training stands.

    unit: `epoch` or `step`, in which `total` counts. plan: the steps of each epoch.
    scores: how the loss and the scores are written. recorder: is told of every step.
    """

    unit: str
    total: int
    plan: Sequence[int]
    scores: Sequence[Score]
    recorder: Recorder | None = None
    _beside_bar: dict[str, str] = field(default_factory=dict)

    @cached_property
    def steps(self) -> int:
        """Of the whole training."""
        return sum(self.plan)

    def bar(self, batches: Iterable[Batch], fit: Fit, taken: int) -> Iterator[Batch]:
        """The batches of the epoch behind `fit`, counted on the screen; `taken` are taken already.

        Beside the bar stand the numbers of the epoch before: those of this one are read from the
        device at its end.
        """
        count = self.plan[fit.epochs]
        shown = tqdm(
            batches,
            desc=self._place(fit.epochs + 1, fit.steps + count),
            postfix=self._beside_bar,
            initial=taken,
            total=count,
            unit="batch",
            leave=False,
            disable=no_bar(),
        )
        for step, batch in enumerate(shown, fit.steps + taken):
            self.tell("training", fit.epochs + 1, step)
            yield batch

    def tell(
        self, phase: Literal["training", "validation", "probes"], epoch: int, step: int
    ) -> None:
        """Tell the recorder where the training stands, `step` steps having been taken."""
        if self.recorder is not None:
            self.recorder.report_progress(phase, epoch, len(self.plan), step, self.steps)

    def line(
        self,
        fit: Fit,
        training: Mapping[str, float | None],
        validation: Mapping[str, float | None],
    ) -> str:
        """One line on the epoch that has ended.

        training: its row of `EpochSteps.means`. validation: loss and scores after it.
        """
        parts = [f"{self._place(fit.epochs, fit.steps)}:"]
        for score in self.scores:
            trained, validated = training[f"train_{score.name}"], validation[score.name]
            assert trained is not None
            self._beside_bar[score.name] = f"{trained:.3f}"
            beside = f" (val {score.show(validated)})" if validated is not None else ""
            parts.append(f"{score.name} {score.show(trained)}{beside}")
        parts.append(f"gradient norm {training['grad_norm']:.3g}")
        left = fit.seconds / fit.steps * (self.steps - fit.steps)
        parts.append(f"{left:.0f} s left" if left else f"took {fit.seconds:.0f} s")
        return "  ".join(parts)

    def _place(self, epoch: int, step: int) -> str:
        """`epoch 2/5` or `step 200/2500`"""
        return f"{self.unit} {epoch if self.unit == 'epoch' else step}/{self.total}"
