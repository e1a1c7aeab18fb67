"""How the states move along single sequences. Shapes: T time, N sequences, H hidden."""

import numpy as np
import torch

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.examples import class_of
from rnnexp.ranges import a_fraction, at_least
from rnnexp.types import LayerStates, Split


def state_statistics(layer: LayerStates, lengths: list[int], saturated_at: float) -> Measurement:
    """Norms and saturation of one layer's states along sequences of the given lengths.

    state [N, T]: ‖h_t‖. cell [N, T]: ‖c_t‖, where there are cells. NaN behind a sequence's end.
    state_variance, cell_variance [N]: variance of the norm over a sequence's steps.
    saturated [N]: share of |h| > saturated_at over steps and units.
    slope [N]: mean of 1 - h², for a tanh cell its mean derivative.
    All are NaN for a sequence whose states are not all finite.
    """
    h_NTH = torch.stack(list(layer.states), dim=1).cpu().numpy()
    statistics: Measurement = {"state": _norms(h_NTH, lengths)}
    if layer.cells is not None:
        statistics["cell"] = _norms(torch.stack(list(layer.cells), dim=1).cpu().numpy(), lengths)
    for name in list(statistics):
        statistics[f"{name}_variance"] = np.nanvar(statistics[name], axis=1)
    texts = [h_TH[:length] for h_TH, length in zip(h_NTH, lengths, strict=True)]
    statistics["saturated"] = np.array([(np.abs(h) > saturated_at).mean() for h in texts])
    statistics["slope"] = np.array([(1 - h**2).mean() for h in texts])
    broken_N = np.array([not np.isfinite(h).all() for h in texts])
    for values in statistics.values():
        assert isinstance(values, np.ndarray)
        values[broken_N] = np.nan
    return statistics


def _norms(values_NTH: Array, lengths: list[int]) -> Array:
    norms_NT: Array = np.linalg.norm(values_NTH, axis=2)
    past_NT = np.arange(norms_NT.shape[1]) >= np.array(lengths)[:, None]
    return np.where(past_NT, np.nan, norms_NT)


class HiddenDynamics(Probe):
    """‖h_t‖ and ‖c_t‖ along whole test sequences, uncut and without pads; saturation.

    per_class: sequences of each class, the first in file order that are long enough; where there
        are fewer, those. Where there are no classes, so many in all.
    min_length: long enough, in steps.
    saturated_at: a unit with |h| above it counts as saturated.
    schedule: as in `Probe`.
    """

    def __init__(
        self,
        per_class: int = 5,
        min_length: int = 150,
        saturated_at: float = 0.9,
        at_start: bool = True,
        every: int = 1,
        at_end: bool = True,
    ) -> None:
        super().__init__(at_start, every, at_end)
        at_least("per_class", per_class, 1)
        at_least("min_length", min_length, 1)
        a_fraction("saturated_at", saturated_at)
        self.per_class, self.min_length, self.saturated_at = per_class, min_length, saturated_at
        self.split: Split = "test"

    def check(self, model: Observed, task: Source) -> None:
        super().check(model, task)
        if not self.rows(task):
            longest = int(task.whole_lengths(self.split).max())
            raise ValueError(
                f"needs test sequences of {self.min_length} steps or more and there is none "
                f"(the longest has {longest}): lower probes.hidden_dynamics.min_length"
            )

    def rows(self, task: Source) -> list[int]:
        """The first `per_class` long sequences of each class."""
        long = (task.whole_lengths(self.split) >= self.min_length).numpy()
        classes = class_of(task.split(self.split))
        chosen: list[int] = []
        for label in np.unique(classes):
            chosen += np.flatnonzero(long & (classes == label))[: self.per_class].tolist()
        return chosen

    def measure(self, view: ProbeView) -> Measurement:
        rows = self.rows(view.task)
        batch = view.task.whole(self.split, rows).to(view.examples.inputs.device)
        with torch.no_grad():
            rollout = view.model.rollout(batch)
        lengths = batch.lengths.tolist()
        statistics = state_statistics(rollout.layers[-1], lengths, self.saturated_at)
        averages: Measurement = {
            f"mean_{name}": float(np.nanmean(statistics[name]))
            for name in ("state_variance", "cell_variance", "saturated", "slope")
            if name in statistics
        }
        classes = class_of(view.task.split(self.split))
        return {
            **statistics,
            **averages,
            "target": classes[rows].astype(np.float64),
            "length": np.array(lengths, np.float64),
            "sequences": float((~np.isnan(statistics["saturated"])).sum()),
            "saturated_at": self.saturated_at,
            "wanted": float(self.per_class * len(np.unique(classes))),
        }
