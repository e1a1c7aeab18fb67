"""Class weights and label smoothing against torch's own losses."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from rnnexp.data.base import classification_loss
from rnnexp.loss.base import Loss
from rnnexp.loss.default import Default
from rnnexp.types import Batch, SequenceDataset, Split


class Kinds:
    """Targets of a task, K classes, with names."""

    generates, regression = False, False

    def __init__(self, targets: list[int], size: int, names: list[str] | None = None) -> None:
        targets_N = torch.tensor(targets)
        self.output_size, self.names = size, names
        self.data = SequenceDataset(
            torch.zeros(len(targets), 1), targets_N, torch.ones(len(targets), dtype=torch.long)
        )

    def split(self, name: Split) -> SequenceDataset:
        return self.data

    def counted(self, batch: Batch) -> int:
        return len(batch)

    def state(self) -> dict[str, Any]:
        return {"classes": self.names}


THREE = Kinds([0, 1, 1, 2, 2, 2, 2, 2], 3, ["neg", "neutral", "pos"])
LOGITS = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
OWN = torch.tensor(3.0)


def loss_of(loss: Loss, task: Kinds, outputs: torch.Tensor) -> torch.Tensor:
    return loss(OWN, task, outputs, task.data.as_batch())


def test_without_settings_it_is_the_tasks_own() -> None:
    assert Default().is_own
    assert loss_of(Default(), THREE, LOGITS) is OWN


@pytest.mark.parametrize("given", [[1.0, 4.0, 0.5], {"pos": 0.5, "neg": 1, "neutral": 4}])
def test_weights_are_torchs(given: Any) -> None:
    weight = torch.tensor([1.0, 4.0, 0.5])
    expected = F.cross_entropy(LOGITS, THREE.data.targets, weight=weight, label_smoothing=0.1)
    made = Default(class_weights=given, label_smoothing=0.1)
    assert loss_of(made, THREE, LOGITS) == expected


def test_names_may_be_numbers() -> None:
    task = Kinds([0, 1, 1], 2, ["0", "1"])
    outputs = LOGITS[:3, :2]
    by_name = loss_of(Default({0: 1.0, 1: 3.0}), task, outputs)
    assert by_name == loss_of(Default([1.0, 3.0]), task, outputs)


def test_balanced_gives_each_class_the_same_say() -> None:
    """As sklearn's `balanced`: N / (K n_k)."""
    weight = torch.tensor([8 / 3, 8 / 6, 8 / 15])
    expected = F.cross_entropy(LOGITS, THREE.data.targets, weight=weight)
    assert loss_of(Default("balanced"), THREE, LOGITS).item() == pytest.approx(expected.item())


def test_one_column_is_as_two() -> None:
    """BCEWithLogitsLoss' pos_weight weights the same, but for what the sum is divided by."""
    two, z_B1 = Kinds([0, 1, 1], 2), torch.tensor([[0.3], [-1.2], [2.0]])
    weighted = loss_of(Default([1.0, 3.0]), two, z_B1)
    sums = F.binary_cross_entropy_with_logits(
        z_B1[:, 0], two.data.targets.float(), pos_weight=torch.tensor(3.0), reduction="sum"
    )
    assert weighted.item() == pytest.approx(sums.item() / 7)
    own = classification_loss(z_B1, two.data.targets)
    assert loss_of(Default([2.0, 2.0]), two, z_B1).item() == pytest.approx(own.item())


def test_parts_of_a_batch_make_the_batch() -> None:
    made, batch = Default("balanced"), THREE.data.as_batch()
    parts = [(batch.rows(a, b), LOGITS[a:b]) for a, b in ((0, 3), (3, 8))]
    whole = made.counted(THREE, batch)
    total = sum(
        made(OWN, THREE, outputs, part) * made.counted(THREE, part) / whole
        for part, outputs in parts
    )
    assert float(total) == pytest.approx(loss_of(made, THREE, LOGITS).item())


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"class_weights": [1.0, 2.0]}, "class_weights has 2 numbers and the data 3 classes"),
        ({"class_weights": {"neg": 1.0}}, "class_weights must name each class once"),
        ({"class_weights": [1.0, 0.0, 1.0]}, "class_weights must be greater than 0"),
        ({"label_smoothing": 1.0}, "label_smoothing must be"),
    ],
)
def test_what_it_refuses(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}"):
        Default(**settings).check(THREE)


def test_a_class_without_examples_cannot_be_balanced() -> None:
    with pytest.raises(ValueError, match="class 'neutral' has none"):
        Default("balanced").check(Kinds([0, 2], 3, ["neg", "neutral", "pos"]))


@pytest.mark.parametrize("kind", ["generates", "regression"])
def test_of_what_it_is_none(kind: str) -> None:
    task = Kinds([0, 1], 2)
    setattr(task, kind, True)
    with pytest.raises(ValueError, match=r"^class_weights"):
        Default("balanced").check(task)
