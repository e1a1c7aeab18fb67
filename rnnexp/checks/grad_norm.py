"""The norm of all parameters' gradients before and after clipping."""

import math

import numpy as np
import torch
from torch import nn

from rnnexp.checks.suite import Values, check
from rnnexp.clip.agc import AGC
from rnnexp.clip.none import NoClip
from rnnexp.clip.norm import Norm


def hand_set(*values: float) -> list[nn.Parameter]:
    """Parameters whose gradients are these numbers, float32."""
    parameters = [nn.Parameter(torch.zeros(1)) for _ in values]
    for parameter, value in zip(parameters, values, strict=True):
        parameter.grad = torch.tensor([value])
    return parameters


@check("grad_norm: gradients 3 and 4, clipped to 1", 1e-7)
def clipped_to_1() -> tuple[Values, Values]:
    parameters = hand_set(3.0, 4.0)
    report = Norm(1.0)(parameters)
    after = math.hypot(*(float(p.grad) for p in parameters if p.grad is not None))
    return np.array([5.0, 1.0, 1.0, 1.0]), np.array(
        [float(report.norm_before), float(report.norm_after), after, float(report.fired)]
    )


@check("grad_norm: gradients of 1e30, whose squares overflow float32", 1e-6)
def squares_overflow() -> tuple[Values, Values]:
    return 5e30, float(NoClip()(hand_set(3e30, 4e30)).norm_before)


@check("grad_norm: non-finite gradients are counted", 0, relative=False)
def nonfinite_are_counted() -> tuple[Values, Values]:
    return 2.0, float(NoClip()(hand_set(1.0, math.nan, math.inf)).nonfinite)


@check("grad_norm: agc, factor 0.1: rows of norm 10 and 0.01 beside weights of norm 5", 1e-6)
def agc_rows() -> tuple[Values, Values]:
    weight = nn.Parameter(torch.tensor([[3.0, 4.0], [3.0, 4.0]]))
    weight.grad = torch.tensor([[6.0, 8.0], [0.006, 0.008]])
    AGC(factor=0.1)([weight])
    return np.array([0.5, 0.01]), weight.grad.norm(dim=1).numpy()
