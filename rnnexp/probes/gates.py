"""How far the gates are open, and what the carry gate leaves of the state.

The carry gate is the one that multiplies what is carried over from the step before: the cell says
which it is. Shapes: T time, B batch, H hidden.
"""

import math

import numpy as np
import torch

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.norms import mean_where
from rnnexp.types import Rollout


def carry_gate(rollout: Rollout, layer: int = -1) -> torch.Tensor:
    """What multiplies the old state at each step, [T, B, H]: f of an LSTM, z of a GRU.

    Raises ValueError for a layer whose cell has no such gate.
    """
    carry, gates = rollout.layers[layer].carry, rollout.layers[layer].gates
    if carry is None:
        raise ValueError("rollout has no gate that multiplies what is carried over")
    return torch.stack([gate[carry] for gate in gates])


def log_carry(carry_TBH: torch.Tensor, valid_TB: torch.Tensor) -> torch.Tensor:
    """ln f at real steps, 0 at pads: a pad neither keeps nor forgets."""
    return carry_TBH.log().masked_fill(~valid_TB[:, :, None], 0.0)


def memory_time(carry_TBH: torch.Tensor, valid_TB: torch.Tensor) -> torch.Tensor:
    """-1 / (mean over the real steps of ln f) in steps, [B, H]; f = 1 gives infinity."""
    steps_B1 = valid_TB.sum(dim=0)[:, None]
    return 1 / (-log_carry(carry_TBH, valid_TB).sum(dim=0) / steps_B1).clamp(min=0)


class Gates(Probe):
    """Mean of each gate per step, time constant and the product of the carry gate.

    product: mean over examples and units of the product of the last k carry gates of the text: what
        is left of the state of k steps before on its direct path.
    at_start, every, at_end: as in `Probe`.
    """

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        super().__init__(at_start, every, at_end)

    def check(self, model: Observed, task: Source) -> None:
        super().check(model, task)
        cell = model.top_cell
        if cell is None or not cell.gates:
            raise ValueError(f"needs a gated model; {model.called} has no gates")
        if cell.carry is None:
            raise ValueError(
                "needs a gate that multiplies what is carried over; none of the gates of "
                f"{model.called} does"
            )

    def measure(self, view: ProbeView) -> Measurement:
        gates: dict[str, list[Array]] = {}
        masks, products, times = [], [], []
        with torch.no_grad():
            for rollout, _ in view.rollouts(view.longest):
                for name in rollout.layers[-1].gates[0]:
                    means = [gate[name].mean(dim=1) for gate in rollout.layers[-1].gates]
                    gates.setdefault(name, []).append(torch.stack(means).cpu().numpy())
                valid_TB = rollout.valid_BT.T
                masks.append(valid_TB.cpu().numpy())
                carry_TBH = carry_gate(rollout)
                # aligned at each text's last step: row k is k steps before it
                last_B = valid_TB.cumsum(0).argmax(0)
                step_TB = last_B - torch.arange(len(valid_TB), device=last_B.device)[:, None]
                here_TB = step_TB.clamp(min=0)
                log_TBH = log_carry(carry_TBH, valid_TB).take_along_dim(here_TB[:, :, None], 0)
                product_TB = log_TBH.cumsum(0).exp().mean(dim=2)
                reached_TB = (step_TB >= 0) & valid_TB.take_along_dim(here_TB, 0)
                products.append(product_TB.masked_fill(~reached_TB, math.nan).cpu().numpy())
                times.append(memory_time(carry_TBH, valid_TB).cpu().numpy())
        mask_TB = np.concatenate(masks, axis=1)
        measured: Measurement = {}
        for name, parts in gates.items():
            measured[name] = mean_where(np.concatenate(parts, axis=1), mask_TB)
            measured[f"mean_{name}"] = float(np.nanmean(measured[name]))
        product = np.concatenate(products, axis=1)
        measured["product"] = mean_where(product, ~np.isnan(product))
        measured["memory_time"] = np.sort(np.concatenate(times).mean(axis=0))
        measured["median_memory_time"] = float(np.median(measured["memory_time"]))
        return measured
