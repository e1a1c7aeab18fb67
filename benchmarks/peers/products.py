"""The matrix products of a training step, and nothing else: what a step must cost at least.

Of a recurrence with G blocks of rows, per step of training, in float32:

    forward     [TB, E] x [E, GH] once,   [B, H] x [H, GH] for each token
    backward    [B, GH] x [GH, H] for each token,   and once each
                [TB, GH] x [GH, E],  [GH, TB] x [TB, E],  [GH, TB] x [TB, H]

12 T B G H² floating-point operations for E = H (a multiplication and an addition are two). The
share of the machine's product rate that a training attains is the time of these over its own.
"""

import time
from dataclasses import dataclass

from benchmarks.cases import Case
from benchmarks.peers.base import Round, Training
from benchmarks.peers.torch_peer import TorchPeer


def flops(case: Case) -> int:
    """Floating-point operations of the products of a step."""
    return 12 * case.seq_len * case.batch_size * case.blocks * case.size**2


@dataclass(frozen=True)
class Products(TorchPeer):
    trains = False

    def takes(self, case: Case) -> bool:
        return not case.epoch_steps

    def training(self, case: Case) -> Training:
        import torch

        steps_of_time, batch, size = case.seq_len, case.batch_size, case.size
        rows = case.blocks * size
        x = torch.randn(steps_of_time * batch, size)
        h = torch.randn(steps_of_time, batch, size)
        z = torch.randn(steps_of_time, batch, rows)
        weight_ih, weight_hh, bias = torch.randn(size, rows), torch.randn(size, rows), z[0, 0]
        back = weight_hh.t().contiguous()
        out_z, out_h, out_x = torch.empty_like(z), torch.empty_like(h), torch.empty_like(x)
        out_weight = torch.empty(rows, size)
        steps = list(zip(h.unbind(), z.unbind(), out_z.unbind(), out_h.unbind(), strict=True))

        def train(count: int) -> Round:
            started = time.perf_counter()
            for _ in range(count):
                flat = out_z.view(-1, rows)
                torch.addmm(bias, x, weight_ih, out=flat)
                for h_BH, z_BG, out_z_BG, _ in steps:
                    torch.addmm(z_BG, h_BH, weight_hh, out=out_z_BG)
                for h_BH, z_BG, _, out_h_BH in reversed(steps):
                    torch.addmm(h_BH, z_BG, back, out=out_h_BH)
                delta = z.view(-1, rows)
                torch.mm(delta, weight_ih.t(), out=out_x)
                torch.mm(delta.t(), x, out=out_weight)
                torch.mm(delta.t(), h.view(-1, size), out=out_weight)
            return Round(time.perf_counter() - started, None)

        return train


PRODUCTS = Products("the matrix products alone", exact=False, flush=True)
PEERS = [PRODUCTS]
