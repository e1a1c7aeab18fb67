"""The training loop: sample -> forward -> loss -> backward -> clip -> step -> record.

What a step minimises is made of the loss by the recipe: see `Recipe`.

Clipping measures the gradient's norm before it changes anything; that raw norm is what is recorded.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from rnnexp import bounds
from rnnexp.data.base import Task
from rnnexp.dials import Checkpoints
from rnnexp.errors import did_you_mean
from rnnexp.interrupts import deferred
from rnnexp.model.base import SequenceModel
from rnnexp.ranges import a_fraction, at_least, more_than
from rnnexp.scores import Score
from rnnexp.training.checkpoint import Checkpoint, Saver
from rnnexp.training.dropout import seeded
from rnnexp.training.epoch import Epoch, carried_out
from rnnexp.training.epoch_records import EpochRecords
from rnnexp.training.evaluation import Evaluation, evaluate
from rnnexp.training.feed import (
    CorpusFeed,
    Feed,
    FreshFeed,
    Sampler,
    StreamFeed,
)
from rnnexp.training.fit import Fit
from rnnexp.training.optimizers import trainable
from rnnexp.training.precision import Precision, autocast
from rnnexp.training.progress import Progress
from rnnexp.training.recipe import Recipe
from rnnexp.training.recorder import Probes, Recorder
from rnnexp.training.state_gradients import StateGradients
from rnnexp.training.steps import EpochSteps, Part, WatchedNorms, mean_of_parts
from rnnexp.training.update import Average, Update
from rnnexp.types import Batch

#: Steps to a row of metrics.csv, where the training is counted in steps.
ROW_STEPS = 100

#: Epochs in a row whose validation score counts as solved, after which `stop_when_solved` stops.
SOLVED_ROWS = 2


def is_solved(task: Task, validation: Mapping[str, float | None] | None) -> bool:
    """Whether the task counts as solved by the scores of an epoch."""
    value = None if validation is None else validation[task.score.name]
    return value is not None and task.score.is_solved(value)


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """How long and by which rule the weights are trained.

    epochs: passes over the training split, or 500 steps each where every step has new samples;
        with 0 the initial weights are measured and tested.
    steps: train for so many steps instead; a row of metrics.csv, an epoch to everything that counts
        in epochs, is then 100 steps.
    batch_size: examples that are computed at once.
    accumulate: batches whose gradients make one step: it is as one of `accumulate` times
        `batch_size` examples, computed in parts. Everything that counts steps counts these.
    truncate: cut the gradients between steps truncate and truncate + 1, and so on (truncated
        backpropagation through time); None: they go back over all steps.
    stateful: each batch starts from the states in which the one before has ended, row by row:
        examples are then consecutive pieces of `batch_size` long sequences. Needs shuffle=false.
        Validation and test do the same; probes look at examples by themselves.
    drop_last: leave the last, short batch of a pass out.
    shuffle: every pass has an order of its own; else that of the training split.
    precision: `float32`, or `bf16` (autocast) where the device has it.
    monitor: the validation score by which epochs are told apart: by its name, as the test reports
        it; None for the loss.
    patience: stop after so many epochs without a better one; None trains all epochs.
    stop_when_solved: stop after the second of two epochs in a row whose validation score counts as
        solved (`Task.solved`), once lengths that grow have come to their longest.
    test_weights: which weights are tested, and later loaded: those of the `last` epoch, or of the
        `best`, the one with the best monitored score. None for `best` with patience, else `last`.
        What probes measure at the end is of the last epoch in any case.
    ema: validate and test an average of the weights over the updates, see `Average`, whose decay it
        is; None: the weights themselves. Probes measure the weights.
    """

    epochs: int = 5
    steps: int | None = None
    batch_size: int = 64
    accumulate: int = 1
    truncate: int | None = None
    stateful: bool = False
    precision: Precision = "float32"
    monitor: str | None = None
    patience: int | None = None
    stop_when_solved: bool = False
    test_weights: Literal["last", "best"] | None = None
    ema: float | None = None
    drop_last: bool = False
    shuffle: bool = True

    def __post_init__(self) -> None:
        at_least("epochs", self.epochs, 0)
        bounds.at_most("epochs", self.epochs, bounds.MOST_ROWS, "each has a row in metrics.csv")
        if self.steps is not None:
            at_least("steps", self.steps, 1)
            most = bounds.MOST_ROWS * ROW_STEPS
            bounds.at_most("steps", self.steps, most, f"{ROW_STEPS} have a row in metrics.csv")
        at_least("batch_size", self.batch_size, 1)
        at_least("accumulate", self.accumulate, 1)
        if self.truncate is not None:
            at_least("truncate", self.truncate, 1)
        if self.stateful and (self.shuffle or self.accumulate > 1):
            raise ValueError(
                "stateful=true carries states from batch to batch, and "
                + ("shuffle=true mixes them" if self.shuffle else "accumulate makes one of several")
                + ": use trainer."
                + ("shuffle=false" if self.shuffle else "accumulate=1")
            )
        if self.ema is not None:
            a_fraction("ema", self.ema)
            more_than("ema", self.ema, 0)  # else it is the weights themselves
        if self.patience is not None:
            at_least("patience", self.patience, 1)
        if self.test_weights == "best" and not self.epochs and self.steps is None:
            raise ValueError(
                "test_weights=best chooses among the epochs and epochs=0 leaves none: use "
                "trainer.test_weights=null"
            )

    @property
    def tests_best(self) -> bool:
        """Whether the weights with the best validation score are tested, and not the last."""
        if self.test_weights is None:
            return self.patience is not None
        return self.test_weights == "best"

    @property
    def step_size(self) -> int:
        """Examples of a step."""
        return self.batch_size * self.accumulate

    def monitored(self, task: Task) -> Score:
        """The score by which epochs are told apart."""
        by_name = {score.name: score for score in task.readings}
        name = self.monitor or task.loss_score.name
        if name not in by_name:
            raise ValueError(
                f"monitor={name} is no score of this data{did_you_mean(name, by_name)} (it has "
                f"{', '.join(by_name)})"
            )
        return by_name[name]

    def fit(
        self,
        model: SequenceModel,
        task: Task,
        recipe: Recipe,
        recorder: Recorder,
        seed: int,
        device: torch.device,
        probes: Probes | None = None,
        start: Checkpoint | None = None,
        saving: Checkpoints | None = None,
    ) -> Fit:
        """Train `model` in place; `recorder` gets every epoch, `probes` look on between epochs.

        start: go on from there; the probes and the recorder have been brought there already.
        saving: when to save the training, and how much of it. A signal that ends the process saves
        it too, and ends it between two steps.
        """
        story = self.fitting(model, task, recipe, recorder, seed, device, probes, start, saving)
        return carried_out(story, lambda epoch: self.train_epoch(*epoch))

    def fitting(
        self,
        model: SequenceModel,
        task: Task,
        recipe: Recipe,
        recorder: Recorder,
        seed: int,
        device: torch.device,
        probes: Probes | None = None,
        start: Checkpoint | None = None,
        saving: Checkpoints | None = None,
    ) -> Generator[Epoch, None, Fit]:
        """`fit`, which leaves the training of each epoch to the caller: see `carried_out`."""
        model.truncate, model.stateful = self.truncate, self.stateful
        saving = saving or Checkpoints()
        monitored = self.monitored(task)
        feed = self.feed(model, task, seed, device)
        val = Sampler(task.split("val"), device, trim=not model.reads_pads)
        plan = self.plan(feed.epoch_steps)
        update = self.update(model, recipe, sum(plan), device)
        # each step has loss and headline, which come first; the others are a whole split's
        progress = Progress(*self._count(), plan, task.readings[:2], recorder)
        records = EpochRecords(task, self.monitor, plan, recorder, probes, progress)
        saved = start.name if start else ""
        saver = Saver(recorder, saving, model, update, feed, probes, saved)
        fit = Fit()
        if start is not None:
            fit = start.restore(model, update, feed, keep_best=self.keeps_best(saving))
        elif probes is not None:
            probes.measure(0, 0, not plan, recorder.save_probe)
        saver.epoch_ended(fit)
        with saver.saved_when_stopped():
            while not self.has_ended(fit, plan):
                distances = () if probes is None else probes.state_distances
                steps = self.epoch_steps(model, distances, fit.steps)
                if start is not None and start.steps is not None:
                    steps.restore(*start.steps, device)
                start = None  # the epochs behind it begin at their beginning
                saver.epoch_begins(steps)
                update.kept = fit.kept
                first, count = fit.steps + len(steps), plan[fit.epochs] - len(steps)
                batches = progress.bar(feed.batches(first, count, steps), fit, len(steps))
                batches = seeded(batches, seed, first, task.for_training)
                yield Epoch(model, task, recipe, update, batches, steps, saver)
                validation = None
                if len(val) and steps.diverged_at is None:
                    progress.tell("validation", fit.epochs + 1, fit.steps + len(steps))
                    with update.averaged():
                        validation = self.evaluate(model, task, val).means
                solved = feed.is_grown and is_solved(task, validation)
                after = fit.after(steps, validation, monitored, recipe.schedule, solved)
                if after.best_epoch == after.epochs and self.keeps_best(saving):
                    after = replace(after, best_weights=update.tested_weights(model))
                rate = update.rate(after.steps - 1) if recipe.schedule.varies else None
                why = self.why_early(after) if self.has_ended(after, plan) else None
                records.add(after, steps, validation, rate, why)
                saver.epoch_ended(after)
                fit = after
                saver.save_if_due()
            saver.save()
        if update.average is not None:
            fit = replace(fit, averaged_weights=update.tested_weights(model))
        return fit

    def has_ended(self, fit: Fit, plan: list[int]) -> bool:
        """Whether nothing is left to train: all is done, it diverged, was solved, or patience has
        run out.
        """
        stalled = self.patience is not None and fit.epochs_since_best >= self.patience
        solved = self.stop_when_solved and fit.solved_in_a_row >= SOLVED_ROWS
        return fit.status == "diverged" or stalled or solved or fit.epochs == len(plan)

    def why_early(self, fit: Fit) -> str:
        """Why a training has ended before its last epoch."""
        if self.stop_when_solved and fit.solved_in_a_row >= SOLVED_ROWS:
            return f"solved, {SOLVED_ROWS} epochs in a row"
        return f"no better validation {self.monitor or 'loss'} for {self.patience} epochs"

    def train_epoch(
        self,
        model: SequenceModel,
        task: Task,
        recipe: Recipe,
        update: Update,
        batches: Iterable[Batch],
        steps: EpochSteps,
        saver: Saver | None = None,
    ) -> None:
        """One step per batch. From a step on that is not finite, the weights stay as they are.

        steps: gets what the steps were; the loss that is noted is the task's alone. saver: saves
        the training between two steps where it is time to, and before a signal ends it.
        """
        model.train()
        parameters = trainable(model)
        with deferred() as signals, steps.clock:
            if saver is not None:
                batches = saver.between_steps(batches, signals, steps.clock)
            for batch in batches:
                step, parts = steps.before + len(steps), []
                update.zero_grad()
                for part, share in self.parts(batch, task, recipe):
                    with autocast(self.precision, part.inputs.device):
                        outputs = model(part)
                    own = task.loss(outputs.float(), part)
                    goal = recipe.objective(own, task, model, outputs.float(), part, step)
                    torch.autograd.backward(goal.total * share)
                    metrics = task.metrics(outputs.detach(), part)
                    parts.append(Part(len(part), share, own.detach(), metrics, goal.penalty))
                steps.states.measure(batch, model.reads_pads)
                steps.watched.measure()
                report = recipe.clip(parameters)
                steps.watched.measure()
                steps.add(*mean_of_parts(parts), report, batch)
                update(step, steps.nonfinite_seen)
        steps.read()

    def parts(
        self, batch: Batch, task: Task, recipe: Recipe
    ) -> Iterator[tuple[Batch, float | Tensor]]:
        """The batches that are computed at once, each with its share of the step's loss."""
        if self.accumulate == 1:
            yield batch, 1.0
            return
        whole = recipe.loss.counted(task, batch)
        for first in range(0, len(batch), self.batch_size):
            part = batch.rows(first, first + self.batch_size)
            yield part, recipe.loss.counted(task, part) / whole

    def epoch_steps(
        self, model: SequenceModel, distances: Sequence[int] = (), before: int = 0
    ) -> EpochSteps:
        """What the steps of an epoch of that model are noted in.

        distances: from the readout, at which the states' gradients are noted too. before: steps
        that the training has taken already.
        """
        states = StateGradients(distances)
        states.watch(model)
        return EpochSteps(WatchedNorms(model.recurrence_parameters()), states, before)

    def evaluate(self, model: SequenceModel, task: Task, data: Sampler) -> Evaluation:
        """Loss and scores over a split, at the precision of the training."""
        return evaluate(
            model, task, data, self.precision, self.batch_size if self.stateful else None
        )

    def feed(self, model: SequenceModel, task: Task, seed: int, device: torch.device) -> Feed:
        """Where the batches come from: samples made for each step, or passes over a corpus."""
        if task.generates:
            return FreshFeed(task, device, seed, self.step_size)
        split = Sampler(task.split("train"), device, trim=not model.reads_pads)
        if self.stateful:
            return StreamFeed(split, self.batch_size)
        return CorpusFeed(split, seed, self.step_size, self.drop_last, self.shuffle)

    def update(
        self, model: SequenceModel, recipe: Recipe, steps: int, device: torch.device
    ) -> Update:
        """What changes the weights, in a training of so many steps."""
        optimizer = recipe.optimizer.make(trainable(model), device)
        average = None if self.ema is None else Average(model, self.ema)
        return Update(optimizer, recipe.schedule, recipe.optimizer.lr, steps, average)

    def plan(self, epoch_steps: int) -> list[int]:
        """The steps of each epoch, each a row of metrics.csv.

        >>> Trainer(epochs=2).plan(70), Trainer(steps=250).plan(70)
        ([70, 70], [100, 100, 50])
        """
        if self.steps is None:
            return [epoch_steps] * self.epochs
        whole, rest = divmod(self.steps, ROW_STEPS)
        return [ROW_STEPS] * whole + ([rest] if rest else [])

    def keeps_best(self, saving: Checkpoints) -> bool:
        """Whether the best epoch's weights are wanted in the end."""
        return self.tests_best or saving.keep != "tested"

    def _count(self) -> tuple[str, int]:
        """What the length of the training is counted in, and how many of it there are."""
        return ("epoch", self.epochs) if self.steps is None else ("step", self.steps)
