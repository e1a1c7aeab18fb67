"""The share of a gradient that is left after it has crossed the pads."""

import numpy as np

from rnnexp.checks.networks import batch_of, last_state_norms, linear_model, scaled_rotation
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.probes.padding_survival import padding_survival


@check("padding_survival: linear, W = 0.9 Q, 60 pads: 0.9^60 = .00179701", 1e-10)
def linear_over_60_pads() -> tuple[Values, Values]:
    model = linear_model(scaled_rotation(0.9))
    # the linear model reads h_(T-1): of 61 pads the signal crosses 60
    batch = batch_of(72, [11])
    pads, ratio = padding_survival(last_state_norms(model.rollout(batch)), batch)
    return np.array([0.9**60, 60.0]), np.array([ratio[0], pads[0]])


@check("padding_survival: pads are counted", 0, relative=False)
def pads_are_counted() -> tuple[Values, Values]:
    model = fused.RNN(Features(3), 1, hidden_size=8, readout="last").double()
    batch = batch_of(30, [30, 12])
    norms = last_state_norms(model.rollout(batch))
    pads, ratio = padding_survival(norms, batch)
    return np.array([0.0, 18.0, 1.0]), np.array([*pads, ratio[0]])
