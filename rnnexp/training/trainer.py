"""The training loop: sample -> forward -> loss -> backward -> measure -> clip -> step -> record."""

import logging
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from rnnexp.clip.base import Clip
from rnnexp.data.base import Task
from rnnexp.model.base import SequenceModel
from rnnexp.probes.base import ProbeSet
from rnnexp.ranges import a_fraction, at_least, more_than
from rnnexp.results.runs import RunDirectory
from rnnexp.streams import stream_seed
from rnnexp.training.feed import CorpusFeed, Feed, FreshFeed, Sampler
from rnnexp.types import Batch, ClipReport, wide

log = logging.getLogger(__name__)

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}
EVALUATION_BATCH_SIZE = 256
#: Steps to a row of metrics.csv, where the training is counted in steps.
ROW_STEPS = 100


@dataclass(frozen=True)
class Fit:
    """What became of a training.

    status: `finished`, or `diverged` with the reason: the step and the norm.
    epochs: rows of metrics.csv: passes over the data, or hundreds of steps.
    best_epoch: the epoch of the lowest validation loss, None without a validation split.
    seconds, tokens: spent in training steps, validation apart.
    """

    status: Literal["finished", "diverged"] = "finished"
    reason: str | None = None
    epochs: int = 0
    steps: int = 0
    best_epoch: int | None = None
    best_loss: float = float("inf")
    seconds: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """How long and by which rule the weights are trained.

    epochs: passes over the training split, or 500 steps each where every step has new samples;
        with 0 the initial weights are measured and tested.
    steps: train for so many steps instead; a row of metrics.csv, an epoch to everything that counts
        in epochs, is then 100 steps.
    batch_size: examples per step; the last, short batch is kept unless `drop_last`.
    learning_rate, optimizer: of torch.optim, whose other settings stay at torch's defaults.
    alpha: of rmsprop, how much of the mean square is kept per step (called decay elsewhere); None
        for torch's 0.99.
    precision: `float32`, or `bf16` (autocast) where the device has it.
    patience: stop after so many epochs without a lower validation loss, and use the weights of
        the best epoch; None trains all epochs and uses the last.
    """

    epochs: int = 5
    steps: int | None = None
    batch_size: int = 64
    learning_rate: float = 1e-3
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    alpha: float | None = None
    precision: Literal["float32", "bf16"] = "float32"
    patience: int | None = None
    drop_last: bool = False

    def __post_init__(self) -> None:
        at_least("epochs", self.epochs, 0)
        if self.steps is not None:
            at_least("steps", self.steps, 1)
        if self.alpha is not None:
            a_fraction("alpha", self.alpha)
            if self.optimizer != "rmsprop":
                raise ValueError(
                    f"alpha={self.alpha} is of optimizer=rmsprop (got {self.optimizer}): "
                    "use trainer.alpha=null"
                )
        at_least("batch_size", self.batch_size, 1)
        more_than("learning_rate", self.learning_rate, 0)
        if self.patience is not None:
            at_least("patience", self.patience, 1)

    def check(self, task: Task, device: torch.device) -> None:
        """Raise ValueError where this trainer cannot train on that task or device."""
        if self.patience is not None and not len(task.split("val")):
            way_out = "data.val_count=1000" if task.generates else "data.split=80/10/10"
            raise ValueError(
                f"patience={self.patience} watches the validation loss and the data has no "
                f"validation split: use {way_out}, or trainer.patience=null"
            )
        examples = len(task.split("train"))
        if self.drop_last and not task.generates and examples < self.batch_size:
            raise ValueError(
                f"batch_size={self.batch_size} with drop_last=true leaves no batch of "
                f"{examples} training examples"
            )
        if self.precision == "bf16" and not has_bf16(device):
            raise ValueError(f"precision=bf16 is not there on device={device}: use float32")

    def fit(
        self,
        model: SequenceModel,
        task: Task,
        clip: Clip,
        run: RunDirectory,
        seed: int,
        device: torch.device,
        probes: ProbeSet | None = None,
    ) -> Fit:
        """Train `model` in place, recording every epoch in `run`; `probes` watch."""
        probes = probes or ProbeSet({}, model, task, seed, device)
        feed = self.feed(model, task, seed, device)
        val = Sampler(task.split("val"), device, trim=not model.reads_pads)
        optimizer = self.make_optimizer(model, device)
        fit = Fit()
        plan = self.plan(feed.epoch_steps)
        shown: dict[str, str] = {}
        probes.measure(0, 0, not plan, run.save_probe)
        if not plan:
            _save_checkpoint(run, model, optimizer, fit)
        for epoch, count in enumerate(plan, 1):
            torch.manual_seed(stream_seed(seed, "dropout", epoch))
            started = time.perf_counter()
            bar = tqdm(
                feed.batches(fit.steps, count),
                desc=self._place(epoch, fit.steps + count),
                # of the epoch before: losses are read from the device once per epoch
                postfix=shown,
                total=count,
                unit="batch",
                leave=False,
                disable=None,
            )
            steps = self.train_epoch(model, task, clip, optimizer, bar)
            seconds = time.perf_counter() - started
            scores: dict[str, float | None] = dict.fromkeys(("loss", *steps.metrics))
            if len(val) and steps.diverged_at is None:
                scores |= self.evaluate(model, task, val).means
            fit = replace(
                fit,
                epochs=epoch,
                steps=fit.steps + steps.count,
                seconds=fit.seconds + seconds,
                tokens=fit.tokens + steps.tokens,
            )
            if steps.diverged_at is not None:
                fit = replace(fit, status="diverged", reason=steps.divergence(fit.steps))
            elif (val_loss := scores["loss"]) is not None and not math.isfinite(val_loss):
                reason = f"the validation loss is not finite after step {fit.steps}"
                fit = replace(fit, status="diverged", reason=reason)
            else:
                left = fit.seconds / fit.steps * (sum(plan) - fit.steps)
                log.info("%s", self._epoch_line(fit, steps, scores, left))
                shown = {name: f"{steps.means()[f'train_{name}']:.3f}" for name in scores}
            loss = scores["loss"]
            if loss is not None and loss < fit.best_loss:
                fit = replace(fit, best_epoch=epoch, best_loss=loss)
                run.save_best(lambda path: save_weights(model, path))
            stalled = bool(self.patience) and epoch - (fit.best_epoch or 0) >= (self.patience or 0)
            last = fit.status == "diverged" or stalled or epoch == len(plan)
            before = probes.seconds
            diverged = fit.status == "diverged"
            probes.measure(epoch, fit.steps, last, run.save_probe, steps.by_step(), diverged)
            run.append_epoch(
                {"epoch": epoch, "step": fit.steps}
                | steps.means()
                | {f"val_{name}": score for name, score in scores.items()},
                {
                    "epoch": epoch,
                    "seconds": round(seconds, 3),
                    "tokens_per_second": round(steps.tokens / seconds),
                    "probe_seconds": round(probes.seconds - before, 3),
                },
            )
            _save_checkpoint(run, model, optimizer, fit)
            if last:
                if stalled and epoch < len(plan):
                    log.info("stopped: no lower validation loss for %d epochs", self.patience)
                break
        return fit

    def feed(self, model: SequenceModel, task: Task, seed: int, device: torch.device) -> Feed:
        """Where the batches come from: samples made for each step, or passes over a corpus."""
        if task.generates:
            return FreshFeed(task.fresh, device, seed, self.batch_size)
        split = Sampler(task.split("train"), device, trim=not model.reads_pads)
        return CorpusFeed(split, seed, self.batch_size, self.drop_last)

    def plan(self, epoch_steps: int) -> list[int]:
        """The steps of each epoch, each a row of metrics.csv.

        >>> Trainer(epochs=2).plan(70), Trainer(steps=250).plan(70)
        ([70, 70], [100, 100, 50])
        """
        if self.steps is None:
            return [epoch_steps] * self.epochs
        whole, rest = divmod(self.steps, ROW_STEPS)
        return [ROW_STEPS] * whole + ([rest] if rest else [])

    def _place(self, epoch: int, step: int) -> str:
        """Where the training stands, `epoch 2/5` or `step 200/2500`."""
        if self.steps is None:
            return f"epoch {epoch}/{self.epochs}"
        return f"step {step}/{self.steps}"

    def train_epoch(
        self,
        model: SequenceModel,
        task: Task,
        clip: Clip,
        optimizer: torch.optim.Optimizer,
        batches: Iterable[Batch],
    ) -> "EpochSteps":
        model.train()
        parameters = [p for p in model.parameters() if p.requires_grad]
        steps = EpochSteps()
        for batch in batches:
            with self._autocast(batch.inputs.device):
                outputs = model(batch)
            loss = task.loss(outputs.float(), batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            report = clip(parameters)
            steps.add(loss.detach(), task.metrics(outputs.detach(), batch), report, batch)
            _step_unless(steps.nonfinite_seen, optimizer)
        steps.read()
        return steps

    def evaluate(self, model: SequenceModel, task: Task, data: Sampler) -> "Evaluation":
        """Loss and scores over a split, and what every example got."""
        model.eval()
        indices = data.by_length(EVALUATION_BATCH_SIZE)
        loss = torch.zeros((), dtype=wide(data.device), device=data.device)
        found: dict[str, list[Tensor]] = {"outputs": []}
        with torch.inference_mode():
            for batch in data.batches(indices):
                with self._autocast(data.device):
                    outputs = model(batch)
                outputs = outputs.float()
                found["outputs"].append(outputs)
                loss += task.loss(outputs, batch) * len(batch)
                for name, scores_B in task.scores(outputs, batch).items():
                    found.setdefault(name, []).append(scores_B)
        place = np.argsort(np.concatenate(indices))  # back from batches to the split's order
        by_name = {name: torch.cat(parts).cpu().numpy()[place] for name, parts in found.items()}
        in_order = by_name.pop("outputs")
        means = {name: float(scores.mean(dtype=np.float64)) for name, scores in by_name.items()}
        return Evaluation({"loss": float(loss) / len(data), **means}, by_name, in_order)

    def _autocast(self, device: torch.device) -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def make_optimizer(self, model: SequenceModel, device: torch.device) -> torch.optim.Optimizer:
        parameters = [p for p in model.parameters() if p.requires_grad]
        options: dict[str, float | bool] = {"lr": self.learning_rate}
        if self.optimizer != "rmsprop" and device.type in ("cpu", "cuda"):
            options["fused"] = True
        if self.alpha is not None:
            options["alpha"] = self.alpha
        return OPTIMIZERS[self.optimizer](parameters, **options)  # type: ignore[arg-type]

    def _epoch_line(
        self, fit: Fit, steps: "EpochSteps", scores: dict[str, float | None], left: float
    ) -> str:
        parts = [f"{self._place(fit.epochs, fit.steps)}:"]
        means = steps.means()
        for name, val in scores.items():
            show = "{:.1%}".format if name == "accuracy" else "{:.4g}".format
            train = means[f"train_{name}"]
            assert train is not None
            parts.append(
                f"{name} {show(train)}" + (f" (val {show(val)})" if val is not None else "")
            )
        parts.append(f"gradient norm {means['grad_norm']:.3g}")
        parts.append(f"{left:.0f} s left" if left else f"{fit.seconds:.0f} s of training")
        return "  ".join(parts)


@dataclass(frozen=True)
class Evaluation:
    """means: of the loss and of each score. scores: each example's. outputs: each example's."""

    means: dict[str, float]
    scores: dict[str, npt.NDArray[np.float32]]
    outputs: npt.NDArray[np.float32]


class EpochSteps:
    """Loss, metrics and clip report of each step of an epoch; read from the device once.

    nonfinite_seen: 1.0 from the first step on whose loss or gradient is not finite, else 0.0.
    """

    def __init__(self) -> None:
        self._rows: list[Tensor] = []
        self._sizes: list[int] = []
        self.metrics: tuple[str, ...] = ()
        self.nonfinite_seen = torch.zeros(())

    def add(self, loss: Tensor, metrics: dict[str, Tensor], clip: ClipReport, batch: Batch) -> None:
        self.metrics = tuple(metrics)
        numbers = (
            batch.lengths.sum(), loss, *metrics.values(),
            clip.norm_before, clip.norm_after, clip.fired, clip.nonfinite,
        )  # fmt: skip
        self._rows.append(torch.stack([number.to(wide(loss.device)) for number in numbers]))
        self._sizes.append(len(batch))
        bad = ~(loss.isfinite() & clip.norm_before.isfinite())
        self.nonfinite_seen = torch.maximum(self.nonfinite_seen.to(loss.device), bad.float())

    def read(self) -> None:
        """Bring everything to the CPU; find the step that was not finite."""
        tokens, table = np.split(torch.stack(self._rows).cpu().numpy(), [1], axis=1)
        bad = ~np.isfinite(table[:, 0]) | ~np.isfinite(table[:, -4])
        #: index of the first step that was not finite, None where all were
        self.diverged_at = int(bad.argmax()) if bad.any() else None
        #: steps taken, the one that was not finite included
        self.count = len(table) if self.diverged_at is None else self.diverged_at + 1
        #: real steps of all sequences read
        self.tokens = int(tokens.sum())
        self._table = table
        self._finite = slice(0, self.diverged_at)

    def means(self) -> dict[str, float | None]:
        """The epoch's row of metrics.csv, over the steps that were finite.

        train_*: means over examples, each at the weights of its step. grad_norm: mean over steps of
        the total norm before clipping; grad_norm_clipped: after; clipped_fraction: share of steps.
        """
        names = (*(f"train_{name}" for name in ("loss", *self.metrics)),)
        table = self._table[self._finite]
        if not len(table):
            return dict.fromkeys(
                (*names, "grad_norm", "grad_norm_max", "grad_norm_clipped", "clipped_fraction")
            )
        sizes = self._sizes[self._finite]
        *scores, before, after, fired, _ = table.T
        means: list[float | None] = [float(np.average(s, weights=sizes)) for s in scores]
        return dict(zip(names, means, strict=True)) | {
            "grad_norm": float(before.mean()),
            "grad_norm_max": float(before.max()),
            "grad_norm_clipped": float(after.mean()),
            "clipped_fraction": float(fired.mean()),
        }

    def by_step(self) -> dict[str, npt.NDArray[np.float64]]:
        """Loss and clip report of each step, the one that was not finite included."""
        table = self._table[: self.count]
        names = ("norm_before", "norm_after", "fired", "nonfinite")
        columns = dict(zip(names, table[:, -4:].T, strict=True))
        return {"loss": table[:, 0], **columns}

    def divergence(self, step: int) -> str:
        """One line on the step (counted from the start of the run) that was not finite."""
        assert self.diverged_at is not None
        row = self._table[self.diverged_at]
        return (
            f"step {step} is not finite: loss {row[0]:g}, gradient norm {row[-4]:g}, "
            f"{row[-1]:.0f} gradient elements infinite or NaN"
        )


def _step_unless(flag: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One update, unless the flag is 1.

    Fused optimizers read the flag on the device, as they do for a gradient scaler: the host never
    waits. The others have no such switch, and the host reads it.
    """
    if optimizer.defaults.get("fused"):
        optimizer.found_inf = flag  # type: ignore[attr-defined]
        optimizer.step()
    elif not flag.item():
        optimizer.step()


def has_bf16(device: torch.device) -> bool:
    """Whether a recurrent module runs in bfloat16 on the device.

    Asked by trying: CPUs that multiply in bfloat16 may still lack the kernel of the LSTM.
    """
    lstm, x_TBE = torch.nn.LSTM(2, 2).to(device), torch.zeros(1, 1, 2, device=device)
    try:
        with torch.autocast(device.type, torch.bfloat16):
            lstm(x_TBE)[0].sum().backward()
    except RuntimeError:
        return False
    return True


def save_weights(model: SequenceModel, path: Path) -> None:
    from safetensors.torch import save_model

    save_model(model, str(path))


def _save_checkpoint(
    run: RunDirectory, model: SequenceModel, optimizer: torch.optim.Optimizer, fit: Fit
) -> None:
    """All that an exact continuation needs: random streams are functions of seed and epoch."""
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": fit.epochs,
        "step": fit.steps,
        "best_epoch": fit.best_epoch,
        "best_loss": fit.best_loss,
    }
    run.save_checkpoint(fit.epochs, lambda path: torch.save(state, path))
