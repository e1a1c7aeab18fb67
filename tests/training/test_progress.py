"""The line after each epoch, and the bar that counts its batches."""

import re

import pytest

from rnnexp.scores import ACCURACY, CROSS_ENTROPY, MSE, SQUARED_ERROR
from rnnexp.training.fit import Fit
from rnnexp.training.progress import Progress

TRAINING = {"train_loss": 0.51234, "train_accuracy": 0.75, "train_mse": 0.2, "grad_norm": 1.2345}


@pytest.mark.parametrize(
    ("progress", "fit", "validation", "line"),
    [
        (Progress("epoch", 2, [10, 10], [CROSS_ENTROPY, ACCURACY]),
         Fit(epochs=1, steps=10, seconds=3.0),
         {"loss": 0.6, "accuracy": 0.5},
         "epoch 1/2:  loss 0.5123 (val 0.6)  accuracy 75.0% (val 50.0%)  gradient norm "
         "1.23  3 s left"),
        (Progress("step", 250, [100, 100, 50], [SQUARED_ERROR, MSE]),
         Fit(epochs=3, steps=250, seconds=5.0),
         {"loss": None, "mse": None},
         "step 250/250:  loss 0.5123  mse 0.2  gradient norm 1.23  took 5 s"),
    ],
)  # fmt: skip
def test_the_line_says_where_the_training_stands(
    progress: Progress, fit: Fit, validation: dict[str, float | None], line: str
) -> None:
    assert progress.line(fit, TRAINING, validation) == line


def test_the_bar_shows_the_numbers_of_the_epoch_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    progress = Progress("epoch", 2, [3, 3], [CROSS_ENTROPY])
    batches = [object(), object(), object()]
    assert list(progress.bar(batches, Fit(), 0)) == batches  # type: ignore[arg-type, comparison-overlap]
    first = capsys.readouterr().err
    progress.line(Fit(epochs=1, steps=3, seconds=1.0), TRAINING, {"loss": 0.6})
    list(progress.bar(batches, Fit(epochs=1, steps=3), 0))  # type: ignore[arg-type]
    second = capsys.readouterr().err
    assert "epoch 1/2" in first
    assert "loss" not in first
    assert re.search(r"epoch 2/2.*loss=0\.512", second)
