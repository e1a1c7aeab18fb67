"""Dropout as a function of the seed and the step: a training that goes on draws what it would have."""

import torch


def seed_dropout(seed: int, device: torch.device) -> None:
    """Let what is drawn next on a device, as for dropout, be a function of `seed`.

    Not torch.manual_seed, which seeds every device there is, and keeps a note of each call until
    CUDA is used.
    """
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
    torch.default_generator.manual_seed(seed)
