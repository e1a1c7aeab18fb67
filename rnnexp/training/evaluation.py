"""Loss and scores of a network over a whole split."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import Task
from rnnexp.model.base import SequenceModel
from rnnexp.training.feed import Sampler
from rnnexp.training.precision import Precision, autocast
from rnnexp.types import wide

EVALUATION_BATCH_SIZE = 256


@dataclass(frozen=True)
class Evaluation:
    """Of N examples, in the order of their split.

    means: of the loss and of each score; and what only the whole split has (`Task.of_split`), None
        where it could not be computed. scores: of each example, [N] each, by name.
    outputs: what the network answered, [N, O], or [N, T, O] where it answers at every step.
    """

    means: dict[str, float | None]
    scores: dict[str, npt.NDArray[np.float32]]
    outputs: npt.NDArray[np.float32]


def evaluate(
    model: SequenceModel,
    task: Task,
    data: Sampler,
    precision: Precision = "float32",
    streams: int | None = None,
) -> Evaluation:
    """Loss and scores over a split, without dropout; the model is left in evaluation mode.

    streams: of a stateful model, the rows of a batch; see `StreamFeed`.
    """
    model.eval()
    carried = model.carried  # of a training whose pass is not over
    if streams is None:
        indices = data.by_length(EVALUATION_BATCH_SIZE)
    else:
        indices = data.streams(streams)
    loss = torch.zeros((), dtype=wide(data.device), device=data.device)
    outputs_by_batch: list[Tensor] = []
    scores_by_batch: dict[str, list[Tensor]] = defaultdict(list)
    try:
        with torch.inference_mode():
            for number, batch in enumerate(data.batches(indices)):
                if streams is not None:
                    batch = replace(batch, continues=number > 0)
                with autocast(precision, data.device):
                    outputs = model(batch)
                outputs = outputs.float()
                outputs_by_batch.append(outputs)
                loss += task.loss(outputs, batch) * len(batch)
                for name, scores_B in task.scores(outputs, batch).items():
                    scores_by_batch[name].append(scores_B)
    finally:  # an interrupt saves the training as it was before the evaluation
        model.carried = carried
    place = np.argsort(np.concatenate(indices))  # back from batches to the split's order

    def in_order(parts: list[Tensor]) -> npt.NDArray[np.float32]:
        whole: npt.NDArray[np.float32] = torch.cat(parts).cpu().numpy()[place]
        return whole

    scores = {name: in_order(parts) for name, parts in scores_by_batch.items()}
    means = {name: float(scores_N.mean(dtype=np.float64)) for name, scores_N in scores.items()}
    outputs_N, targets_N = in_order(outputs_by_batch), data.dataset.targets.cpu().numpy()
    of_split = task.of_split(outputs_N, targets_N)
    return Evaluation({"loss": float(loss) / len(data), **means, **of_split}, scores, outputs_N)
