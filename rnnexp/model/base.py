"""The interface of a model: encoder -> recurrence -> readout -> head.

Shapes: T time, B batch, E features, H hidden, O outputs.
"""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor, nn

from rnnexp.embedding import Encoder
from rnnexp.model.readout import READOUTS, Readout
from rnnexp.types import Batch

Head = Literal["auto", "sigmoid", "softmax"]


class SequenceModel(nn.Module, ABC):
    """outputs = head(readout(states(encoder(inputs)))), a linear head that emits logits.

    encoder: maps inputs to x [T, B, E].
    state_size: the size H of what `states` returns per step.
    output_size: classes, or numbers to predict.
    readout: which states the answer is read from, see readout.py.
    head: `sigmoid` has one column for two classes, `softmax` a column per class; `auto` takes one
        column for up to two outputs and as many as there are for more.

    Raises ValueError for a head that cannot tell the classes apart.
    """

    def __init__(
        self,
        encoder: Encoder,
        state_size: int,
        output_size: int,
        readout: Readout = "last_valid",
        head: Head = "auto",
    ) -> None:
        super().__init__()
        if head == "sigmoid" and output_size > 2:
            raise ValueError(
                f"head=sigmoid tells two classes apart and the data has {output_size}: "
                "use model.head=softmax"
            )
        self.encoder = encoder
        self.readout = readout
        one_column = head == "sigmoid" or (head == "auto" and output_size <= 2)
        self.head: nn.Module = nn.Linear(state_size, 1 if one_column else output_size)

    @abstractmethod
    def states(self, x_TBE: Tensor) -> Tensor:
        """The state at each step, [T, B, H], from which the readout chooses."""

    def recurrent_weights(self) -> dict[str, Tensor]:
        """Views [H, H] of the weights from state to state, per layer and gate; shared memory.

        Names as in torch, with the gate behind them: `weight_hh_l0.forget`.
        """
        return {}

    @property
    def reads_pads(self) -> bool:
        """Whether pads behind the text change the answer, so that they may not be trimmed."""
        return self.readout == "last"

    def forward(self, batch: Batch, return_all: bool = False) -> Tensor:
        """Logits [B, O]; with `return_all` the logits [B, T, O] of every step's state."""
        # Time first: a step's rows are then next to each other in memory.
        states_TBH = self.states(self.encoder(batch.inputs.transpose(0, 1)))
        if return_all:
            all_outputs: Tensor = self.head(states_TBH.transpose(0, 1))
            return all_outputs
        outputs: Tensor = self.head(READOUTS[self.readout](states_TBH, batch))
        return outputs


def gate_views(name: str, weight: Tensor, gates: tuple[str, ...]) -> dict[str, Tensor]:
    """The [H, H] block of each gate in a [G*H, H] matrix, as views without gradient.

    A matrix of one block keeps its name alone.
    """
    if len(gates) == 1:
        return {name: weight.detach()}
    blocks = weight.detach().chunk(len(gates), dim=0)
    return {f"{name}.{gate}": block for gate, block in zip(gates, blocks, strict=True)}
