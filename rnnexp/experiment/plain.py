"""A trained network as torch's own modules: an embedding, a recurrence, a linear head.

    embedding   torch.nn.Embedding: a vector for each token id (none where inputs are numbers)
    recurrence  torch.nn.RNN, LSTM or GRU, with the names of its weights: weight_ih_l0, ...
    head        torch.nn.Linear: logits from the state that the readout chooses

Shapes: T time, B batch, E features.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from rnnexp.embedding.base import PAD_ID
from rnnexp.embedding.features import Features
from rnnexp.embedding.learned import Learned
from rnnexp.errors import UserError
from rnnexp.model.base import SequenceModel
from rnnexp.model.modules import TORCH_MODES

#: torch's class of each of its modes that has one of its own; the others are torch.nn.RNN's.
_CLASSES: Mapping[str, Callable[..., nn.RNNBase]] = {"LSTM": nn.LSTM, "GRU": nn.GRU}


def plain_modules(model: SequenceModel) -> nn.ModuleDict:
    """Copies of the network's weights in torch's own modules, by name; in evaluation mode.

    `recurrence(embedding(ids_TB))` are the states that the readout chooses from, time first, and
    `head` makes logits of what it chooses.

    Raises UserError, in a line, for a network with a part that torch has no module for.

    >>> plain = plain_modules(run.model())                              # doctest: +SKIP
    >>> torch.nn.LSTM(8, 16).load_state_dict(plain.recurrence.state_dict())  # doctest: +SKIP
    """
    parts: dict[str, nn.Module] = {}
    if isinstance(model.encoder, Learned):
        words, size = model.encoder.vectors.weight.shape
        parts["embedding"] = nn.Embedding(words, size, padding_idx=PAD_ID)
        parts["embedding"].load_state_dict(model.encoder.vectors.state_dict())
    elif not isinstance(model.encoder, Features):
        kind = type(model.encoder).__name__
        raise _refused(f"torch.nn has no module for what reads its inputs ({kind})")
    parts["recurrence"] = _recurrence(model)
    if type(model.head) is not nn.Linear:
        raise _refused(f"the head of {model.called} is no torch.nn.Linear")
    parts["head"] = nn.Linear(model.head.in_features, model.head.out_features)
    parts["head"].load_state_dict(model.head.state_dict())
    return nn.ModuleDict(parts).to(next(model.parameters()).dtype).eval()


def arguments_of(module: nn.Module) -> dict[str, Any]:
    """What makes a module of the same shape: its class in torch.nn, and the arguments of it."""
    names = {
        nn.Embedding: ("num_embeddings", "embedding_dim", "padding_idx"),
        nn.Linear: ("in_features", "out_features"),
    }.get(type(module), ("input_size", "hidden_size", "num_layers", "dropout", "bidirectional"))
    arguments = {name: getattr(module, name) for name in names}
    if isinstance(module, nn.RNN):
        arguments["nonlinearity"] = module.nonlinearity
    return {"class": type(module).__name__, "arguments": arguments}


def _recurrence(model: SequenceModel) -> nn.RNNBase:
    """torch's module of the network's recurrence, with its weights."""
    own = getattr(model, "recurrence", None)
    if isinstance(own, nn.RNNBase):
        made = _made(
            own.mode, own.input_size, own.hidden_size, own.num_layers, own.dropout,
            own.bidirectional,
        )  # fmt: skip
    else:
        made = _of_written_out(model)
    if own is None:
        raise _refused(f"{model.called} keeps its recurrence elsewhere")
    try:
        made.load_state_dict(own.state_dict())
    except RuntimeError:
        raise _refused(f"the weights of {model.called} are not torch's") from None
    return made


def _of_written_out(model: SequenceModel) -> nn.RNNBase:
    """torch's module for cells that are written out here and that torch has too."""
    layers = model.recurrences()
    if not layers:
        raise _refused(f"{model.called} has no recurrence")
    modes = [mode for mode, cell in TORCH_MODES.items() if cell == layers[0].cell]
    if not modes or any(layer.cell != layers[0].cell for layer in layers):
        raise _refused(f"torch.nn has no module for {model.called}")
    input_size = layers[0].weight_ih.shape[1]
    dropout = model.dropout_between_layers
    return _made(modes[0], input_size, layers[0].hidden_size, len(layers), dropout, False)


def _made(
    mode: str, input_size: int, hidden_size: int, num_layers: int, dropout: float,
    bidirectional: bool,
) -> nn.RNNBase:  # fmt: skip
    common: dict[str, Any] = {
        "num_layers": num_layers, "dropout": dropout, "bidirectional": bidirectional,
    }  # fmt: skip
    if mode in _CLASSES:
        return _CLASSES[mode](input_size, hidden_size, **common)
    nonlinearity = mode.removeprefix("RNN_").lower()
    return nn.RNN(input_size, hidden_size, nonlinearity=nonlinearity, **common)


def _refused(why: str) -> UserError:
    return UserError(f"{why}: export it as a program, to a file that ends in .pt2")
