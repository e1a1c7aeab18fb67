"""Where a map hardly moves: minimising q(h) = ½ ‖F(h) - h‖² from many starts at once.

Shapes: N starts, P points, D state.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Map = Callable[[Tensor], Tensor]

#: ‖F(h) - h‖ over 1 + ‖h‖ below which a point counts as fixed: four digits above float64's own.
FIXED_BELOW = 1e-11
#: ‖∂q/∂h‖ over ‖F(h) - h‖ below which a point that moves counts as a minimum of q.
MINIMUM_BELOW = 1e-3
#: Numbers of one batch of Jacobians: 64 of 256 x 256.
JACOBIAN_SIZE = 2**22


@dataclass(frozen=True)
class Minima:
    """Where each start came to. speed: ‖F(h) - h‖. settled: at a fixed point or at a minimum of q.

    fixed: the speed is 0, but for rounding.
    """

    states_ND: Tensor
    speed_N: Tensor
    fixed_N: Tensor
    settled_N: Tensor


def map_jacobian(step: Map, states_ND: Tensor) -> Tensor:
    """dF/dh at each state, [N, D, D].

    Raises ValueError for a map that has no derivative.
    """
    count, size = states_ND.shape
    like = {"dtype": states_ND.dtype, "device": states_ND.device}
    at_once = max(1, JACOBIAN_SIZE // size**2)
    parts = []
    for part_ND in torch.split(states_ND, at_once):
        basis_DND = torch.eye(size, **like)[:, None].expand(size, *part_ND.shape)  # type: ignore[call-overload]
        try:
            backward = torch.func.vjp(step, part_ND)[1]
            rows_DND: Tensor = torch.func.vmap(lambda row_ND, of=backward: of(row_ND)[0])(basis_DND)
        except RuntimeError as error:
            message = str(error).partition("\n")[0]
            raise ValueError(f"the map from state to state has no derivative: {message}") from None
        parts.append(rows_DND.permute(1, 0, 2))
    return torch.cat(parts) if count else torch.empty(0, size, size, **like)  # type: ignore[call-overload]


def minimise_speed(step: Map, starts_ND: Tensor, iterations: int) -> Minima:
    """Levenberg and Marquardt's descent on q, each start with a damping μ of its own:

        (JᵀJ + μ I) δ = -Jᵀ r,   r = F(h) - h,   J = dF/dh - I,

    a step being taken where it lowers q. Near a fixed point that no eigenvalue 1 of dF/dh makes
    one of many, μ -> 0 and the step is Newton's.
    """
    states_ND = starts_ND.clone()
    residual_ND = step(states_ND) - states_ND
    damping_N = torch.full_like(states_ND[:, 0], 1e-2)
    for _ in range(iterations):
        open_N = ~(_is_fixed(states_ND, residual_ND) | (damping_N > 1e8))
        rows = open_N.nonzero()[:, 0]
        if not len(rows):
            break
        for part in torch.split(rows, max(1, JACOBIAN_SIZE // states_ND.shape[1] ** 2)):
            h_nD, r_nD, mu_n = states_ND[part], residual_ND[part], damping_N[part]
            moved_nD = h_nD + _step(step, h_nD, r_nD, mu_n)
            now_nD = step(moved_nD) - moved_nD
            better_n = (now_nD.norm(dim=1) < r_nD.norm(dim=1)) & now_nD.isfinite().all(dim=1)
            states_ND[part] = torch.where(better_n[:, None], moved_nD, h_nD)
            residual_ND[part] = torch.where(better_n[:, None], now_nD, r_nD)
            damping_N[part] = torch.where(better_n, mu_n / 10, mu_n * 10)
    fixed_N, speed_N = _is_fixed(states_ND, residual_ND), residual_ND.norm(dim=1)
    settled_N = fixed_N.clone()
    rest = (~fixed_N).nonzero()[:, 0]
    if len(rest):
        slope_nD = _gradient(step, states_ND[rest], residual_ND[rest])
        settled_N[rest] = slope_nD.norm(dim=1) <= MINIMUM_BELOW * speed_N[rest]
    return Minima(states_ND, speed_N, fixed_N, settled_N)


def _step(step: Map, h_ND: Tensor, r_ND: Tensor, mu_N: Tensor) -> Tensor:
    identity_DD = torch.eye(h_ND.shape[1], dtype=h_ND.dtype, device=h_ND.device)
    j_NDD = (map_jacobian(step, h_ND) - identity_DD).nan_to_num()
    normal_NDD = j_NDD.mT @ j_NDD + mu_N[:, None, None] * identity_DD
    slope_ND1 = (j_NDD.mT @ r_ND[:, :, None]).nan_to_num()
    solved: Tensor = torch.linalg.solve_ex(normal_NDD, slope_ND1).result[:, :, 0]
    return -solved


def _gradient(step: Map, h_ND: Tensor, r_ND: Tensor) -> Tensor:
    """∂q/∂h = Jᵀ r."""
    pulled_ND: Tensor = torch.func.vjp(step, h_ND)[1](r_ND)[0]
    return pulled_ND - r_ND


def _is_fixed(h_ND: Tensor, r_ND: Tensor) -> Tensor:
    speed_N = r_ND.norm(dim=1)  # of a state near the end of float64 it overflows
    fixed_N: Tensor = speed_N.isfinite() & (speed_N <= FIXED_BELOW * (1 + h_ND.norm(dim=1)))
    return fixed_N


def distinct(states_ND: Tensor, near: float) -> Tensor:
    """The points, in order, that lie farther than `near` from all that are kept before them: for
    each state the index of the kept one that stands for it, [N].
    """
    stands_for_N = torch.full((len(states_ND),), -1)
    for index in range(len(states_ND)):
        if stands_for_N[index] >= 0:
            continue
        close_N = (states_ND - states_ND[index]).norm(dim=1).cpu() <= near
        stands_for_N[close_N & (stands_for_N < 0)] = index
    return stands_for_N
