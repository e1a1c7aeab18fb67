"""The typed schema of the dials: from a composed configuration to checked plain arguments.

A component says what it takes in its constructor, and nowhere else: names, types and defaults are
read off the signature, ranges are checked by the component itself. So a component of a user's own
package is checked as strictly as ours, and none of them ever sees a configuration node.
"""

import importlib
import inspect
import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ConfigDict, PydanticSchemaGenerationError, TypeAdapter, ValidationError

from rnnexp.dials import SECTIONS, Checkpoints, Dials, Jobs
from rnnexp.earlier import instead
from rnnexp.errors import ConfigError, UserError, did_you_mean, first_line, nearest, to_type
from rnnexp.plugins import PRESETS, option_files, own_config_dir

#: Settings that change what a run is called, shown or stored as, and none of its numbers.
LABELS = ("name", "study", "question", "plots")

#: Keys of a file in conf/ that are no settings.
META_KEYS = ("_target_", "defaults")

#: The class that every choice of a group must be an instance of, by name: importing takes seconds.
GROUPS = {
    "data": "rnnexp.data.base.Task",
    "model": "rnnexp.model.base.SequenceModel",
    "embedding": "rnnexp.embedding.base.Encoder",
    "init": "rnnexp.init.base.Init",
    "clip": "rnnexp.clip.base.Clip",
    "optimizer": "rnnexp.optimizer.base.Optimizer",
    "schedule": "rnnexp.schedule.base.Schedule",
    "loss": "rnnexp.loss.base.Loss",
    "regulariser": "rnnexp.regulariser.base.Regulariser",
    "trainer": "rnnexp.training.trainer.Trainer",
}


#: What else a setting of several types may be, by what is wrong with the value.
OTHER_KINDS = {"list_type": "a list", "dict_type": "names with values, as {neg: 1, pos: 3}"}

#: The groups of which a run has any number of choices, each under its own name, and their classes.
#: They watch a run, and change none of its numbers.
PROBES, LOGGER = "probes", "logger"
LISTS = {PROBES: "rnnexp.probes.base.Probe", LOGGER: "rnnexp.logger.base.Logger"}

#: The choice of such a group that stands for no choice.
NONE = "none"

#: The choice of every probe there is, made when a command starts.
ALL_PROBES = "all"

#: The probes of a run that names none; one that the model or the data do not allow is skipped.
DEFAULT_PROBES = ("gradient_flow", "grad_norm", "hidden_dynamics")


def plain(cfg: DictConfig) -> dict[str, Any]:
    """The configuration as a resolved plain dict, without Hydra's own part."""
    try:
        own = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
        values = OmegaConf.to_container(own, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        what, key = str(error).splitlines()[0], getattr(error, "full_key", None)
        raise ConfigError(f"{key}: {what}" if key and str(key) not in what else what) from None
    assert isinstance(values, dict)
    return {str(key): _at_home(value) for key, value in values.items()}


def _at_home(value: Any) -> Any:
    """With the user's own folder for the `~` of `~/reviews.csv`: no shell looks behind the `=`."""
    if isinstance(value, Mapping):
        return {key: _at_home(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_at_home(item) for item in value]
    if isinstance(value, str) and re.match(r"~\w*[/\\]", value):
        return os.path.expanduser(value)
    return value


def dials(config: Mapping[str, Any]) -> Dials:
    """The top-level settings. Raises ConfigError for unknown keys, wrong types, bad ranges."""
    missing = [group for group in GROUPS if not isinstance(config.get(group), Mapping)]
    if missing:
        raise ConfigError(f"{missing[0]} is not set: choose one with {missing[0]}=...")
    _check_presets(config)
    parts = (*GROUPS, *LISTS, *SECTIONS)
    own = {key: value for key, value in config.items() if key not in parts}
    arguments = checked_arguments(Dials, own, prefix="", others=parts)
    checked: Dials = _call(Dials, arguments, prefix="", own=own)
    checkpoints(config)
    jobs(config)
    return checked


def checkpoints(config: Mapping[str, Any]) -> Checkpoints:
    """The section `checkpoint`. Raises ConfigError for what is wrong in it."""
    section = _section(config, "checkpoint")
    assert isinstance(section, Checkpoints)
    return section


def jobs(config: Mapping[str, Any]) -> Jobs:
    """The section `jobs`. Raises ConfigError for what is wrong in it."""
    section = _section(config, "jobs")
    assert isinstance(section, Jobs)
    return section


def _section(config: Mapping[str, Any], name: str) -> Checkpoints | Jobs:
    """One that an earlier version did not have is at its defaults."""
    cls, own = SECTIONS[name], config.get(name)
    if own is None:
        return cls()
    if not isinstance(own, Mapping):
        keys = ", ".join(f"{name}.{key}" for key in constructor_parameters(cls))
        raise ConfigError(f"{name} holds settings: use {keys}")
    section: Checkpoints | Jobs = _call(
        cls, checked_arguments(cls, own, f"{name}."), f"{name}.", own
    )
    return section


def _check_presets(config: Mapping[str, Any]) -> None:
    """Raise ConfigError where a preset's settings lie under `experiment` and not at the top."""
    inside = config.get(PRESETS)
    if not isinstance(inside, Mapping):
        return
    line = "# @package _global_"
    lacking = [
        str(path)
        for path in option_files(PRESETS).values()
        if line not in path.read_text(encoding="utf-8").splitlines()
    ]
    raise ConfigError(
        f"the preset's settings ({', '.join(map(str, inside))}) lie under '{PRESETS}': the line "
        f"'{line}' must stand at the top of its file" + (f" ({', '.join(lacking)})" * bool(lacking))
    )


def arguments(
    config: Mapping[str, Any], group: str, **offered: Any
) -> tuple[type[Any], dict[str, Any]]:
    """The class that a group's choice names, and the arguments for its constructor.

    group: `model`, or `probes.lyapunov` for one of the probes.
    offered: values that the constructor gets where it asks for them by name, such as `seq_len`.
    """
    node = node_of(config, group)
    target = node.get("_target_")
    if not isinstance(target, str):
        raise ConfigError(
            f"{group} has no _target_, the class to build: choose one with {group}=..."
        )
    cls = _import_class(target, group)
    own = {key: value for key, value in node.items() if key != "_target_"}
    wanted = constructor_parameters(cls)
    taken = [key for key in own if key in offered and key in wanted]
    if taken:
        raise ConfigError(f"{group}.{taken[0]} cannot be set: it follows from the other settings")
    checked = checked_arguments(cls, own, prefix=f"{group}.")
    return cls, checked | {key: value for key, value in offered.items() if key in wanted}


def build(config: Mapping[str, Any], group: str, **offered: Any) -> Any:
    """The component that a group's choice describes; see `arguments`."""
    cls, checked = arguments(config, group, **offered)
    return _call(cls, checked, prefix=f"{group}.", own=node_of(config, group))


def probe_names(config: Mapping[str, Any]) -> list[str]:
    """The probes of a run. Raises ConfigError for what is no probe."""
    return names_in(config, PROBES)


def names_in(config: Mapping[str, Any], group: str) -> list[str]:
    """The choices of a run in one of `LISTS`. Raises ConfigError for what is none."""
    chosen, what = config.get(group) or {}, "logger" if group == LOGGER else "probe"
    options = [name for name in option_files(group) if name != NONE]
    if not isinstance(chosen, Mapping):
        raise ConfigError(f"{group} must name {what}s, as in '{group}=[{','.join(options[:2])}]'")
    for name in chosen:
        if not isinstance(chosen[name], Mapping) or "_target_" not in chosen[name]:
            known = [*([ALL_PROBES] if group == PROBES else []), *options]
            way_out = f": add it with {adding(group, name)}" if name in known else ""
            way_out = way_out or did_you_mean(name, known) or f" (there are {', '.join(known)})"
            raise ConfigError(f"{group}.{name} is no {what} of this run{way_out}")
    return list(chosen)


def adding(group: str, name: str) -> str:
    """The word that gives a run one more choice of one of `LISTS`: some probes are there anyway."""
    return f"{'+' if group == PROBES else ''}{group}={name}"


def node_of(config: Mapping[str, Any], group: str) -> Mapping[str, Any]:
    """The settings of a component, by the name of its group or `probes.lyapunov`."""
    own: Any = config
    for part in group.split("."):
        own = own[part]
    assert isinstance(own, Mapping)
    return own


def constructor_parameters(cls: type) -> dict[str, Any]:
    """Name and type of the constructor's arguments.

    Where a constructor passes **others on, the next class' arguments are added.
    """
    parameters: dict[str, Any] = {}
    for base in cls.__mro__:
        constructor = base.__dict__.get("__init__")
        if constructor is None:
            continue
        hints = get_type_hints(constructor)
        kinds = {p.name: p.kind for p in inspect.signature(constructor).parameters.values()}
        for name, kind in kinds.items():
            if name != "self" and kind in (
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                inspect.Parameter.KEYWORD_ONLY,
            ):
                parameters.setdefault(name, hints.get(name, Any))
        if inspect.Parameter.VAR_KEYWORD not in kinds.values():
            break
    return parameters


@cache
def _targets(group: str) -> dict[str, str]:
    """The name of rnnexp's own choice that names each target."""
    names: dict[str, str] = {}
    for path in sorted(own_config_dir().glob(f"{group}/*.yaml")):
        for target in re.findall(r"^\s*_target_: *(\S+)", path.read_text(encoding="utf-8"), re.M):
            names.setdefault(target, path.stem)
    return names


def name_of_target(group: str, target: str) -> str | None:
    """The choice of rnnexp's own that builds this class; None for a class of the user's own."""
    return _targets(group).get(target)


def _import_class(target: str, group: str) -> type[Any]:
    """Import a component's class. What a run's files name is looked at before, in trust.py."""
    module_name, _, class_name = target.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module_name), class_name)
    except (Exception, SystemExit) as error:  # a module of the user's own may do anything
        expected = isinstance(error, ImportError | AttributeError | ValueError)
        kind = "" if expected else f"{type(error).__name__}: "
        raise ConfigError(
            f"{group}._target_={target} cannot be imported ({kind}{first_line(error)})"
        ) from None
    base_path = {**GROUPS, **LISTS}[group.partition(".")[0]]
    base_module, _, base_name = base_path.rpartition(".")
    base = getattr(importlib.import_module(base_module), base_name)
    # nothing but a component is ever called
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise ConfigError(f"{group}._target_={target} is no subclass of {base_path}")
    return cls


def checked_arguments(
    cls: type, values: Mapping[str, Any], prefix: str, others: Iterable[str] = ()
) -> dict[str, Any]:
    """`values` where every key is an argument of `cls` and of its type."""
    parameters = constructor_parameters(cls)
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in parameters:
            if now := instead(f"{prefix}{key}", str(value)):
                raise ConfigError(f"{prefix}{key} has another name now: type {now}")
            near = nearest(key, [*parameters, *others])
            hint = f"; did you mean '{prefix}{near}'?" if near is not None else ""
            if prefix and key in GROUPS:  # a group of its own, and no setting of another
                hint = f"; it is a group of its own: choose one with {key}=..."
            raise ConfigError(f"unknown setting '{prefix}{key}'{hint}")
        checked[key] = _typed(f"{prefix}{key}", value, parameters[key])
    return checked


def _typed(key: str, value: Any, annotation: Any) -> Any:
    _check_numbers(key, value)
    try:
        adapter = TypeAdapter(annotation)
    except PydanticSchemaGenerationError:
        adapter = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    try:
        return adapter.validate_python(value, strict=True)
    except ValidationError as error:
        details = error.errors()[0]
        must = details["msg"].replace("Input should be", "must be")
        must = must.replace("an instance of Sequence", "a list, as [0.9,0.99]")
        kinds = {fault["type"]: OTHER_KINDS.get(fault["type"]) for fault in error.errors()[1:]}
        must += "".join(f" or {kind}" for kind in kinds.values() if kind and kind not in must)
        options = details.get("ctx", {}).get("expected", "")
        near = did_you_mean(str(value), options.replace(" or ", ", ").replace("'", "").split(", "))
        shown = json.dumps(value) if value is None or isinstance(value, bool) else value
        hint = near if options else ""
        if details["type"] == "string_type" and isinstance(value, int | float):
            hint = f"; to have it read as a text, type {to_type(key, str(shown))}"
        raise ConfigError(f"{key} {must} (got {shown}){hint}") from None


def _check_numbers(key: str, value: Any) -> None:
    """Raise ConfigError for a number that no setting can have, wherever in a value it is."""
    inside = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list):
        for part in inside:
            _check_numbers(key, part)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        # not shown: Python itself refuses to write out one of some thousands of digits
        raise ConfigError(f"{key} must be a number of 64 bits: it is beyond ±2^63, about ±9.2e18")
    elif isinstance(value, float) and math.isnan(value):
        raise ConfigError(f"{key} must be a number (got nan)")


def _call(cls: type, checked: dict[str, Any], prefix: str, own: Mapping[str, Any]) -> Any:
    """`cls(**checked)`; a ValueError that begins with a setting's name gets the group before it."""
    try:
        return cls(**checked)
    except UserError:
        raise
    except ValueError as error:
        raise ConfigError(with_group(str(error), prefix.rstrip("."), own)) from error
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise ConfigError(f"{prefix.rstrip('.')}: {error}") from error
    except (MemoryError, OverflowError, RuntimeError) as error:
        # a size that a component leaves to torch or numpy to refuse
        said = first_line(error) or type(error).__name__
        made_of = ", ".join(f"{prefix}{key}={value}" for key, value in _numbers(checked))
        of_what = f" of {made_of}" if made_of else ""
        raise ConfigError(f"{prefix.rstrip('.')} cannot be made ({said}){of_what}") from error


def _numbers(checked: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The arguments that are numbers, or lists of some: the sizes are among them."""
    numbers = {key: v for key, v in checked.items() if isinstance(v, int | float | list)}
    return [(key, v) for key, v in numbers.items() if not isinstance(v, bool)]


def with_group(message: str, group: str, own: Mapping[str, Any]) -> str:
    """A message that begins with the name of one of the group's settings, with the group before it.

    own: the settings of the group. Any other message stays as it is.

    >>> with_group("cell_options.rate must be 1", "model", {"cell_options": None})
    'model.cell_options.rate must be 1'
    """
    first = re.split(r"[\s=.]", message, maxsplit=1)[0]
    return f"{group}.{message}" if group and first in own else message
