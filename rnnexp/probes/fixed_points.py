"""What a trained network can hold at a constant input: its fixed and its slow points.

Shapes: B batch, T time, N and S states, P points, C constant inputs, E features, D flat state.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Measurement, Observed, Probe, ProbeView, Source
from rnnexp.probes.fixed_point_search import fixed_points, visited_states
from rnnexp.ranges import at_least
from rnnexp.types import Batch, Rollout

At = Literal["mean", "zero", "tokens"]

#: Examples that are looked at, and states that the figure shows: all take room in a file.
MOST_EXAMPLES, MOST_DRAWN = 32, 400

#: Numbers of a step, of all layers: of a state of 1,024 a measurement took a minute and a half.
MOST_NUMBERS = 1024


class FixedPoints(Probe):
    """Fixed and slow points of the trained map at constant inputs, on random validation examples.

    See `fixed_points`, which says how to read it and how it misleads; starts, noise, iterations,
    slow and seed are its own.

    at: the constant inputs: the `mean` of what the examples' real steps read, `zero`, or the mean
        and then each of their commonest `tokens`, where inputs are tokens.
    tokens: how many of them with at=tokens.
    schedule: as in `Probe`; by default before and after training, since it costs a few seconds.
    """

    def __init__(
        self,
        at: At = "mean",
        tokens: int = 3,
        starts: int = 64,
        noise: float = 0.5,
        iterations: int = 60,
        slow: float = 0.1,
        seed: int = 0,
        at_start: bool = True,
        every: int = 0,
        at_end: bool = True,
    ) -> None:
        super().__init__(at_start, every, at_end)
        at_least("tokens", tokens, 1)
        at_least("starts", starts, 1)
        at_least("noise", noise, 0)
        at_least("iterations", iterations, 1)
        at_least("slow", slow, 0)
        at_least("seed", seed, 0)
        self.at, self.tokens = at, tokens
        self.settings: dict[str, Any] = {
            "starts": starts, "noise": noise, "iterations": iterations, "slow": slow, "seed": seed,
        }  # fmt: skip

    def check(self, model: Observed, task: Source) -> None:
        super().check(model, task)
        cell = model.top_cell
        if cell is not None and not cell.rests:
            raise ValueError(
                f"needs a map that comes to rest: what {model.called} hands on drifts where its h "
                "stays; use model.cell_options.forget=sigmoid"
            )
        if model.numbers_per_step > MOST_NUMBERS:
            raise ValueError(
                f"takes the eigenvalues of a state of at most {MOST_NUMBERS} numbers, and "
                f"{model.called} has about {model.numbers_per_step} in a step: lower "
                "model.hidden_size"
            )
        if self.at == "tokens" and task.split("test").inputs.is_floating_point():
            raise ValueError(
                "needs inputs that are tokens for at=tokens, and these are numbers: use "
                "probes.fixed_points.at=mean"
            )

    def measure(self, view: ProbeView) -> Measurement:
        batch = view.examples.rows(0, MOST_EXAMPLES)
        with torch.no_grad():
            rollout = view.model.rollout(batch)
        inputs = constant_inputs(rollout, batch, self.at, self.tokens)
        found = [fixed_points(rollout, x_E, **self.settings) for _, x_E in inputs]
        states_BTD, used_BT = visited_states(rollout)
        middle_D, axes_DP, shares = _principal(states_BTD[used_BT])
        classes = batch.targets.cpu() if _are_classes(batch) else torch.zeros(len(batch))
        drawn_S = _drawn(used_BT, self.settings["seed"])

        def projected(states_SD: Array) -> Array:
            seen: Array = (states_SD - middle_D) @ axes_DP
            return seen

        def of_points(values: Sequence[npt.NDArray[Any]]) -> Array:
            return np.concatenate(values).astype(np.float64)

        first = found[0]
        return {
            "token": np.array([token for token, _ in inputs], np.float64),
            "input": of_points([np.full(len(f.speed_P), c) for c, f in enumerate(found)]),
            "speed": of_points([f.speed_P for f in found]),
            "fixed": of_points([f.fixed_P for f in found]),
            "stable": of_points([f.stable_P for f in found]),
            "unstable_directions": of_points([f.unstable_P for f in found]),
            "time_constant": of_points([f.time_constant_P for f in found]),
            "starts_here": of_points([f.found_P for f in found]),
            "nearest": of_points([f.nearest_P for f in found]),
            "eigenvalues_real": of_points([f.eigenvalues_PD.real for f in found]),
            "eigenvalues_imaginary": of_points([f.eigenvalues_PD.imag for f in found]),
            "place": projected(of_points([f.states_PD for f in found])),
            "visited": projected(states_BTD.cpu().numpy().reshape(-1, len(middle_D))[drawn_S]),
            "visited_class": np.repeat(classes.double().numpy(), used_BT.shape[1])[drawn_S],
            "visited_step": np.tile(np.arange(used_BT.shape[1], dtype=np.float64), len(batch))[
                drawn_S
            ],
            "principal_shares": shares,
            "arrived": np.stack([f.arrived_B for f in found]).astype(np.float64),
            "example_class": classes.double().numpy(),
            "has_classes": float(_are_classes(batch)),
            "starts": np.array([f.starts for f in found], np.float64),
            "unsettled": np.array([f.unsettled for f in found], np.float64),
            "fast": np.array([f.fast for f in found], np.float64),
            "slow_below": first.slow_below,
            "stable_points": float(first.stable_P.sum()),
            "unstable_points": float((first.fixed_P & ~first.stable_P).sum()),
            "slow_points": float((~first.fixed_P).sum()),
            "nowhere": float((first.arrived_B < 0).sum()),
        }


def constant_inputs(
    rollout: Rollout, batch: Batch, at: At, tokens: int
) -> list[tuple[int, Tensor]]:
    """The inputs at which the map is looked at, [E] each, with their token: -1 for the mean, -2 for
    zero.
    """
    x_BTE = torch.stack([x.detach() for x in rollout.inputs], dim=1)
    used_BT = rollout.valid_BT & rollout.finite_B[:, None]
    if at == "zero":
        return [(-2, torch.zeros_like(x_BTE[0, 0]))]
    inputs = [(-1, x_BTE[used_BT].mean(dim=0))]
    if at == "tokens":
        read_N, x_NE = batch.inputs.to(used_BT.device)[used_BT], x_BTE[used_BT]
        token_V, count_V = torch.unique(read_N, return_counts=True)
        commonest = torch.argsort(count_V, descending=True, stable=True)[:tokens]
        inputs += [(int(v), x_NE[read_N == v][0]) for v in token_V[commonest]]
    return inputs


def _are_classes(batch: Batch) -> bool:
    return batch.targets.dim() == 1 and not batch.targets.is_floating_point()


def _principal(states_ND: Tensor) -> tuple[Array, Array, Array]:
    """The mean, the first two principal axes [D, 2] and the shares of the variance along them."""
    middle_D = states_ND.mean(dim=0)
    _, scale, axes_PD = torch.linalg.svd(states_ND - middle_D, full_matrices=False)
    axes_DP = states_ND.new_zeros(states_ND.shape[1], 2)
    shares = states_ND.new_zeros(2)
    count = min(2, len(axes_PD))
    axes_DP[:, :count] = axes_PD[:count].T
    shares[:count] = (scale**2 / (scale**2).sum().clamp(min=1e-300))[:count]
    return middle_D.cpu().numpy(), axes_DP.cpu().numpy(), shares.cpu().numpy()


def _drawn(used_BT: Tensor, seed: int) -> npt.NDArray[np.int64]:
    """The states that a figure shows: the last of each example, and others at random."""
    used = used_BT.cpu().numpy()
    steps = np.arange(used.shape[1])
    last_B = np.where(used, steps, -1).max(axis=1)
    last = (np.arange(len(used)) * used.shape[1] + last_B)[last_B >= 0]
    rest = np.setdiff1d(np.flatnonzero(used.ravel()), last)
    chosen = np.random.default_rng(seed).permutation(rest)[:MOST_DRAWN]
    return np.concatenate([np.sort(chosen), last]).astype(np.int64)
