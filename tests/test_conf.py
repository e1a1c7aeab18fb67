"""Every file of conf/, found by being there."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import pytest
import yaml

from rnnexp import config as settings
from tests.conftest import Outcome

CONF = settings.config_dir()
OPTIONS = sorted(
    path for group in settings.GROUPS for path in (CONF / group).glob("*.yaml")
    if not path.stem.startswith("_")
)  # fmt: skip
PROBES = sorted(
    path for path in (CONF / "probes").glob("*.yaml") if path.stem not in ("all", "none")
)
PRESETS = sorted((CONF / "experiment").glob("*.yaml"))


def name(path: Path) -> str:
    return f"{path.parent.name}={path.stem}"


@pytest.mark.parametrize("path", OPTIONS, ids=name)
def test_an_option_names_every_argument_and_no_other(path: Path) -> None:
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        config = settings.plain(hydra.compose("config", overrides=[name(path)]))
    group = path.parent.name
    cls, checked = settings.arguments(config, group)
    ours = {"encoder", "output_size", "vocabulary", "seq_len", "state_size"}
    ours |= {"regression", "per_step"}
    assert set(settings.constructor_parameters(cls)) - ours == set(checked)


@pytest.mark.parametrize("path", PROBES, ids=name)
def test_a_probe_names_itself_and_every_argument(path: Path) -> None:
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        config = settings.plain(hydra.compose("config", overrides=[name(path)]))
    assert settings.probe_names(config) == [path.stem]
    cls, checked = settings.arguments(config, f"probes.{path.stem}")
    assert set(settings.constructor_parameters(cls)) == set(checked)
    assert isinstance(settings.build(config, f"probes.{path.stem}"), cls)


def test_all_probes_are_all() -> None:
    listed = yaml.safe_load((CONF / "probes" / "all.yaml").read_text())["defaults"]
    assert set(listed) == {path.stem for path in PROBES}


@pytest.mark.parametrize("path", [*OPTIONS, *PROBES], ids=name)
def test_an_option_is_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) <= 12


@pytest.mark.parametrize("path", PRESETS, ids=name)
def test_a_preset_composes_and_holds_deltas_only(path: Path) -> None:
    assert path.read_text().startswith("# @package _global_\n")
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        settings.dials(settings.plain(hydra.compose("config", overrides=[name(path)])))
    assert "_target_" not in path.read_text()


def whole(path: Path) -> dict[str, Any]:
    """A file of conf/ with what it takes over from the files in its list of defaults."""
    values = yaml.safe_load(path.read_text())
    inherited: dict[str, Any] = {}
    for base in values.pop("defaults", []):
        inherited |= whole(path.with_name(f"{base}.yaml"))
    return inherited | values


def test_each_class_is_named_by_one_file_of_its_group() -> None:
    """A second choice of the same class inherits from the first."""
    named = [(path.parent.name, yaml.safe_load(path.read_text()).get("_target_"))
             for path in OPTIONS]  # fmt: skip
    targets = [entry for entry in named if entry[1] is not None]
    assert len(targets) == len(set(targets))


def test_python_defaults_and_yaml_defaults_agree() -> None:
    """A component built in a notebook is the one the command builds."""
    for path in OPTIONS:
        values = whole(path)
        module, _, cls_name = (
            values["_target_"].rpartition(".") if "_target_" in values else ("", "", "")
        )
        if not module:
            continue
        cls = getattr(__import__(module, fromlist=[cls_name]), cls_name)
        for key, value in values.items():
            parameter = inspect.signature(cls).parameters.get(key)
            if parameter is not None and parameter.default is not inspect.Parameter.empty:
                same = parameter.default == value
                on_purpose = (
                    ("csv", "letters"), ("irnn", "zero_bias"), ("irnn", "input_std"),
                    ("smoke", "epochs"),
                )  # fmt: skip
                assert same or (path.stem, key) in on_purpose, (path, key)


#: the settings that make a preset's every job take a second or less, its sense gone
SMALL = ["seq_len=8", "data.limit=60", "model.hidden_size=4", "embedding.dim=4", "trainer.epochs=1"]


#: the same for tasks that make their samples
GENERATED = {
    "seq_len": "12", "trainer.steps": "3", "data.val_count": "5", "data.test_count": "20",
}  # fmt: skip


@pytest.mark.parametrize("path", PRESETS, ids=name)
def test_a_preset_runs_small(
    rnnexp: Callable[..., Outcome], workdir: Path, csv_file: Callable[..., Path], path: Path
) -> None:
    csv_file(header="review,sentiment")
    small = dict(word.split("=") for word in SMALL)
    config = path.read_text()
    generated = re.search(r"/data: (adding|copying|temporal_order|recall|parity)\b", config)
    if generated or path.stem == "clipping_matters":
        small |= GENERATED
        del small["data.limit"], small["trainer.epochs"]
        if "embedding:\n" not in config:
            del small["embedding.dim"]  # one_hot, or none
        if path.stem in ("memory_horizon", "init_study"):
            small |= {"seq_len": "4,8"}
    if path.stem in ("exploding", "vanishing", "walkthrough"):
        small = dict(word.split("=") for word in SMALL)
        del small["data.limit"]
        if path.stem == "walkthrough":
            del small["embedding.dim"]
        else:
            small["data.count"] = "60"
        if path.stem == "vanishing":
            small |= {"seq_len": "3,8", "trainer.epochs": "0"}
    if path.stem == "hidden_dynamics":
        small["probes.hidden_dynamics.min_length"] = "20"
    overrides = [f"experiment={path.stem}", *(f"{k}={v}" for k, v in small.items()), "plots=false"]
    if path.stem == "notebook":
        overrides += ["data.path=texts.csv", "trainer.batch_size=8"]
    elif "MULTIRUN" in config or "length_study" in config or path.stem == "clipping_matters":
        overrides += ["seed=0"]
    outcome = rnnexp(*overrides)
    assert outcome.status == 0, outcome.err
    assert "accuracy" in outcome.out or "mse" in outcome.out
