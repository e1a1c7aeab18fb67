"""Cells against their twins in numpy, their gradients by finite differences, and what each must do
exactly.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnexp.checks import twins
from rnnexp.checks.suite import Values, check
from rnnexp.model.cells import make_cell
from rnnexp.model.cells.base import Recurrence, State, hidden_states, make_weights
from rnnexp.model.rollout import rollout
from rnnexp.model.unrolled import UnrolledRNN
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.probes.lyapunov import lyapunov_spectrum

STEPS, SIZE, FEATURES, HIDDEN = 20, 3, 4, 6


def layer_of(name: str, **options: Any) -> Recurrence:
    """A layer in float64."""
    cell = make_cell(name, **options)
    weights = make_weights(cell, FEATURES, HIDDEN)
    return Recurrence(cell, *weights.values()).to(torch.device("cpu"), torch.float64)


def inputs(steps: int = STEPS) -> Tensor:
    return torch.randn(steps, SIZE, FEATURES, dtype=torch.float64)


def beside_its_twin(name: str, *variants: dict[str, Any]) -> tuple[Values, Values]:
    """h of all steps of each variant: the twin's, the cell's."""
    expected, measured = [], []
    for options in variants:
        layer, x_TBE = layer_of(name, **options), inputs()
        weights = {key: weight.numpy() for key, weight in layer.weights.items()}
        expected.append(twins.TWINS[name](weights, x_TBE.numpy(), **options).ravel())
        measured.append(hidden_states(layer.run(x_TBE)).numpy().ravel())
    return np.concatenate(expected), np.concatenate(measured)


def through_gradient_flow(name: str, **options: Any) -> tuple[Values, Values]:
    """‖dL/dh_t‖ of two steps as gradient_flow has it, and by differences.

    Of a cell whose h no step needs, of what is handed on in its place.
    """
    network = UnrolledRNN(FEATURES, HIDDEN, cell=name, cell_options=options).double()
    x_TBE, steps = inputs(), (2, STEPS - 2)
    (layer,) = network.recurrences()
    layer = layer.to(torch.device("cpu"), torch.float64)
    made = rollout(network, x_TBE)
    norms = gradient_flow(made, made.outputs.square().sum()).states_LTB[0]
    size, eps = made.layers[0].reached[0].shape[1], 1e-5
    expected = np.empty((len(steps), SIZE))
    with torch.no_grad():
        for row, t in enumerate(steps):
            flat_BD, slopes = made.flat_state(t), []
            for unit in range(size):
                ends = []
                for sign in (1, -1):
                    changed_BD = flat_BD.clone()
                    changed_BD[:, unit] += sign * eps
                    last = layer.run(x_TBE[t + 1 :], layer.state_of(changed_BD))[-1]
                    ends.append(last.h.square().sum(dim=1))
                slopes.append((ends[0] - ends[1]) / (2 * eps))
            expected[row] = torch.stack(slopes).norm(dim=0).numpy()
    return expected, norms[list(steps)]


@check("cells: mingru equals its twin in numpy", 1e-10, relative=False)
def mingru_twin() -> tuple[Values, Values]:
    return beside_its_twin("mingru", {})


@check("cells: minlstm equals its twin in numpy", 1e-10, relative=False)
def minlstm_twin() -> tuple[Values, Values]:
    return beside_its_twin("minlstm", {})


@check("cells: lru equals Σ λ^(t-s) γ B x_s, complex and real", 1e-10, relative=False)
def lru_twin() -> tuple[Values, Values]:
    return beside_its_twin("lru", {}, {"eigenvalues": "real"})


@check("cells: slstm equals the unstabilised form in numpy", 1e-10, relative=False)
def slstm_twin() -> tuple[Values, Values]:
    return beside_its_twin("slstm", {}, {"forget": "sigmoid"})


@check("cells: selective equals its twin in numpy, both ranges", 1e-10, relative=False)
def selective_twin() -> tuple[Values, Values]:
    return beside_its_twin("selective", {}, {"negative_eigenvalues": True})


@check("cells: deltanet equals its twin in numpy, both ranges", 1e-10, relative=False)
def deltanet_twin() -> tuple[Values, Values]:
    return beside_its_twin("deltanet", {}, {"key_size": 3, "negative_eigenvalues": False})


@check("cells: gradient_flow of mingru, finite differences", 1e-6)
def mingru_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("mingru")


@check("cells: gradient_flow of minlstm, finite differences", 1e-6)
def minlstm_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("minlstm")


@check("cells: gradient_flow of lru, finite differences", 1e-6)
def lru_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("lru", r_min=0.5)


@check("cells: gradient_flow of slstm, finite differences", 1e-6)
def slstm_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("slstm")


@check("cells: gradient_flow of selective, finite differences", 1e-6)
def selective_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("selective", negative_eigenvalues=True)


@check("cells: gradient_flow of deltanet, its matrix, finite differences", 1e-6)
def deltanet_by_differences() -> tuple[Values, Values]:
    return through_gradient_flow("deltanet", key_size=3)


@check("cells: slstm, dL/dc_t, finite differences", 1e-6)
def slstm_cell_state_by_differences() -> tuple[Values, Values]:
    """c_t acts through c_(t+1) and through h_t = σ(õ) c_t / n_t."""
    network = UnrolledRNN(FEATURES, HIDDEN, cell="slstm").double()
    x_TBE, t, eps = inputs(), 5, 1e-5
    (layer,) = network.recurrences()
    layer = layer.to(torch.device("cpu"), torch.float64)
    made = rollout(network, x_TBE)
    norms = gradient_flow(made, made.outputs.square().sum()).cells_LTB
    assert norms is not None
    with torch.no_grad():
        state = layer.run(x_TBE)[t]
        h, c, n, m = state.handed_on

        def loss(change_BH: Tensor) -> Tensor:
            parts = (h + state.gates["output"] * change_BH / n, c + change_BH, n, m)
            start = layer.cell.state_of(parts)
            return layer.run(x_TBE[t + 1 :], start)[-1].h.square().sum(dim=1)

        slopes = [
            (loss(eps * unit_H) - loss(-eps * unit_H)) / (2 * eps)
            for unit_H in torch.eye(HIDDEN, dtype=torch.float64)
        ]
    return torch.stack(slopes).norm(dim=0).numpy(), norms[0, t]


@check("cells: mingru with z = 0 keeps h exactly", 0.0, relative=False)
def mingru_keeps() -> tuple[Values, Values]:
    layer = layer_of("mingru")
    layer.blocks("bias_ih")["keep"].fill_(60)
    start_BH = torch.randn(SIZE, HIDDEN, dtype=torch.float64)
    return start_BH.numpy(), layer.run(inputs(), State(start_BH))[-1].h.numpy()


@check("cells: minlstm with biases b and -b keeps the share σ(b)", 1e-14)
def minlstm_shares() -> tuple[Values, Values]:
    layer = layer_of("minlstm")
    layer.weight_ih.zero_()
    layer.blocks("bias_ih")["forget"].fill_(0.7)
    layer.blocks("bias_ih")["input"].fill_(-0.7)
    (state,) = layer.run(inputs(1))
    return 1 / (1 + math.exp(-0.7)), state.gates["forget"].numpy()


@check("cells: selective with Δ = 0 keeps h exactly, both ranges", 0.0, relative=False)
def selective_keeps() -> tuple[Values, Values]:
    start_BH = torch.randn(SIZE, HIDDEN, dtype=torch.float64)
    kept = []
    for negative in (False, True):
        layer = layer_of("selective", negative_eigenvalues=negative)
        layer.blocks("bias_ih")["keep"].fill_(-1000)
        kept.append(layer.run(inputs(), State(start_BH))[-1].h.numpy())
    return np.stack([start_BH.numpy()] * 2), np.stack(kept)


@check("cells: selective down to -1 changes the sign at each step", 1e-12, relative=False)
def selective_alternates() -> tuple[Values, Values]:
    layer = layer_of("selective", negative_eigenvalues=True)
    layer.weight_ih.zero_()
    layer.blocks("bias_ih")["content"].zero_()
    layer.blocks("bias_ih")["keep"].fill_(50)
    start_BH = torch.randn(SIZE, HIDDEN, dtype=torch.float64)
    return -start_BH.numpy(), layer.run(inputs(7), State(start_BH))[-1].h.numpy()


@check("cells: the Lyapunov exponents of lru are ln |λ|", 1e-10)
def lru_exponents() -> tuple[Values, Values]:
    network = UnrolledRNN(FEATURES, HIDDEN, cell="lru").double()
    (nu,) = (p.detach() for name, p in network.named_parameters() if name == "nu_l0")
    expected = np.sort(np.repeat(-np.exp(nu.numpy()), 2))[::-1]
    return np.stack([expected] * SIZE), lyapunov_spectrum(rollout(network, inputs(60)))


@check("cells: slstm is finite where exp(x) is not: 900 of input and forget gates", 1e-12)
def slstm_does_not_overflow() -> tuple[Values, Values]:
    """ĩ = f̃ = 900: the first step outweighs each later one by e^900 or more."""
    layer = layer_of("slstm")
    layer.weights["weight_hh"].zero_()
    for name in ("input", "forget"):
        layer.blocks("weight_ih")[name].zero_()
        layer.blocks("bias_ih")[name].fill_(900.0)
        layer.blocks("bias_hh")[name].zero_()
    states = layer.run(inputs(30))
    last = states[-1]
    return (last.gates["output"] * states[0].gates["cell"]).numpy(), last.h.numpy()


@check("cells: deltanet with β = 1 overwrites the value of a key", 1e-14, relative=False)
def deltanet_overwrites() -> tuple[Values, Values]:
    v_BH, value_BH, _ = _one_correction(1.0)
    return v_BH.numpy(), value_BH.numpy()


@check("cells: deltanet with β = 2 and v = 0 reflects the value of a key", 1e-14, relative=False)
def deltanet_reflects() -> tuple[Values, Values]:
    _, value_BH, before_BH = _one_correction(2.0, nothing=True)
    return -before_BH.numpy(), value_BH.numpy()


def _one_correction(beta: float, nothing: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """v, and what the matrix has for the key after and before a step, [B, H]."""
    layer = layer_of("deltanet", key_size=4)
    start_BD = torch.randn(SIZE, HIDDEN * 4, dtype=torch.float64)
    k_BK = torch.nn.functional.normalize(torch.randn(SIZE, 4, dtype=torch.float64), dim=1)
    v_BH = torch.zeros(SIZE, HIDDEN) if nothing else torch.randn(SIZE, HIDDEN)
    beta_B1 = torch.full((SIZE, 1), beta, dtype=torch.float64)
    a_BG = torch.cat([k_BK, k_BK, v_BH.double(), beta_B1], dim=1)  # asks for what it writes
    after = layer.cell.step(a_BG, layer.state_of(start_BD))
    before_BH = torch.einsum("bhk,bk->bh", start_BD.view(SIZE, HIDDEN, 4), k_BK)
    return v_BH.double(), after.h, before_BH
