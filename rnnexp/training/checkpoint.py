"""What a checkpoint holds, and the weights alone in a file of their own."""

from pathlib import Path
from typing import Any

import torch

from rnnexp.model.base import SequenceModel
from rnnexp.training.fit import Fit
from rnnexp.training.recorder import Recorder


def checkpoint(model: SequenceModel, optimizer: torch.optim.Optimizer, fit: Fit) -> dict[str, Any]:
    """The state at the end of an epoch, for torch.save.

    It holds the weights, the optimizer's moments, the number of epochs and steps, and the epoch and
    loss that early stopping compares with. No random generator: batches are functions of the seed
    and the step, and the stream of dropout begins anew with every epoch.

    It does not hold what the probes have measured, the best epoch's weights (a file of their own),
    the rows of metrics.csv, the last validation's scores and the seconds spent: training goes on
    from it with the same weights, but what the run has recorded must be taken from its directory.
    """
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": fit.epochs,
        "step": fit.steps,
        "best_epoch": fit.best_epoch,
        "best_step": fit.best_step,
        "best_loss": fit.best_loss,
    }


def save_checkpoint(
    recorder: Recorder, model: SequenceModel, optimizer: torch.optim.Optimizer, fit: Fit
) -> None:
    """Hand the recorder the checkpoint of the epoch that has just ended."""
    state = checkpoint(model, optimizer, fit)
    recorder.save_checkpoint(fit.epochs, lambda path: torch.save(state, path))


def save_best(recorder: Recorder, model: SequenceModel) -> None:
    """Hand the recorder the weights as they are now, as the best so far."""
    recorder.save_best(lambda path: save_weights(model, path))


def save_weights(model: SequenceModel, path: Path) -> None:
    """All parameters and buffers as a safetensors file."""
    from safetensors.torch import save_model

    save_model(model, str(path))
