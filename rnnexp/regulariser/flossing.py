"""Gradient flossing: the exponents at which perturbations of the state grow are drawn to zero.

Shapes: T time, B batch, E features, D flat state of all layers, K tangent directions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.ranges import at_least, more_than
from rnnexp.regulariser.base import Layer, Objective, Recurrent, Regulariser
from rnnexp.types import Batch


@dataclass(frozen=True, kw_only=True)
class Flossing(Regulariser):
    """penalty = (1/k) Σ_i λ_i², λ_1 ... λ_k the first finite-time Lyapunov exponents, in 1/steps.

    λ_i = (1/T) Σ_t ln |R_ii| with Q_t R_t = J_t Q_(t-1), J_t the Jacobian of a step of the whole
    state (of an LSTM h and c) of all layers, along the states of the first examples of the batch,
    whose mean it is. As it is differentiable in the weights, through the states too, a step down
    its gradient makes perturbations, and gradients, neither grow nor shrink in k directions. What
    an encoder learns gets no gradient from it.

    k: how many directions. steps_before: so many steps at the beginning of the training minimise
    the penalty alone ("preflossing"); they count as steps of the training. every: afterwards
    weight times the penalty is added to the loss of each every-th step; 0 never adds it.
    weight: of the penalty. examples, window: of so many examples of the batch, over so many of
    their first real steps; None for all steps. burn_in: so many of these turn Q towards the growing
    directions before any is counted, at most half of them. qr_every: steps between two QR
    decompositions; more are faster, until directions that grow apart are no longer told apart.

    Of a state with redundant numbers, as that of `model=slstm`, some exponents are 0 and mean
    nothing.

    Where a direction is lost altogether, as behind a ReLU that is shut, λ_i is -inf and the run
    ends as diverged: lower k. Source: Engelken 2023, "Gradient flossing: improving gradient descent
    through dynamic control of Jacobians", with its Algorithm 1 and its published code, where the
    episodes during training are of the penalty alone as the one before it.
    """

    k: int = 16
    weight: float = 1.0
    steps_before: int = 200
    every: int = 0
    examples: int = 1
    window: int | None = 55
    burn_in: int = 15
    qr_every: int = 1

    adds = True

    def __post_init__(self) -> None:
        at_least("k", self.k, 1)
        more_than("weight", self.weight, 0)
        at_least("steps_before", self.steps_before, 0)
        at_least("every", self.every, 0)
        if not self.steps_before and not self.every:
            raise ValueError(
                "steps_before=0 and every=0 leave no step with the penalty: set one, or use "
                "regulariser=none"
            )
        at_least("examples", self.examples, 1)
        if self.window is not None:
            at_least("window", self.window, 1)
        at_least("burn_in", self.burn_in, 0)
        at_least("qr_every", self.qr_every, 1)

    @property
    def words(self) -> str:
        before = f"the first {self.steps_before} steps minimise the penalty of flossing alone"
        later = f"its penalty is added at one step in {self.every}"
        return ", ".join(
            [*([before] if self.steps_before else []), *([later] if self.every else [])]
        )

    def check(self, model: Recurrent, steps: int) -> None:
        layers = model.recurrences()
        if not layers:
            raise ValueError(
                "regulariser=flossing needs the state of a recurrent model, and this model has "
                "none: use regulariser=none"
            )
        if model.directions > 1:
            raise ValueError(
                "regulariser=flossing follows one recurrence through time, and "
                "model.bidirectional=true has two: use regulariser=none or "
                "model.bidirectional=false"
            )
        if 0 < steps <= self.steps_before:
            raise ValueError(
                f"steps_before={self.steps_before} leaves none of {steps} training steps to the "
                "task: lower it, or train longer"
            )
        width = sum(layer.initial(1).flat.shape[1] for layer in layers)
        if self.k > width:
            raise ValueError(
                f"k={self.k} directions are more than the {width} numbers of the model's state"
            )

    def __call__(self, loss: Tensor, model: Recurrent, batch: Batch, step: int) -> Objective:
        alone = step < self.steps_before
        if not alone and (not self.every or (step - self.steps_before) % self.every):
            return Objective(loss, torch.full_like(loss.detach(), torch.nan))
        penalty = self.penalty(model, batch)
        total = self.weight * penalty
        return Objective(total if alone else loss + total, penalty.detach())

    def penalty(self, model: Recurrent, batch: Batch) -> Tensor:
        """(1/k) Σ λ_i², the mean over the examples; 0-dim, in the type of the weights."""
        chosen = batch.rows(0, self.examples)
        with torch.no_grad():
            x_TBE = model.encoder(chosen.inputs.transpose(0, 1))
        layers = model.recurrences()
        counted_BT = chosen.valid_BT
        if self.window is not None:
            counted_BT = counted_BT & (counted_BT.cumsum(1) <= self.window)
        first_q_DK = orthonormal(layers, self.k, x_TBE)
        found_BK = exponents(layers, x_TBE, counted_BT, first_q_DK, self.burn_in, self.qr_every)
        return found_BK.square().mean()


def orthonormal(layers: Sequence[Layer], directions: int, like: Tensor) -> Tensor:
    """K directions of the flat state, [D, K], drawn once and for all for that size."""
    width = sum(layer.initial(1).flat.shape[1] for layer in layers)
    drawn_DK = torch.randn(width, directions, generator=torch.Generator().manual_seed(0))
    q_DK: Tensor = torch.linalg.qr(drawn_DK)[0].to(like)
    return q_DK


def exponents(
    layers: Sequence[Layer],
    x_TBE: Tensor,
    counted_BT: Tensor,
    first_q_DK: Tensor,
    burn_in: int = 0,
    qr_every: int = 1,
) -> Tensor:
    """λ_1 ... λ_K of each example, [B, K], in the order of the directions, not of their size.

    Differentiable in the parameters of the layers. counted_BT: the steps along which perturbations
    are followed; states follow the inputs at the others too. first_q_DK: orthonormal, at the first
    step. burn_in: steps before any counts, at most half of each example's own. An example without
    a counted step has NaN.
    """
    parts = [layer.initial(x_TBE.shape[1]).flat for layer in layers]
    sizes = [part.shape[1] for part in parts]
    s_BD = torch.cat(parts, dim=1)
    walked_TB = counted_BT.T.cumsum(0)
    burn_in_B = (walked_TB[-1] // 2).clamp(max=burn_in)
    last = int(counted_BT.any(dim=0).nonzero().max())
    q_BDK = first_q_DK.expand(x_TBE.shape[1], -1, -1)
    total_BK = x_TBE.new_zeros(x_TBE.shape[1], first_q_DK.shape[1])
    from_B = torch.zeros_like(walked_TB[0])
    for t, x_BE in enumerate(x_TBE[: last + 1].unbind(0)):
        s_BD, jacobian_BDD = _step(layers, x_BE, s_BD, sizes)
        q_BDK = torch.where(counted_BT[:, t, None, None], jacobian_BDD @ q_BDK, q_BDK)
        if (t + 1) % qr_every and t != last:
            continue
        q_BDK, r_BKK = torch.linalg.qr(q_BDK)
        growth_BK = r_BKK.diagonal(dim1=1, dim2=2).abs().log()
        beyond_B = walked_TB[t] > burn_in_B
        total_BK = total_BK + torch.where(beyond_B[:, None], growth_BK, 0.0)
        from_B = torch.where(beyond_B, from_B, walked_TB[t])
    return total_BK / (walked_TB[-1] - from_B)[:, None]


def _step(
    layers: Sequence[Layer], x_BE: Tensor, s_BD: Tensor, sizes: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """The flat state after a step of all layers, and its Jacobian [B, D, D]: both with a graph."""

    def after(state_BD: Tensor) -> Tensor:
        return _advance(layers, x_BE, state_BD, sizes)

    after_BD, backward = torch.func.vjp(after, s_BD)[:2]
    basis_DBD = torch.eye(s_BD.shape[1]).to(s_BD)[:, None].expand(-1, *s_BD.shape)
    rows_DBD: Tensor = torch.func.vmap(lambda row_BD: backward(row_BD)[0])(basis_DBD)
    return after_BD, rows_DBD.permute(1, 0, 2)


def _advance(layers: Sequence[Layer], x_BE: Tensor, s_BD: Tensor, sizes: Sequence[int]) -> Tensor:
    """One step of all layers: the flat state [B, D] after it."""
    after: list[Tensor] = []
    below_BE = x_BE
    for layer, flat_BD in zip(layers, torch.split(s_BD, list(sizes), dim=1), strict=True):
        (state,) = layer.run(below_BE[None], layer.state_of(flat_BD))
        after.append(state.flat)
        below_BE = state.h
    return torch.cat(after, dim=1)
