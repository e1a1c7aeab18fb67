"""Keras 3 on torch or on jax, by `model.fit`.

Keras' LSTM orders its gates as torch does (input, forget, cell, output) and has one bias, the sum
of torch's two; its GRU has torch's form with `reset_after=True`, and the update gate first. Texts
of varied length are masked, so that the last state is that at the last word.

Timed from the first batch on until the loss of the last one is there, inside `fit`; an epoch from
its start.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.peers.base import Peer, Round, Training

#: Keras adds ε to the root of the second moment before its bias is corrected, torch (1e-8) after:
#: with this one the first update is the same.
FIRST_EPSILON = 1e-8 * (1 - 0.999) ** 0.5

#: A step of its LSTM on torch took 13 s at 400 tokens, 16 times as long as at 200: beyond, minutes.
LONGEST_ON_TORCH, LONGEST_AS_WRITTEN = 200, 100


@dataclass(frozen=True)
class Keras(Peer):
    """backend: `torch` or `jax`. flush: round denormal numbers to zero; XLA, behind jax, always
    does.
    """

    backend: str = "torch"
    flush: bool = False

    framework = True

    @property
    def family(self) -> str:
        return f"Keras on {self.backend}"

    @property
    def typical(self) -> bool:
        return self.flush or self.backend != "torch"

    @property
    def packages(self) -> tuple[str, ...]:
        return ("keras", self.backend)

    def environment(self, threads: int) -> Mapping[str, str]:
        return {
            **super().environment(threads),
            "KERAS_BACKEND": self.backend,
            "JAX_PLATFORMS": "cpu",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}",
        }

    def takes(self, case: Case) -> bool:
        if case.kind == "unrolled" or (not self.typical and case.epoch_steps):
            return False
        if self.backend == "jax":
            return True
        return case.seq_len <= (LONGEST_ON_TORCH if self.flush else LONGEST_AS_WRITTEN)

    def start(self, threads: int) -> None:
        if self.backend == "torch":
            import torch

            torch.set_flush_denormal(self.flush)
            torch.set_num_threads(threads)
        import keras  # noqa: F401

    def training(self, case: Case) -> Training:
        import keras

        recurrence = {
            "rnn": lambda: keras.layers.SimpleRNN(case.size),
            "lstm": lambda: keras.layers.LSTM(case.size),
            "gru": lambda: keras.layers.GRU(case.size, reset_after=True),
        }[case.kind]()
        embedding = keras.layers.Embedding(
            case.vocabulary, case.size, mask_zero=bool(case.epoch_steps)
        )
        head = keras.layers.Dense(1)
        model = keras.Sequential([keras.Input((case.seq_len,), dtype="int32")])
        for layer, weights in zip((embedding, recurrence, head), _weights(case), strict=True):
            model.add(layer)
            layer.set_weights(weights)
        model.compile(
            optimizer=keras.optimizers.Adam(1e-3, epsilon=FIRST_EPSILON, global_clipnorm=1.0),
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
        )
        inputs, targets = case.inputs.astype(np.int32), case.targets.astype(np.float32)[:, None]

        class Watch(keras.callbacks.Callback):  # type: ignore[misc]
            started = ended = 0.0
            last = 0

            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                self.started = time.perf_counter()

            def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
                if batch == 0 and not case.epoch_steps:
                    self.started = time.perf_counter()

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                if batch == self.last:
                    float(logs["loss"])  # jax computes on until a number is asked for
                    self.ended = time.perf_counter()

        watch = Watch()

        def train(steps: int) -> Round:
            watch.last, examples = steps - 1, steps * case.batch_size
            history = model.fit(
                inputs[:examples], targets[:examples], batch_size=case.batch_size, verbose=0,
                shuffle=bool(case.epoch_steps), callbacks=[watch],
            )  # fmt: skip
            return Round(watch.ended - watch.started, float(history.history["loss"][0]))

        return train


def _weights(case: Case) -> list[list[Any]]:
    """The weights of embedding, recurrence and head, as Keras orders them."""
    own = case.weights
    kernel, recurrent = own["weight_ih"].T, own["weight_hh"].T
    bias = own["bias_ih"] + own["bias_hh"]
    if case.kind == "gru":  # torch: reset, update, new
        kernel, recurrent = (_update_first(matrix) for matrix in (kernel, recurrent))
        bias = np.stack([_update_first(own["bias_ih"]), _update_first(own["bias_hh"])])
    return [
        [own["embedding"]],
        [kernel, recurrent, bias],
        [own["head.weight"].T, own["head.bias"]],
    ]


def _update_first(values: Any) -> Any:
    reset, update, new = np.split(values, 3, axis=-1)
    return np.concatenate([update, reset, new], axis=-1)


PEERS = [
    Keras("Keras on jax", backend="jax"),
    Keras("Keras on torch, flushed", backend="torch", flush=True),
    Keras("Keras on torch", backend="torch", flush=False),
]
