"""Settings and models in words, for figures, pages and sentences; what the user wrote literally."""

import re
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from rnnexp.results.models import shown_model

#: matplotlib hides what a legend calls "_so"; not so behind this character, which has no width.
JOINER = "\u2060"

#: What settings are called that have words of their own; any other is called by its name.
SETTINGS = {
    "model.readout": {
        "last": "read at last step, behind any pads",
        "last_valid": "read at last real step",
        "mean": "mean over steps",
        "max": "maximum over steps",
    },
    "data.padding": {"post": "pads behind", "pre": "pads before"},
    "clip.max_norm": {"inf": "no clipping"},
    "clip": {"none": "no clipping"},
    "regulariser": {"none": "no regulariser", "flossing": "gradient flossing"},
    "schedule": {"none": "constant rate"},
    "trainer.truncate": {"None": "gradients not cut"},
}
#: The same for any value.
PATTERNS = {
    "seq_len": "{} steps",
    "data.distance": "cue {} steps back",
    "clip.max_norm": "clipped at {}",
    "init": "{} init",
    "optimizer.lr": "learning rate {}",
    "schedule": "{} schedule",
    "trainer.truncate": "gradients cut every {} steps",
}


def literal(text: str) -> str:
    """Words as they are: no control characters, and shown in a legend whatever they begin with.

    Figures read no text as a formula (`style.figure` sees to that), so `$` is a dollar sign.
    """
    clean = "".join(" " if unicodedata.category(c) == "Cc" and c != "\n" else c for c in str(text))
    return JOINER + clean if clean.startswith("_") else clean


def model_name(model: str) -> str:
    """A model's name as printed."""
    return literal(shown_model(model).printed)


def setting(name: str, value: Any) -> str:
    """A setting in words, the same in all figures.

    >>> setting("init", "normal"), setting("init.std", 0.1), setting("model.hidden_size", 64)
    ('normal init', 'init std 0.1', 'hidden size 64')
    """
    shown = str(value)
    if re.fullmatch(r"-?\d+\.\d+", shown):
        shown = f"{float(shown):g}"
    if words := SETTINGS.get(name, {}).get(shown):
        return words
    if pattern := PATTERNS.get(name):
        return literal(pattern.format(shown))
    return literal(f"{setting_name(name)} {shown}")


def settings(named: Mapping[str, Any]) -> str:
    """Several settings.

    >>> settings({"model": "rnn", "seq_len": 20})
    'RNN, 20 steps'
    """
    return ", ".join(
        model_name(str(value)) if name == "model" else setting(name, value)
        for name, value in named.items()
    )


def setting_name(name: str) -> str:
    """A setting's name in words.

    >>> setting_name("model.hidden_size")
    'hidden size'
    """
    plain = re.sub(r"^(model|data|trainer)\.", "", name)
    return literal(re.sub(r"[._]+", " ", plain))


def label(text: str) -> str:
    """A group's label, as in a table, in the words of a figure.

    >>> label("rnn, clip.max_norm=inf, seq_len=20")
    'RNN, no clipping, 20 steps'
    """
    named, *settings = re.split(r", (?=[\w.+~@-]+=)", text)
    model, _, data = named.partition(", ")
    words = [model_name(model), *([data_name(data)] if data else [])]
    return ", ".join([*words, *(setting(*part.split("=", 1)) for part in settings)])


def in_common(labels: Sequence[str]) -> tuple[str, list[str]]:
    """What all labels say, and what is left of each: the title of a panel and the names of its
    lines. Nothing is in common where nothing would be left of one of several.

    >>> in_common(["RNN, no clipping", "RNN, clipped at 1"])
    ('RNN', ['no clipping', 'clipped at 1'])
    >>> in_common(["RNN", "LSTM"]), in_common(["RNN, no clipping"])
    (('', ['RNN', 'LSTM']), ('RNN, no clipping', ['']))
    """
    if len(labels) == 1:
        return labels[0], [""]
    parts = [label.split(", ") for label in labels]
    common = [part for part in parts[0] if all(part in other for other in parts)] if parts else []
    rest = [", ".join(part for part in own if part not in common) for own in parts]
    return (", ".join(common), rest) if all(rest) and common else ("", list(labels))


def data_name(name: str, synthetic: bool = False) -> str:
    """The data's name, with what must be said of it."""
    shown = "the built-in reviews" if name == "reviews" else name.replace("_", " ")
    return literal(f"{shown} (synthetic)" if synthetic else shown)


def wrapped(text: str, width: int = 36, lines: int = 3) -> str:
    """A label in a few short lines: a long one would leave the axes no room.

    >>> wrapped("one two three", width=8, lines=1)
    'one two …'
    """
    text = literal(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    # letters that are twice as wide as others
    width = max(4, width - width * wide // (2 * max(1, len(text))))
    short = textwrap.wrap(text, width) or [text]
    return "\n".join(
        short if len(short) <= lines else [*short[: lines - 1], f"{short[lines - 1]} …"]
    )
