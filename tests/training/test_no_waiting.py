"""Between the first step of an epoch and its end the host reads nothing from the device.

Each such reading makes the host wait until the device has done all that it was given, and the
device wait for the host afterwards. On a GPU torch itself raises an error for one. On the CPU the
same operations are run and cost nothing, so that they can be caught by their names there.
"""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from rnnexp.clip.norm import Norm
from rnnexp.dials import Checkpoints
from rnnexp.embedding.learned import Learned
from rnnexp.model.lockstep import Lockstep
from rnnexp.model.unrolled import Unrolled
from rnnexp.training.epoch import Epoch, carried_out_together
from rnnexp.training.optimizers import (
    step,
    step_and_take_back,
    step_unless,
)
from rnnexp.training.steps import EpochSteps
from rnnexp.training.tensors import optimizer_state
from rnnexp.training.together import train_together
from rnnexp.training.trainer import Trainer
from rnnexp.types import Batch
from tests.conftest import GENERATED, TINY, TINY_MODEL, Outcome, new_run
from tests.training.recipes import OPTIMIZERS, recipe, torch_optimizer
from tests.training.test_trainer import WORDS as VOCABULARY
from tests.training.test_trainer import FirstWord

ATEN = torch.ops.aten
CPU = torch.device("cpu")

#: Operations whose result, or the shape of it, the host must know before it can go on.
WAITING = {
    ATEN._local_scalar_dense.default,  # item, float, bool, int, tolist
    ATEN.equal.default,
    ATEN.is_nonzero.default,
    ATEN.nonzero.default,  # and a boolean mask as an index
    ATEN.masked_select.default,
    ATEN._unique2.default,
    ATEN.unique_dim.default,
    ATEN.unique_consecutive.default,
    ATEN.bincount.default,
    ATEN.repeat_interleave.Tensor,
}


#: The same of methods that run no operation where the tensor is on the CPU.
READING = {Tensor.tolist, Tensor.numpy, Tensor.cpu, Tensor.__array__}


class WaitingMethods(TorchFunctionMode):
    """Raises AssertionError at a method that brings numbers to the host."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        assert func not in READING, f"{func.__name__} waits for the device"
        return func(*args, **(kwargs or {}))


class WaitingOperations(TorchDispatchMode):
    """Raises AssertionError at an operation that would wait for a GPU."""

    def __torch_dispatch__(
        self, op: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        assert op not in WAITING, f"{op} waits for the device"
        masks = args[1] if op in (ATEN.index.Tensor, ATEN.index_put_.default) else ()
        assert not any(mask is not None and mask.dtype == torch.bool for mask in masks), (
            f"{op} by a mask waits for the device"
        )
        return op(*args, **(kwargs or {}))


@contextmanager
def waiting_refused() -> Iterator[None]:
    """On the CPU, what would wait for a GPU: AssertionError."""
    with WaitingMethods(), WaitingOperations():
        yield


def test_what_waits_is_caught() -> None:
    x, mask = torch.arange(3.0), torch.tensor([True, False, True])
    readings: list[Callable[[], Any]] = [
        x.sum().item, x.tolist, x.numpy, x.cpu, lambda: np.asarray(x), mask.nonzero,
        lambda: x[mask], lambda: float(x[0]),
        lambda: bool(mask.any()), lambda: x.masked_select(mask), lambda: torch.equal(x, x),
        lambda: torch.nn.functional.one_hot(mask.long()),
    ]  # fmt: skip
    for reading in readings:
        with pytest.raises(AssertionError, match="waits for the device"), waiting_refused():
            reading()
    with waiting_refused():
        x.masked_fill(mask, 0).sum()


@contextmanager
def no_waiting(device: torch.device) -> Iterator[None]:
    """Raise an error at whatever makes the host wait for the device."""
    if device.type == "cuda":
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(before)
    else:
        # what is asked on a CPU alone, where it costs nothing, is left out as on a GPU
        with (
            patch("rnnexp.clip.base.certainly", lambda condition: False),
            patch("rnnexp.clip.norm.certainly", lambda condition: False),
            waiting_refused(),
        ):
            yield


def watched(batches: Iterable[Batch], steps: EpochSteps, counts: list[int]) -> Iterator[Batch]:
    """The batches of an epoch that may not wait, up to where its steps are read; they are counted.

    The first step is left out: there torch makes the optimizer's state and cuDNN its buffers.
    """
    watch, read = ExitStack(), steps.read

    def read_unwatched() -> None:
        watch.close()
        read()

    steps.read = read_unwatched  # type: ignore[method-assign]
    with watch:
        for count, batch in enumerate(batches):
            if count == 1:
                watch.enter_context(no_waiting(batch.inputs.device))
            yield batch
            counts.append(len(batch))


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every epoch is trained as `watched`; the sizes of the batches."""
    counts: list[int] = []
    train_epoch = Trainer.train_epoch

    def train(self: Trainer, *epoch: Any) -> None:
        asked = Epoch(*epoch)
        train_epoch(self, *asked._replace(batches=watched(asked.batches, asked.steps, counts)))

    monkeypatch.setattr(Trainer, "train_epoch", train)
    return counts


DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    ),
]

#: Nothing is saved between two steps, which reads from the device, however slow the machine is.
QUIET = ("probes=[]", "checkpoint.every_seconds=1e6")

WORDS = {
    **{model: (f"model={model}",) for model in ("rnn", "lstm", "gru", "linear", "bag")},
    "bptt": ("model=unrolled",),
    "autograd": ("model=unrolled", "model.engine=autograd"),
    "mean": ("model.readout=mean",),
    "max": ("model.readout=max", "clip=agc"),
    "last": ("model.readout=last", "clip=value"),
    "softmax": ("model.head=softmax", "clip=norm"),
    "dropout": ("model.num_layers=2", "model.dropout=0.3", "optimizer=sgd"),
    "one_hot": ("embedding=one_hot",),
    "diverging": ("model=linear", "optimizer=sgd", "optimizer.lr=1e38"),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("words", WORDS.values(), ids=list(WORDS))
def test_no_step_waits(
    rnnexp: Callable[..., Outcome], checked: list[int], device: str, words: tuple[str, ...]
) -> None:
    tiny = [word for word in TINY if not ("embedding=one_hot" in words and "dim" in word)]
    outcome = rnnexp(*tiny, *words, f"device={device}", "trainer.batch_size=16", *QUIET)
    assert outcome.status == 0, outcome.err
    assert len(checked) > 2


@contextmanager
def steps_counted_on_the_host(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Of a GPU's weights torch keeps the count of steps on the host, and reads it there."""
    module = sys.modules[type(optimizer).__module__]

    def read(count: torch.Tensor | float) -> float:
        with _disable_current_modes(), torch._C.DisableTorchFunction():
            return count.item() if isinstance(count, torch.Tensor) else count

    reads = hasattr(module, "_get_value")
    with patch.object(module, "_get_value", read) if reads else nullcontext():
        yield


# ASGD reads its own rate, which torch keeps on the device
@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "asgd"])
def test_a_step_that_may_not_change_anything_is_not_waited_for(name: str) -> None:
    """As on a GPU: where a number was not finite weights and moments stay, and nobody asks."""
    weight, twin = (nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer, plain = (torch_optimizer(name, [p]) for p in (weight, twin))
    for flag in (0.0, 0.0, 1.0, 1.0):
        gradient = torch.tensor([1.0, -2.0, math.nan if flag else 0.5])
        weight.grad, twin.grad = gradient, gradient.clone()
        with steps_counted_on_the_host(optimizer), waiting_refused():
            fused = optimizer.defaults.get("fused")
            (step_unless if fused else step_and_take_back)(torch.tensor(flag), optimizer)
        if not flag:
            step(plain)
    assert torch.equal(weight, twin)
    kept, expected = optimizer_state(optimizer)[0], optimizer_state(plain)[0]
    moments = [key for key in kept if kept[key].shape == weight.shape]
    assert all(torch.equal(kept[key], expected[key]) for key in moments)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("data", GENERATED)
def test_no_step_with_new_samples_waits(
    rnnexp: Callable[..., Outcome], checked: list[int], device: str, data: str
) -> None:
    words = ("seq_len=12", "trainer.steps=4", "data.val_count=5", "data.test_count=20", *QUIET)
    outcome = rnnexp(*TINY_MODEL, f"data={data}", *words, f"device={device}")
    assert outcome.status == 0, outcome.err
    assert len(checked) == 4


@pytest.mark.parametrize("device", DEVICES)
def test_no_step_of_several_trainings_waits(device: str) -> None:
    """Of different widths, which are filled up, and with dropout."""
    place, counts = torch.device(device), list[int]()
    trainer, tasks = Trainer(epochs=1, batch_size=48), [FirstWord() for _ in range(2)]
    models = [
        Unrolled(Learned(VOCABULARY, 4), 2, cell="lstm", hidden_size=3, num_layers=2, dropout=0.2)
        .to(place)
        for _ in tasks
    ]  # fmt: skip
    stories = [
        trainer.fitting(
            model,
            task,
            recipe(Norm(0.1)),
            new_run(str(seed)),
            seed,
            place,
            saving=Checkpoints(every_seconds=1e6),
        )
        for seed, (model, task) in enumerate(zip(models, tasks, strict=True))
    ]

    def train(epochs: Sequence[Epoch]) -> None:
        first, *others = epochs
        first = first._replace(batches=watched(first.batches, first.steps, counts))
        train_together([first, *others], Lockstep)

    carried_out_together(stories, train)
    assert sorted(counts) == [8, 48, 48, 48, 48]
