"""The states of a bidirectional module on texts of several lengths, pads behind them.

torch begins the second direction at the end of the tensor, so that it crosses the pads before it
comes to the words; its own way out is a packed sequence. On a CPU that leaves the fast kernels:
turning each text around within its length, as is done there, takes half to a third of the time
(RNN, GRU and LSTM, B = 64, T = 100, H = 128, one thread), with the same numbers but for rounding.
On a GPU cuDNN reads packed sequences, and torch wants their lengths on the CPU: once a step the GPU
is waited for.

Shapes: T time, B batch, E features, H hidden of one direction.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnexp.model.cells.base import Recurrence
from rnnexp.model.modules import directions_of

#: torch's kernel for each mode that torch.nn.RNNBase knows, as its own modules call it.
KERNELS: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "RNN_TANH": torch.rnn_tanh,
    "RNN_RELU": torch.rnn_relu,
    "LSTM": torch.lstm,
    "GRU": torch.gru,
}


def states_of_both(module: nn.RNNBase, x_TBE: Tensor, lengths_B: Tensor) -> Tensor:
    """[f_t, b_t] of the top layer, [T, B, 2H]; at pads no state of the text, and never NaN.

    lengths_B: the real steps of each example, at least 1, on the device of x.
    """
    if x_TBE.device.type != "cpu":
        packed = pack_padded_sequence(x_TBE, lengths_B.cpu(), enforce_sorted=False)
        return pad_packed_sequence(module(packed)[0], total_length=len(x_TBE))[0]
    turned_TB1 = turned(len(x_TBE), lengths_B)[:, :, None]
    states_TBS = x_TBE
    layers = directions_of(module)
    for index in range(module.num_layers):
        if index:
            states_TBS = F.dropout(states_TBS, module.dropout, module.training)
        back_TBS = along(states_TBS, turned_TB1)
        forward_TBH = _run(module.mode, layers[f"l{index}"], states_TBS)
        backward_TBH = _run(module.mode, layers[f"l{index}_reverse"], back_TBS)
        backward_TBH = along(backward_TBH, turned_TB1)
        states_TBS = torch.cat([forward_TBH, backward_TBH], dim=2)
    return states_TBS


def turned(steps: int, lengths_B: Tensor) -> Tensor:
    """Where each step of a text that is read from its end is, [T, B]; pads stay where they are.

    >>> turned(4, torch.tensor([4, 2])).T.tolist()
    [[3, 2, 1, 0], [1, 0, 2, 3]]
    """
    step_T1 = torch.arange(steps, device=lengths_B.device)[:, None]
    return torch.where(step_T1 < lengths_B, lengths_B - 1 - step_T1, step_T1)


def _run(mode: str, layer: Recurrence, x_TBE: Tensor) -> Tensor:
    """The states of one direction of one layer, [T, B, H], from zeros."""
    initial_1BH = x_TBE.new_zeros(1, x_TBE.shape[1], layer.hidden_size)
    initial = [initial_1BH, initial_1BH] if mode == "LSTM" else initial_1BH
    # with biases, one layer, no dropout, training (which cuDNN alone asks), one direction, T first
    settings = (True, 1, 0.0, True, False, False)
    return KERNELS[mode](x_TBE, initial, list(layer.weights.values()), *settings)[0]


def along(x_TBF: Tensor, step_TB1: Tensor) -> Tensor:
    """x at these steps of each example: `take_along_dim`, which torch.export does not follow."""
    return x_TBF.gather(0, step_TB1.expand(-1, -1, x_TBF.shape[2]))
