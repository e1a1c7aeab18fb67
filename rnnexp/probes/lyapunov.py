"""Lyapunov exponents: the rates at which small changes of state grow or shrink.

Shapes: T time, B batch, D flat state. Source: Benettin et al. 1980; for recurrent networks
Engelken, Wolf and Abbott 2023, "Lyapunov spectra of chaotic recurrent neural networks".
"""

import numpy as np
import torch

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.jacobian import step_jacobian
from rnnexp.probes.norms import mean_and_interval
from rnnexp.ranges import at_least
from rnnexp.types import Rollout


def lyapunov_spectrum(rollout: Rollout, burn_in: int = 0) -> Array:
    """λ_i = lim (1/T) ln R_ii summed along the trajectory, Q R = J_t Q, in 1/steps; [B, D].

    In descending order. Each example's own real steps are counted, from the state that pads before
    them have left. burn_in: so many of these turn Q towards the growing directions before any is
    counted; NaN for an example that has no more, and for one whose states are not all finite. The
    flat state of an LSTM holds h and c of every layer. Where a direction is lost altogether, as
    behind a ReLU, what is left is -inf or the size of rounding errors.

    Raises ValueError where no step of any example is left to count.

    >>> from rnnexp.model.rollout import rollout
    >>> lyapunov_spectrum(rollout(torch.nn.LSTM(3, 4), torch.randn(10, 1, 3))).shape
    (1, 8)
    """
    valid_BT = rollout.valid_BT.cpu()
    longest, (size, width) = int(valid_BT.sum(dim=1).max()), rollout.initial_BD.shape
    if not 0 <= burn_in < longest:
        raise ValueError(f"burn_in must be from 0 to {longest - 1} (got {burn_in})")
    q_BDD = torch.eye(width, dtype=torch.float64).repeat(size, 1, 1)
    total_BD = torch.zeros(size, width, dtype=torch.float64)
    walked_B = torch.zeros(size, dtype=torch.long)
    finite_B = rollout.finite_B.cpu()
    for t in range(len(rollout.inputs)):
        here_B = valid_BT[:, t] & finite_B
        if not bool(here_B.any()):
            continue
        step_BDD = step_jacobian(rollout, t).cpu().double().nan_to_num()  # of others: not counted
        turned_BDD, r_BDD = torch.linalg.qr(step_BDD @ q_BDD)
        q_BDD = torch.where(here_B[:, None, None], turned_BDD, q_BDD)
        walked_B = walked_B + here_B
        counted_B1 = (here_B & (walked_B > burn_in))[:, None]
        total_BD += torch.where(counted_B1, r_BDD.diagonal(dim1=1, dim2=2).abs().log(), 0.0)
    exponents_BD = total_BD / (walked_B - burn_in).clamp(min=0)[:, None]  # 0/0: NaN
    return exponents_BD.sort(dim=1, descending=True).values.numpy()


class Lyapunov(Probe):
    """The spectrum of Lyapunov exponents along the longest validation examples.

    A mean over the examples that are longer than burn_in, with the 95% t-interval over them.

    examples: over so many of them. burn_in: see `lyapunov_spectrum`; at most half of the longest.
    schedule: as in `Probe`; by default before and after training, since it costs a few seconds.
    """

    def __init__(
        self,
        examples: int = 4,
        burn_in: int = 10,
        at_start: bool = True,
        every: int = 0,
        at_end: bool = True,
    ) -> None:
        super().__init__(at_start, every, at_end)
        at_least("examples", examples, 1)
        at_least("burn_in", burn_in, 0)
        self.examples, self.burn_in = examples, burn_in

    def measure(self, view: ProbeView) -> Measurement:
        batch = view.longest.rows(0, self.examples)
        with torch.no_grad():
            rollout = view.model.rollout(batch)
        burn_in = min(self.burn_in, int(rollout.valid_BT.sum(dim=1).max()) // 2)
        spectrum_BD = lyapunov_spectrum(rollout, burn_in)
        mean, low, high = mean_and_interval(spectrum_BD.T)
        return {
            "spectrum": mean,
            "spectrum_low": low,
            "spectrum_high": high,
            "largest": float(mean[0]),
            "largest_low": float(low[0]),
            "largest_high": float(high[0]),
            "sum": float(mean.sum()),
            "examples": float((~np.isnan(spectrum_BD[:, 0])).sum()),
        }
