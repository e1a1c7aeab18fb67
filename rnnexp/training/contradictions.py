"""What a trainer cannot do on some data, device or model: told before anything is trained."""

import numpy as np
import torch

from rnnexp.data.base import Task
from rnnexp.model.base import SequenceModel
from rnnexp.training.feed import batch_count, trained_widths
from rnnexp.training.precision import has_bf16
from rnnexp.training.trainer import Trainer


def check_data(trainer: Trainer, task: Task, device: torch.device) -> None:
    """Raise ValueError where this trainer cannot train on that task or device."""
    if trainer.stop_when_solved and task.solved is None:
        raise ValueError(
            "stop_when_solved=true needs data that says when it is solved, as the generated "
            "tasks do: use trainer.stop_when_solved=false"
        )
    for asked, is_watching, off in (
        (f"patience={trainer.patience}", trainer.patience is not None, "patience=null"),
        (f"monitor={trainer.monitor}", trainer.monitor is not None, "monitor=null"),
        ("stop_when_solved=true", trainer.stop_when_solved, "stop_when_solved=false"),
        ("test_weights=best", trainer.test_weights == "best", "test_weights=null"),
    ):
        if is_watching and not len(task.split("val")):
            way_out = "data.val_count=1000" if task.generates else "data.split=80/10/10"
            raise ValueError(
                f"{asked} watches the validation split and the data has none: use {way_out}, "
                f"or trainer.{off}"
            )
    _check_monitored(trainer, task)
    if trainer.ema is not None and not trainer.epochs and trainer.steps is None:
        raise ValueError(
            f"ema={trainer.ema} averages over the updates and epochs=0 leaves none: use "
            "trainer.ema=null"
        )
    _check_batches(trainer, task)
    if trainer.precision == "bf16" and not has_bf16(device):
        raise ValueError(f"precision=bf16 is not there on device={device}: use float32")


def _check_monitored(trainer: Trainer, task: Task) -> None:
    """Refuse a score that the validation split does not allow, as AUROC without a class."""
    score = trainer.monitored(task)
    if score.name not in {other.name for other in task.split_scores}:
        return
    targets = task.split("val").targets.numpy()
    shape = targets.shape if task.regression else (*targets.shape, task.output_size)
    if task.of_split(np.zeros(shape, np.float32), targets)[score.name] is None:
        raise ValueError(
            f"monitor={score.name} cannot be computed on the validation split of {len(targets)} "
            "examples (it may lack a class, or have one target for all): use another split, or "
            "trainer.monitor=null"
        )


def _check_batches(trainer: Trainer, task: Task) -> None:
    if task.generates:
        if not trainer.shuffle:
            raise ValueError(
                "shuffle=false keeps the order of a training split, and each step of this task "
                "has new samples: use trainer.shuffle=true"
            )
        return
    examples = len(task.split("train"))
    batches = batch_count(examples, trainer.batch_size, drop_last=False)
    if trainer.accumulate > batches:
        raise ValueError(
            f"accumulate={trainer.accumulate} is more than the {batches} batches of an epoch "
            f"({examples} training examples): use trainer.accumulate={max(1, batches)} at most"
        )
    if trainer.drop_last and examples < trainer.step_size:
        parts = f" times accumulate={trainer.accumulate}" * (trainer.accumulate > 1)
        raise ValueError(
            f"batch_size={trainer.batch_size}{parts} with drop_last=true leaves no batch of "
            f"{examples} training examples: use trainer.drop_last=false"
        )


def check_segments(trainer: Trainer, model: SequenceModel, task: Task) -> None:
    """Raise ValueError for a model that cannot be run in segments, or where it does nothing."""
    asked = f"truncate={trainer.truncate}" if trainer.truncate is not None else "stateful=true"
    if trainer.truncate is None and not trainer.stateful:
        return
    off = "truncate=null" if trainer.truncate is not None else "stateful=false"
    if type(model).run is SequenceModel.run:
        raise ValueError(
            f"{asked} runs a recurrence piece by piece, and {model.called} has none that can "
            f"be: use trainer.{off}"
        )
    if model.directions > 1:
        raise ValueError(
            f"{asked} carries states on from the first step to the last, and model.bidirectional="
            f"true has a direction that begins at the last: use trainer.{off} or "
            "model.bidirectional=false"
        )
    longest = int(trained_widths(task, not model.reads_pads).max())
    if trainer.truncate is not None and trainer.truncate >= longest:
        raise ValueError(
            f"truncate={trainer.truncate} cuts nothing: the sequences have {longest} steps at "
            f"most; use trainer.truncate={max(1, longest // 4)}"
        )
    if trainer.truncate is not None and model.state_lag:
        raise ValueError(
            f"truncate={trainer.truncate} cuts behind a state, and {model.called} answers from the "
            "state before: use trainer.truncate=null"
        )
    if trainer.stateful:
        _check_streams(trainer, task)
        for name in ("train", "val", "test"):
            split = task.split(name)
            if len(split) and not bool((split.lengths == split.inputs.shape[1]).all()):
                raise ValueError(
                    f"stateful=true carries states on at the end of every sequence, and some "
                    f"of the {name} split are padded: use sequences of equal length, or "
                    "trainer.stateful=false"
                )


def _check_streams(trainer: Trainer, task: Task) -> None:
    """Raise ValueError where no state is ever carried on, or where it would be to another text."""
    examples = len(task.split("train"))
    if examples <= trainer.batch_size:
        raise ValueError(
            f"stateful=true carries states from batch to batch, and the {examples} training "
            f"examples are one of batch_size={trainer.batch_size}: use a smaller trainer.batch_size"
        )
    if trainer.drop_last:
        raise ValueError(
            "stateful=true reads every example, the last ones in fewer rows: use "
            "trainer.drop_last=false"
        )
    if task.eval_lengths:
        raise ValueError(
            "stateful=true carries states on over pieces of one length: use data.eval_lengths=null"
        )
    if task.shuffled:
        raise ValueError(
            "stateful=true needs the examples in the order of the file: use "
            "data.shuffle_seed=null and data.stratify=false"
        )
