"""The equations of cells, written a second time: numpy, a loop over steps, nothing shared.

Each takes the weights by the names of the cell's parameters and x [T, B, E], and gives h [T, B, H].
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Twin = Callable[..., Array]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def linear_transition(w: Mapping[str, Array], x_TBE: Array) -> Array:
    h_BH, states = np.zeros((x_TBE.shape[1], len(w["bias_hh"]))), []
    for x_BE in x_TBE:
        read = np.maximum(x_BE @ w["weight_ih"].T + w["bias_ih"], 0)
        h_BH = h_BH @ w["weight_hh"].T + w["bias_hh"] + read
        states.append(h_BH)
    return np.array(states)


def mingru(w: Mapping[str, Array], x_TBE: Array) -> Array:
    """The paper's own form: h = (1 - z) h + z h̃."""
    size = len(w["bias_ih"]) // 2
    h_BH, states = np.zeros((x_TBE.shape[1], size)), []
    for x_BE in x_TBE:
        z = sigmoid(-(x_BE @ w["weight_ih"][:size].T + w["bias_ih"][:size]))
        candidate = x_BE @ w["weight_ih"][size:].T + w["bias_ih"][size:]
        h_BH = (1 - z) * h_BH + z * candidate
        states.append(h_BH)
    return np.array(states)


def minlstm(w: Mapping[str, Array], x_TBE: Array) -> Array:
    size = len(w["bias_ih"]) // 3
    h_BH, states = np.zeros((x_TBE.shape[1], size)), []
    for x_BE in x_TBE:
        read = x_BE @ w["weight_ih"].T + w["bias_ih"]
        f, i = sigmoid(read[:, :size]), sigmoid(read[:, size : 2 * size])
        h_BH = f / (f + i) * h_BH + i / (f + i) * read[:, 2 * size :]
        states.append(h_BH)
    return np.array(states)


def selective(
    w: Mapping[str, Array], x_TBE: Array, negative_eigenvalues: bool = False, **_: Any
) -> Array:
    size = len(w["A_log"])
    h_BH, states = np.zeros((x_TBE.shape[1], size)), []
    for x_BE in x_TBE:
        read = x_BE @ w["weight_ih"].T + w["bias_ih"]
        dt, u = np.log(1 + np.exp(read[:, :size])), read[:, size:]
        a = np.exp(-dt * np.exp(w["A_log"]))
        if negative_eigenvalues:
            a = 2 * a - 1
        h_BH = a * h_BH + dt * u
        states.append(h_BH)
    return np.array(states)


def lru(w: Mapping[str, Array], x_TBE: Array, eigenvalues: str = "complex", **_: Any) -> Array:
    """By the sum h_t = Σ_s λ^(t-s) γ B x_s, with no recurrence at all."""
    size, gamma = len(w["nu"]), np.exp(w["gamma_log"])
    is_complex = eigenvalues == "complex"
    if is_complex:
        eigenvalue = np.exp(-np.exp(w["nu"]) + 1j * np.exp(w["theta"]))
        b_UE = w["weight_ih"][:size] + 1j * w["weight_ih"][size:]
    else:
        eigenvalue, b_UE = np.tanh(w["nu"]), w["weight_ih"]
    states = [
        sum(eigenvalue ** (t - s) * gamma * (x_TBE[s] @ b_UE.T) for s in range(t + 1))
        for t in range(len(x_TBE))
    ]
    if is_complex:
        states = [np.concatenate([np.real(h), np.imag(h)], axis=1) for h in states]
    return np.array(states)


def slstm(w: Mapping[str, Array], x_TBE: Array, forget: str = "exponential") -> Array:
    """Without the stabiliser: as long as the exponentials do not overflow."""
    size = len(w["bias_ih"]) // 4
    h_BH, c, n = (np.zeros((x_TBE.shape[1], size)) for _ in range(3))
    states = []
    for x_BE in x_TBE:
        read = x_BE @ w["weight_ih"].T + h_BH @ w["weight_hh"].T + w["bias_ih"] + w["bias_hh"]
        i, f, z, o = np.split(read, 4, axis=1)
        gate = np.exp(f) if forget == "exponential" else sigmoid(f)
        c = gate * c + np.exp(i) * np.tanh(z)
        n = gate * n + np.exp(i)
        h_BH = sigmoid(o) * c / n
        states.append(h_BH)
    return np.array(states)


def deltanet(
    w: Mapping[str, Array],
    x_TBE: Array,
    key_size: int = 16,
    negative_eigenvalues: bool = True,
) -> Array:
    """S_t = S_(t-1) (I - β k kᵀ) + β v kᵀ, example by example."""
    size, most = len(w["bias_ih"]) - 2 * key_size - 1, 2 if negative_eigenvalues else 1
    states = np.empty((*x_TBE.shape[:2], size))
    for b in range(x_TBE.shape[1]):
        S_HK = np.zeros((size, key_size))
        for t in range(len(x_TBE)):
            read = w["weight_ih"] @ x_TBE[t, b] + w["bias_ih"]
            q, k, v = read[:key_size], read[key_size : 2 * key_size], read[2 * key_size : -1]
            q, k, beta = q / np.linalg.norm(q), k / np.linalg.norm(k), most * sigmoid(read[-1])
            S_HK = S_HK @ (np.eye(key_size) - beta * np.outer(k, k)) + beta * np.outer(v, k)
            states[t, b] = S_HK @ q
    return states


def normed(a: Array, gain: Array, bias: Array) -> Array:
    """Layer normalisation of each row."""
    centred = a - a.mean(axis=1, keepdims=True)
    scaled: Array = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    return gain * scaled + bias


def ln_rnn(w: Mapping[str, Array], x_TBE: Array, nonlinearity: str = "tanh") -> Array:
    h_BH, states = np.zeros((x_TBE.shape[1], len(w["gain"]))), []
    for x_BE in x_TBE:
        summed = x_BE @ w["weight_ih"].T + h_BH @ w["weight_hh"].T
        h_BH = normed(summed, w["gain"], w["bias_ih"])
        h_BH = np.tanh(h_BH) if nonlinearity == "tanh" else np.maximum(h_BH, 0)
        states.append(h_BH)
    return np.array(states)


def ln_lstm(w: Mapping[str, Array], x_TBE: Array) -> Array:
    size = len(w["gain_c"])
    h_BH, c = np.zeros((x_TBE.shape[1], size)), np.zeros((x_TBE.shape[1], size))
    states = []
    for x_BE in x_TBE:
        read = normed(x_BE @ w["weight_ih"].T, w["gain_ih"], w["bias_ih"])
        read = read + normed(h_BH @ w["weight_hh"].T, w["gain_hh"], w["bias_hh"])
        i, f, g, o = np.split(read, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h_BH = sigmoid(o) * np.tanh(normed(c, w["gain_c"], w["bias_c"]))
        states.append(h_BH)
    return np.array(states)


def ln_gru(w: Mapping[str, Array], x_TBE: Array) -> Array:
    """r and z are normalised together, n by itself."""
    size = len(w["bias_ih"]) // 3
    h_BH, states = np.zeros((x_TBE.shape[1], size)), []

    def product(name: str, read: Array, rows: slice) -> Array:
        made = read @ w[f"weight_{name}"][rows].T
        return normed(made, w[f"gain_{name}"][rows], w[f"bias_{name}"][rows])

    gates, new = slice(0, 2 * size), slice(2 * size, None)
    for x_BE in x_TBE:
        open_by = sigmoid(product("ih", x_BE, gates) + product("hh", h_BH, gates))
        r, z = open_by[:, :size], open_by[:, size:]
        n = np.tanh(product("ih", x_BE, new) + r * product("hh", h_BH, new))
        h_BH = (1 - z) * n + z * h_BH
        states.append(h_BH)
    return np.array(states)


#: By the name of the cell. The cells that torch has are checked against torch's.
TWINS: Mapping[str, Twin] = {
    "linear_transition": linear_transition,
    "ln_gru": ln_gru, "ln_lstm": ln_lstm, "ln_rnn": ln_rnn,
    "deltanet": deltanet, "lru": lru, "mingru": mingru, "minlstm": minlstm,
    "selective": selective, "slstm": slstm,
}  # fmt: skip
