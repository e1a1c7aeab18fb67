"""The diagonal recurrence.

    u_t = a_t u_(t-1) + b_t,   by unit, real or complex; a_t and b_t do not depend on the state.

The loss L depends on u_t through the readout or the layer above (its gradient there is g_t), and
through u_(t+1). By element, from the last step to the first, with D_t = dL/du_t and a* the complex
conjugate (of a real number the number itself; dL/du is dL/dRe u + i dL/dIm u, as torch has it):

    D_t     = g_t + a*_(t+1) D_(t+1)       the total gradient, D_T = g_T
    dL/db_t = D_t,   dL/da_t = D_t u*_(t-1),   dL/du_0 = a*_1 D_1

A step is one operation either way. Where a is the same at all steps its gradient is the sum over
steps and examples.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from rnnexp.model.cells.base import Recurrence
from rnnexp.model.cells.diagonal import DiagonalCell


def diagonal_states(
    layer: Recurrence,
    x_TBE: Tensor,
    initial_BH: Tensor,
    watch: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """The states of a layer of diagonal cells; see `states_by_bptt`."""
    cell = layer.cell
    assert isinstance(cell, DiagonalCell)
    a_TBG = cell.read(x_TBE, layer.weights)
    keep, new_TBU, _ = cell.terms(a_TBG, *cell.constants(layer.weights))

    def watch_units(total_TBU: Tensor) -> None:
        assert watch is not None
        watch(cell.hidden(total_TBU))

    units_TBU: Tensor = DiagonalRecurrence.apply(  # type: ignore[no-untyped-call]
        keep, new_TBU, cell.units(initial_BH), None if watch is None else watch_units
    )
    return cell.hidden(units_TBU)


class DiagonalRecurrence(Function):
    """u [T, B, U] from a [T, B, U] or [U], b [T, B, U] and u_0 [B, U]."""

    @staticmethod
    def forward(
        ctx: Any, keep: Tensor, new_TBU: Tensor, initial_BU: Tensor, watch: Any = None
    ) -> Tensor:
        # u_0 stands before the others, so that u_(t-1) of all steps is a view
        u_TBU = new_TBU.new_empty(len(new_TBU) + 1, *initial_BU.shape)
        u_TBU[0] = initial_BU
        # unbound once: each view of a single step costs as much as an operation on it
        keeps, u = of_steps(keep, len(new_TBU)), u_TBU.unbind(0)
        for t, new_BU in enumerate(new_TBU.unbind(0)):
            torch.addcmul(new_BU, keeps[t], u[t], out=u[t + 1])
        ctx.save_for_backward(keep, u_TBU)
        ctx.watch = watch
        return u_TBU[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_TBU: Tensor) -> tuple[Tensor | None, ...]:
        keep, u_TBU = ctx.saved_tensors
        total_TBU = torch.empty_like(g_TBU)
        keeps, partials = of_steps(keep.conj().resolve_conj(), len(g_TBU)), g_TBU.unbind(0)
        totals = total_TBU.unbind(0)
        totals[-1].copy_(partials[-1])
        for t in reversed(range(1, len(totals))):
            torch.addcmul(partials[t - 1], keeps[t], totals[t], out=totals[t - 1])
        if ctx.watch is not None:
            ctx.watch(total_TBU)
        by_step_TBU = kept_gradient(total_TBU, u_TBU[:-1])
        keep_gradient = by_step_TBU if keep.dim() == 3 else by_step_TBU.sum(dim=(0, 1))
        return keep_gradient, total_TBU, keeps[0] * totals[0], None


def of_steps(keep: Tensor, steps: int) -> list[Tensor]:
    """a_t of each step."""
    return list(keep.unbind(0)) if keep.dim() == 3 else [keep] * steps


def kept_gradient(total_TBU: Tensor, before_TBU: Tensor) -> Tensor:
    """dL/da_t = D_t u*_(t-1), [T, B, U]."""
    return total_TBU * before_TBU.conj()
