"""How far apart the classes lie in the state, by distance: is what was read still there?

Shapes: N examples, T steps, D flat state.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.separation import FOLDS, Classes, Separation, separation
from rnnexp.ranges import at_least
from rnnexp.types import Batch, Rollout, SequenceDataset


class ClassSeparation(Probe):
    """The separation of the classes in the state: between over within, and what a reader gets.

    The state is all that a step hands to the next, h and c of every layer: what is not in it no
    later answer can come from, while an answer can fail of which it still holds the class.

    By length: at the state that the answer is read from, on sequences of each tested length, as
    the test at that length has them. Along the longest: after 1, 2, ... steps, of each example's
    class at its end; where the cue is the first step this is a distance from it.
    Each beside the same of shuffled labels; see separation.py for what is computed.

    examples: validation examples at each length (where there are none, test examples).
    lengths: beside that of the data; None: `data.eval_lengths`.
    points: steps along the longest. shuffles: of the labels.
    schedule: as in `Probe`.
    """

    def __init__(
        self,
        examples: int = 200,
        lengths: list[int] | None = None,
        points: int = 24,
        shuffles: int = 50,
        at_start: bool = True,
        every: int = 0,
        at_end: bool = True,
    ) -> None:
        super().__init__(at_start, every, at_end)
        at_least("examples", examples, 20)
        at_least("points", points, 2)
        at_least("shuffles", shuffles, 20)
        for length in lengths or ():
            at_least("lengths", length, 1)
        self.examples, self.points, self.shuffles = examples, points, shuffles
        self.lengths = None if lengths is None else list(lengths)

    def check(self, model: Observed, task: Source) -> None:
        super().check(model, task)
        dataset = _dataset(task)
        if dataset.per_step or dataset.targets.is_floating_point():
            asked = "a class at every step" if dataset.per_step else "numbers"
            raise ValueError(f"needs one class for each sequence; the data asks for {asked}")
        looked_at = dataset.rows(0, self.examples).targets.numpy()
        counts = np.unique(looked_at, return_counts=True)[1]
        if len(counts) < 2 or int(counts.min()) < FOLDS:
            there = f"{len(counts)} classes, {int(counts.min())} examples of the rarest"
            raise ValueError(
                f"needs two classes and {FOLDS} examples of each among the first {self.examples} "
                f"validation examples (there are {there}): raise "
                "probes.class_separation.examples, or the number of validation examples"
            )
        for length in self.lengths or ():
            try:
                task.at_length(length)
            except ValueError as error:
                raise ValueError(f"cannot measure at lengths={self.lengths}: {error}") from None

    def measure(self, view: ProbeView) -> Measurement:
        others = view.task.eval_lengths if self.lengths is None else self.lengths
        tasks = {0: view.task} | {n: view.task.at_length(n) for n in sorted({*others})}  # 0: own
        sets = {n: self._examples(task) for n, task in tasks.items()}
        steps_of = {n: int(batch.lengths.max()) for n, batch in sets.items()}
        longest = max(sets, key=lambda n: steps_of[n])
        steps = self._steps(steps_of[longest], [*steps_of.values()])
        by_length, along = [], []
        for n, batch in sets.items():
            wanted = steps if n == longest else []
            read_ND, states_SND, classes_N = _states(view, batch, wanted)
            by_length.append(separation(read_ND, classes_N, self.shuffles))
            along += [separation(s_ND, classes_N, self.shuffles) for s_ND in states_SND]
        return {
            "read_length": np.array([steps_of[n] for n in sets], np.float64),
            "read_is_own": np.array([n == 0 for n in sets], np.float64),
            **_columns("read", by_length),
            "along_step": np.array([step + 1 for step in steps], np.float64),
            **_columns("along", along),
            "separation": by_length[0].ratio,
            "reader_accuracy": by_length[0].accuracy,
        }

    def _examples(self, task: Source) -> Batch:
        dataset = _dataset(task)
        return dataset.rows(0, self.examples).as_batch()

    def _steps(self, last: int, lengths: Sequence[int]) -> list[int]:
        """Places of the steps looked at along the longest: more of them the nearer to the start,
        and the last of each length.
        """
        spread = np.geomspace(1, last, self.points).round().astype(int).tolist()
        return sorted({step - 1 for step in (*spread, *lengths)})


def _dataset(task: Source) -> SequenceDataset:
    """The validation split; where there is none the test split."""
    validation = task.split("val")
    return validation if len(validation) else task.split("test")


def _states(
    view: ProbeView, batch: Batch, steps: Sequence[int]
) -> tuple[Array, list[Array], Classes]:
    """The flat states [N, D] that the answers are read from, those after certain steps of each
    example, NaN where it has ended, and the classes.
    """
    read: list[Tensor] = []
    along: list[list[Tensor]] = [[] for _ in steps]
    device = view.examples.inputs.device
    with torch.no_grad():
        for rollout, _ in view.rollouts(batch.to(device)):
            read.append(flat_states(rollout, rollout.read_state_B))
            valid_BT = rollout.valid_BT
            first_B, last_B = valid_BT.int().argmax(dim=1), rollout.read_state_B
            for collected, step in zip(along, steps, strict=True):
                at_B = first_B + step
                states_BD = flat_states(rollout, torch.minimum(at_B, last_B))
                collected.append(states_BD.masked_fill((at_B > last_B)[:, None], float("nan")))
    classes = batch.targets.cpu().numpy().astype(np.int64)
    return _joined(read), [_joined(parts) for parts in along], classes


def flat_states(rollout: Rollout, at_B: Tensor) -> Tensor:
    """The flat state of each example after a step of its own."""
    states_BD = torch.empty_like(rollout.initial_BD)
    for t in set(at_B.tolist()):
        rows_B = at_B == t
        states_BD[rows_B] = rollout.flat_state(t)[rows_B]
    return states_BD


def _joined(parts: Sequence[Tensor]) -> Array:
    return np.asarray(torch.cat(list(parts)).cpu().numpy(), np.float64)


def _columns(prefix: str, separations: Sequence[Separation]) -> dict[str, Any]:
    """A column for each number of the separations, by `prefix_name`."""

    def columns() -> Iterator[tuple[str, Array]]:
        rows = [asdict(one) for one in separations]
        for name in rows[0]:
            yield f"{prefix}_{name}", np.array([row[name] for row in rows], np.float64)

    return dict(columns())
