"""Lyapunov exponents: the rates at which small changes of state grow or shrink.

Shapes: T time, B batch, D flat state. Source: Benettin et al. 1980; for recurrent networks
Engelken, Wolf and Abbott 2023, "Lyapunov spectra of chaotic recurrent neural networks".
"""

import torch

from rnnexp.probes.base import Array, Measurement, Probe, ProbeView
from rnnexp.probes.examples import without_pads
from rnnexp.probes.jacobian import step_jacobian
from rnnexp.ranges import at_least
from rnnexp.types import Rollout


def lyapunov_spectrum(rollout: Rollout, burn_in: int = 0) -> Array:
    """λ_i = lim (1/T) ln R_ii summed along the trajectory, Q R = J_t Q, in 1/steps; [B, D].

    In descending order. burn_in: so many steps turn Q towards the growing directions before any is
    counted. The flat state of an LSTM holds h and c of every layer. Where a direction is
    lost altogether, as behind a ReLU, what is left is -inf or the size of rounding errors.

    Raises ValueError where no step is left to count.

    >>> from rnnexp.model.rollout import rollout
    >>> lyapunov_spectrum(rollout(torch.nn.LSTM(3, 4), torch.randn(10, 1, 3))).shape
    (1, 8)
    """
    steps = len(rollout.inputs)
    if not 0 <= burn_in < steps:
        raise ValueError(f"burn_in must be from 0 to {steps - 1} (got {burn_in})")
    size, width = rollout.flat_state(0).shape
    q_BDD = torch.eye(width, dtype=torch.float64).expand(size, width, width)
    total_BD = torch.zeros(size, width, dtype=torch.float64)
    for t in range(steps):
        q_BDD, r_BDD = torch.linalg.qr(step_jacobian(rollout, t).cpu().double() @ q_BDD)
        if t >= burn_in:
            total_BD += r_BDD.diagonal(dim1=1, dim2=2).abs().log()
    exponents_BD = total_BD / (steps - burn_in)
    return exponents_BD.sort(dim=1, descending=True).values.numpy()


class Lyapunov(Probe):
    """The spectrum of Lyapunov exponents along the longest validation examples.

    examples: over so many of them. burn_in: see `lyapunov_spectrum`.
    schedule: as in `Probe`; by default before and after training, since it costs a few seconds.
    """

    def __init__(
        self,
        examples: int = 1,
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
        batch = without_pads(view.longest.rows(0, self.examples))
        with torch.no_grad():
            rollout = view.model.rollout(batch)
        burn_in = min(self.burn_in, len(rollout.inputs) // 2)
        spectrum = lyapunov_spectrum(rollout, burn_in).mean(axis=0)
        return {"spectrum": spectrum, "largest": float(spectrum[0]), "sum": float(spectrum.sum())}
