"""The plain recurrence.

    z_t = a_t + W h_(t-1),   a_t = W_ih x_t + b,   h_t = f(z_t),   f = tanh, ReLU or the identity.

The loss L depends on h_t in two ways: through the readout or the layer above (its gradient there is
g_t), and through h_(t+1). From the last step to the first, with δ_t = dL/dz_t:

    dL/dh_t = g_t + Wᵀ δ_(t+1)         the total gradient, g_T at the last step
    δ_t     = f'(z_t) × dL/dh_t        by element; f' is 1 - h_t², [h_t > 0], or 1
    dL/da_t = δ_t,   dL/dW = Σ_t δ_t h_(t-1)ᵀ,   dL/dh_0 = Wᵀ δ_1
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from rnnexp.model.cells.base import Recurrence


def plain_states(
    layer: Recurrence,
    x_TBE: Tensor,
    initial_BH: Tensor,
    watch: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """The states of a layer whose cell `is_plain`; see `states_by_bptt`."""
    weights = layer.weights
    a_TBH = F.linear(x_TBE, weights["weight_ih"], weights["bias_ih"] + weights["bias_hh"])
    states_TBH: Tensor = PlainRecurrence.apply(  # type: ignore[no-untyped-call]
        a_TBH, initial_BH, weights["weight_hh"], layer.cell.activation, watch
    )
    return states_TBH


class PlainRecurrence(Function):
    """h [T, B, H] from a [T, B, H], h_0 [B, H], W [H, H] and f, a name of `ACTIVATIONS`."""

    @staticmethod
    def forward(
        ctx: Any, a_TBH: Tensor, initial_BH: Tensor, weight_HH: Tensor, f: str, watch: Any = None
    ) -> Tensor:
        # h_0 stands before the others, so that h_(t-1) of all steps is a view
        h_TBH = a_TBH.new_empty(len(a_TBH) + 1, *initial_BH.shape)
        h_TBH[0] = initial_BH
        transposed_HH = weight_HH.t().contiguous()
        steps = h_TBH.unbind(0)
        for a_BH, before_BH, h_BH in zip(a_TBH.unbind(0), steps[:-1], steps[1:], strict=True):
            torch.addmm(a_BH, before_BH, transposed_HH, out=h_BH)
            if f == "tanh":
                h_BH.tanh_()
            elif f == "relu":
                h_BH.relu_()
        ctx.save_for_backward(h_TBH, weight_HH)
        ctx.f, ctx.watch = f, watch
        return h_TBH[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_TBH: Tensor) -> tuple[Tensor | None, ...]:
        h_TBH, weight_HH = ctx.saved_tensors
        # f'(z_t) of all steps, whose place δ_t takes
        delta_TBH = slope(h_TBH[1:], ctx.f)
        total_TBH = total_room(g_TBH, ctx.watch)
        partials, deltas, totals = g_TBH.unbind(0), delta_TBH.unbind(0), total_TBH.unbind(0)
        totals[-1].copy_(partials[-1])
        for t in reversed(range(len(deltas))):
            deltas[t].mul_(totals[t])
            if t:
                torch.addmm(partials[t - 1], deltas[t], weight_HH, out=totals[t - 1])
        if ctx.watch is not None:
            ctx.watch(total_TBH)
        weight_gradient_HH = delta_TBH.flatten(0, 1).t() @ h_TBH[:-1].flatten(0, 1)
        return delta_TBH, deltas[0] @ weight_HH, weight_gradient_HH, None, None


def slope(h_TBH: Tensor, f: str) -> Tensor:
    """f'(z_t) from h_t = f(z_t)."""
    if f == "tanh":
        return 1 - h_TBH * h_TBH
    return (h_TBH > 0).to(h_TBH.dtype) if f == "relu" else torch.ones_like(h_TBH)


def total_room(g_TBH: Tensor, watch: Any) -> Tensor:
    """Room for dL/dh_t of every step, [T, B, H]: where nobody looks on, all in the same place."""
    if watch is None:
        return torch.empty_like(g_TBH[0]).expand(g_TBH.shape)
    return torch.empty_like(g_TBH)
