"""The number format of the forward pass: float32, or bfloat16 where torch's autocast chooses it."""

from typing import Literal

import torch

Precision = Literal["float32", "bf16"]

#: Instructions that multiply in bfloat16, by torch's names, of x86 (AVX-512, AMX, AVX10) and of
#: ARM.
BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "avx10_1", "bf16", "sve_bf16")


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


def slow_precision(precision: Precision, device: torch.device) -> str:
    """What is said of a precision that is slower than float32 on a device; empty of another.

    torch multiplies in bfloat16 on any CPU, where it has no instructions for that by way of
    float32, which is slower than float32 itself.
    """
    if precision != "bf16" or device.type != "cpu" or has_fast_bf16():
        return ""
    return "precision=bf16: this CPU has no bfloat16 instructions: slower than float32 here"


def has_fast_bf16() -> bool:
    """Whether the CPU has instructions that multiply in bfloat16, as torch finds out."""
    if not hasattr(torch.cpu, "get_capabilities"):  # torch before 2.11 does not tell
        return True
    known = torch.cpu.get_capabilities()
    return any(known.get(name, False) for name in BF16_INSTRUCTIONS)
