"""The configurations of a study's jobs: those that choose the same options are composed once.

Hydra reads all files of choices anew for each job, a tenth of a second, and three times over: to
check it, to see whether it composes, to run it. Jobs that differ in plain settings alone have one
composition, into which each job's settings are written, as Hydra itself writes them in the end.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigSource
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from rnnexp.command.specs import VARIABLE

#: Settings in Hydra's own part that rnnexp gives each job. Others may decide how one is composed.
OWN = (
    "hydra.sweep.dir",
    "hydra.job.config.override_dirname.exclude_keys",
    f"hydra.job.env_set.{VARIABLE}",
)


class ComposedOnce(ConfigLoader):
    """inner: Hydra's own, which composes; what it gives for a job is what this one gives.

    composed: how often it was asked to.
    """

    def __init__(self, inner: ConfigLoader) -> None:
        self._inner = inner
        self._parser = OverridesParser.create(config_loader=inner)
        self._bases: dict[tuple[str | None, tuple[str, ...]], DictConfig] = {}
        self._groups: dict[str, bool] = {}
        self.composed = 0

    def __reduce__(self) -> tuple[Any, ...]:
        """A launcher's worker composes by itself."""
        return _itself, (self._inner,)

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """The configuration of a job; as Hydra's own, with `hydra` in it."""
        words = [*master_config.hydra.overrides.hydra, *sweep_overrides]
        try:
            config = self._composed(master_config.hydra.job.config_name, words)
        except Exception:  # what is wrong with them Hydra says in its own words
            self.composed += 1
            return self._inner.load_sweep_config(master_config, sweep_overrides)
        OmegaConf.copy_cache(from_config=master_config, to_config=config)
        return config

    def _composed(self, name: str | None, words: Sequence[str]) -> DictConfig:
        overrides = self._parser.parse_overrides(list(words))
        of_hydra = [override for override in overrides if override.is_hydra_override()]
        of_run = [override for override in overrides if not override.is_hydra_override()]
        settings = [override for override in of_hydra if override.key_or_group in OWN]
        chosen = [override for override in of_hydra if override.key_or_group not in OWN]
        # settings that are added or taken away, and a whole node, depend on the order of all words
        in_order = any(
            (_has_sign(word) and not self._chooses(word)) or isinstance(word.value(), Mapping)
            for word in of_run
        )
        for override in of_run:
            whole = in_order or _has_sign(override) or self._chooses(override)
            (chosen if whole else settings).append(override)

        config = copy.deepcopy(self._of_choices(name, [str(word.input_line) for word in chosen]))
        for setting in settings:
            OmegaConf.update(
                config, setting.key_or_group, setting.value(), merge=True,
                force_add=setting.is_force_add(),
            )  # fmt: skip
        known = config.hydra
        known.overrides.hydra = [override.input_line for override in of_hydra]
        known.overrides.task = [override.input_line for override in of_run]
        known.job.override_dirname = _dirname(of_run, known.job.config.override_dirname)
        return config

    def _of_choices(self, name: str | None, words: Sequence[str]) -> DictConfig:
        key = name, tuple(words)
        if key not in self._bases:
            self.composed += 1
            self._bases[key] = self._inner.load_configuration(
                name, list(words), run_mode=RunMode.RUN
            )
        return self._bases[key]

    def _chooses(self, override: Override) -> bool:
        """Whether it names options of a group; it may hold what Hydra refuses."""
        key = override.key_or_group
        if key not in self._groups:
            self._groups[key] = bool(self.get_group_options(key, None))
        return self._groups[key] or override.package is not None or override.is_sweep_override()

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        return self._inner.load_configuration(
            config_name, overrides, run_mode, from_shell, validate_sweep_overrides
        )

    def get_search_path(self) -> ConfigSearchPath:
        return self._inner.get_search_path()

    def get_sources(self) -> list[ConfigSource]:
        return self._inner.get_sources()

    def list_groups(self, parent_name: str) -> list[str]:
        return self._inner.list_groups(parent_name)

    def get_group_options(
        self,
        group_name: str,
        results_filter: ObjectType | None = ObjectType.CONFIG,
        config_name: str | None = None,
        overrides: list[str] | None = None,
    ) -> list[str]:
        return self._inner.get_group_options(group_name, results_filter, config_name, overrides)

    def compute_defaults_list(
        self, config_name: str | None, overrides: list[str], run_mode: RunMode
    ) -> Any:
        return self._inner.compute_defaults_list(config_name, overrides, run_mode)


def _itself(inner: ConfigLoader) -> ConfigLoader:
    return inner


def _has_sign(override: Override) -> bool:
    """Whether it is typed with +, ++ or ~ in front."""
    return override.is_add() or override.is_force_add() or override.is_delete()


def _dirname(overrides: Sequence[Override], how: Any) -> str:
    """What `hydra.job.override_dirname` is: the words in the order of the alphabet."""
    words = [
        str(override.input_line)
        for override in overrides
        if override.key_or_group not in how.exclude_keys
    ]
    return re.sub("=", lambda match: str(how.kv_sep), str(how.item_sep).join(sorted(words)))
