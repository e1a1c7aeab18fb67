"""What a search tries: the words of a command as settings to search over, fixed ones and seeds.

A setting with several values is searched over, in Hydra's own words: `choice(a,b)` or `a,b`,
`range(...)`, `interval(...)`, `tag(log, interval(...))`. The seeds are no setting of these: every
trial is trained with each of them.
"""

import importlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
    Transformer,
)
from omegaconf import DictConfig, OmegaConf

from rnnexp import config as settings
from rnnexp.dials import SECTIONS, Dials
from rnnexp.errors import ConfigError
from rnnexp.plugins import PRESETS
from rnnexp.results.search import Dimension, Value

#: Jobs that are checked before the first trial: all combinations of the ends where these are so
#: many, else each end beside the first, and beside the last, of all others.
MOST_CORNERS = 32

#: Settings of which no value is better than another.
_NOT_SEARCHED = (*settings.LABELS, *SECTIONS, *settings.LISTS)


@dataclass(frozen=True)
class Space:
    """fixed: the other words of the command, without the seed."""

    dimensions: Sequence[Dimension]
    fixed: Sequence[str]
    seeds: Sequence[int]

    @classmethod
    def of(cls, config: DictConfig, words: Sequence[str]) -> "Space":
        """Raises ConfigError for what cannot be searched over."""
        dimensions: dict[str, Dimension] = {}
        fixed: dict[str, str] = {}
        seeds = [int(config.get("seed") or 0)]
        for override in OverridesParser.create().parse_overrides(list(words)):
            name = override.key_or_group
            dimensions.pop(name, None)  # said twice, the last word counts
            fixed.pop(name, None)
            if name == "seed":
                seeds = _seeds(override)
            elif override.is_sweep_override():
                dimensions[name] = _dimension(override, config)
            else:
                fixed[name] = str(override.input_line)
        if not dimensions:
            raise ConfigError(
                "hydra/sweeper=optuna has nothing to search over: give a setting several values, "
                "as in 'optimizer.lr=tag(log,interval(1e-4,1e-1))'"
            )
        return cls(list(dimensions.values()), list(fixed.values()), seeds)

    def jobs(self, values: Mapping[str, Value]) -> list[list[str]]:
        """The words of a trial's jobs, one for each seed. values: by the names of settings."""
        own = [f"{d.key}={d.text(values[d.name])}" for d in self.dimensions]
        return [[*self.fixed, *own, f"seed={seed}"] for seed in self.seeds]

    def corners(self) -> list[list[str]]:
        """The jobs that are checked before the first trial, of one seed."""
        ends = {d.name: d.ends for d in self.dimensions}
        points = itertools.islice(itertools.product(*ends.values()), MOST_CORNERS + 1)
        corners = [dict(zip(ends, point, strict=True)) for point in points]
        if len(corners) > MOST_CORNERS:
            corners = []
            for others in (0, -1):
                base = {name: values[others] for name, values in ends.items()}
                corners += [{**base, name: end} for name, values in ends.items() for end in values]
        jobs = [self.jobs(corner)[0] for corner in corners]
        return [list(words) for words in dict.fromkeys(map(tuple, jobs))]

    def grid(self) -> Iterator[dict[str, Value]]:
        """Every point of a space that has so many and no more, in order. Raises ConfigError."""
        return (
            dict(zip((d.name for d in self.dimensions), point, strict=True))
            for point in itertools.product(*map(_all_values, self.dimensions))
        )


def _all_values(dimension: Dimension) -> Sequence[Value]:
    if dimension.kind == "choice":
        return dimension.choices
    assert dimension.low is not None
    assert dimension.high is not None
    if dimension.step is None:
        raise ConfigError(
            f"hydra.sweeper.sampler=grid tries every value, and {dimension.name}="
            f"{dimension.words} has no end of them: use choice(...) or range(...)"
        )
    count = round((dimension.high - dimension.low) / dimension.step) + 1
    values = [dimension.low + place * dimension.step for place in range(count)]
    return [int(value) for value in values] if dimension.kind == "int" else values


def _seeds(override: Override) -> list[int]:
    value = override.value()
    given: list[Any] = []
    if not override.is_sweep_override():
        given = [value]
    elif isinstance(value, ChoiceSweep | RangeSweep):
        given = list(override.sweep_iterator())
    seeds = [seed for seed in given if isinstance(seed, int) and not isinstance(seed, bool)]
    if not seeds or len(seeds) < len(given):
        raise ConfigError(
            f"'{override.input_line}': every trial is trained with each of the seeds, which are "
            "whole numbers, as in seed=0,1,2"
        )
    return list(dict.fromkeys(seeds))


def _dimension(override: Override, config: DictConfig) -> Dimension:
    key, _, words = str(override.input_line).partition("=")
    name = override.key_or_group
    group = name.lstrip("~").partition(".")[0]
    if group == PRESETS:
        raise ConfigError(
            f"{name} cannot be searched over: a preset is a command of its own, with its own data "
            "and settings; give it one value, or search over one of the settings that it makes"
        )
    if group in _NOT_SEARCHED:
        raise ConfigError(f"{name} cannot be searched over: it changes no score; give it one value")
    value = override.value()
    if isinstance(value, ChoiceSweep):
        texts = override.sweep_iterator(transformer=Transformer.encode)
        choices = tuple(dict.fromkeys(_as_typed(str(text)) for text in texts))
        return Dimension(key=key, words=words, kind="choice", choices=choices)
    if not isinstance(value, RangeSweep | IntervalSweep):
        raise ConfigError(
            f"'{key}={words}' cannot be searched over: write its values out, as in "
            f"{key}=choice(a,b)"
        )
    if unknown := sorted(value.tags - {"log"}):
        raise ConfigError(
            f"'{key}={words}' has the tag {unknown[0]}, and there is no other than log"
        )
    log = "log" in value.tags
    if isinstance(value, RangeSweep):
        if log:
            raise ConfigError(
                f"'{key}={words}': a range has no logarithmic scale: use choice(...), or "
                "tag(log,interval(...)), or tag(log,int(interval(...))) for whole numbers"
            )
        return _range(key, words, value)
    low, high = value.start, value.end
    assert low is not None
    assert high is not None
    if low >= high:
        raise ConfigError(f"'{key}={words}' must begin with its lower end")
    if log and low <= 0:
        raise ConfigError(f"'{key}={words}' must begin above 0: it is drawn on a logarithmic scale")
    whole = isinstance(low, int) and isinstance(high, int)
    if not whole and takes_whole_numbers(name, config):  # Hydra reads 1 in an interval as 1.0
        if not (float(low).is_integer() and float(high).is_integer()):
            raise ConfigError(f"'{key}={words}' must have whole numbers for ends, as {name} has")
        whole = True
    return Dimension(
        key=key, words=words, kind="int" if whole else "float", low=low, high=high, log=log,
        step=1 if whole and not log else None,
    )  # fmt: skip


def _as_typed(text: str) -> str:
    """Hydra spells `true` as Python does."""
    return text.lower() if text in ("True", "False") else text


def _range(key: str, words: str, value: RangeSweep) -> Dimension:
    low, stop, step = value.start, value.stop, value.step
    assert low is not None
    assert stop is not None
    count = len(list(itertools.takewhile(lambda place: low + place * step < stop - 1e-9 * step,
                                         itertools.count()))) if step > 0 else 0  # fmt: skip
    if count < 1:
        raise ConfigError(f"'{key}={words}' holds no value")
    whole = all(isinstance(number, int) for number in (low, step))
    return Dimension(
        key=key, words=words, kind="int" if whole else "float", low=low,
        high=low + (count - 1) * step, step=step,
    )  # fmt: skip


def takes_whole_numbers(key: str, config: DictConfig) -> bool:
    """Whether a setting takes whole numbers alone, by the constructor of the choice made."""
    group, _, name = key.lstrip("+").rpartition(".")
    cls: Any = Dials
    if group:
        target = str(OmegaConf.select(config, f"{group}._target_"))
        try:
            module, _, cls_name = target.rpartition(".")
            cls = getattr(importlib.import_module(module), cls_name)
        except (ImportError, AttributeError, ValueError):  # told when it is built
            return False
    kind = settings.constructor_parameters(cls).get(name)
    return {kind, *get_args(kind)} - {type(None)} in ({int}, {int | None, int})
