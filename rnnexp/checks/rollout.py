"""A rollout has the states, outputs and gradients of the module that it replays."""

import torch
from torch import nn

from rnnexp.checks.networks import batch_of, last_state_norms, linear_model, scaled_rotation
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.rollout import rollout


def replay_error(module: nn.RNNBase) -> tuple[Values, Values]:
    """The states of torch's module over 400 random steps in float32, and the replayed ones."""
    x_TBE = torch.randn(400, 4, module.input_size)
    with torch.no_grad():
        expected = module(x_TBE)[0]
        measured = torch.stack(list(rollout(module, x_TBE).states))
    return expected.double().numpy(), measured.numpy()


@check("rollout: torch.nn.RNN, 400 steps, float32 states", 1e-6, relative=False)
def rnn_400_steps() -> tuple[Values, Values]:
    return replay_error(nn.RNN(128, 128))


@check("rollout: torch.nn.LSTM, 400 steps, float32 states", 1e-6, relative=False)
def lstm_400_steps() -> tuple[Values, Values]:
    return replay_error(nn.LSTM(128, 128))


@check("rollout: torch.nn.GRU, 400 steps, float32 states", 1e-6, relative=False)
def gru_400_steps() -> tuple[Values, Values]:
    return replay_error(nn.GRU(128, 128))


@check("rollout: torch.nn.LSTM of two layers", 1e-6, relative=False)
def lstm_of_two_layers() -> tuple[Values, Values]:
    return replay_error(nn.LSTM(32, 64, num_layers=2))


@check("rollout: model=lstm, outputs at the last real step, padded", 1e-12, relative=False)
def lstm_outputs_padded() -> tuple[Values, Values]:
    model, batch = fused.LSTM(Features(3), 1, hidden_size=16).double(), batch_of(20, [5, 20, 13])
    return model(batch).detach().numpy(), model.rollout(batch).outputs.detach().numpy()


@check("rollout: model=linear, outputs", 1e-12, relative=False)
def linear_outputs() -> tuple[Values, Values]:
    model, batch = linear_model(scaled_rotation(0.9)), batch_of(20, [5, 20, 13])
    return model(batch).detach().numpy(), model.rollout(batch).outputs.detach().numpy()


@check("rollout: gradient to the inputs, against the fused backward", 1e-10)
def gradient_to_the_inputs() -> tuple[Values, Values]:
    lstm = nn.LSTM(3, 16).double()
    x_TBE = torch.randn(30, 2, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(lstm(x_TBE)[0][-1].sum(), x_TBE)
    made = rollout(lstm, x_TBE)
    return gradient.norm(dim=2).numpy(), last_state_norms(made).inputs_TB
