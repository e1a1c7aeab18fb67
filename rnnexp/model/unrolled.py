"""The recurrence written out step by step, in plain tensor operations."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnexp.embedding.base import Encoder
from rnnexp.model.base import SequenceModel
from rnnexp.model.bptt import plain_recurrence
from rnnexp.model.cells import make_cell
from rnnexp.model.cells.base import Recurrence, State, hidden_states
from rnnexp.model.cells.rnn import Nonlinearity
from rnnexp.model.fused import check_layers, weigh_layers

#: How the gradients are computed: by torch's autograd from every operation of every step, or by the
#: equations of backpropagation through time, which a plain recurrence has; see bptt.py.
Engine = Literal["auto", "autograd", "bptt"]


class UnrolledRNN(nn.Module):
    """Stacked cells as a loop over time, with parameters as in torch.nn.RNN, LSTM and GRU.

    Names, shapes and initial distribution, U(±1/√H), are torch's own, so that `load_state_dict`
    works in both directions for the cells that torch has.

    cell: the name of a cell, see `rnnexp.model.cells.cells`. nonlinearity: for a cell that takes
    one. cell_options: further arguments of the cell's constructor, by name. engine: `auto` takes
    bptt where the cell is a plain recurrence; under autocast autograd always computes.

    Raises ValueError for a cell that there is not, for what it does not take, and for engine=bptt
    where the cell is of another form.

    >>> rnn = UnrolledRNN(3, 4, num_layers=2)
    >>> _ = rnn.load_state_dict(nn.RNN(3, 4, num_layers=2).state_dict())
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Nonlinearity = "tanh",
        dropout: float = 0.0,
        cell: str = "rnn",
        cell_options: Mapping[str, Any] | None = None,
        engine: Engine = "auto",
    ) -> None:
        super().__init__()
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, dropout
        self.cell = make_cell(cell, nonlinearity=nonlinearity, **(cell_options or {}))
        if engine == "bptt" and not self.cell.is_plain:
            raise ValueError(
                f"engine=bptt is written for h_t = φ(W_ih x_t + W_hh h_(t-1) + b) and cell={cell} "
                "is of another form: use model.engine=auto"
            )
        if engine == "auto":
            engine = "bptt" if self.cell.is_plain else "autograd"
        self.engine: Engine = engine
        rows = len(self.cell.blocks) * hidden_size
        weigh_layers(type(self.cell), input_size, hidden_size, num_layers)
        bound = 1 / math.sqrt(hidden_size)
        for layer in range(num_layers):
            columns = input_size if layer == 0 else hidden_size
            shapes = {
                "weight_ih": (rows, columns),
                "weight_hh": (rows, hidden_size),
                "bias_ih": (rows,),
                "bias_hh": (rows,),
            }
            for name, shape in shapes.items():
                values = torch.empty(shape).uniform_(-bound, bound)
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(values))

    def recurrences(self) -> list[Recurrence]:
        """The layers from the bottom up."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [
            Recurrence(self.cell, *(self.get_parameter(f"{name}_l{layer}") for name in names))
            for layer in range(self.num_layers)
        ]

    def init_hidden(self, batch_size: int) -> list[State]:
        """The state before the first step, zeros, for each layer."""
        return [layer.initial(batch_size) for layer in self.recurrences()]

    def forward(
        self, x_TBE: Tensor, initial: list[State] | None = None, return_all: bool = True
    ) -> tuple[Tensor, list[State]]:
        """The top layer's states and the last state of each layer.

        return_all: states at all steps, [T, B, H]; else the last step's alone, [B, H].
        """
        initial = initial or self.init_hidden(x_TBE.shape[1])
        final: list[State] = []
        states_TBH = x_TBE
        for layer, before in zip(self.recurrences(), initial, strict=True):
            if final:
                states_TBH = F.dropout(states_TBH, self.dropout, self.training)
            states_TBH, last = self._run(layer, states_TBH, before)
            final.append(last)
        return (states_TBH if return_all else states_TBH[-1]), final

    def _run(self, layer: Recurrence, x_TBE: Tensor, initial: State) -> tuple[Tensor, State]:
        """A layer's states, [T, B, H], and its last state."""
        if self.engine == "bptt" and not torch.is_autocast_enabled(x_TBE.device.type):
            states_TBH = plain_recurrence(layer, x_TBE, initial.h)
            return states_TBH, State(states_TBH[-1])
        states = layer.run(x_TBE, initial)
        return hidden_states(states), states[-1]


class Unrolled(SequenceModel):
    """`UnrolledRNN` between encoder and readout: any cell, in plain tensor operations.

    Slower than torch's fused modules, which have its own cells only, but for a plain recurrence.

    cell: the name of a cell, each a file in rnnexp/model/cells/.
    nonlinearity: for a cell that takes one, as `rnn` does.
    cell_options: other settings of the cell, as its constructor calls them.
    engine: how the gradients are computed, see `Engine`; `auto` takes the faster one.
    hidden_size, num_layers, dropout: as in `Fused`.
    common: `readout`, `head` and `head_bound` of `SequenceModel`.
    """

    def __init__(
        self,
        encoder: Encoder,
        output_size: int,
        cell: str = "rnn",
        hidden_size: int = 128,
        num_layers: int = 1,
        nonlinearity: Nonlinearity = "tanh",
        dropout: float = 0.0,
        cell_options: dict[str, Any] | None = None,
        engine: Engine = "auto",
        **common: Any,
    ) -> None:
        check_layers(hidden_size, num_layers, dropout)
        super().__init__(encoder, hidden_size, output_size, **common)
        self.recurrence = UnrolledRNN(
            encoder.output_size, hidden_size, num_layers, nonlinearity, dropout, cell,
            cell_options, engine,
        )  # fmt: skip
        self.engine, self.dropout = self.recurrence.engine, dropout

    def states(self, x_TBE: Tensor) -> Tensor:
        states_TBH: Tensor = self.recurrence(x_TBE)[0]
        return states_TBH

    def recurrences(self) -> list[Recurrence]:
        return self.recurrence.recurrences()
