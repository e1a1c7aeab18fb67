"""How far the gates stand open. Shapes: T time, B batch, H hidden."""

import numpy as np
import torch

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source, mean_where
from rnnexp.types import Rollout

#: The gate that multiplies what is carried over, and whether it is the gate or what it leaves.
CARRY = ("forget", "update")


def carry_gate(rollout: Rollout, layer: int = -1) -> torch.Tensor:
    """What multiplies the old state at each step, [T, B, H]: f of an LSTM, z of a GRU."""
    gates = rollout.layers[layer].gates
    name = next(name for name in CARRY if name in gates[0])
    return torch.stack([gate[name] for gate in gates])


def memory_time(carry_TBH: torch.Tensor) -> torch.Tensor:
    """-1 / (mean over time of ln f) in steps, [B, H]; f = 1 gives infinity."""
    return -1 / carry_TBH.log().mean(dim=0)


class Gates(Probe):
    """Mean of each gate per step, memory time and the product of the carry gate.

    product: mean over examples and units of the product of the last k carry gates, by distance k:
    what is left of c on its direct path.
    schedule: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def check(self, model: Observed, task: Source) -> None:
        super().check(model, task)
        if not set(CARRY) & set(model.gate_names):
            raise ValueError(
                f"needs a gated model (lstm, gru); model={type(model).__name__.lower()} has no gate"
            )

    def measure(self, view: ProbeView) -> Measurement:
        gates: dict[str, list[Array]] = {}
        masks, products, times = [], [], []
        with torch.no_grad():
            for rollout, _ in view.rollouts(view.longest):
                for name in rollout.layers[-1].gates[0]:
                    means = [gate[name].mean(dim=1) for gate in rollout.layers[-1].gates]
                    gates.setdefault(name, []).append(torch.stack(means).cpu().numpy())
                masks.append(rollout.valid_BT.T.cpu().numpy())
                carry_TBH = carry_gate(rollout)
                products.append(carry_TBH.flip(0).log().cumsum(0).exp().mean(dim=2).cpu().numpy())
                times.append(memory_time(carry_TBH).cpu().numpy())
        mask_TB = np.concatenate(masks, axis=1)
        found: Measurement = {}
        for name, parts in gates.items():
            found[name] = mean_where(np.concatenate(parts, axis=1), mask_TB)
            found[f"mean_{name}"] = float(np.nanmean(found[name]))
        found["product"] = np.concatenate(products, axis=1).mean(axis=1)
        found["memory_time"] = np.sort(np.concatenate(times).mean(axis=0))
        found["median_memory_time"] = float(np.median(found["memory_time"]))
        return found
