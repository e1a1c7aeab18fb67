"""rnnexp itself, by the way that a run trains: `Trainer.train_epoch`, and the feed of an epoch."""

import time
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers.base import Round, Training
from benchmarks.peers.torch_peer import TorchPeer, copy_weights, tensor_batches


@dataclass(frozen=True)
class Rnnexp(TorchPeer):
    flush: bool = True

    def takes(self, case: Case) -> bool:
        varied = self.bf16 or self.pages
        return not varied or (case.kind == "lstm" and not case.epoch_steps)

    def training(self, case: Case) -> Training:
        import torch

        from rnnexp.clip.norm import Norm
        from rnnexp.data.base import Classification
        from rnnexp.embedding.learned import Learned
        from rnnexp.model.fused import GRU, LSTM, RNN
        from rnnexp.model.unrolled import Unrolled
        from rnnexp.optimizer.adam import Adam
        from rnnexp.training.recipe import Recipe
        from rnnexp.training.trainer import Trainer
        from rnnexp.types import Batch, SequenceDataset

        class Texts(Classification):
            """The examples of the case, all of them for training."""

            chance, report = {"accuracy": 0.5}, {}

            def split(self, name: str) -> Any:
                tensors = map(torch.from_numpy, (case.inputs, case.targets, case.lengths))
                inputs, targets, lengths = tensors
                return SequenceDataset(inputs, targets, lengths)

        models: dict[str, Any] = {"rnn": RNN, "lstm": LSTM, "gru": GRU, "unrolled": Unrolled}
        encoder = Learned([str(token) for token in range(case.vocabulary)], case.size)
        model = models[case.kind](encoder, 2, hidden_size=case.size)
        copy_weights(case.weights, encoder.vectors, model.recurrence.named_parameters(), model.head)
        trainer = Trainer(precision="bf16" if self.bf16 else "float32", batch_size=case.batch_size)
        cpu, task = torch.device("cpu"), Texts()
        recipe = Recipe(optimizer=Adam(), clip=Norm(max_norm=1.0))
        update = trainer.update(model, recipe, 0, cpu)
        whole = [Batch(*batch) for batch in tensor_batches(case)]
        feed, trained = trainer.feed(model, task, 0, cpu), 0

        def train(steps: int) -> Round:
            nonlocal trained
            started = time.perf_counter()
            numbers = trainer.epoch_steps(model)
            epoch = feed.batches(trained, steps, numbers)
            batches = epoch if case.epoch_steps else whole[:steps]
            trained += steps
            trainer.train_epoch(model, task, recipe, update, batches, numbers)
            loss = numbers.means()["train_loss"]
            return Round(time.perf_counter() - started, loss)

        return train


OURS = Rnnexp("rnnexp")
BF16 = Rnnexp("rnnexp, bfloat16", exact=False, bf16=True)
PEERS = [OURS, BF16, Rnnexp("rnnexp, large pages", pages=True)]
