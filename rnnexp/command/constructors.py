"""What a class says of its settings: their types in words, their ranges, what each means.

All of it is read off the class, as rnnexp reads its schema: the types of the constructor's
arguments, the ranges that its code checks by `rnnexp.ranges`, the entries `name: meaning` of its
docstrings.
"""

import ast
import inspect
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from rnnexp.config import constructor_parameters

#: What a call of each function of `rnnexp.ranges`, and of `rnnexp.bounds`, says of a setting.
CHECKS = {
    "at_least": "at least {}",
    "more_than": "more than {}",
    "at_most": "at most {}",
    "a_fraction": "at least 0 and less than 1",
}

_PLAIN = {type(None): "null", str: "text", bool: "true or false", Any: "any value"}


@dataclass(frozen=True)
class Described:
    """A setting: its type in words, the ranges that are stated, what it means; empty: not said."""

    kind: str
    ranges: str
    meaning: str


def described(cls: type) -> dict[str, Described]:
    """Each argument of the constructor, by name."""
    parameters = constructor_parameters(cls)
    ranges, meanings = _ranges(cls, parameters), _meanings(cls, parameters)
    return {
        name: Described(
            type_in_words(annotation), ", ".join(ranges.get(name, [])), meanings.get(name, "")
        )
        for name, annotation in parameters.items()
    }


def type_in_words(annotation: Any) -> str:
    """A type as a reader of the settings wants it.

    >>> type_in_words(int | None), type_in_words(Literal["last", "best"]), type_in_words(list[int])
    ('int or null', 'last or best', 'list of int')
    """
    parts = list(dict.fromkeys(_parts(annotation)))
    if "null" in parts:
        parts = [*(part for part in parts if part != "null"), "null"]
    return " or ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _parts(annotation: Any) -> list[str]:
    """What a value may be, one by one."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return [_literal(value) for value in arguments]
    if origin in (Union, types.UnionType):
        return [part for argument in arguments for part in _parts(argument)]
    return [_simple(annotation, origin, arguments)]


def _simple(annotation: Any, origin: Any, arguments: Sequence[Any]) -> str:
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return "settings as in {name:value}"
    if isinstance(kind, type) and issubclass(kind, Sequence) and kind is not str:
        return f"list of {type_in_words(arguments[0])}" if arguments else "list"
    return _PLAIN.get(annotation) or str(getattr(annotation, "__name__", annotation))


def docstring_without_settings(cls: type, names: Sequence[str]) -> str:
    """What the class says of itself: no entries of settings, no examples; its own docstring alone.

    Empty for a class without one, and for one that a dataclass has made.
    """
    text = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    if text.startswith(f"{cls.__name__}("):
        return ""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        if paragraph.lstrip().startswith(">>>"):
            continue
        starts = [start for start, _, _ in _entries(paragraph, names)]
        kept = paragraph[: starts[0]] if starts else paragraph
        if kept.strip():
            paragraphs.append(kept.rstrip())
    return "\n\n".join(paragraphs)


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- ranges ----------------------------------------------------------------------------------------


def _ranges(cls: type, names: dict[str, Any]) -> dict[str, list[str]]:
    """What the code of a class, and the functions of its module, check of each setting."""
    found: dict[str, list[str]] = {}
    for base in reversed(cls.__mro__):
        module = inspect.getmodule(base)
        if module is None or not base.__module__.partition(".")[0]:
            continue
        for node in _nodes_of(base, module):
            if isinstance(node, ast.Call) and (said := _said(node, vars(module), names)):
                name, text = said
                if text not in found.setdefault(name, []):
                    found[name].append(text)
    return found


def _nodes_of(base: type, module: types.ModuleType) -> Iterator[ast.AST]:
    """All that belongs to the class or to no class: not what another class of the module checks."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):  # built in, or of a notebook
        return
    for statement in tree.body:
        if not isinstance(statement, ast.ClassDef) or statement.name == base.__name__:
            yield from ast.walk(statement)


def _said(call: ast.Call, scope: dict[str, Any], names: dict[str, Any]) -> tuple[str, str] | None:
    """The setting that a call checks, and in which range it must lie."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else None
    function = call.func.id if isinstance(call.func, ast.Name) else function
    if function not in CHECKS or not call.args or not isinstance(call.args[0], ast.Constant):
        return None
    name = call.args[0].value
    if name not in names:
        return None
    if "{}" not in CHECKS[function]:
        return name, CHECKS[function]
    bound = _number(call.args[2], scope) if len(call.args) > 2 else None
    return None if bound is None else (name, CHECKS[function].format(f"{bound:,}"))


def _number(node: ast.expr, scope: dict[str, Any]) -> int | float | None:
    """A number, or a constant of a module by its name; None for what is computed."""
    value: Any = None
    if isinstance(node, ast.Constant):
        value = node.value
    elif isinstance(node, ast.Name):
        value = scope.get(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        value = getattr(scope.get(node.value.id), node.attr, None)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


# -- meanings --------------------------------------------------------------------------------------


def _meanings(cls: type, names: dict[str, Any]) -> dict[str, str]:
    """The entries of the docstrings of the class, of its bases and of their constructors."""
    found: dict[str, str] = {}
    for base in cls.__mro__[:-1]:
        for member in (base, base.__dict__.get("__init__")):
            text = inspect.cleandoc(getattr(member, "__doc__", None) or "")
            for paragraph in text.split("\n\n"):
                for _, entry, meaning in _entries(paragraph, list(names)):
                    if meaning.startswith("as in `"):  # which says nothing to who reads on
                        continue
                    for name in entry:
                        found.setdefault(name, meaning)
    return found


def _entries(paragraph: str, names: Sequence[str]) -> list[tuple[int, list[str], str]]:
    """`name: meaning` and `one, other: meaning`: where it starts, the names, the meaning."""
    pattern = re.compile(r"(?:^|(?<=\. ))((?:[a-z]\w*, )*[a-z]\w*): (?=\S)", re.M)
    heads = list(pattern.finditer(paragraph))
    ends = [*(match.start() for match in heads), len(paragraph)][1:]
    entries = [
        (head.start(), head[1].split(", "), " ".join(paragraph[head.end() : end].split()))
        for head, end in zip(heads, ends, strict=True)
    ]
    return [entry for entry in entries if set(entry[1]) & set(names)]
