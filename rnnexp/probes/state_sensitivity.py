"""Total derivatives of states and of losses with respect to the weights, example by example.

Shapes: T time, B batch, V directions, K steps, D flat state, H hidden; of a weight any.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.probes.base import Array
from rnnexp.ranges import at_least
from rnnexp.types import Rollout, StepMap

#: Numbers of all examples' derivatives that are held at a time: 128 MB, a few times over.
HELD = 2**24

#: What all weights together are called.
ALL = "all"


@dataclass(frozen=True)
class StateSensitivity:
    """What `parameter_sensitivity` returns.

    steps_K: how many real steps an example has seen. squared: ‖dh_n/dθ‖² (Frobenius) after that
        many, [K, B], by the name of θ: a weight, `weight_hh_l0`; a block of its rows,
        `weight_hh_l0.forget`; all weights, `all`. NaN for an example that has not so many steps,
        and for one whose states are not all finite.
    state_KB: ‖h_n‖². exact: whether all directions were taken, and not some at random.
    """

    steps_K: npt.NDArray[np.int64]
    squared: Mapping[str, Array]
    state_KB: Array
    exact: bool


def parameter_sensitivity(
    rollout: Rollout, steps: Sequence[int] | None = None, directions: int = 4, seed: int = 0
) -> StateSensitivity:
    """How much the top layer's state depends on each weight, by the number of steps seen:

        dh_n/dθ = ∂F/∂θ + dF/dh dh_(n-1)/dθ,   ‖·‖² summed over the elements of h_n and of θ.

    The weight is the same at all steps, so that its derivative adds up over the past that the
    state holds: in h_t = λ h_(t-1) + x_t with white x of variance 1

        E (dh_n/dλ)² = Σ_(k<n) k² λ^(2k-2)  ->  (1 + λ²) / (1 - λ²)³,

    where E h_n² -> 1 / (1 - λ²), and dh_n/dh_0 = λ^n vanishes. So the nearer |λ| comes to 1, the
    more a small change of the weights changes the states: what holds long is hard to train, even
    where no gradient explodes.

    How to read it: the growth from n to 2n. It is 1 where small changes of the state die out, 8
    where the state adds up inputs whose mean is 0, 16 where their mean is not, and without bounds
    where the dynamics is chaotic.
    How it misleads: small changes die out in a network that forgets, and also in one that latches,
    which holds for ever what it has taken in: this is of memory that integrates. It is of h as it
    is, which another scale of the states changes, and of θ as it is parametrised: that is what
    normalisation and reparametrisation are for.

    From the first real step on; the state before it is taken as given.

    steps: numbers of steps; None: those of the longest example, half of them, a quarter, ... 1.
    directions: signs drawn at random, with which the elements of h_n are summed before the way
        back: v·v averaged over them is unbiased; all elements, and no chance, where these are no
        more. seed: of these.

    Cost: of each n, the examples x directions x weights numbers at each of its n steps.

    Raises ValueError for a rollout without its map, and for steps or directions out of range.
    Source: Zucchet and Orvieto 2024, "Recurrent neural networks: vanishing and exploding gradients
    are not the end of the story", section 3.

    >>> from rnnexp.model.rollout import rollout
    >>> made = rollout(torch.nn.RNN(2, 3), torch.randn(8, 5, 2))
    >>> found = parameter_sensitivity(made, steps=[1, 8])
    >>> found.squared["weight_hh_l0"].shape, found.squared["weight_hh_l0"][0].tolist()
    ((2, 5), [0.0, 0.0, 0.0, 0.0, 0.0])
    """
    at_least("directions", directions, 1)
    step_map = _map_of(rollout)
    valid_BT = rollout.valid_BT.cpu()
    length_B, first_B = valid_BT.sum(dim=1), valid_BT.int().argmax(dim=1)
    longest, hidden = int(length_B.max()), rollout.states[0].shape[1]
    if steps is None:
        halvings = range(longest.bit_length() + 1)
        steps = sorted({max(1, round(longest / 2**power)) for power in halvings})
    if not len(steps) or min(steps) < 1 or max(steps) > longest:
        raise ValueError(f"steps must be from 1 to {longest} (got {list(steps)})")
    exact = hidden <= directions
    like = rollout.states[0].detach()
    if exact:
        signs_VH = torch.eye(hidden).to(like)
    else:
        generator = torch.Generator().manual_seed(seed)
        signs_VH = 2.0 * torch.randint(2, (directions, hidden), generator=generator).to(like) - 1
    finite_B = rollout.finite_B.cpu()
    squared: dict[str, Array] = {}
    state_KB = np.full((len(steps), len(length_B)), np.nan)
    for row, n in enumerate(steps):
        there_B = finite_B & (length_B >= n)
        last_B = torch.where(there_B, first_B + n - 1, -1)
        for part in _parts(there_B, len(signs_VH), step_map):
            total = _Total(step_map, len(part), len(signs_VH))
            signs_nVH = signs_VH.expand(len(part), -1, -1)
            for _, gradients in _way_back(rollout, part, last_B[part], first_B[part], signs_nVH):
                total.add(gradients)
            for name, norm_nV in total.squared().items():
                values_KB = squared.setdefault(name, np.full(state_KB.shape, np.nan))
                norm_n = norm_nV.sum(dim=1) if exact else norm_nV.mean(dim=1)
                values_KB[row, part.numpy()] = norm_n.cpu().numpy()
            h_nH = torch.stack([rollout.states[int(last_B[b])][b].detach() for b in part])
            state_KB[row, part.numpy()] = h_nH.square().sum(dim=1).cpu().numpy()
    return StateSensitivity(np.array(steps), squared, state_KB, exact)


@dataclass(frozen=True)
class GradientBySteps:
    """What `gradient_by_steps` returns, by the name of the weight, [T, B] each.

    step: ‖c_k‖, the share of the gradient dL/dθ = Σ_k c_k that the use of θ at the step k before
        the readout gives. so_far: ‖c_0 + ... + c_k‖. NaN beyond an example's first step.
    """

    step: Mapping[str, Array]
    so_far: Mapping[str, Array]


def gradient_by_steps(rollout: Rollout, loss: Tensor) -> GradientBySteps:
    """The gradient of each example's own loss with respect to each weight, by the distance of the
    step at which the weight was used.

    loss: a sum over the examples of what is read from the rollout's outputs. Each must be read
        from the state at `read_state_B` alone.

    Raises ValueError for a rollout without its map, and for one whose readout reads many states.
    """
    step_map = _map_of(rollout)
    gradients = torch.autograd.grad(loss, list(rollout.states), allow_unused=True)
    like = rollout.states[0].detach()
    read_B = rollout.read_state_B.cpu()
    entering_BH = torch.stack(
        [
            torch.zeros_like(like[b]) if gradients[t] is None else gradients[t][b]
            for b, t in enumerate(read_B.tolist())
        ]
    )
    steps, size = len(rollout.inputs), len(like)
    finite_B = rollout.finite_B.cpu()
    step: dict[str, Array] = {}
    so_far: dict[str, Array] = {}
    for part in _parts(finite_B, 1, step_map):
        total = _Total(step_map, len(part), 1)
        back = _way_back(
            rollout, part, read_B[part], torch.zeros_like(read_B[part]), entering_BH[part, None]
        )
        for t, used in back:
            total.add(used)
            distance = (read_B[part] - t).numpy()
            there = distance >= 0
            for kept, values in ((step, step_norms(step_map, used)), (so_far, total.squared())):
                for name, norm_n1 in values.items():
                    norms_TB = kept.setdefault(name, np.full((steps, size), np.nan))
                    norms_TB[distance[there], part.numpy()[there]] = (
                        norm_n1[:, 0].sqrt().cpu().numpy()[there]
                    )
    return GradientBySteps(step, so_far)


def _map_of(rollout: Rollout) -> StepMap:
    if rollout.step_map is None:
        raise ValueError("the rollout does not know its map from state to state")
    return rollout.step_map


def _parts(there_B: Tensor, directions: int, step_map: StepMap) -> Sequence[Tensor]:
    """The examples in parts whose derivatives fit into memory."""
    rows = there_B.nonzero()[:, 0]
    numbers = directions * sum(weight.numel() for weight in step_map.weights.values())
    return torch.split(rows, max(1, HELD // max(1, numbers))) if len(rows) else ()


def _way_back(
    rollout: Rollout, rows: Tensor, last_n: Tensor, first_n: Tensor, entering_nVH: Tensor
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """The step t and, by name, what the weights' use at it adds to the derivative, [n, V, ...];
    from the last step of all to the first.

    entering_nVH: what the derivative is of, with respect to h at an example's own last step.
    """
    step_map = _map_of(rollout)
    count, size = len(rows), rollout.initial_BD.shape[1]
    adjoint_nVD = entering_nVH.new_zeros(count, entering_nVH.shape[1], size)
    device = entering_nVH.device
    for t in reversed(range(int(first_n.min()), int(last_n.max()) + 1)):
        here_n11 = (last_n == t)[:, None, None].to(device)
        goes_on_n = ((t > first_n) & (t <= last_n)).to(device)
        gradients, before_nVD = pullback(
            step_map,
            rollout.inputs[t].detach()[rows],
            rollout.flat_state(t - 1).detach()[rows],
            adjoint_nVD,
            torch.where(here_n11, entering_nVH, 0.0),
        )
        # an example at which the way has not begun has a derivative of 0, and one at its first
        # step goes no further
        adjoint_nVD = torch.where(goes_on_n[:, None, None], before_nVD, 0.0)
        yield t, gradients


def pullback(
    step_map: StepMap, x_nE: Tensor, before_nD: Tensor, state_nVD: Tensor, hidden_nVH: Tensor
) -> tuple[dict[str, Tensor], Tensor]:
    """What a derivative with respect to the state after a step, and to its h, is with respect to
    the weights at that step, [n, V, ...] by name, and to the state before, [n, V, D].
    """

    def of_example(
        x_E: Tensor, before_D: Tensor, state_VD: Tensor, hidden_VH: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        def take(weights: dict[str, Tensor], state_D: Tensor) -> tuple[Tensor, Tensor]:
            after_1D, h_1H = step_map.take(x_E[None], state_D[None], weights)
            return after_1D[0], h_1H[0]

        backward = torch.func.vjp(take, dict(step_map.weights), before_D)[1]
        pulled: tuple[dict[str, Tensor], Tensor] = torch.func.vmap(
            lambda state_D, hidden_H: backward((state_D, hidden_H))
        )(state_VD, hidden_VH)
        return pulled

    of_all: tuple[dict[str, Tensor], Tensor] = torch.func.vmap(of_example)(
        x_nE, before_nD, state_nVD, hidden_nVH
    )
    return of_all


class _Total:
    """The sum of what the steps add, and its squared norms."""

    def __init__(self, step_map: StepMap, examples: int, directions: int) -> None:
        self.step_map = step_map
        self.sums = {
            name: weight.new_zeros(examples, directions, *weight.shape)
            for name, weight in step_map.weights.items()
        }

    def add(self, gradients: Mapping[str, Tensor]) -> None:
        for name, total in self.sums.items():
            total += gradients[name]

    def squared(self) -> dict[str, Tensor]:
        return step_norms(self.step_map, self.sums)


def step_norms(step_map: StepMap, gradients: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Squared norms [n, V] of each weight, of the blocks of its rows, and of all."""
    norms: dict[str, Tensor] = {}
    for name, values in gradients.items():
        rows_nVR = values.square().flatten(3).sum(dim=3) if values.dim() > 3 else values.square()
        norms[name] = rows_nVR.flatten(2).sum(dim=2)
        if blocks := step_map.blocks.get(name):
            parts = torch.split(rows_nVR, list(blocks.values()), dim=2)
            for block, part_nVR in zip(blocks, parts, strict=True):
                norms[f"{name}.{block}"] = part_nVR.sum(dim=2)
    norms[ALL] = torch.stack([norms[name] for name in gradients]).sum(dim=0)
    return norms
