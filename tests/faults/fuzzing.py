"""Commands with random values for the settings that there are, whatever components there are."""

import importlib
import types
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, Union, get_args, get_origin

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.config import GROUPS, PROBES, constructor_parameters
from rnnexp.dials import SECTIONS, Dials
from tests.conftest import TASKS, settings_of

#: What a run of every command takes a fraction of a second with.
SMALL = (
    "model.hidden_size=3",
    "trainer.epochs=1",
    "trainer.batch_size=8",
    "plots=false",
    "threads=1",
)

#: Settings that a command may not set, or that would reach for the network.
LEFT_OUT = ("data.url", "data.checksum", "data.folder")

INTS = ["0", "1", "2", "3", "5", "9", "-1", "-7", "1000000000", "2147483648", "1000000000000",
        "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
        "1" + "0" * 30, "1" + "0" * 5000]  # fmt: skip
FLOATS = ["0.0", "0.5", "1.0", "0.99", "1e-3", "-0.5", "3.5", "-0.0", "1e-320", "1e308", "-1e308",
          "1e39", "inf", "-inf", "nan", "1e999"]  # fmt: skip
TEXTS = ["''", "\u202eabc", "x" * 3000, "~nobody/x", "x", "a b", "été", "日本", "😀", "~", "/", ".",
         "..",
         "/dev/null", "/proc/self/mem", "a,b", "a=b", "-", "0x10", "1_000", "None",
         "a\tb", "\u200b",
         "../../etc/passwd", "%s%n", "C:\\x", "'", '"', "\\"]  # fmt: skip
OTHERS = ["null", "true", "false", "[]", "{}", "[1]", "[1,[2,[3]]]", "{a:1}", "{a:{b:[null]}}",
          "[" * 40 + "]" * 40, "${seed}", "${seq_len}", "${nothing.there}", "${oc.env:NOT_THERE}",
          "${oc.env:HOME}", "${data}", "${model.hidden_size}", "???", "${", "$", "[null]", "[nan]",
          "[1000000000000]", "[9223372036854775808]", "[-1]", "[0]", "[5,7]", "''"]  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """key: dotted. kind: its type. choice: the word that brings it, empty at the top level."""

    key: str
    kind: Any
    choice: str = ""


def all_settings() -> list[Setting]:
    """Every setting of every choice in conf/, by the constructor of its class."""
    found = [Setting(key, kind) for key, kind in constructor_parameters(Dials).items()]
    for section, cls in SECTIONS.items():
        parameters = constructor_parameters(cls)
        found += [Setting(f"{section}.{key}", kind) for key, kind in parameters.items()]
    for group in GROUPS:
        for choice, path in plugins.option_files(group).items():
            found += _of(settings_of(path), group, f"{group}={choice}")
    for choice, path in plugins.option_files(PROBES).items():
        for name, node in settings_of(path).items():
            found += _of(node, f"{PROBES}.{name}", f"{PROBES}={choice}")
    return [setting for setting in found if setting.key not in LEFT_OUT]


def _of(node: dict[str, Any], group: str, choice: str) -> list[Setting]:
    module, _, name = node["_target_"].rpartition(".")
    kinds = constructor_parameters(getattr(importlib.import_module(module), name))
    keys = [key for key in node if key in kinds]
    return [Setting(f"{group}.{key}", kinds[key], choice) for key in keys]


def value_for(kind: Any, random: Random) -> str:
    """A value of that type two times in three, else one of any other."""
    if random.random() < 0.35:
        return random.choice(random.choice([INTS, FLOATS, TEXTS, OTHERS]))
    origin = get_origin(kind)
    if origin is Literal:
        return str(random.choice(get_args(kind)))
    if origin in (Union, types.UnionType):
        return value_for(random.choice(get_args(kind)), random)
    if kind is type(None):
        return "null"
    if kind is bool:
        return random.choice(["true", "false"])
    if kind is int:
        return random.choice(INTS) if random.random() < 0.6 else str(random.randint(1, 20))
    if kind is float:
        return random.choice(FLOATS) if random.random() < 0.6 else f"{random.uniform(0, 2):.3f}"
    if kind is str:
        return random.choice(TEXTS)
    if origin is list:
        return "[" + ",".join(value_for(int, random) for _ in range(random.randint(0, 3))) + "]"
    return random.choice(OTHERS)


def command(number: int, everything: Sequence[Setting]) -> tuple[list[str], list[str]]:
    """The words of a case, and the names of which an error has to tell one."""
    random = Random(number)
    chosen = random.sample(everything, random.choice([1, 1, 1, 2, 3]))
    choices: dict[str, str] = {}
    for setting in chosen:
        if setting.choice:
            group, _, choice = setting.choice.partition("=")
            choices.setdefault(group, choice)
    for group in GROUPS:
        if random.random() < 0.1:
            choices.setdefault(group, random.choice(list(plugins.option_files(group))))
    choices.setdefault("data", random.choice(["recall", "reviews", "reviews", "adding"]))
    choices.setdefault(PROBES, random.choice(["none", "none", "none", "all"]))
    words = [f"{group}={choice}" for group, choice in choices.items()]
    words += TASKS[choices["data"]]
    if "hidden_size" in settings_of(plugins.option_files("model")[choices.get("model", "lstm")]):
        words.append(SMALL[0])
    if choices.get("embedding", "learned") == "learned":
        words.append("embedding.dim=3")
    if choices["data"] == "imdb" and not any(word.startswith("data.path") for word in words):
        words.append("data.path=texts.csv")
    words += SMALL[1:]
    of_choice = {f"{group}={choice}" for group, choice in choices.items()}
    fuzzed = [s for s in chosen if not s.choice or s.choice in of_choice]
    values = [value_for(s.kind, random) for s in fuzzed]
    words += [f"{s.key}={value}" for s, value in zip(fuzzed, values, strict=True)]
    names = [name for s in fuzzed for name in (s.key, s.key.rpartition(".")[2])]
    # what is wrong may be another setting, of which an error then tells the whole key
    names += [*of_choice, *(s.key for s in everything if "." in s.key)]
    names += [
        f"probe '{choices[PROBES]}'",
        *(value[:40] for value in values if "/" in value or len(value) > 100),
        *(f"error: {value}: " for value in values if value),  # a path that leads nowhere
    ]
    return words, names


def words_only(words: Sequence[str]) -> str:
    """The command for a message."""
    return " ".join(word if len(word) < 200 else word[:200] + "..." for word in words)


assert settings
