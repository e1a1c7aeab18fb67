"""The recurrence written out step by step, in plain tensor operations."""

import math
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnexp.embedding import Encoder
from rnnexp.model.base import SequenceModel, gate_views
from rnnexp.model.cells import (
    Cell,
    GRUCell,
    LSTMCell,
    Nonlinearity,
    RNNCell,
    State,
    hidden_states,
    run_layer,
)
from rnnexp.model.fused import check_layers

CellName = Literal["rnn", "lstm", "gru"]


class UnrolledRNN(nn.Module):
    """Stacked cells as a loop over time, with the parameters of torch.nn.RNN, LSTM or GRU.

    Names, shapes and initial distribution, U(±1/√H), are torch's own, so that `load_state_dict`
    works in both directions.

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
        cell: CellName = "rnn",
    ) -> None:
        super().__init__()
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, dropout
        self.cell: Cell = {
            "rnn": RNNCell(nonlinearity),
            "lstm": LSTMCell(),
            "gru": GRUCell(),
        }[cell]
        rows = len(self.cell.gates) * hidden_size
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

    def layer(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """W_ih, W_hh, b_ih, b_hh of one layer."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        w_ih, w_hh, b_ih, b_hh = (self.get_parameter(f"{name}_l{index}") for name in names)
        return w_ih, w_hh, b_ih, b_hh

    def init_hidden(self, batch_size: int) -> list[State]:
        """The state before the first step, zeros, for each layer."""
        like = self.get_parameter("weight_hh_l0")
        return [
            self.cell.initial(batch_size, self.hidden_size, like) for _ in range(self.num_layers)
        ]

    def forward(
        self, x_TBE: Tensor, initial: list[State] | None = None, return_all: bool = True
    ) -> tuple[Tensor, list[State]]:
        """The top layer's states and the last state of each layer.

        return_all: states at all steps, [T, B, H]; else the last step's alone, [B, H].
        """
        initial = initial or self.init_hidden(x_TBE.shape[1])
        final: list[State] = []
        states_TBH = x_TBE
        for index, before in enumerate(initial):
            if index > 0:
                states_TBH = F.dropout(states_TBH, self.dropout, self.training)
            states = run_layer(self.cell, states_TBH, before, *self.layer(index))
            states_TBH = hidden_states(states)
            final.append(states[-1])
        return (states_TBH if return_all else states_TBH[-1]), final


class Unrolled(SequenceModel):
    """`UnrolledRNN` between encoder and readout: slower than the fused modules, and open to view.

    cell: whose equations: `rnn`, `lstm` or `gru`.
    nonlinearity: of the cell `rnn`.
    hidden_size, num_layers, dropout: as in `Fused`.
    common: `readout` and `head` of `SequenceModel`.
    """

    def __init__(
        self,
        encoder: Encoder,
        output_size: int,
        cell: CellName = "rnn",
        hidden_size: int = 128,
        num_layers: int = 1,
        nonlinearity: Nonlinearity = "tanh",
        dropout: float = 0.0,
        **common: Any,
    ) -> None:
        check_layers(hidden_size, num_layers, dropout)
        if cell != "rnn" and nonlinearity != "tanh":
            raise ValueError(f"nonlinearity={nonlinearity} needs model.cell=rnn (got {cell})")
        super().__init__(encoder, hidden_size, output_size, **common)
        self.recurrence = UnrolledRNN(
            encoder.output_size, hidden_size, num_layers, nonlinearity, dropout, cell
        )

    def states(self, x_TBE: Tensor) -> Tensor:
        states_TBH: Tensor = self.recurrence(x_TBE)[0]
        return states_TBH

    def recurrent_weights(self) -> dict[str, Tensor]:
        views: dict[str, Tensor] = {}
        for layer in range(self.recurrence.num_layers):
            name = f"weight_hh_l{layer}"
            weight = self.recurrence.get_parameter(name)
            views |= gate_views(name, weight, self.recurrence.cell.gates)
        return views
