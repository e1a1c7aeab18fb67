"""A recurrent cell: its gradient, its replay, its states, its gates.

Shapes: T time, B batch, E features, H hidden, D flat state.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnexp.checks.suite import Check, Values
from rnnexp.embedding.features import Features
from rnnexp.errors import ConfigError
from rnnexp.init.base import set_gate_bias
from rnnexp.model.cells import make_cell
from rnnexp.model.cells.base import Recurrence, hidden_states
from rnnexp.model.unrolled import Unrolled
from rnnexp.types import Batch, Rollout

STEPS, SIZE, FEATURES, HIDDEN = 12, 3, 4, 6


def checks(name: str, settings: Mapping[str, Any]) -> list[Check]:
    """Those of `model.cell=name` with these `model.cell_options`."""
    try:
        cell = make_cell(name, **settings)
    except ValueError as error:
        raise ConfigError(f"cells/{name}: {error}") from None
    found = [
        ("dL/dh_t by finite differences", 1e-6, False, gradient),
        ("the replay is the forward pass", 1e-6, False, replay),
        ("a step taken by itself is that of the run", 1e-12, False, single_steps),
        ("a state comes back from its flat form", 0.0, False, flat_states),
        ("every block of weights acts, share of them", 0.0, False, blocks_act),
        ("weights are drawn anew from a seed alone", 0.0, False, drawn),
    ]
    if cell.gates:
        found.append(("gates lie between 0 and 1, share of them", 0.0, False, gates))
    if cell.carry is not None and cell.carry_is_logistic:
        found.append(("an open carry gate keeps the state", 1e-6, False, carries))
    return [
        Check(f"cells/{name}: {what}", tolerance, relative, partial(run, name, settings))
        for what, tolerance, relative, run in found
    ]


def _model(name: str, settings: Mapping[str, Any], num_layers: int = 1) -> Unrolled:
    return Unrolled(
        Features(FEATURES), 2, cell=name, hidden_size=HIDDEN, num_layers=num_layers,
        cell_options=dict(settings),
    ).eval()  # fmt: skip


def _layer(name: str, settings: Mapping[str, Any]) -> Recurrence:
    (layer,) = _model(name, settings).recurrences()
    return layer.to(torch.device("cpu"), torch.float64)


def _examples() -> Batch:
    return Batch(
        torch.randn(SIZE, STEPS, FEATURES),
        torch.zeros(SIZE).long(),
        torch.full((SIZE,), STEPS),
    )


def gradient(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """dL/dh_t, L = Σ h_T², of all that a step hands on, over its norm; by central differences."""
    model = _model(name, settings)
    (layer,) = model.recurrences()
    layer = layer.to(torch.device("cpu"), torch.float64)
    made = model.rollout(_examples())
    x_TBE, reached = torch.stack(list(made.inputs)).detach(), made.layers[0].reached
    adjoints = torch.autograd.grad(made.states[-1].square().sum(), reached)
    steps, eps = (0, STEPS // 2, STEPS - 2), 1e-5
    expected, measured = [], []
    with torch.no_grad():
        for t in steps:
            slopes_BD = torch.empty_like(adjoints[t])
            for unit in range(slopes_BD.shape[1]):
                ends = []
                for sign in (1, -1):
                    flat_BD = made.flat_state(t).clone()
                    flat_BD[:, unit] += sign * eps
                    last = layer.run(x_TBE[t + 1 :], layer.state_of(flat_BD))[-1]
                    ends.append(last.h.square().sum(dim=1))
                slopes_BD[:, unit] = (ends[0] - ends[1]) / (2 * eps)
            expected.append((slopes_BD / slopes_BD.norm()).ravel().numpy())
            measured.append((adjoints[t] / slopes_BD.norm()).ravel().numpy())
    return np.concatenate(expected), np.concatenate(measured)


def replay(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """The network's outputs in float32, and those of its replay in float64."""
    model, examples = _model(name, settings, num_layers=2), _examples()
    with torch.no_grad():
        return model(examples).double().numpy(), _rolled(model, examples).outputs.numpy()


def single_steps(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """The state after each step: of the run, and from the state before it alone."""
    model, examples = _model(name, settings, num_layers=2), _examples()
    made = _rolled(model, examples)
    pairs = [(made.flat_state(t), made.advance(t, made.flat_state(t - 1))) for t in range(STEPS)]
    run, alone = (torch.stack(states).detach().numpy() for states in zip(*pairs, strict=True))
    return run, alone


def flat_states(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    layer = _layer(name, settings)
    state = layer.run(_inputs())[-1]
    return state.flat.numpy(), layer.state_of(state.flat).flat.numpy()


def blocks_act(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """Doubling the rows of any one block changes what comes out."""
    layer, x_TBE = _layer(name, settings), _inputs()
    before, changed = hidden_states(layer.run(x_TBE)), []
    if list(layer.blocks("weight_ih")) != list(layer.cell.blocks):
        return 1.0, 0.0
    for weight_HE in layer.blocks("weight_ih").values():
        kept = weight_HE.clone()
        weight_HE.mul_(2)
        changed.append(not torch.allclose(hidden_states(layer.run(x_TBE)), before))
        weight_HE.copy_(kept)
    return 1.0, float(np.mean(changed))


def drawn(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """Two cells of one seed: equal, and finite."""
    made = []
    for _ in range(2):
        torch.manual_seed(1)
        made.append(torch.cat([weight.ravel() for weight in _model(name, settings).parameters()]))
    first, second = (weights.detach().numpy() for weights in made)
    return first, second


def gates(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """Each gate that the cell names is handed out by its steps, between 0 and 1."""
    layer = _layer(name, settings)
    right = []
    for state in layer.run(_inputs()):
        for gate in layer.cell.gates:
            values_BH = state.gates.get(gate)
            right.append(
                values_BH is not None
                and bool((values_BH >= 0).all())
                and bool((values_BH <= 1).all())
            )
    return 1.0, float(np.mean(right))


def carries(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """The state after some steps, and the one before, with a bias of 50 on the carry gate."""
    layer = _layer(name, settings)
    assert layer.cell.carry is not None
    set_gate_bias([layer], layer.cell.carry, 50.0)
    if layer.cell.input_gate is not None:
        set_gate_bias([layer], layer.cell.input_gate, -50.0)
    start = layer.state_of(torch.randn(SIZE, layer.state_size, dtype=torch.float64))
    end = layer.run(_inputs(), start)[-1]
    kept, before = (end.h, start.h) if end.c is None else (end.c, start.c)
    assert before is not None
    return before.numpy(), kept.numpy()


def _rolled(model: Unrolled, examples: Batch) -> Rollout:
    with torch.no_grad():
        return model.rollout(examples)


def _inputs() -> Tensor:
    return torch.randn(STEPS, SIZE, FEATURES, dtype=torch.float64)
