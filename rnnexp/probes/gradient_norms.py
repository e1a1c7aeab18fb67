"""The norms of the loss' gradient at every step. Shapes: T time, B batch, L layers.

Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks",
section 2.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.graph import Node

from rnnexp.probes.base import Array
from rnnexp.probes.decay import Decay, marked_distances, marks_underflow
from rnnexp.probes.norms import l2_norm, mean_present
from rnnexp.types import Rollout

Path = Literal["total", "recurrence"]


@dataclass(frozen=True)
class GradientNorms:
    """L2 norms of one example's gradient each, the loss not divided by the batch size.

    inputs_TB: ‖dL/de_t‖ of the input at step t, NaN at pads and behind the readout.
    states_LTB: ‖dL/dh_t‖, total: over every path from h_t to the loss. NaN behind the readout,
        which the outputs do not see; pads that the signal crosses count. Of a cell whose h no step
        needs, the same of what is handed on in its place; see `LayerStates.reached`.
    cells_LTB: ‖dL/dc_t‖, total; None where the cell has none.
    read_at_B, read_state_B: the step whose input, the step whose state the readout sees last.
    path: `recurrence` where a part of the loss was left out, see `gradient_flow`.
    one_state: whether all of this gradient enters through the state at `read_state_B`, so that the
        distance from it is the distance that the gradient has come.

    All are NaN for an example whose inputs hold a number that is not finite, and for one of whose
    loss nothing enters, since its answer is so sure that its gradient is 0 or since the loss leaves
    it out: `silent` says how many these are. They are infinite where they overflowed, 1e-301 where
    they underflowed (see `decay.marks_underflow`), and 0 where they are 0.
    """

    inputs_TB: Array
    states_LTB: Array
    cells_LTB: Array | None
    read_at_B: npt.NDArray[np.int64]
    read_state_B: npt.NDArray[np.int64]
    path: Path = "total"
    one_state: bool = True
    silent: int = 0

    def by_step(self) -> tuple[Array, Array]:
        """Mean over the examples that have the step: inputs [T], states of the top layer [T]."""
        return mean_present(self.inputs_TB), mean_present(self.states_LTB[-1])

    def by_distance(self) -> tuple[Array, Array]:
        """Mean at 0, 1, ... steps before each example's own readout: inputs, states; [T] each.

        The farther back, the fewer examples: `reaching` leaves those that come all the way.
        """
        return (
            mean_present(aligned(self.inputs_TB, self.read_at_B)),
            mean_present(aligned(self.states_LTB[-1], self.read_state_B)),
        )

    def reaching(self, distance: int) -> "GradientNorms":
        """The examples that have an input so many steps before their readout."""
        there = ~np.isnan(aligned(self.inputs_TB, self.read_at_B)[distance:]).all(axis=0)
        return GradientNorms(
            self.inputs_TB[:, there],
            self.states_LTB[:, :, there],
            None if self.cells_LTB is None else self.cells_LTB[:, :, there],
            self.read_at_B[there],
            self.read_state_B[there],
            self.path,
            self.one_state,
            self.silent,
        )

    def decay(self) -> Decay:
        """How the top layer's state gradient changes with the distance from the readout.

        Over the examples that come 95% of the longest one's steps back, as far as all of them do.

        Raises ValueError where the loss reads more than one state: part of the gradient has then
        come a shorter way than its distance from the last.
        """
        if not self.one_state:
            raise ValueError(
                "the loss reads more than the last state, as with readout=mean or max: not all "
                "that reaches a step has come through the recurrence. Measure that path alone: "
                "gradient_flow(rollout, loss, path='recurrence')"
            )
        far = self.reaching(self.marks()[0])
        states_KB = aligned(far.states_LTB[-1], far.read_state_B)
        return Decay.of(mean_present(states_KB[~np.isnan(states_KB).any(axis=1)]))

    def half_life(self) -> float:
        """Steps in which the gradient of the top layer's state halves; see `Decay.half_life`."""
        return self.decay().half_life

    @property
    def longest(self) -> int:
        """The steps of the longest example, from its first to its readout."""
        there_KB = ~np.isnan(aligned(self.inputs_TB, self.read_at_B))
        return int(np.flatnonzero(there_KB.any(axis=1)).max(initial=-1)) + 1

    def marks(self) -> tuple[int, int, int]:
        """Distances of an early, a middle and a late step of the longest example.

        Of one too short for an early and a late step the farthest, the middle and the nearest.
        """
        steps = self.longest
        return marked_distances(steps) or (max(steps - 1, 0), steps // 2, 0)


def gradient_flow(rollout: Rollout, loss: Tensor, path: Path = "total") -> GradientNorms:
    """The norms of dL/de_t, dL/dh_t and dL/dc_t at every step, per example.

    loss: 0-dim, the *sum* over the examples of their losses, or [B], the losses themselves.
    path: `total`, over every way from a step to the loss. `recurrence`, only what enters through
        the last state that is read and comes back step by step: with a readout of that one state
        the same; with a mean or maximum over steps it leaves out the short way from each state to
        the loss, so that it can be set beside other readouts.

    The graph is used up: roll out again for another loss.

    Raises ValueError for a loss that is not made of this rollout, for a rollout made without a
    graph, for one whose graph is used up, and for another path.

    >>> from rnnexp.model.rollout import rollout
    >>> r = rollout(torch.nn.RNN(3, 8), torch.randn(20, 2, 3))
    >>> gradient_flow(r, r.outputs.square().sum()).states_LTB.shape
    (1, 20, 2)
    """
    if path not in get_args(Path):
        raise ValueError(f"path must be one of {', '.join(get_args(Path))} (got {path!r})")
    if not isinstance(loss, Tensor):
        raise ValueError(NOT_OF_ROLLOUT)
    groups = [rollout.inputs]
    groups += [layer.reached for layer in rollout.layers]
    groups += [layer.cells for layer in rollout.layers if layer.cells is not None]
    flat = [tensor for group in groups for tensor in group]
    steps, layers = len(rollout.inputs), len(rollout.layers)
    one_state = rollout.reads_one_state and not _reads_states_itself(rollout, loss)
    gradients = _gradients(loss.sum(), flat, keep_graph=not one_state)
    norms = _norms(flat, gradients)
    if not one_state:
        top_states = gradients[layers * steps : (layers + 1) * steps]
        alone = _norms(flat, _through_last_state(rollout, top_states, flat))
        # of the states alone: model=linear reads its last input beside the state
        same = torch.isclose(norms[steps:], alone[steps:], rtol=1e-9, atol=0.0, equal_nan=True)
        one_state = bool(same.all())
        norms = alone if path == "recurrence" and not one_state else norms
    left_out: Path = "total" if one_state else path
    table = norms.view(len(groups), steps, -1).cpu().numpy()
    read_at, read_state = rollout.read_at_B.cpu().numpy(), rollout.read_state_B.cpu().numpy()
    table = np.where(np.isnan(table), np.inf, table)  # inf times 0 on the way: it overflowed
    table = np.stack([marks_underflow(norms_TB) for norms_TB in table])
    table[:, :, _nonfinite_inputs(rollout)] = np.nan
    # with a mean or a maximum over steps the loss enters at others than the last
    enters_TB = (
        table[layers] if not one_state and path == "total" else _at(table[layers], read_state)
    )
    silent_B = (enters_TB == 0).all(axis=0)
    table[:, :, silent_B] = np.nan
    valid_TB = rollout.valid_BT.T.cpu().numpy()
    first_B = valid_TB.argmax(axis=0)  # pads before the text carry nothing
    step_T1 = np.arange(steps)[:, None]
    on_path_TB = (step_T1 >= first_B) & (step_T1 <= read_state)
    return GradientNorms(
        np.where(valid_TB & (step_T1 <= read_at), table[0], np.nan),
        np.where(on_path_TB, table[1 : 1 + layers], np.nan),
        np.where(on_path_TB, table[1 + layers :], np.nan) if len(groups) > 1 + layers else None,
        read_at,
        read_state,
        left_out,
        one_state or path == "recurrence",
        int(silent_B.sum()),
    )


def _gradients(total: Tensor, flat: list[Tensor], keep_graph: bool = False) -> list[Tensor | None]:
    """d total / d each tensor; None where there is no path.

    Raises ValueError where there is a path to none of them.
    """
    if not all(tensor.requires_grad for tensor in flat):
        raise ValueError(
            "the rollout has no graph: make it outside torch.no_grad() and torch.inference_mode()"
        )
    if not total.requires_grad:
        raise ValueError(NOT_OF_ROLLOUT)
    try:
        gradients = torch.autograd.grad(total, flat, retain_graph=keep_graph, allow_unused=True)
    except RuntimeError as error:
        if "second time" in str(error):
            raise ValueError(
                "the rollout's graph is used up: roll out again for each loss"
            ) from None
        raise
    if all(gradient is None for gradient in gradients):
        raise ValueError(NOT_OF_ROLLOUT)
    return list(gradients)


NOT_OF_ROLLOUT = (
    "the loss does not depend on this rollout: make it of rollout.outputs or of its states, not of "
    "what the module itself returned"
)


def _norms(flat: list[Tensor], gradients: list[Tensor | None]) -> Tensor:
    """‖gradient‖ of each tensor and example, [len(flat), B]; 0 where there is no path."""
    return torch.stack(
        [
            l2_norm(torch.zeros_like(tensor) if gradient is None else gradient)
            for tensor, gradient in zip(flat, gradients, strict=True)
        ]
    )


def _through_last_state(
    rollout: Rollout, top_gradients: list[Tensor | None], flat: list[Tensor]
) -> list[Tensor | None]:
    """The gradients of the part of the loss that enters through each example's last read state.

    None of all tensors where no part of it does. top_gradients: those of the top layer's states,
    one for each step.
    """
    entering = torch.zeros((), dtype=rollout.states[0].dtype, device=rollout.states[0].device)
    top_states = rollout.layers[-1].reached
    for t, (h_BH, gradient_BH) in enumerate(zip(top_states, top_gradients, strict=True)):
        read_here_B1 = (rollout.read_state_B == t)[:, None]
        if gradient_BH is not None and bool(read_here_B1.any()):
            entering = entering + (h_BH * torch.where(read_here_B1, gradient_BH, 0.0)).sum()
    return _gradients(entering, flat) if entering.requires_grad else [None] * len(flat)


def _reads_states_itself(rollout: Rollout, loss: Tensor) -> bool:
    """Whether the loss takes states otherwise than through the rollout's outputs."""
    if loss.grad_fn is None or rollout.outputs.grad_fn is None:
        return False
    made: set[Node] = {
        tensor.grad_fn
        for layer in rollout.layers
        for tensors in (layer.states, layer.reached, layer.cells or ())
        for tensor in tensors
        if tensor.grad_fn is not None
    }
    outputs, seen, waiting = rollout.outputs.grad_fn, set[Node](), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is outputs or node in seen:
            continue
        if node in made:
            return True
        seen.add(node)
        waiting += [following for following, _ in node.next_functions if following is not None]
    return False


def _nonfinite_inputs(rollout: Rollout) -> npt.NDArray[np.bool_]:
    """The examples [B] with a real step that holds a number which is not finite."""
    finite_BT = torch.stack([x_BE.isfinite().all(dim=1) for x_BE in rollout.inputs], dim=1)
    bad_B: npt.NDArray[np.bool_] = (~finite_BT & rollout.valid_BT).any(dim=1).cpu().numpy()
    return bad_B


def joined(parts: list[GradientNorms]) -> GradientNorms:
    """The examples of all parts as one batch."""
    cells = [part.cells_LTB for part in parts if part.cells_LTB is not None]
    return GradientNorms(
        np.concatenate([part.inputs_TB for part in parts], axis=-1),
        np.concatenate([part.states_LTB for part in parts], axis=-1),
        np.concatenate(cells, axis=-1) if cells else None,
        np.concatenate([part.read_at_B for part in parts]),
        np.concatenate([part.read_state_B for part in parts]),
        "recurrence" if any(part.path == "recurrence" for part in parts) else "total",
        all(part.one_state for part in parts),
        sum(part.silent for part in parts),
    )


def _at(values_TB: Array, step_B: npt.NDArray[np.int64]) -> Array:
    """One row: the value of each example at its own step."""
    return values_TB[step_B, np.arange(values_TB.shape[1])][None]


def aligned(values_TB: Array, last_B: npt.NDArray[np.int64]) -> Array:
    """Row k: the value k steps before `last_B`, NaN where there is none."""
    steps, size = values_TB.shape
    step_KB = last_B - np.arange(steps)[:, None]
    values_KB = values_TB[step_KB.clip(min=0), np.arange(size)]
    return np.where(step_KB >= 0, values_KB, np.nan)
