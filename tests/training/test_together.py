"""K trainings as one program: each as it would be alone, but for rounding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from rnnexp.clip.agc import AGC
from rnnexp.clip.base import Clip
from rnnexp.clip.none import NoClip
from rnnexp.clip.norm import Norm
from rnnexp.clip.value import Value
from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.model.cells import cells
from rnnexp.model.fused import LSTM
from rnnexp.model.linear import Linear
from rnnexp.model.lockstep import Lockstep, states_together
from rnnexp.model.unrolled import Unrolled
from rnnexp.results.runs import RunDirectory
from rnnexp.training.epoch import carried_out_together
from rnnexp.training.fit import Fit
from rnnexp.training.recipe import Recipe
from rnnexp.training.together import train_together
from rnnexp.training.trainer import Trainer
from tests.conftest import new_run
from tests.training.recipes import recipe
from tests.training.test_trainer import CPU, WORDS, FirstWord

#: Of 48, 48, 48, 48 and 8 examples.
TWO_EPOCHS = Trainer(epochs=2, batch_size=48)
NO_CLIP = NoClip()


@dataclass
class Plan:
    """One of the trainings. scale: of its initial recurrent weights."""

    seed: int = 0
    trainer: Trainer = TWO_EPOCHS
    clip: Clip = NO_CLIP
    scale: float = 1.0
    words: int = len(WORDS)
    poison_step: int | None = None
    lr: float = 1e-3
    optimizer: str = "adam"

    @property
    def recipe(self) -> Recipe:
        return recipe(self.clip, self.lr, self.optimizer)

    def model(self, kind: type[SequenceModel], settings: dict[str, Any]) -> SequenceModel:
        torch.manual_seed(100 + self.seed)
        vocabulary = [str(word) for word in range(self.words)]
        model = kind(Learned(vocabulary, 5), 2, hidden_size=6, **settings)
        for layer in model.recurrences():
            with torch.no_grad():
                own = layer.weights
                own["weight_hh" if "weight_hh" in own else "weight_ih"].mul_(self.scale)
        return model

    def story(self, model: SequenceModel, run: RunDirectory) -> Any:
        task = FirstWord(poison_step=self.poison_step)
        return self.trainer.fitting(model, task, self.recipe, run, self.seed, CPU)


def trained_together(
    plans: Sequence[Plan], kind: type[SequenceModel], settings: dict[str, Any]
) -> list[tuple[Fit, SequenceModel, RunDirectory]]:
    models = [plan.model(kind, settings) for plan in plans]
    runs = [new_run(f"together_{number}") for number in range(len(plans))]
    stories = [p.story(m, r) for p, m, r in zip(plans, models, runs, strict=True)]
    fits = carried_out_together(stories, lambda epochs: train_together(epochs, Lockstep))
    return list(zip(fits, models, runs, strict=True))


def trained_alone(
    plan: Plan, kind: type[SequenceModel], settings: dict[str, Any]
) -> tuple[Fit, SequenceModel, RunDirectory]:
    model, run = plan.model(kind, settings), new_run("alone")
    task = FirstWord(poison_step=plan.poison_step)
    return plan.trainer.fit(model, task, plan.recipe, run, plan.seed, CPU), model, run


def assert_as_alone(
    plans: Sequence[Plan], kind: type[SequenceModel] = Unrolled, **settings: Any
) -> None:
    together = trained_together(plans, kind, settings)
    # RMSprop makes a whole step of a gradient that is small beside the rounding that a layer norm
    # magnifies; gradients in float64 are compared below
    layer_norm = str(settings.get("cell", "")).startswith("ln_")
    for plan, (fit, model, run) in zip(plans, together, strict=True):
        alone, twin, expected = trained_alone(plan, kind, settings)
        assert (fit.status, fit.steps, fit.best_epoch, fit.tokens) == (
            alone.status, alone.steps, alone.best_epoch, alone.tokens
        )  # fmt: skip
        assert [list(row) for row in run.metrics] == [list(row) for row in expected.metrics]
        for row, row_alone in zip(run.metrics, expected.metrics, strict=True):
            values, values_alone = list(row.values()), list(row_alone.values())
            rtol = 1e-2 if layer_norm else 2e-5
            assert np.allclose(values, values_alone, rtol=rtol, atol=1e-6, equal_nan=True)
        for weight, weight_alone in zip(model.parameters(), twin.parameters(), strict=True):
            # Adam makes a whole step of a gradient that is 0 but for rounding, as some of an sLSTM
            atol = 1e-3 if settings.get("cell") == "slstm" or layer_norm else 1e-5
            assert torch.allclose(weight, weight_alone, rtol=1e-4, atol=atol)


MODELS: dict[str, tuple[type[SequenceModel], dict[str, Any]]] = {
    **{cell: (Unrolled, {"cell": cell, "num_layers": 2}) for cell in cells()},
    "bptt alone": (Unrolled, {"engine": "bptt"}),
    "relu": (Unrolled, {"nonlinearity": "relu"}),
    "linear": (Linear, {}),
    **{readout: (Unrolled, {"readout": readout}) for readout in ("last", "mean", "max")},
    "dropout": (Unrolled, {"cell": "gru", "num_layers": 3, "dropout": 0.4}),
    "recurrent dropout": (
        Unrolled,
        {"cell": "ln_gru", "num_layers": 2, "dropout": 0.2, "recurrent_dropout": 0.3},
    ),
}


@pytest.mark.parametrize(("kind", "settings"), MODELS.values(), ids=list(MODELS))
def test_each_is_as_it_would_be_alone(kind: type[SequenceModel], settings: dict[str, Any]) -> None:
    """They differ in seed, learning rate, optimizer, clipping, initial scale and vocabulary."""
    plans = [
        Plan(0),
        Plan(1, Trainer(epochs=2, batch_size=48), Norm(0.05), lr=0.03),
        Plan(2, TWO_EPOCHS, Value(0.01), scale=1.3, optimizer="rmsprop"),
        Plan(3, TWO_EPOCHS, AGC(), words=14, optimizer="sgd"),
    ]
    assert_as_alone(plans, kind, **settings)


@pytest.mark.parametrize("cell", cells())
def test_gradients_are_those_of_each_alone(cell: str) -> None:
    settings = {"cell": cell, "num_layers": 2, "engine": "autograd"}
    models = [Plan(seed).model(Unrolled, settings).double() for seed in (0, 1)]
    torch.manual_seed(0)
    inputs = [torch.randn(10, 4, 5, dtype=torch.float64) for _ in models]
    outputs = states_together([model.recurrences() for model in models], inputs)
    for model, h_TBH, x_TBE in zip(models, outputs, inputs, strict=True):
        weights = [layer.weights.values() for layer in model.recurrences()]
        flat = [weight for of_layer in weights for weight in of_layer]
        together = torch.autograd.grad(h_TBH.square().sum(), flat, retain_graph=True)
        alone = torch.autograd.grad(model.states(x_TBE).square().sum(), flat)
        for gradient, gradient_alone in zip(together, alone, strict=True):
            torch.testing.assert_close(gradient, gradient_alone, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("poison_step", [1, 4, 7])
def test_one_that_diverges_does_so_alone(poison_step: int) -> None:
    assert_as_alone([Plan(0), Plan(1, poison_step=poison_step), Plan(2)], cell="lstm")
    (fit, *_), *_ = trained_together([Plan(1, poison_step=4), Plan(0)], Unrolled, {})
    assert fit.status == "diverged"


def test_states_that_overflow_stay_with_their_model() -> None:
    """Of h_t = 1e8 h_(t-1) + ... nothing is finite after five steps, in 0 * inf least of all."""
    assert_as_alone([Plan(0), Plan(1, scale=1e9), Plan(2)], Linear)
    (_, _, run), *_ = trained_together([Plan(1, scale=1e9), Plan(0)], Linear, {})
    assert run.metrics


def test_what_is_added_to_a_batch_cannot_overflow() -> None:
    """A short batch beside a long one: its own steps are finite, those behind them would not be."""
    models = [Plan(seed, scale=1e7).model(Unrolled, {"nonlinearity": "relu"}) for seed in (0, 1)]
    torch.manual_seed(0)
    inputs = [torch.randn(2, 3, 5), torch.randn(40, 4, 5)]
    layers = [model.recurrences() for model in models]
    short, long = states_together(layers, inputs)
    assert short.shape == (2, 3, 6)
    assert not long.isfinite().all()
    assert torch.allclose(short, models[0].states(inputs[0]), rtol=1e-5)
    weights = list(models[0].recurrence.parameters())  # type: ignore[union-attr]
    gradients = torch.autograd.grad(short.sum(), weights)
    alone = torch.autograd.grad(models[0].states(inputs[0]).sum(), weights)
    for gradient, gradient_alone in zip(gradients, alone, strict=True):
        assert torch.allclose(gradient, gradient_alone, rtol=1e-5)


def test_trainings_of_different_length() -> None:
    """One stops early, one has fewer steps in its epochs: the others go on."""
    plans = [
        Plan(0, Trainer(epochs=1, batch_size=48)),
        Plan(1, Trainer(epochs=3, batch_size=100)),
        Plan(2, Trainer(steps=7, batch_size=48)),
        # changes nothing, so that its validation loss stays where it is
        Plan(3, Trainer(epochs=6, batch_size=48, patience=1), lr=1e-30),
    ]
    assert_as_alone(plans)


class Story:
    """A training of `count` epochs; what is raised inside it is kept, and raised on."""

    def __init__(self, count: int, error: BaseException | None = None) -> None:
        self.count, self.error, self.told = count, error, list[BaseException]()

    def __iter__(self) -> Any:
        try:
            yield from range(self.count)
            if self.error is not None:
                raise self.error
        except BaseException as error:
            self.told.append(error)
            raise
        return self.count


def test_an_error_of_an_epoch_ends_every_training() -> None:
    stories, error = [Story(1), Story(3), Story(2)], RuntimeError("no memory")
    trained = 0

    def train(epochs: Sequence[Any]) -> None:
        nonlocal trained
        trained += 1
        if trained == 2:
            raise error

    with pytest.raises(RuntimeError, match="no memory"):
        carried_out_together([iter(story) for story in stories], train)
    assert [story.told for story in stories] == [[], [error], [error]]


def test_an_error_of_one_training_is_its_own() -> None:
    failing, others = Story(1, OSError("disk full")), [Story(3), Story(2)]
    epochs: list[int] = []
    with pytest.raises(OSError, match="disk full"):
        carried_out_together(
            [iter(story) for story in (failing, *others)], lambda some: epochs.append(len(some))
        )
    assert epochs == [3, 2, 1]
    assert not any(story.told for story in others)


def test_a_signal_in_one_training_ends_all() -> None:
    stopped, others = Story(1, KeyboardInterrupt()), [Story(3), Story(2)]
    with pytest.raises(KeyboardInterrupt):
        carried_out_together([iter(story) for story in (stopped, *others)], lambda some: None)
    assert [len(story.told) for story in (stopped, *others)] == [1, 1, 1]


def test_what_cannot_be_computed_together_is_refused() -> None:
    def made(kind: Any = Unrolled, **settings: Any) -> SequenceModel:
        return Plan().model(kind, settings)

    with pytest.raises(ValueError, match=r"computed by cuDNN.*use model=unrolled model.cell=lstm"):
        Lockstep([made(LSTM), made(LSTM)])
    for other in (
        made(cell="lstm"), made(num_layers=2), made(nonlinearity="relu"), made(readout="mean"),
        made(Linear),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="equal layers"):
            Lockstep([made(), other])
