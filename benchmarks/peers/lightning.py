"""Lightning: the plain network as a LightningModule, trained by its Trainer.

Timed from the first batch on to the end of the last one, inside `Trainer.fit`, whose preparations
(some 0.1 s) do not count; an epoch from its start to its end.
"""

import logging
import time
import warnings
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers.base import Round, Training
from benchmarks.peers.plain import loader, network, plain_recurrence
from benchmarks.peers.torch_peer import TorchPeer, tensor_batches

#: Beyond it, only the flushed one is measured, which tells the same.
LONGEST_AS_WRITTEN = 400


@dataclass(frozen=True)
class Lightning(TorchPeer):
    framework = True

    @property
    def packages(self) -> tuple[str, ...]:
        return ("torch", "lightning")

    def takes(self, case: Case) -> bool:
        if case.kind == "unrolled":
            return False
        return self.typical or (case.seq_len <= LONGEST_AS_WRITTEN and not case.epoch_steps)

    def training(self, case: Case) -> Training:
        import lightning
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        class Module(lightning.LightningModule):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.model = network(case, plain_recurrence(case))
                self.criterion = nn.BCEWithLogitsLoss()
                self.optimizer = torch.optim.Adam(self.parameters(), lr=1e-3, fused=True)
                self.losses: list[Any] = []
                self.started = self.ended = 0.0

            def configure_optimizers(self) -> Any:
                return self.optimizer

            def training_step(self, batch: Any, index: int) -> Any:
                inputs, targets, lengths = batch
                loss = self.criterion(self.model(inputs, lengths), targets.float())
                self.losses.append(loss.detach())
                return loss

            def on_train_epoch_start(self) -> None:
                self.losses.clear()
                self.started = time.perf_counter()

            def on_train_batch_start(self, batch: Any, index: int) -> None:
                if index == 0 and not case.epoch_steps:
                    self.started = time.perf_counter()

            def on_train_batch_end(self, outputs: Any, batch: Any, index: int) -> None:
                self.ended = time.perf_counter()

        for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
            logging.getLogger(name).setLevel(logging.ERROR)
        warnings.filterwarnings("ignore")
        module, whole, epoch = Module(), tensor_batches(case), loader(case)

        def train(steps: int) -> Round:
            trainer = lightning.Trainer(
                accelerator="cpu", devices=1, max_epochs=1, gradient_clip_val=1.0, logger=False,
                enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            )  # fmt: skip
            few: Any = whole[:steps]  # Lightning takes a list for several loaders
            trainer.fit(module, epoch if case.epoch_steps else DataLoader(few, batch_size=None))
            loss = torch.stack(module.losses).mean().item()
            return Round(module.ended - module.started, loss)

        return train


PEERS = [
    Lightning("Lightning, flushed", flush=True),
    Lightning("Lightning", flush=False),
]
