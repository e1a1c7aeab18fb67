"""The interface of a model: encoder -> recurrence -> readout -> head.

Shapes: T time, B batch, E features, H hidden, O outputs.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnexp import bounds
from rnnexp.embedding.base import Encoder
from rnnexp.model.bptt import Watch, is_written_for
from rnnexp.model.cells.base import Cell, Recurrence, State
from rnnexp.model.engine import Engine
from rnnexp.model.readout import READOUTS, READOUTS_OF_BOTH, Readout
from rnnexp.model.rollout import replay
from rnnexp.model.segments import run_in_segments
from rnnexp.ranges import more_than
from rnnexp.types import Batch, Rollout

Head = Literal["auto", "sigmoid", "softmax"]


class SequenceModel(nn.Module, ABC):
    """outputs = head(readout(states(encoder(inputs)))), a linear head that emits logits.

    encoder: maps inputs to x [T, B, E].
    state_size: the size H of what `states` returns per step.
    output_size: classes, or numbers to predict.
    readout: which states the answer is read from, see readout.py.
    head: `sigmoid` has one column for two classes, `softmax` a column per class; `auto` takes
        `sigmoid` where it can.
    head_bound: the head's weights start from U(-head_bound, head_bound) and its bias from 0; None
        leaves torch's U(±1/√H). The larger they are, the larger the first gradients that reach the
        recurrence, and the sooner a plateau at chance is left.
    regression: the outputs are numbers, a column for each.
    per_step: an answer is read from every step's state; classes have a column each.

    Raises ValueError for a head that cannot tell the classes apart or has none to tell, and for a
    readout where every state is read.
    """

    def __init__(
        self,
        encoder: Encoder,
        state_size: int,
        output_size: int,
        readout: Readout = "last_valid",
        head: Head = "auto",
        head_bound: float | None = None,
        regression: bool = False,
        per_step: bool = False,
    ) -> None:
        super().__init__()
        if head != "auto" and (regression or per_step):
            asked = "numbers" if regression else "a class at every step"
            raise ValueError(
                f"head={head} answers with one class and the data asks for {asked}: "
                "use model.head=auto"
            )
        if per_step and readout != "last_valid":
            raise ValueError(
                f"readout={readout} chooses one state and the data asks for an answer from every "
                "step's: use model.readout=last_valid"
            )
        if head == "sigmoid" and output_size > 2:
            raise ValueError(
                f"head=sigmoid tells two classes apart and the data has {output_size}: "
                "use model.head=softmax"
            )
        self.encoder = encoder
        self.readout, self.per_step = readout, per_step
        can_be_sigmoid = output_size <= 2 and not (regression or per_step)
        one_column = head == "sigmoid" or (head == "auto" and can_be_sigmoid)
        columns = 1 if one_column else output_size
        bounds.weights("hidden_size", state_size, (state_size + 1) * columns)
        head_layer = nn.Linear(state_size, columns)
        if head_bound is not None:
            more_than("head_bound", head_bound, 0)
            nn.init.uniform_(head_layer.weight, -head_bound, head_bound)
            nn.init.zeros_(head_layer.bias)
        self.head: nn.Module = head_layer

    def read(self, batch: Batch) -> Tensor:
        """x [T, B, E], what the recurrence reads in a forward pass: the encoder's vectors, with
        `embedding.dropout` while training. Measurements ask the encoder, which drops nothing."""
        # Time first: a step's rows are then next to each other in memory.
        x_TBE = self.encoder(batch.inputs.transpose(0, 1))
        return F.dropout(x_TBE, self.encoder.dropout, self.training)

    @abstractmethod
    def states(self, x_TBE: Tensor) -> Tensor:
        """The state at each step, [T, B, H], from which the readout chooses."""

    def states_of(self, x_TBE: Tensor, batch: Batch) -> Tensor:
        """`states`, of a batch: who reads it from its end must know where that is."""
        return self.states(x_TBE)

    #: Ways through time: 1, or 2 where a second recurrence reads from the last step to the first.
    directions: int = 1

    def recurrences(self) -> list[Recurrence]:
        """The layers from the bottom up, on the parameters themselves; none where none recurs.

        Of two directions both of each layer, the forward one first: no stack that could be run.
        """
        return []

    @property
    def recurrence_names(self) -> list[str]:
        """What torch's names of their parameters end with, as `l0`."""
        return [f"l{index}" for index in range(len(self.recurrences()))]

    def engine_on(self, device: torch.device, autocast: bool = False) -> Engine | None:
        """What computes the recurrence on a device, see engine.py; None without a recurrence."""
        return None

    #: Called on the way back of each training step with the total dL/dh_t of the top layer's
    #: states, [T, B, H], where engine=bptt computes them.
    watch: Watch | None = None

    #: Share of the states zeroed between layers while training.
    dropout_between_layers: float = 0.0

    #: Share of the state dropped inside the recurrence while training; see recurrent_dropout.py.
    recurrent_dropout: float = 0.0

    #: Steps after each of which gradients are cut, see segments.py; None for none.
    truncate: int | None = None

    #: Whether a batch that `continues` starts from the states in which the one before has ended.
    stateful: bool = False

    #: Those states, of each layer; None before the first batch.
    carried: Sequence[State] | None = None

    #: The output at step t reads the state at t - state_lag.
    state_lag: ClassVar[int] = 0

    def run(self, x_TBE: Tensor, before: Sequence[State] | None) -> tuple[Tensor, Sequence[State]]:
        """What `states` returns, and the last state of each layer; see segments.py.

        before: the state of each layer before the first step; None: what the cell begins with.
        """
        raise ValueError(f"{self.called} has no recurrence that could be run in segments")

    def carry(self, flats: Sequence[Tensor]) -> None:
        """Go on from these flat states, [B, D] of each layer."""
        layers = self.recurrences()
        self.carried = [
            layer.state_of(flat.to(layer.weight_ih.device))
            for layer, flat in zip(layers, flats, strict=True)
        ]

    def states_in_segments(self, x_TBE: Tensor) -> Tensor:
        """`run` on all steps, with its gradients cut and its states carried on as it is to be."""
        before = self.carried if self.stateful else None
        if before is not None and len(before[0].h) > x_TBE.shape[1]:  # a last batch has fewer rows
            layers = self.recurrences()
            flats = [state.flat[: x_TBE.shape[1]] for state in before]
            before = [layer.state_of(flat) for layer, flat in zip(layers, flats, strict=True)]
        length = self.truncate if self.training else None
        if length is None and not self.stateful:
            return self.run(x_TBE, None)[0]
        states_TBH, after = run_in_segments(self.run, self.recurrences(), x_TBE, length, before)
        self.carried = after if self.stateful else None
        return states_TBH

    def read_from(self, x_TBE: Tensor, h_TBH: Tensor) -> Tensor:
        """What the readout chooses from, given the inputs and the top layer's states."""
        return h_TBH

    def recurrent_weights(self) -> dict[str, Tensor]:
        """The weights from state to state, [H, H] per layer and block of rows: views, no copies.

        None of a layer whose cell has no such matrix.

        Names as in torch, where there are several blocks with the block's behind them:
        `weight_hh_l0.forget`.
        """
        views: dict[str, Tensor] = {}
        for end, layer in zip(self.recurrence_names, self.recurrences(), strict=True):
            name, blocks = f"weight_hh_{end}", layer.blocks("weight_hh")
            for block, weight_HH in blocks.items():
                views[name if len(blocks) == 1 else f"{name}.{block}"] = weight_HH
        return views

    def recurrence_parameters(self) -> dict[str, nn.Parameter]:
        """The weight matrices of the recurrence as they are trained, for norms of their gradients.

        Names as in torch: `weight_hh_l0` (h2h elsewhere) reads the state, `weight_ih_l0` (i2h) what
        the layer reads. A layer whose matrices are no parameters of their own has none here.
        """
        matrices = {
            f"{name}_{end}": layer.weights[name]
            for end, layer in zip(self.recurrence_names, self.recurrences(), strict=True)
            for name in ("weight_hh", "weight_ih")
            if name in layer.weights
        }
        return {
            name: matrix
            for name, matrix in matrices.items()
            if isinstance(matrix, nn.Parameter) and matrix.requires_grad
        }

    @property
    def notes(self) -> list[str]:
        """What is to be said of the model when a run starts: a line each."""
        return []

    @property
    def can_bptt(self) -> bool:
        """Whether engine=bptt could compute it; see engine.py."""
        cell = self.top_cell
        plain = self.directions == 1 and not self.recurrent_dropout
        return plain and cell is not None and is_written_for(cell)

    @property
    def called(self) -> str:
        """What messages call the model."""
        return f"model={type(self).__name__.lower()}"

    @property
    def numbers_per_step(self) -> int:
        """About how many numbers a rollout keeps for each step of an example; 0 without a
        recurrence."""
        return sum(max(len(layer.weight_ih), layer.state_size) for layer in self.recurrences())

    @property
    def top_cell(self) -> Cell | None:
        """The cell of the top layer, None without a recurrence."""
        layers = self.recurrences()
        return layers[-1].cell if layers else None

    @property
    def reads_one_step(self) -> bool:
        """Whether the answer is read from a single state."""
        return self.readout in ("last", "last_valid") and not self.per_step

    def rollout(self, batch: Batch, dtype: torch.dtype | None = None) -> Rollout:
        """The model's own forward pass, step by step, with every state and gate at hand.

        In float64 (where the device has none, on the CPU), without dropout, on the weights as they
        are now; gradients reach the inputs and the states, not the parameters. At torch's own
        initialisation the states equal the fused module's to 1e-6; where small differences grow
        from step to step (exploding gradients), float32 and float64 part within a few steps, and
        what is measured is the float64 trajectory.
        dtype: another type than float64, to compare with the fused modules in float32.

        Raises ValueError for a model without a recurrence, and for one of two directions.
        """
        layers = self.recurrences()
        if not layers:
            raise ValueError(f"{self.called} has no recurrence to roll out")
        if self.directions > 1:
            raise ValueError(f"{self.called} has two directions, and a rollout follows one")
        device = layers[0].weight_ih.device
        dtype = dtype or torch.float64
        if device.type == "mps":
            device = torch.device("cpu")
        with torch.no_grad():
            # A row of a table is the same number in float64: the encoder need not be copied.
            x_TBE = self.encoder(batch.inputs.transpose(0, 1)).to(device).to(dtype)
        batch = batch.to(device)
        head = copy.deepcopy(self.head).to(device, dtype).requires_grad_(False).eval()

        def read(x_TBE: Tensor, h_TBH: Tensor) -> Tensor:
            read_TBS, so_far = self.read_from(x_TBE, h_TBH), batch.cut(len(h_TBH))
            return self._answer(head, read_TBS, so_far, self.per_step)

        return replay(
            [layer.to(device, dtype) for layer in layers],
            x_TBE,
            read,
            read_at_B=batch.last_step_B if self.reads_pads else batch.last_valid_B,
            valid_BT=batch.valid_BT,
            state_lag=self.state_lag,
            reads_one_state=self.reads_one_step,
            truncate=self.truncate,
        )

    @property
    def reads_pads(self) -> bool:
        """Whether pads behind the text change the answer, so that they may not be trimmed."""
        return self.readout == "last"

    def _answer(self, head: nn.Module, states_TBH: Tensor, batch: Batch, every: bool) -> Tensor:
        """What the head makes of the states that are read: [B, O], or [B, T, O] of every step."""
        if every:
            all_outputs: Tensor = head(states_TBH.transpose(0, 1))
            return all_outputs
        readouts = READOUTS if self.directions == 1 else READOUTS_OF_BOTH
        outputs: Tensor = head(readouts[self.readout](states_TBH, batch))
        return outputs

    def answer(self, x_TBE: Tensor, h_TBH: Tensor, batch: Batch) -> Tensor:
        """As `forward`, given what the recurrence read and the top layer's states."""
        return self._answer(self.head, self.read_from(x_TBE, h_TBH), batch, self.per_step)

    def forward(self, batch: Batch, return_all: bool = False) -> Tensor:
        """Logits [B, O]; with `return_all`, or of a task that asks at every step, [B, T, O]."""
        if not batch.continues:
            self.carried = None
        states_TBH = self.states_of(self.read(batch), batch)
        return self._answer(self.head, states_TBH, batch, self.per_step or return_all)
