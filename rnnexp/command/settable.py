"""Settings that have no effect, or a wrong one, are refused: Hydra's own, and those of studies."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from omegaconf import DictConfig, OmegaConf

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.dials import Jobs
from rnnexp.errors import ConfigError, to_type

#: What to type instead of settings of Hydra's that rnnexp sets itself.
_INSTEAD = {
    "run.dir": "runs go to outputs/runs/ and name=... ends a run's name (a study's: study=...)",
    "sweep.subdir": "study=... names a study, and its runs are named by what varies",
    "output_subdir": "a run's settings are in its config.yaml",
    "job.chdir": "files are looked for from the folder where rnnexp is started",
}


def check_places(config: DictConfig, several: bool) -> None:
    """Raise ConfigError for a setting of Hydra's that would have no effect, or a wrong one."""
    own = plugins.read_yaml(plugins.own_config_dir() / "config.yaml")["hydra"]
    for key, value in _leaves(own):
        there = OmegaConf.select(config.hydra, key)
        if key.startswith("callbacks.") or there == value:
            continue
        if key == "sweep.dir":
            if not several:
                raise ConfigError("hydra.sweep.dir has no effect on a single run: add -m")
            continue
        shown = json.dumps(there) if isinstance(there, bool) or there is None else there
        instead = _INSTEAD.get(key)
        raise ConfigError(
            f"hydra.{key}={shown} cannot be set" + (f": {instead}" if instead else "")
        )


def check_is_of_use(config: DictConfig, several: bool, swept: Collection[str] = ()) -> None:
    """Raise ConfigError for a setting of studies on a single run, and the other way round."""
    if several:
        if config.name is not None or "name" in swept:
            raise ConfigError(
                "name=... ends the name of a single run and has no effect on a study: "
                f"type {to_type('study', str(config.name or 'NAME'))} to name it"
            )
        if "question" in swept:
            raise ConfigError(
                "question has several values, and is one of the whole study: quote what has a "
                "comma in it, as in 'question=\"Does it, really?\"'"
            )
        varied = sorted(key for key in swept if key.partition(".")[0] == settings.LOGGER)
        if varied:
            raise ConfigError(
                f"{varied[0]} has several values, and loggers do not tell runs apart: give it one "
                "(several loggers of each run: 'logger=[tensorboard,mlflow]')"
            )
        return
    if config.study is not None:
        name = str(config.study)  # which may look like a number
        raise ConfigError(
            f"{to_type('study', name)} has no effect on a single run: add -m to make a study of "
            f"it, or type {to_type('name', name)}"
        )
    for word in config.hydra.overrides.hydra:
        key, _, value = str(word).lstrip("+").partition("=")
        if key.startswith(("hydra.launcher.", "hydra.sweeper.", "hydra/sweeper")):
            raise ConfigError(f"{key}={value} has no effect on a single run: add -m")
    there, default = asdict(settings.jobs({"jobs": settings.plain(config).get("jobs")})), Jobs()
    for key, value in there.items():
        if value != getattr(default, key):
            shown = str(value).lower() if isinstance(value, bool) else value
            raise ConfigError(f"jobs.{key}={shown} has no effect on a single run: add -m")


def _leaves(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
