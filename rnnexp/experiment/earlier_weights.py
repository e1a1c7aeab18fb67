"""The weights of runs that versions before 0.4 made: torch.save files, each with a digest."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from rnnexp import config as settings
from rnnexp.errors import DamagedError, DataError
from rnnexp.files import content_of, file_digest
from rnnexp.results.runs import RunDirectory
from rnnexp.training.trainer import Trainer


def weights_of_earlier_version(run: RunDirectory) -> dict[str, Tensor]:
    """Those that were tested; of a run without a test, those that would have been.

    Raises DataError where there are none, DamagedError where the last checkpoint is not as it was
    written: the one before it is of another epoch.
    """
    folder = run.path / "checkpoints"
    trainer: Trainer = settings.build(run.config, "trainer")
    best = folder / "best.safetensors"
    if trainer.tests_best and best.is_file():
        try:
            return load_file(str(best))
        except (SafetensorError, OSError) as error:
            raise DamagedError(f"{best} is damaged ({error})") from None
    paths = sorted(folder.glob("epoch_*.pt"))
    if not paths:
        raise DataError(f"{run.path} holds no weights")
    _check(paths[-1])
    # weights_only: torch then makes tensors and plain values alone, whatever the file names
    checkpoint = torch.load(paths[-1], map_location="cpu", weights_only=True)
    weights: dict[str, Tensor] = checkpoint["model"]
    return weights


def _check(path: Path) -> None:
    recorded = path.with_suffix(".pt.sha256")
    digest = file_digest(path).encode()
    if not recorded.is_file() or content_of(recorded).split()[:1] != [digest]:
        raise DamagedError(f"{path} is damaged: its content is not what {recorded.name} says")
