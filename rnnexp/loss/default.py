"""The task's loss, with weights of the classes and smoothed labels where they are asked for.

Shapes: B batch, T time, K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.loss.base import HasLoss, Loss
from rnnexp.ranges import a_fraction, more_than
from rnnexp.types import Batch

#: The target of a step without one, as in torch's cross_entropy.
IGNORED = -100


@dataclass(frozen=True)
class Default(Loss):
    """-Σ_k q_k ln p_k in nats, weighted by w_y: torch's cross_entropy with `weight`.

    q is 1 - ε + ε/K at the label y and ε/K elsewhere (Szegedy et al. 2016, section 7), and each
    -ln p_k of it is weighted by w_k; the sum over a batch is divided by the sum of its labels' w_y.

    class_weights: w, a positive number per class, in the order of the classes or by their names;
        `balanced` for N / (K n_k) with n_k training examples of class k (King and Zeng 2001).
        None: 1 each.
    label_smoothing: ε.
    """

    class_weights: Literal["balanced"] | list[float] | dict[str | int, float] | None = None
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        a_fraction("label_smoothing", self.label_smoothing)
        for weight in self._numbers():
            more_than("class_weights", weight, 0)

    def _numbers(self) -> Sequence[float]:
        given = self.class_weights
        if given is None or isinstance(given, str):
            return ()
        return list(given.values()) if isinstance(given, Mapping) else given

    @property
    def words(self) -> str:
        parts = []
        if self.class_weights is not None:
            parts.append(f"class weights {self.class_weights}")
        if self.label_smoothing:
            parts.append(f"label smoothing {self.label_smoothing:g}")
        return " and ".join(parts)

    def check(self, task: HasLoss) -> None:
        if self.is_own:
            return
        key = "class_weights" if self.class_weights is not None else "label_smoothing"
        if task.regression:
            off = "null" if key == "class_weights" else "0"
            raise ValueError(
                f"{key} is of classes and the data asks for numbers: use loss.{key}={off}"
            )
        if self.class_weights == "balanced" and task.generates:
            raise ValueError(
                "class_weights=balanced counts the classes of a training split, and each step of "
                "this task has new samples: use loss.class_weights=null"
            )
        if self.class_weights is not None:
            self._weights(task)

    def _weights(self, task: HasLoss) -> Tensor:
        """w, float [K]."""
        size, names = task.output_size, [str(name) for name in task.state().get("classes") or ()]
        given = self.class_weights
        if given == "balanced":
            targets = task.split("train").targets
            counts = torch.bincount(targets[targets != IGNORED], minlength=size).double()
            if not bool(counts.all()):
                lacking = int((counts == 0).nonzero()[0])
                what = names[lacking] if lacking < len(names) else str(lacking)
                raise ValueError(
                    f"class_weights=balanced divides by the number of training examples, and class "
                    f"'{what}' has none: give the weights, loss.class_weights=[...]"
                )
            return (counts.sum() / (size * counts)).float()
        if isinstance(given, Mapping):
            by_name = {str(name): weight for name, weight in given.items()}
            if set(by_name) != set(names):
                known = ", ".join(names) if names else "no names: use a list"
                raise ValueError(
                    f"class_weights must name each class once (got {', '.join(by_name)}; the data "
                    f"has {known})"
                )
            return torch.tensor([by_name[name] for name in names])
        assert isinstance(given, list)
        if len(given) != size:
            raise ValueError(
                f"class_weights has {len(given)} numbers and the data {size} classes"
                + f" ({', '.join(names)})" * bool(names)
            )
        return torch.tensor(given)

    def _weights_on(self, task: HasLoss, device: torch.device) -> Tensor | None:
        """As `_weights`, kept: a training asks at each step."""
        if self.class_weights is None:
            return None
        kept: tuple[HasLoss, Tensor] | None = self.__dict__.get("_kept")
        if kept is None or kept[0] is not task or kept[1].device != device:
            kept = (task, self._weights(task).to(device))
            self.__dict__["_kept"] = kept
        return kept[1]

    def __call__(self, own: Tensor, task: HasLoss, outputs: Tensor, batch: Batch) -> Tensor:
        if self.is_own:
            return own
        if outputs.shape[-1] == 1:  # a sigmoid of z is a softmax of 0 and z
            outputs = torch.cat([torch.zeros_like(outputs), outputs], dim=-1)
        return F.cross_entropy(
            outputs.reshape(-1, outputs.shape[-1]),
            batch.targets.reshape(-1),
            weight=self._weights_on(task, outputs.device),
            label_smoothing=self.label_smoothing,
            ignore_index=IGNORED,
        )

    def counted(self, task: HasLoss, batch: Batch) -> int | Tensor:
        weights = self._weights_on(task, batch.targets.device)
        if weights is None:
            return task.counted(batch)
        targets = batch.targets[batch.targets != IGNORED]
        return weights[targets].sum()
