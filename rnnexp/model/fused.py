"""torch's own recurrent modules, and the engines that compute them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnexp import bounds
from rnnexp.embedding.base import Encoder
from rnnexp.model.base import SequenceModel
from rnnexp.model.both_directions import states_of_both
from rnnexp.model.bptt import states_by_bptt
from rnnexp.model.cells.base import Cell, Recurrence, State
from rnnexp.model.cells.gru import GRUCell
from rnnexp.model.cells.lstm import LSTMCell
from rnnexp.model.cells.rnn import Nonlinearity, RNNCell
from rnnexp.model.engine import Engine, engine_for, is_autocast
from rnnexp.model.modules import directions_of
from rnnexp.ranges import a_fraction, at_least
from rnnexp.types import Batch


class Fused(SequenceModel):
    """A torch recurrent module between encoder and readout.

    hidden_size: the size H of the state.
    num_layers: recurrent layers, each reading the states of the one below.
    dropout: share of the states zeroed between layers while training.
    bidirectional: beside it a second recurrence of as many layers and of H states, which reads from
        the last real step to the first; each layer reads both of the one below, and the head reads
        both of the top layer, 2H numbers: see readout.py for which. It does not read the pads
        behind a text; with pads before the text both directions cross them, the second one at its
        end, and with readout=last both cross all there are.
    recurrent_dropout: 0; torch's modules have none.
    common: `readout`, `head` and `head_bound` of `SequenceModel`.

    Raises ValueError for a recurrent dropout, with the model that has it.
    """

    #: torch's module, and the cell of which it computes all steps.
    module: Callable[..., nn.RNNBase]
    cell: type[Cell]

    def __init__(
        self,
        encoder: Encoder,
        output_size: int,
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        recurrent_dropout: float = 0.0,
        **common: Any,
    ) -> None:
        check_layers(hidden_size, num_layers, dropout)
        a_fraction("recurrent_dropout", recurrent_dropout)
        if recurrent_dropout > 0:
            raise ValueError(
                f"recurrent_dropout={recurrent_dropout} acts inside a step, which torch's module "
                f"does not let in: use model=unrolled model.cell={self.cell.name}"
            )
        directions = 1 + bidirectional
        weigh_layers(self.cell(), encoder.output_size, hidden_size, num_layers, directions)
        super().__init__(encoder, directions * hidden_size, output_size, **common)
        self.dropout_between_layers, self.directions = dropout, directions
        self.recurrence = self.module(
            encoder.output_size,
            hidden_size,
            num_layers=num_layers,
            dropout=dropout,
            bidirectional=bidirectional,
            **self.options(),
        )

    def options(self) -> dict[str, str]:
        """Arguments of the torch module beyond those that all of them have."""
        return {}

    def engine_on(self, device: torch.device, autocast: bool = False) -> Engine:
        return "fused"

    def states_of(self, x_TBE: Tensor, batch: Batch) -> Tensor:
        """Of two directions, the second begins at each example's own last real step."""
        if self.directions == 1 or self.reads_pads or batch.padding == "pre":
            return self.states(x_TBE)
        return states_of_both(self.recurrence, x_TBE, batch.lengths.clamp(min=1))

    def states(self, x_TBE: Tensor) -> Tensor:
        return self.states_in_segments(x_TBE)

    def run(self, x_TBE: Tensor, before: Sequence[State] | None) -> tuple[Tensor, Sequence[State]]:
        if self.engine_on(x_TBE.device, is_autocast(x_TBE)) == "fused":
            initial = None if before is None else self._as_torch_has_them(before)
            states_TBH, last = self.recurrence(x_TBE, initial)
            parts = last if isinstance(last, tuple) else (last,)
            return states_TBH, [State(*of_layer) for of_layer in zip(*parts, strict=True)]
        states_TBH, after = x_TBE, []
        layers = self.recurrences()
        for index, layer in enumerate(layers):
            if index:
                states_TBH = F.dropout(states_TBH, self.recurrence.dropout, self.training)
            watch = self.watch if layer is layers[-1] else None
            initial_BH = (layer.initial(x_TBE.shape[1]) if before is None else before[index]).h
            states_TBH = states_by_bptt(layer, states_TBH, initial_BH, watch)
            after.append(State(states_TBH[-1]))
        return states_TBH, after

    def _as_torch_has_them(self, states: Sequence[State]) -> Tensor | tuple[Tensor, ...]:
        """The states of all layers, h [L, B, H], of an LSTM (h, c)."""
        parts = zip(*(state.handed_on for state in states), strict=True)
        stacked = tuple(torch.stack(part) for part in parts)
        return stacked if len(stacked) > 1 else stacked[0]

    def recurrences(self) -> list[Recurrence]:
        return list(directions_of(self.recurrence).values())

    @property
    def recurrence_names(self) -> list[str]:
        return list(directions_of(self.recurrence))


class ByEither(Fused):
    """One for whose cell bptt is written too.

    engine: `fused`, torch's own, or `bptt`; `auto` takes the faster one, see engine.py.
    common: the arguments of `Fused`.
    """

    def __init__(
        self,
        encoder: Encoder,
        output_size: int,
        engine: Literal["auto", "fused", "bptt"] = "auto",
        **common: Any,
    ) -> None:
        super().__init__(encoder, output_size, **common)
        if engine == "bptt" and self.directions > 1:
            raise ValueError(
                "engine=bptt is written for one direction: use model.engine=auto, or "
                "model.bidirectional=false"
            )
        self._engine = engine

    def engine_on(self, device: torch.device, autocast: bool = False) -> Engine:
        if self.directions > 1:
            return "fused"
        return engine_for(self._engine, self.cell(), "fused", device, autocast)


class RNN(ByEither):
    """The plain RNN, h_t = f(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), as torch.nn.RNN.

    nonlinearity: f, `tanh` or `relu`.
    """

    module, cell = nn.RNN, RNNCell

    def __init__(
        self,
        encoder: Encoder,
        output_size: int,
        nonlinearity: Nonlinearity = "tanh",
        **common: Any,
    ) -> None:
        self._nonlinearity = nonlinearity
        super().__init__(encoder, output_size, **common)

    def options(self) -> dict[str, str]:
        return {"nonlinearity": self._nonlinearity}


class LSTM(Fused):
    """Long short-term memory, as torch.nn.LSTM; the equations are in cells/lstm.py."""

    module, cell = nn.LSTM, LSTMCell


class GRU(ByEither):
    """The gated recurrent unit, as torch.nn.GRU; the equations are in cells/gru.py."""

    module, cell = nn.GRU, GRUCell


def check_layers(hidden_size: int, num_layers: int, dropout: float) -> None:
    """Raise ValueError for sizes out of range, and for dropout where there is a single layer."""
    at_least("hidden_size", hidden_size, 1)
    at_least("num_layers", num_layers, 1)
    bounds.at_most("num_layers", num_layers, bounds.MOST_LAYERS, "each is made by itself")
    a_fraction("dropout", dropout)
    if dropout > 0 and num_layers == 1:
        raise ValueError(
            f"dropout={dropout} acts between layers and there is one: "
            "set model.num_layers=2 or more, or model.dropout=0"
        )


def weigh_layers(
    cell: Cell, input_size: int, hidden_size: int, num_layers: int, directions: int = 1
) -> None:
    """Raise ValueError where the weights of so many layers cannot be held."""
    first, further = (
        directions * sum(map(math.prod, cell.shapes(size, hidden_size).values()))
        for size in (input_size, directions * hidden_size)
    )
    bounds.weights("hidden_size", hidden_size, first)
    bounds.weights("num_layers", num_layers, (num_layers - 1) * further)
