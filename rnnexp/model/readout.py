"""What of all the states the answer is read from. Shapes: T time, B batch, H hidden.

Each readout maps states [T, B, H] to [B, H]. Whether the pads count is the difference that the
notebooks' "the RNN forgets" turns on:

last        h_T, the state at the last step of the tensor: behind the pads, where they come last
last_valid  h_n, the state at the last real step
mean        (1/n) sum of h_t over the n real steps
max         elementwise maximum of h_t over the real steps

Of two directions, h_t = [f_t, b_t], f reads forwards and b backwards, what is read is where each
ends:

last        [f_T, b_1], of the whole tensor, which both directions cross from end to end: b crosses
            pads behind the text before it comes to the text
last_valid  [f_n, b_m], m and n the first and the last real step; b begins at n, whatever follows
mean, max   as above, of [f_t, b_t]
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from rnnexp.types import Batch

Readout = Literal["last", "last_valid", "mean", "max"]


def last(states_TBH: Tensor, batch: Batch) -> Tensor:
    return states_TBH[-1]


def last_valid(states_TBH: Tensor, batch: Batch) -> Tensor:
    # Gathered from the padded output: packing leaves the fast kernels (3.5 times slower on CPU).
    index_B = batch.last_valid_B
    # of shape[1], and not of len(), which torch.export would fix at what it is now
    return states_TBH[index_B, torch.arange(states_TBH.shape[1], device=index_B.device)]


def mean(states_TBH: Tensor, batch: Batch) -> Tensor:
    valid_TB1 = batch.valid_BT.T[:, :, None].to(states_TBH.dtype)
    return (states_TBH * valid_TB1).sum(0) / valid_TB1.sum(0)


def maximum(states_TBH: Tensor, batch: Batch) -> Tensor:
    valid_TB1 = batch.valid_BT.T[:, :, None]
    return states_TBH.masked_fill(~valid_TB1, float("-inf")).amax(0)


def last_of_both(states_TBH: Tensor, batch: Batch) -> Tensor:
    forward_TBH, backward_TBH = states_TBH.chunk(2, dim=2)
    return torch.cat([forward_TBH[-1], backward_TBH[0]], dim=1)


def last_valid_of_both(states_TBH: Tensor, batch: Batch) -> Tensor:
    forward_TBH, backward_TBH = states_TBH.chunk(2, dim=2)
    first_B = batch.first_valid_B
    row_B = torch.arange(states_TBH.shape[1], device=first_B.device)
    return torch.cat([last_valid(forward_TBH, batch), backward_TBH[first_B, row_B]], dim=1)


READOUTS: Mapping[Readout, Callable[[Tensor, Batch], Tensor]] = {
    "last": last,
    "last_valid": last_valid,
    "mean": mean,
    "max": maximum,
}

#: The same of states of two directions side by side, [T, B, 2H].
READOUTS_OF_BOTH: Mapping[Readout, Callable[[Tensor, Batch], Tensor]] = {
    **READOUTS,
    "last": last_of_both,
    "last_valid": last_valid_of_both,
}
