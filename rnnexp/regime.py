"""What the initial weights will do to the gradient, predicted before any training.

Mean-field theory of a wide tanh network with independent random weights: the preactivations at each
step are Gaussian with variance q, the fixed point of

    q = g² E[φ(√q z)²] + v,    z ~ N(0, 1),

g² = ‖W_hh‖²/H (= σ²H), v the variance that the input brings. The squared norm of a gradient then
changes per step by g² E[φ'(√q z)²]. Source: Poole et al. 2016, "Exponential expressivity in deep
neural networks through transient chaos"; Chen, Pennington and Schoenholz 2018, "Dynamical isometry
and a mean field theory of RNNs", for recurrent networks.

Shapes: T time, B batch, E features, H hidden.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnexp.model.base import SequenceModel
from rnnexp.model.cells.base import Recurrence
from rnnexp.probes.base import Array
from rnnexp.probes.norms import mean_and_interval
from rnnexp.probes.recurrent_weights import largest_singular_value, spectral_radius
from rnnexp.types import Batch

#: A change of the gradient to less than this share of it, or to more than its inverse, is told by
#: its power of ten.
ONE_PERCENT = 0.01

#: E[f(z)] = _WEIGHTS @ f(_NODES), z ~ N(0, 1), by the trapezoid rule on nodes that crowd at 0: the
#: derivative of a saturated tanh is a peak there, much narrower than the Gaussian.
_NODES = 1e-4 * np.sinh(np.linspace(-12.1, 12.1, 20_001))
_WEIGHTS = np.gradient(_NODES) * np.exp(-(_NODES**2) / 2)
_WEIGHTS /= _WEIGHTS.sum()

#: Enough examples to know the variance of the inputs.
EXAMPLES = 8

#: Above this share of ‖W‖² on the diagonal the weights are no independent random numbers.
ON_DIAGONAL = 0.1

#: Nor are they where a row has fewer effective elements, (Σ w²)² / Σ w⁴, than this share of H, or
#: than this number. Of H independent numbers it is H/3 (Gaussian) to 0.56 H (uniform); of a
#: permutation 1.
SPARSE_SHARE, SPARSE = 1 / 6, 1.5

#: Nor where ‖W‖² / σ_max² is below this share of H. Of independent numbers it is H/4; of an
#: orthogonal matrix H, of an outer product 1.
LOW_RANK, RANK_ONE = 0.1, 1.1


@dataclass(frozen=True)
class LayerRegime:
    """One layer at its initial weights.

    g: √(‖W‖²/H) of the recurrent weights, σ√H for independent elements. radius: ρ(W).
    sigma_max: σ_max(W). The three are None of a cell without such a matrix.
    variance: q. mean_slope: E[φ'(√q z)], for tanh the mean of 1 - h².
    gain: factor on the gradient's norm per step back. gain_low, gain_high: its 95% interval over
    the examples whose inputs were taken; None for one example.
    path: `all paths`, or `direct path only` for a cell with a carry gate, whose gain is the mean of
    that gate. Cells with several blocks of weights: g, radius and sigma_max are the largest over
    the blocks, and there is no variance. Of weights that are no random matrix, such as the
    identity, and of cells of another form the theory says nothing: there is no gain, and the path
    is `not predicted`.
    """

    g: float | None
    radius: float | None
    sigma_max: float | None
    variance: float | None
    mean_slope: float | None
    gain: float | None
    path: str
    gain_low: float | None = None
    gain_high: float | None = None


@dataclass(frozen=True)
class Regime:
    """The layer that carries the gradient furthest, and what it means over `seq_len` steps.

    half_life: steps in which the gradient halves (or doubles, where gain > 1), None at gain 1.
    one_percent: steps after which 1% of it is left (or a hundred times); None at gain 1.

    It is about the gradient at these weights, and says nothing of what training will do to them.
    """

    layers: Sequence[LayerRegime]
    seq_len: int

    @property
    def layer(self) -> LayerRegime:
        """The one that carries the gradient furthest; one without a prediction, where there is."""
        unpredicted = [layer for layer in self.layers if layer.gain is None]
        return unpredicted[0] if unpredicted else max(self.layers, key=lambda of: of.gain or 0.0)

    @property
    def half_life(self) -> float | None:
        return self._steps_to(0.5)

    @property
    def one_percent(self) -> float | None:
        return self._steps_to(ONE_PERCENT)

    def _steps_to(self, share: float) -> float | None:
        if self.layer.gain is None:
            return None
        log_gain = abs(math.log(self.layer.gain)) if self.layer.gain > 0 else math.inf
        return math.log(1 / share) / log_gain if log_gain > 1e-9 else None

    @property
    def sentence(self) -> str:
        """What is left of the gradient, in words.

        >>> layer = LayerRegime(0.58, 0.57, 1.1, 0.4, 0.75, 0.43, "all paths")
        >>> Regime([layer], 400).sentence
        'at these weights gradients halve every 0.8 steps: over 400 steps 2.4e-147 of them is left'
        """
        layer, half_life = self.layer, self.half_life
        if layer.gain is None:
            return "the theory of random weights does not cover this network: it must be measured"
        if layer.gain == 0:
            return "at these weights no gradient passes a single step"
        log10 = self.seq_len * math.log10(layer.gain)
        over = f"{self.seq_len} step" + ("s" if self.seq_len != 1 else "")
        direct = layer.path != "all paths"
        subject = "at these weights gradients" + (" on the direct path alone" if direct else "")
        if half_life is None or abs(log10) <= -math.log10(ONE_PERCENT):
            factor = f"{10**log10:.2g}" if half_life is not None else "1"
            return (
                f"{subject} keep their order of size: over {over} they change by a factor of "
                f"{factor}"
            )
        steps = f"{half_life:.1f} steps" if half_life < 10 else f"{half_life:.0f} steps"
        if log10 > 0:
            return f"{subject} double every {steps}: over {over} they grow by {_power(log10)}"
        return f"{subject} halve every {steps}: over {over} {_power(log10)} of them is left"

    def summary(self) -> dict[str, Any]:
        """For summary.json."""
        return {
            **asdict(self.layer),
            "half_life": self.half_life,
            "one_percent": self.one_percent,
            "sentence": self.sentence,
            "layers": [asdict(layer) for layer in self.layers],
        }

    def lines(self) -> list[str]:
        """A short block for the console."""
        layer = self.layer
        named = {
            "g = ": layer.g, "ρ = ": layer.radius, "σ_max = ": layer.sigma_max,
            "mean slope ": layer.mean_slope,
        }  # fmt: skip
        numbers = [f"{name}{number:.3g}" for name, number in named.items() if number is not None]
        measures = "at the initial weights: "
        measures += ", ".join(numbers) or "there is no matrix from state to state"
        if layer.gain is None:
            return [measures, self.sentence]
        name = "mean carry gate" if layer.path != "all paths" else "gain per step"
        predicted = f"predicted {name} {layer.gain:.3g}"
        if layer.gain_low is not None and layer.gain_high is not None:
            predicted += f" ({layer.gain_low:.3g} to {layer.gain_high:.3g}, 95% over examples)"
        if self.one_percent is not None:
            size = "1% is left" if layer.gain < 1 else "it is a hundred times as large"
            predicted += f": {size} after {self.one_percent:.3g} steps"
        return [measures, predicted, self.sentence]


def regime_of(model: SequenceModel, examples: Batch) -> Regime | None:
    """What the weights will do to the gradient of such examples; None without a recurrence,
    and with two directions, each of which the other one's states reach."""
    layers = model.recurrences()
    if not layers or model.directions > 1:
        return None
    with torch.no_grad():
        rollout = model.rollout(examples.rows(0, EXAMPLES))
    read_TBE = [rollout.inputs, *(layer.states for layer in rollout.layers[:-1])]
    inputs_NE = [torch.stack(list(x), dim=1)[rollout.valid_BT] for x in read_TBE]
    example_N = rollout.valid_BT.nonzero()[:, 0]
    return predict_regime(layers, inputs_NE, examples.inputs.shape[1], example_N)


def predict_regime(
    layers: Sequence[Recurrence],
    inputs_NE: Sequence[Tensor],
    seq_len: int,
    example_N: Tensor | None = None,
) -> Regime:
    """What these weights will do over `seq_len` steps.

    inputs_NE: for each layer N of the vectors that it reads, pads left out. example_N: which
    example each of them is of; None: all of one, and there is no interval.
    """
    if example_N is None:
        example_N = torch.zeros(len(inputs_NE[0]), dtype=torch.long)
    pairs = zip(layers, inputs_NE, strict=True)
    return Regime(
        [_layer(layer, x_NE.detach().double().cpu(), example_N.cpu()) for layer, x_NE in pairs],
        seq_len,
    )


def mean_field(g: float, input_variance: float, nonlinearity: str) -> tuple[float, float, float]:
    """q, E[φ'(√q z)] and the gain per step √(g² E[φ'(√q z)²]) for φ `tanh`, `relu` or `linear`.

    q is infinite where ReLU or a linear recurrence has no fixed point; the gain does not need it.

    >>> q, slope, gain = mean_field(g=0.5, input_variance=0.0, nonlinearity="tanh")
    >>> round(q, 6), round(slope, 6), round(gain, 6)
    (0.0, 1.0, 0.5)
    """
    phi, derivative = _FUNCTIONS[nonlinearity]
    q = input_variance
    if nonlinearity != "tanh" and g**2 * float(_WEIGHTS @ (phi(_NODES) ** 2)) >= 1:
        return math.inf, *_slopes(g, 1.0, derivative)  # the same slopes at any variance
    for _ in range(100_000):
        root = math.sqrt(q)
        following = g**2 * float(_WEIGHTS @ (phi(root * _NODES) ** 2)) + input_variance
        if abs(following - q) <= 1e-13 * max(1.0, q):
            break
        q = following
    return q, *_slopes(g, q, derivative)


def _slopes(g: float, q: float, derivative: Callable[[Array], Array]) -> tuple[float, float]:
    """E[φ'] and the gain per step."""
    slopes = derivative(math.sqrt(q) * _NODES)
    return float(_WEIGHTS @ slopes), g * math.sqrt(float(_WEIGHTS @ slopes**2))


def _layer(layer: Recurrence, x_NE: Tensor, example_N: Tensor) -> LayerRegime:
    layer = layer.to(torch.device("cpu"), torch.float64)
    blocks = layer.blocks("weight_hh").values()
    g = max((float(w.norm()) / math.sqrt(len(w)) for w in blocks), default=None)
    radius = max(map(spectral_radius, blocks), default=None)
    sigma_max = max(map(largest_singular_value, blocks), default=None)
    unpredicted = LayerRegime(g, radius, sigma_max, None, None, None, "not predicted")
    cell = layer.cell
    if cell.carry is not None:
        # h is small against the inputs at first: what it adds to the gate is left out
        gates_NH = cell.first_carry(x_NE, layer.weights)
        if gates_NH is None or not bool(gates_NH.isfinite().all()):
            return unpredicted
        gates_N = gates_NH.mean(dim=1)
        low, high = _over_examples(gates_N, example_N)
        gate, path = float(gates_N.mean()), "direct path only"
        return LayerRegime(g, radius, sigma_max, None, None, gate, path, low, high)
    if g is None or cell.activation not in _FUNCTIONS or len(blocks) > 1:
        return unpredicted
    a_NH = cell.preactivation(cell.candidate, x_NE, layer.weights)
    if not bool(a_NH.isfinite().all()):
        return unpredicted
    (weight_HH,) = blocks
    if is_structured(weight_HH):
        return unpredicted
    squares_N = a_NH.square().mean(dim=1)
    q, slope, gain = mean_field(g, float(squares_N.mean()), cell.activation)
    ends = [
        None if variance is None else mean_field(g, max(variance, 0.0), cell.activation)[2]
        for variance in _over_examples(squares_N, example_N)
    ]
    # the larger the inputs, the flatter the slopes: the ends change places
    low, high = sorted(ends, key=lambda end: end or 0.0)
    return LayerRegime(g, radius, sigma_max, q, slope, gain, "all paths", low, high)


def is_structured(weight_HH: Tensor) -> bool:
    """Whether a matrix is visibly no draw of independent numbers, nor an orthogonal mixture.

    Identity, permutation, diagonal and sparse matrices, outer products: what they do to a gradient
    depends on more than the size of their elements. All zeros are not structured. Of few units it
    cannot be seen: of draws of independent numbers three in ten are taken for structured at H = 3,
    one in seven at H = 4, none from H = 8 on, and every one at H = 1.
    """
    w = weight_HH.detach().double()
    squares_HH, hidden = w.square(), len(w)
    total = float(squares_HH.sum())
    if total == 0:
        return False
    if float(squares_HH.diagonal().sum()) / total > max(ON_DIAGONAL, 4 / hidden):
        return True
    fourth_H = squares_HH.square().sum(dim=1)
    effective_H = squares_HH.sum(dim=1).square()[fourth_H > 0] / fourth_H[fourth_H > 0]
    if float(effective_H.median()) < max(SPARSE, SPARSE_SHARE * hidden):
        return True
    return total / largest_singular_value(w) ** 2 < max(RANK_ONE, LOW_RANK * hidden)


def _power(log10: float) -> str:
    """10^log10 in two digits, in whole powers where float64 cannot hold it."""
    return f"{10**log10:.2g}" if abs(log10) < 300 else f"1e{log10:+.0f}"


def _over_examples(values_N: Tensor, example_N: Tensor) -> tuple[float | None, float | None]:
    """The 95% t-interval of the mean of positive numbers, over examples; None for one alone.

    On the logarithmic scale, by the delta method: sizes of inputs are skewed.
    """
    examples = sorted(set(example_N.tolist()))
    means = np.array([[float(values_N[example_N == b].mean()) for b in examples]])
    mean, low, high = (float(ends[0]) for ends in mean_and_interval(means))
    if math.isnan(low):
        return None, None
    factor = math.exp((high - mean) / mean) if mean > 0 else 1.0
    return mean / factor, mean * factor


_FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: np.heaviside(z, 0.5)),
    "linear": (lambda z: z, np.ones_like),
}
