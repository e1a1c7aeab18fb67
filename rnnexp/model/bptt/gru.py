"""The gated recurrent unit, in the form of cells/gru.py.

With a_t = W_ih x_t + b_ih and u_t = W h_(t-1) + b_hh, three blocks of H rows each:

    r_t, z_t = σ(a_t + u_t),   n_t = tanh(a_t + r_t u_t),   h_t = (1 - z_t) n_t + z_t h_(t-1).

The loss L depends on h_t through the readout or the layer above (its gradient there is g_t), and
through h_(t+1), which reads h_t by its products u_(t+1) and by what it carries over. By element,
with D_t = dL/dh_t:

    dL/du_t = D_t × (ν_t u_t^n r_t (1 - r_t),   (h_(t-1) - n_t) z_t (1 - z_t),   ν_t r_t),
    ν_t     = (1 - z_t) (1 - n_t²)              blocks r, z, n; u_t^n is the n block of u_t
    dL/da_t = dL/du_t, but for the n block, where it is D_t ν_t
    D_(t-1) = g_(t-1) + D_t z_t + Wᵀ dL/du_t    the total gradient, D_T = g_T
    dL/dW   = Σ_t dL/du_t h_(t-1)ᵀ,   dL/db_hh = Σ_t dL/du_t

The factors behind D_t depend on nothing later than t and are computed for all steps at once.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from rnnexp.model.cells.base import Recurrence


def gru_states(
    layer: Recurrence,
    x_TBE: Tensor,
    initial_BH: Tensor,
    watch: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """The states of a layer of GRU cells; see `states_by_bptt`."""
    a_TBG = layer.cell.read(x_TBE, layer.weights)
    states_TBH: Tensor = GatedRecurrence.apply(  # type: ignore[no-untyped-call]
        a_TBG, initial_BH, *layer.cell.constants(layer.weights), watch
    )
    return states_TBH


class GatedRecurrence(Function):
    """h [T, B, H] from a [T, B, 3H], h_0 [B, H], W [3H, H] and b_hh [3H]."""

    @staticmethod
    def forward(
        ctx: Any, a_TBG: Tensor, initial_BH: Tensor, weight_GH: Tensor, bias_G: Tensor, watch: Any
    ) -> Tensor:
        size = initial_BH.shape[1]
        h_TBH = a_TBG.new_empty(len(a_TBG) + 1, *initial_BH.shape)
        h_TBH[0] = initial_BH
        u_n_TBH = torch.empty_like(h_TBH[1:])
        gates_TBG = a_TBG.clone()  # r, z and n take its place step by step
        transposed_HG = weight_GH.t().contiguous()
        u_BG = torch.empty_like(a_TBG[0])
        u_rz_BG, u_n_BH = u_BG[:, : 2 * size], u_BG[:, 2 * size :]
        # unbound once: each view of a single step costs as much as an operation on it
        rz, r, z, n = (part_TBG.unbind(0) for part_TBG in (
            gates_TBG[..., : 2 * size], *gates_TBG.chunk(3, dim=2)
        ))  # fmt: skip
        h, kept_u_n = h_TBH.unbind(0), u_n_TBH.unbind(0)
        for t in range(len(a_TBG)):
            torch.addmm(bias_G, h[t], transposed_HG, out=u_BG)
            rz[t].add_(u_rz_BG).sigmoid_()
            kept_u_n[t].copy_(u_n_BH)
            n[t].addcmul_(r[t], u_n_BH).tanh_()
            torch.lerp(n[t], h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(gates_TBG, u_n_TBH, h_TBH, weight_GH)
        ctx.watch = watch
        return h_TBH[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_TBH: Tensor) -> tuple[Tensor | None, ...]:
        gates_TBG, u_n_TBH, h_TBH, weight_GH = ctx.saved_tensors
        r_TBH, z_TBH, n_TBH = gates_TBG.chunk(3, dim=2)
        nu_TBH = new_slope(z_TBH, n_TBH)
        # the factors of dL/du_t, whose place dL/du_t takes
        du_TBG = torch.empty_like(gates_TBG)
        du_r_TBH, du_z_TBH, du_n_TBH = du_TBG.chunk(3, dim=2)
        torch.mul(nu_TBH, r_TBH, out=du_n_TBH)
        torch.mul(du_n_TBH * u_n_TBH, 1 - r_TBH, out=du_r_TBH)
        torch.mul((h_TBH[:-1] - n_TBH) * z_TBH, 1 - z_TBH, out=du_z_TBH)

        total_TBH = torch.empty_like(g_TBH)
        totals, partials, z = total_TBH.unbind(0), g_TBH.unbind(0), z_TBH.unbind(0)
        du, du_by_block = du_TBG.unbind(0), du_TBG.view(*du_TBG.shape[:2], 3, -1).unbind(0)
        totals[-1].copy_(partials[-1])
        for t in reversed(range(len(du))):
            du_by_block[t].mul_(totals[t].unsqueeze(1))
            if t:
                torch.addcmul(partials[t - 1], totals[t], z[t], out=totals[t - 1])
                totals[t - 1].addmm_(du[t], weight_GH)
        if ctx.watch is not None:
            ctx.watch(total_TBH)
        initial_BH = torch.addmm(totals[0] * z[0], du[0], weight_GH)
        du_NG = du_TBG.flatten(0, 1)
        weight_GH, bias_G = du_NG.t() @ h_TBH[:-1].flatten(0, 1), du_NG.sum(0)
        # with the n block in its place, dL/du is dL/da
        torch.mul(total_TBH, nu_TBH, out=du_n_TBH)
        return du_TBG, initial_BH, weight_GH, bias_G, None


def new_slope(z_TBH: Tensor, n_TBH: Tensor) -> Tensor:
    """ν_t = dh_t / d(a_t^n + r_t u_t^n), by element."""
    return (1 - z_TBH) * (1 - n_TBH * n_TBH)
