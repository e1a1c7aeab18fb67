"""The recurrence written out step by step, in plain tensor operations."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnexp.config import with_group
from rnnexp.embedding.base import Encoder
from rnnexp.model.base import SequenceModel
from rnnexp.model.bptt import Watch, is_written_for, states_by_bptt
from rnnexp.model.cells import make_cell
from rnnexp.model.cells.base import Recurrence, State, hidden_states, make_weights
from rnnexp.model.cells.rnn import Nonlinearity
from rnnexp.model.engine import Engine, check_engine, engine_for, is_autocast
from rnnexp.model.fused import check_layers, weigh_layers
from rnnexp.model.recurrent_dropout import check_recurrent_dropout, drawn_mask


class UnrolledRNN(nn.Module):
    """Stacked cells as a loop over time, with parameters as in torch.nn.RNN, LSTM and GRU.

    Names, shapes and initial distribution, U(±1/√H), are torch's own, so that `load_state_dict`
    works in both directions for the cells that torch has. Other cells say their own parameters.

    cell: the name of a cell, see `rnnexp.model.cells.cells`. nonlinearity: for a cell that takes
    one. cell_options: further arguments of the cell's constructor, by name. engine: `autograd` or
    `bptt`, `auto` for bptt where it is written for the cell and nothing is dropped inside the
    recurrence; see engine.py. recurrent_dropout: share of the state dropped where W_hh reads it;
    see recurrent_dropout.py. watch: see `SequenceModel.watch`.

    Raises ValueError for a cell that there is not, for what it does not take, for sizes that it
    cannot have, and for engine=bptt where it is not written for the cell.

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
        engine: Literal["auto", "autograd", "bptt"] = "auto",
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, dropout
        own = cell_options or {}
        try:
            self.cell = make_cell(cell, nonlinearity=nonlinearity, **own)
        except ValueError as error:
            raise ValueError(with_group(str(error), "cell_options", own)) from None
        check_engine(engine, cell, self.cell)
        check_recurrent_dropout(recurrent_dropout, self.cell, engine)
        self._engine, self.recurrent_dropout = engine, recurrent_dropout
        self.watch: Watch | None = None
        self.cell.check(input_size, hidden_size)
        weigh_layers(self.cell, input_size, hidden_size, num_layers)
        for layer in range(num_layers):
            columns = input_size if layer == 0 else hidden_size
            for name, values in make_weights(self.cell, columns, hidden_size).items():
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(values))

    def recurrences(self) -> list[Recurrence]:
        """The layers from the bottom up."""
        names = self.cell.shapes(1, 1)
        return [
            Recurrence(self.cell, *(self.get_parameter(f"{name}_l{layer}") for name in names))
            for layer in range(self.num_layers)
        ]

    def init_hidden(self, batch_size: int) -> list[State]:
        """The state before the first step, zeros, for each layer."""
        return [layer.initial(batch_size) for layer in self.recurrences()]

    def masks(self, batch_size: int) -> list[Tensor] | None:
        """New masks of recurrent dropout for each layer, [B, H]; None where nothing is dropped."""
        if not (self.training and self.recurrent_dropout > 0):
            return None
        like_BH = self.get_parameter("weight_ih_l0").new_empty(batch_size, self.hidden_size)
        return [drawn_mask(like_BH, self.recurrent_dropout) for _ in range(self.num_layers)]

    def forward(
        self,
        x_TBE: Tensor,
        initial: Sequence[State] | None = None,
        return_all: bool = True,
        kept: Sequence[Tensor] | None = None,
    ) -> tuple[Tensor, list[State]]:
        """The top layer's states and the last state of each layer.

        return_all: states at all steps, [T, B, H]; else the last step's alone, [B, H].
        kept: `masks` that the sequence has had so far; None draws new ones.
        """
        initial = initial or self.init_hidden(x_TBE.shape[1])
        kept = kept or self.masks(x_TBE.shape[1])
        final: list[State] = []
        states_TBH = x_TBE
        for layer, before in zip(self.recurrences(), initial, strict=True):
            if final:
                states_TBH = F.dropout(states_TBH, self.dropout, self.training)
            watch = self.watch if len(final) == self.num_layers - 1 else None
            kept_BH = None if kept is None else kept[len(final)]
            states_TBH, last = self._run(layer, states_TBH, before, watch, kept_BH)
            final.append(last)
        return (states_TBH if return_all else states_TBH[-1]), final

    def engine_on(self, device: torch.device, autocast: bool = False) -> Engine:
        """What computes the layers on a device, see engine.py."""
        if self.recurrent_dropout:
            return "autograd"
        return engine_for(self._engine, self.cell, "autograd", device, autocast)

    def _run(
        self,
        layer: Recurrence,
        x_TBE: Tensor,
        initial: State,
        watch: Watch | None,
        kept_BH: Tensor | None,
    ) -> tuple[Tensor, State]:
        """A layer's states, [T, B, H], and its last state."""
        if self.engine_on(x_TBE.device, is_autocast(x_TBE)) == "bptt":
            states_TBH = states_by_bptt(layer, x_TBE, initial.h, watch)
            return states_TBH, State(states_TBH[-1])
        states = layer.run(x_TBE, initial, kept_BH)
        return hidden_states(states), states[-1]


class Unrolled(SequenceModel):
    """`UnrolledRNN` between encoder and readout: any cell, in plain tensor operations.

    Slower than torch's fused modules, which have its own cells only, where bptt is not written. The
    cells that torch has not are models of their own in conf/model/, which name this class.

    cell: the name of a cell, each a file in rnnexp/model/cells/.
    nonlinearity: for a cell that takes one, as `rnn` does.
    cell_options: other settings of the cell, as its constructor calls them.
    engine: `autograd` or `bptt`; `auto` takes the faster one, see engine.py.
    recurrent_dropout: share of the state dropped where W_hh reads it, the same units at every step
        of a sequence, while training; see recurrent_dropout.py.
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
        engine: Literal["auto", "autograd", "bptt"] = "auto",
        recurrent_dropout: float = 0.0,
        **common: Any,
    ) -> None:
        check_layers(hidden_size, num_layers, dropout)
        super().__init__(encoder, hidden_size, output_size, **common)
        self.recurrence = UnrolledRNN(
            encoder.output_size, hidden_size, num_layers, nonlinearity, dropout, cell,
            cell_options, engine, recurrent_dropout,
        )  # fmt: skip
        self.dropout_between_layers, self.recurrent_dropout = dropout, recurrent_dropout
        self._kept: Sequence[Tensor] | None = None

    def engine_on(self, device: torch.device, autocast: bool = False) -> Engine:
        return self.recurrence.engine_on(device, autocast)

    @property
    def called(self) -> str:
        return f"cell={self.recurrence.cell.name}"

    @property
    def notes(self) -> list[str]:
        if not (self.recurrent_dropout and is_written_for(self.recurrence.cell)):
            return []
        return ["recurrent dropout: engine=autograd computes it, bptt is not written with it"]

    def states(self, x_TBE: Tensor) -> Tensor:
        self._kept = self.recurrence.masks(x_TBE.shape[1])  # the same in all segments
        return self.states_in_segments(x_TBE)

    def run(self, x_TBE: Tensor, before: Sequence[State] | None) -> tuple[Tensor, Sequence[State]]:
        self.recurrence.watch = self.watch
        states_TBH, after = self.recurrence(x_TBE, before, kept=self._kept)
        return states_TBH, after

    def recurrences(self) -> list[Recurrence]:
        return self.recurrence.recurrences()
