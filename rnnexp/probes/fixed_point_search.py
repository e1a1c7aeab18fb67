"""Fixed points of the map from state to state at a constant input: what a network can hold.

Shapes: T time, B batch, N starts, P points, E features, D flat state.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.probes.base import Array
from rnnexp.probes.slow_points import Map, distinct, map_jacobian, minimise_speed
from rnnexp.ranges import at_least
from rnnexp.types import Rollout

#: Moduli that differ from 1 by less are not told from it.
MARGIN = 1e-6
#: Steps at the constant input after which a state that has not arrived is said to arrive nowhere.
MOST_STEPS = 2000
#: Points closer than this share of the states' own spread are one.
SAME = 1e-3
#: What an example's own arrival may be off its stable point, as a share of the spread.
ARRIVED = 1e-2


@dataclass(frozen=True)
class Points:
    """What `fixed_points` returns; points in the order: fixed before slow, then by speed.

    states_PD: flat states. speed_P: ‖F(h) - h‖. fixed_P: True at a fixed point, False at a slow
        one. eigenvalues_PD: of dF/dh, by their modulus, largest first. found_P: how many starts
        came to it. nearest_P: its distance from the nearest state of the rollout, over `spread`,
        the root mean square distance of these from their mean.
    arrived_B: the stable fixed point that each example comes to from its last real state, when the
        constant input goes on; -1 for none of those found within 2,000 steps.
    starts: how many there were. unsettled: how many of them came to no minimum of q. fast: how
        many came to a minimum that is neither fixed nor slow.
    slow_below: the speed up to which a minimum counts as slow.
    """

    states_PD: Array
    speed_P: Array
    fixed_P: npt.NDArray[np.bool_]
    eigenvalues_PD: npt.NDArray[np.complex128]
    found_P: npt.NDArray[np.int64]
    nearest_P: Array
    arrived_B: npt.NDArray[np.int64]
    starts: int
    unsettled: int
    fast: int
    slow_below: float
    spread: float

    @property
    def unstable_P(self) -> npt.NDArray[np.int64]:
        """How many directions grow at each point: eigenvalues outside the unit circle."""
        grows_PD = np.abs(self.eigenvalues_PD) > 1 + MARGIN
        return np.asarray(grows_PD.sum(axis=1), np.int64)

    @property
    def stable_P(self) -> npt.NDArray[np.bool_]:
        """Fixed points of which every small change dies out: all eigenvalues in the circle."""
        return self.fixed_P & (np.abs(self.eigenvalues_PD) < 1 - MARGIN).all(axis=1)

    @property
    def time_constant_P(self) -> Array:
        """-1/ln|λ| of the largest eigenvalue, in steps; infinite where nothing decays."""
        largest_P = np.abs(self.eigenvalues_PD).max(axis=1, initial=0.0)
        with np.errstate(divide="ignore"):
            return np.where(largest_P < 1, -1 / np.log(np.minimum(largest_P, 1)), np.inf)


def fixed_points(
    rollout: Rollout,
    x_E: Tensor | None = None,
    starts: int = 64,
    noise: float = 0.5,
    iterations: int = 60,
    slow: float = 0.1,
    seed: int = 0,
) -> Points:
    """States h with F(h, x) = h, and slow ones, at a constant input x; all of one flat state.

    F is one step of all layers, of an LSTM from (h, c) to (h, c). From states of the rollout, and
    from those that its last states come to when x goes on, q(h) = ½ ‖F(h, x) - h‖² is minimised.
    A minimum is a fixed point where F moves it by less than 1e-11 (1 + ‖h‖), and a slow point where
    it moves by at most `slow` times what the states of the rollout move by in a step, at the
    median. Where J = dF/dh has all eigenvalues inside the unit circle a fixed point is stable: the
    network stays there, and small changes die out with -1/ln|λ| steps.

    How to read it: several stable points are a latch, which holds which of them it is in for ever,
    though gradients vanish at each. One alone forgets all that came before; its time constant says
    how soon. Eigenvalues near 1 are directions in which the network integrates.
    How it misleads: x is not what the network reads. Between words that differ it need not come
    near any of these points, and the mean of the embeddings is no word. What was not found may be
    there: more starts find more. Points that lie closer than 1e-3 of the states' spread count as
    one, and of a line of them, as an integrator has, every start finds another. A cycle or chaos is
    no fixed point, and then examples arrive nowhere; nor has a state that grows for ever one, as
    the normaliser of an sLSTM.

    x_E: the constant input, as the first layer reads it; None: the mean over the real steps.
    starts: so many states, half of them drawn from the real steps of the rollout, half between two
        of these. noise: what is added to each number, in standard deviations of it over the states.
    iterations: at most so many steps of Levenberg and Marquardt.

    Cost: iterations x starts x D³; a second for D = 128.

    Raises ValueError for a rollout without its map, a map without a derivative, states that are not
    finite, and settings out of range.
    Source: Sussillo and Barak 2013, "Opening the black box"; Golub and Sussillo 2018,
    "FixedPointFinder", which takes Adam where this takes Gauss-Newton.

    >>> from rnnexp.model.rollout import rollout
    >>> rnn = torch.nn.RNN(1, 1)
    >>> for name, weight in rnn.named_parameters():
    ...     _ = torch.nn.init.constant_(weight, 2.0 if name == "weight_hh_l0" else 0.0)
    >>> found = fixed_points(rollout(rnn, torch.zeros(5, 4, 1), state=torch.randn(1, 4, 1)))
    >>> np.sort(found.states_PD.ravel()).round(4) + 0.0
    array([-0.9575,  0.    ,  0.9575])
    """
    at_least("starts", starts, 1)
    at_least("noise", noise, 0)
    at_least("iterations", iterations, 1)
    at_least("slow", slow, 0)
    if rollout.step_map is None:
        raise ValueError("the rollout does not know its map from state to state")
    take = rollout.step_map.take
    visited_BTD, used_BT = visited_states(rollout)
    visited_ND = visited_BTD[used_BT]
    if not len(visited_ND):
        raise ValueError("no example has finite states")
    if x_E is None:
        x_BTE = torch.stack([x.detach() for x in rollout.inputs], dim=1)
        x_E = x_BTE[used_BT].mean(dim=0)
    x_1E = x_E.detach()[None].to(visited_ND)

    def step(states_ND: Tensor) -> Tensor:
        return take(x_1E, states_ND, {})[0]

    deviation_D = visited_ND.std(dim=0, correction=0)
    spread = float(deviation_D.norm()) or 1.0
    generator = torch.Generator().manual_seed(seed)
    rows, others = torch.randint(len(visited_ND), (2, starts), generator=generator)
    draws_ND = torch.randn(starts, visited_ND.shape[1], dtype=torch.float64, generator=generator)
    # between states of two kinds lies what parts them
    share_N1 = torch.rand(starts, 1, dtype=torch.float64, generator=generator)
    share_N1[: (starts + 1) // 2] = 0
    between_ND = torch.lerp(visited_ND[rows], visited_ND[others], share_N1.to(visited_ND))
    noisy_ND = between_ND + noise * deviation_D * draws_ND.to(visited_ND)
    moved_BD = visited_BTD[:, 1:] - visited_BTD[:, :-1]
    moves = moved_BD[used_BT[:, 1:] & used_BT[:, :-1]].norm(dim=1)
    slow_below = slow * float(moves.median()) if len(moves) else 0.0

    last_B = torch.where(used_BT, torch.arange(used_BT.shape[1]).to(used_BT.device), -1).amax(1)
    there_B = last_B >= 0
    last_BD = visited_BTD[torch.arange(len(last_B)), last_B.clamp(min=0)]
    with torch.no_grad():
        ends_BD = _arrivals(step, last_BD[there_B])
        begun_ND = torch.cat([noisy_ND, ends_BD[torch.unique(distinct(ends_BD, SAME * spread))]])
        minima = minimise_speed(step, begun_ND, iterations)
        kept_N = minima.fixed_N | (minima.settled_N & (minima.speed_N <= slow_below))
        order = torch.argsort(torch.where(minima.fixed_N, -1.0, minima.speed_N), stable=True)
        order = order[kept_N[order]]
        points_ND = minima.states_ND[order]
        stands_for_N = distinct(points_ND, SAME * spread)
        first_P, found_P = torch.unique(stands_for_N, return_counts=True)
        states_PD = points_ND[first_P]
        eigenvalues_PD = torch.linalg.eigvals(map_jacobian(step, states_PD)).cpu().numpy()
        nearest_P = torch.stack(
            [(visited_ND - point_D).norm(dim=1).min() for point_D in states_PD]
        ) if len(states_PD) else visited_ND.new_zeros(0)  # fmt: skip
    by_modulus = np.argsort(-np.abs(eigenvalues_PD), axis=1, kind="stable")
    found = Points(
        states_PD=states_PD.cpu().numpy(),
        speed_P=minima.speed_N[order][first_P].cpu().numpy(),
        fixed_P=minima.fixed_N[order][first_P].cpu().numpy(),
        eigenvalues_PD=np.take_along_axis(eigenvalues_PD, by_modulus, axis=1),
        found_P=found_P.numpy(),
        nearest_P=nearest_P.cpu().numpy() / spread,
        arrived_B=np.full(len(last_B), -1),
        starts=len(begun_ND),
        unsettled=int((~minima.settled_N).sum()),
        fast=int((minima.settled_N & ~kept_N).sum()),
        slow_below=slow_below,
        spread=spread,
    )
    stable = np.flatnonzero(found.stable_P)
    if len(stable):
        off_BP = torch.cdist(ends_BD, states_PD[torch.from_numpy(stable)]).cpu().numpy()
        arrived = np.where(
            off_BP.min(axis=1) <= ARRIVED * spread, stable[off_BP.argmin(axis=1)], -1
        )
        found.arrived_B[there_B.cpu().numpy()] = arrived
    return found


def visited_states(rollout: Rollout) -> tuple[Tensor, Tensor]:
    """The flat states [B, T, D], and which of them are an example's own: real steps, finite."""
    steps = range(len(rollout.inputs))
    states_BTD = torch.stack([rollout.flat_state(t).detach() for t in steps], dim=1)
    return states_BTD, rollout.valid_BT & rollout.finite_B[:, None]


def _arrivals(step: Map, states_BD: Tensor) -> Tensor:
    """Where states come to within `MOST_STEPS`, at a fixed point or not."""
    for _ in range(MOST_STEPS):
        next_BD = step(states_BD)
        moved = (next_BD - states_BD).norm(dim=1)
        states_BD = torch.where(next_BD.isfinite().all(dim=1)[:, None], next_BD, states_BD)
        if not bool((moved > 1e-9 * (1 + states_BD.norm(dim=1))).any()):
            break
    return states_BD
