"""The cells with layer normalisation: against numpy, finite differences, and what must not change
them.
"""

import numpy as np

from rnnexp.checks import twins
from rnnexp.checks.cells import inputs, layer_of, through_gradient_flow
from rnnexp.checks.suite import Array, Values, check
from rnnexp.model.cells.base import hidden_states

CELLS = ("ln_rnn", "ln_lstm", "ln_gru")


@check("layer_norm: RNN, LSTM and GRU equal their twins, any gains", 1e-10, relative=False)
def twins_in_numpy() -> tuple[Values, Values]:
    """Gains and biases are drawn: at their initial 1 and 0 it would not show where they act."""
    expected, measured = [], []
    for name in CELLS:
        layer, x_TBE = layer_of(name), inputs()
        for weight in layer.weights.values():
            if weight.dim() == 1:
                weight.normal_()
        weights = {key: weight.numpy() for key, weight in layer.weights.items()}
        expected.append(twins.TWINS[name](weights, x_TBE.numpy()).ravel())
        measured.append(hidden_states(layer.run(x_TBE)).numpy().ravel())
    return np.concatenate(expected), np.concatenate(measured)


@check("layer_norm: gradient_flow of ln_rnn, finite differences", 1e-6)
def rnn_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("ln_rnn")


@check("layer_norm: gradient_flow of ln_lstm, finite differences", 1e-6)
def lstm_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("ln_lstm")


@check("layer_norm: gradient_flow of ln_gru, finite differences", 1e-6)
def gru_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("ln_gru")


@check("layer_norm: matrices a thousand times as large change no state", 1e-7, relative=False)
def scale_does_not_matter() -> tuple[Values, Values]:
    """What is normalised forgets its size; of large numbers, beside which ε is nothing."""
    states: list[list[Array]] = [[], []]
    for name in CELLS:
        layer, x_TBE = layer_of(name), inputs()
        matrices = [weight for weight in layer.weights.values() if weight.dim() == 2]
        for scaled in states:
            for matrix in matrices:
                matrix.mul_(1000)
            scaled.append(hidden_states(layer.run(x_TBE)).numpy().ravel())
    return np.concatenate(states[0]), np.concatenate(states[1])
