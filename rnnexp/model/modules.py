"""The layers of a recurrent module that somebody made: torch's own, or one written out by steps.

What counts are the weights that the module's forward pass uses, however they come about: plain
parameters, or the result of a parametrisation, a weight norm or a pruning mask.

Shapes: T time, B batch, E features, H hidden.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from rnnexp.model.cells.base import Cell, Recurrence
from rnnexp.model.cells.gru import GRUCell
from rnnexp.model.cells.lstm import LSTMCell
from rnnexp.model.cells.rnn import RNNCell

#: The cell of each mode that torch.nn.RNNBase knows: torch adds no more of them.
TORCH_MODES: Mapping[str, Cell] = {
    "RNN_TANH": RNNCell("tanh"),
    "RNN_RELU": RNNCell("relu"),
    "LSTM": LSTMCell(),
    "GRU": GRUCell(),
}

TORCH_CLASSES = (nn.RNN, nn.LSTM, nn.GRU)

#: Hooks before a forward pass that only refresh a weight.
WEIGHT_HOOKS = (WeightNorm, SpectralNorm, prune.BasePruningMethod)

#: What to do with a module of which no layers can be read, by its type.
ADVICE: Mapping[type[nn.Module], str] = {
    nn.RNNCellBase: "it computes a single step: use torch.nn.RNN, LSTM or GRU",
    nn.Sequential: "give the recurrent module in it, as in model[0]",
    nn.ModuleList: "give the recurrent module in it, as in model[0]",
}


def layers_of(module: nn.Module) -> list[Recurrence]:
    """The layers of a recurrent module from the bottom up, on the weights its forward pass uses.

    module: torch.nn.RNN, LSTM or GRU, plain, weight-normed, parametrised or pruned; or a module
    that tells its layers itself by a method `recurrences()`, as `UnrolledRNN` does; each also
    inside torch.compile or DataParallel.

    Raises ValueError for every other module, and for what has no cell here: two directions, a
    projection, or a forward pass of its own.
    """
    module = unwrapped(module)
    own_layers = getattr(module, "recurrences", None)
    if callable(own_layers):
        layers: list[Recurrence] = own_layers()
        if layers:
            return layers
    if isinstance(module, TORCH_CLASSES) and module.bidirectional:
        raise ValueError("a bidirectional module has two recurrences: roll out one direction each")
    return list(directions_of(module).values())


def directions_of(module: nn.Module) -> dict[str, Recurrence]:
    """The layers of torch's module, both directions of each, by the end of their parameters' names:
    `l0`, `l0_reverse`, `l1`, ...

    Raises ValueError as `layers_of` does, but for two directions.
    """
    if not isinstance(module, nn.RNNBase) or not isinstance(module, TORCH_CLASSES):
        raise ValueError(_no_layers(module))
    if module.proj_size:
        raise ValueError("proj_size: an LSTM with a projection cannot be rolled out")
    own_forward = "forward" in vars(module) or type(module).__call__ is not nn.Module.__call__
    if own_forward or not any(type(module).forward is of.forward for of in TORCH_CLASSES):
        raise ValueError(
            f"{type(module).__name__} has a forward pass of its own, which cannot be rolled out: "
            "give it a method recurrences() that returns its layers"
        )
    if any(not isinstance(hook, WEIGHT_HOOKS) for hook in module._forward_pre_hooks.values()):
        raise ValueError(
            f"{type(module).__name__} has a forward_pre_hook, which may change what it reads: "
            "remove the hook, and give the inputs as it would make them"
        )
    with effective_weights(module):
        return {
            end: Recurrence(TORCH_MODES[module.mode], *_weights(module, end))
            for layer in range(module.num_layers)
            for end in (f"l{layer}", f"l{layer}_reverse")[: 1 + module.bidirectional]
        }


def unwrapped(module: Any) -> nn.Module:
    """The module inside torch.compile's or DataParallel's.

    Raises ValueError for what is no torch module.
    """
    inner = module
    while True:
        if isinstance(inner, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            inner = inner.module
        elif hasattr(inner, "_orig_mod"):  # torch.compile's: the class itself is no public name
            inner = inner._orig_mod
        else:
            break
    if not isinstance(inner, nn.Module):
        raise ValueError(
            f"a {type(module).__name__} cannot be rolled out: give torch.nn.RNN, LSTM or GRU"
        )
    return inner


@contextmanager
def effective_weights(module: nn.Module) -> Iterator[None]:
    """The module's weights as its next forward pass would have them in evaluation mode.

    Weight norm and pruning of the older kind refresh them before each forward pass; a spectral norm
    in training mode would change its own estimate whenever a weight is read.
    """
    training = {part: part.training for part in module.modules()}
    try:
        for part in training:
            part.training = False
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, WEIGHT_HOOKS):
                hook(module, ())
        yield
    finally:
        for part, mode in training.items():
            part.training = mode


def _weights(module: nn.RNNBase, end: str) -> list[Tensor]:
    weights: list[Tensor] = []
    for name in ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if module.bias else ())):
        weight = getattr(module, f"{name}_{end}", None)
        if not isinstance(weight, Tensor) or weight.is_meta:
            raise ValueError(f"{type(module).__name__} has no numbers in {name}_{end}")
        weights.append(weight)
    if not module.bias:
        weights += [weights[0].new_zeros(len(weights[0]))] * 2
    return weights


def _no_layers(module: nn.Module) -> str:
    advice = next(
        (words for kind, words in ADVICE.items() if isinstance(module, kind)),
        "give torch.nn.RNN, LSTM or GRU in floating point, or a module with a method recurrences()",
    )
    kind = type(module)
    name = f"{kind.__module__}.{kind.__name__}" if kind.__module__ != "__main__" else kind.__name__
    return f"a {name} cannot be rolled out: {advice}"
