"""The values that pass between the parts of the package.

Shapes: T time, B batch, E features, H hidden, O outputs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor

Padding = Literal["post", "pre"]
Split = Literal["train", "val", "test"]


def wide(device: torch.device) -> torch.dtype:
    """The widest floating type of the device, for norms and sums: float64, on MPS float32."""
    return torch.float32 if device.type == "mps" else torch.float64


def mean_where_asked(mean: Callable[[Tensor], Tensor], classes: Tensor, ignored: int) -> Tensor:
    """`mean(classes)`, which leaves out those that are `ignored`; of no others 0, gradient and all.

    Torch's cross_entropy is 0/0 there, and its NaN would go into every weight, however little the
    part of a batch counts.
    """
    nothing = (classes == ignored).all()  # nobody waits for the device to tell
    return mean(classes.masked_fill(nothing, 0)).masked_fill(nothing, 0)


@dataclass(frozen=True)
class Batch:
    """Examples of one width T, with what each of them really holds.

    inputs: long [B, T] (token ids, embedded by the model) or float [B, T, E].
    targets: long [B] (classes), float [B, O] (numbers), or long [B, T] (a class per step).
    lengths: long [B], the number of real steps; the other T - length are padding.
    padding: `post` puts the pads behind the real steps, `pre` before them.
    per_step: targets have a time axis, and are cut where the inputs are.
    continues: each row goes on where the same row of the batch before has ended.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor
    padding: Padding = "post"
    per_step: bool = False
    continues: bool = False

    def __len__(self) -> int:
        return self.inputs.shape[0]

    def to(self, device: torch.device) -> Self:
        return replace(
            self,
            inputs=self.inputs.to(device),
            targets=self.targets.to(device),
            lengths=self.lengths.to(device),
        )

    def rows(self, start: int, stop: int) -> Self:
        """The examples start..stop-1."""
        return replace(
            self,
            inputs=self.inputs[start:stop],
            targets=self.targets[start:stop],
            lengths=self.lengths[start:stop],
        )

    def cut(self, width: int) -> Self:
        """The first `width` steps of every example."""
        if self.padding == "pre":
            lengths = (self.lengths - (self.inputs.shape[1] - width)).clamp(min=0)
        else:
            lengths = self.lengths.clamp(max=width)
        targets = self.targets[:, :width] if self.per_step else self.targets
        return replace(self, inputs=self.inputs[:, :width], targets=targets, lengths=lengths)

    @property
    def last_step_B(self) -> Tensor:
        """Index of the last step of the tensor, pad or not."""
        return torch.full_like(self.lengths, self.inputs.shape[1] - 1)

    @property
    def last_valid_B(self) -> Tensor:
        """Index of the last real step; 0 for an example without any."""
        if self.padding == "pre":
            return self.last_step_B
        return (self.lengths - 1).clamp(min=0)

    @property
    def first_valid_B(self) -> Tensor:
        """Index of the first real step; of an example without any that of the pad that counts."""
        if self.padding == "pre":
            return self.inputs.shape[1] - self.lengths.clamp(min=1)
        return torch.zeros_like(self.lengths)

    @property
    def valid_BT(self) -> Tensor:
        """True at real steps. An example without any counts its one pad at `last_valid_B`."""
        width = self.inputs.shape[1]
        step_T = torch.arange(width, device=self.lengths.device)
        length_B1 = self.lengths.clamp(min=1)[:, None]
        if self.padding == "pre":
            return step_T >= width - length_B1
        return step_T < length_B1


@dataclass(frozen=True)
class SequenceDataset:
    """One split as tensors in memory, batched by index: no loader, no worker processes.

    Fields as in `Batch`, with N examples for B.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor
    padding: Padding = "post"
    per_step: bool = False

    def __len__(self) -> int:
        return self.inputs.shape[0]

    def to(self, device: torch.device) -> Self:
        return replace(
            self,
            inputs=self.inputs.to(device),
            targets=self.targets.to(device),
            lengths=self.lengths.to(device),
        )

    def rows(self, start: int, stop: int) -> Self:
        """The examples start..stop-1."""
        return replace(
            self,
            inputs=self.inputs[start:stop],
            targets=self.targets[start:stop],
            lengths=self.lengths[start:stop],
        )

    def batch(self, index_B: Tensor, width: int | None = None) -> Batch:
        """The examples at `index_B`; only their first `width` steps, where that is given."""
        inputs, targets = self.inputs[index_B], self.targets[index_B]
        if width is not None:
            inputs = inputs[:, :width]
            targets = targets[:, :width] if self.per_step else targets
        return Batch(inputs, targets, self.lengths[index_B], self.padding, self.per_step)

    def as_batch(self) -> Batch:
        """All examples as one batch, nothing copied."""
        return Batch(self.inputs, self.targets, self.lengths, self.padding, self.per_step)


@dataclass(frozen=True)
class ClipReport:
    """What a clipping rule found and did, as 0-dim tensors on the parameters' device.

    norm_before, norm_after: total L2 norm of all gradients, float64.
    fired: whether any gradient was changed.
    nonfinite: number of gradient elements that are infinite or NaN.
    """

    norm_before: Tensor
    norm_after: Tensor
    fired: Tensor
    nonfinite: Tensor


@dataclass(frozen=True)
class LayerStates:
    """One layer's states at steps 1..T, [B, H] each.

    cells: c_t, where the cell has one.
    gates: the values of each gate and of the candidate, by name; empty for a cell without gates.
    carry: the name of the gate that multiplies what is carried over, None without one.
    handed_on: all that a step hands to the next, [B, ·] each; empty: h and, where there is one, c.

    Each tensor is the very one that step t+1 and the layer above consumed, so that gradients with
    respect to it are total.
    """

    states: Sequence[Tensor]
    cells: Sequence[Tensor] | None
    gates: Sequence[Mapping[str, Tensor]]
    carry: str | None = None
    handed_on: Sequence[tuple[Tensor, ...]] = ()

    def parts(self, t: int) -> tuple[Tensor, ...]:
        """All that step t hands to the next, as it consumes it."""
        if self.handed_on:
            return self.handed_on[t]
        return (self.states[t],) if self.cells is None else (self.states[t], self.cells[t])

    @property
    def reached(self) -> Sequence[Tensor]:
        """What the gradient comes back through: h_t; where no step needs h, what it does need."""
        if not self.handed_on or any(part is self.states[-1] for part in self.handed_on[-1]):
            return self.states
        return [parts[0] for parts in self.handed_on]


@dataclass(frozen=True)
class StepMap:
    """One step of all layers, as a function of the input, of the state and of the weights.

    take: `take(x_BE, s_BD, weights)` are the flat state after the step and h of the top layer,
        [B, D] and [B, H]; x may be of one row, which stands for all. weights: by the names of
        `weights` below; those that are left out are the network's own.
    weights: all weights of the layers by torch's names, `weight_hh_l0`, cut off from their graph.
    blocks: of weights whose rows are blocks, the names of these and how many rows each has.
    """

    take: Callable[[Tensor, Tensor, Mapping[str, Tensor]], tuple[Tensor, Tensor]]
    weights: Mapping[str, Tensor]
    blocks: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Rollout:
    """A forward pass replayed step by step. Shapes: T time, B batch, E features, H hidden, D state.

    inputs: e_t [B, E], T of them: leaves of the graph.
    layers: the states of each layer, from the bottom up.
    outputs: logits of the readout [B, O], or of every step [B, T, O].
    outputs_at: `outputs_at(t)` are the logits [B, O], had the sequence ended with step t.
    read_at_B: index of the last step whose input can reach an example's output.
    valid_BT: True at real steps, False at pads.
    state_lag: the output at step t reads the state at t - state_lag (1 for model=linear).
    reads_one_state: whether each example's output is made of the states of a single step; else, as
        with the mean over steps, a state reaches the output directly and through all later ones.
    initial_BD: the flat state before the first step.
    advance: `advance(t, s_BD)` is the flat state after step t from the one before it.
    step_map: the same at any input, and as a function of the weights; None where it is not known.

    Flat states hold all that one step hands to the next, of each layer from the bottom up: h and,
    where there is one, c, and whatever else the cell says.
    """

    inputs: Sequence[Tensor]
    layers: Sequence[LayerStates]
    outputs: Tensor
    outputs_at: Callable[[int], Tensor]
    read_at_B: Tensor
    valid_BT: Tensor
    state_lag: int
    reads_one_state: bool
    initial_BD: Tensor
    advance: Callable[[int, Tensor], Tensor]
    step_map: StepMap | None = None

    @property
    def states(self) -> Sequence[Tensor]:
        """h_t of the top layer. Never stack them first: a stack has no part in the recurrence."""
        return self.layers[-1].states

    @property
    def cells(self) -> Sequence[Tensor] | None:
        """c_t of the top layer."""
        return self.layers[-1].cells

    @property
    def finite_B(self) -> Tensor:
        """Whether all states at an example's real steps are finite, those of every layer."""
        finite_BT = torch.stack(
            [self.flat_state(t).isfinite().all(dim=1) for t in range(len(self.inputs))], dim=1
        )
        return (finite_BT | ~self.valid_BT).all(dim=1)

    @property
    def read_state_B(self) -> Tensor:
        """Index of the last state that can reach an example's output."""
        return (self.read_at_B - self.state_lag).clamp(min=0)

    def flat_state(self, t: int) -> Tensor:
        """All that step t hands to the next, [B, D]; `initial_BD` before the first step, t = -1."""
        if t < 0:
            return self.initial_BD
        return torch.cat([part for layer in self.layers for part in layer.parts(t)], dim=1)
