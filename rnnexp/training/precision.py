"""The number format of the forward pass: float32, or bfloat16 where torch's autocast chooses it."""

from typing import Literal

import torch

Precision = Literal["float32", "bf16"]


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """The context of a forward pass; with float32 it does nothing."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def has_bf16(device: torch.device) -> bool:
    """Whether a recurrent module runs in bfloat16 on the device.

    Found out by trying: CPUs that multiply in bfloat16 may still lack the kernel of the LSTM.
    """
    lstm, x_TBE = torch.nn.LSTM(2, 2).to(device), torch.zeros(1, 1, 2, device=device)
    try:
        with torch.autocast(device.type, torch.bfloat16):
            lstm(x_TBE)[0].sum().backward()
    except RuntimeError:
        return False
    return True
