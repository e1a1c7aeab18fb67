"""Every file of conf/, found by being there."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.model.cells import cells
from tests.conftest import Outcome, composed, script

CONF = plugins.own_config_dir()
OPTIONS = sorted(
    path for group in settings.GROUPS for path in (CONF / group).glob("*.yaml")
    if not path.stem.startswith("_")
)  # fmt: skip
PROBES = sorted(path for path in (CONF / "probes").glob("*.yaml") if path.stem != "none")
LOGGERS = sorted(path for path in (CONF / "logger").glob("*.yaml") if path.stem != "none")
same_numbers = script(CONF.parent / "benchmarks" / "same_numbers.py")
PRESETS = sorted((CONF / "experiment").glob("*.yaml"))


def name(path: Path) -> str:
    return f"{path.parent.name}={path.stem}"


@pytest.mark.parametrize("path", OPTIONS, ids=name)
def test_an_option_names_every_argument_and_no_other(path: Path) -> None:
    config = composed(name(path))
    group = path.parent.name
    cls, checked = settings.arguments(config, group)
    ours = {"encoder", "output_size", "vocabulary", "seq_len", "state_size"}
    ours |= {"regression", "per_step"}
    assert set(settings.constructor_parameters(cls)) - ours == set(checked)


@pytest.mark.parametrize("path", [*PROBES, *LOGGERS], ids=name)
def test_a_probe_or_logger_names_itself_and_every_argument(path: Path) -> None:
    group, config = path.parent.name, composed(name(path))
    assert settings.names_in(config, group) == [path.stem]
    cls, checked = settings.arguments(config, f"{group}.{path.stem}")
    assert set(settings.constructor_parameters(cls)) == set(checked)
    assert isinstance(settings.build(config, f"{group}.{path.stem}"), cls)


def test_all_probes_are_all() -> None:
    assert set(composed("probes=all")["probes"]) == {path.stem for path in PROBES}


@pytest.mark.parametrize("path", [*OPTIONS, *PROBES, *LOGGERS], ids=name)
def test_an_option_is_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) <= 16


@pytest.mark.parametrize("path", PRESETS, ids=name)
def test_a_preset_composes_and_holds_deltas_only(path: Path) -> None:
    assert path.read_text().startswith("# @package _global_\n")
    question = settings.dials(composed(name(path))).question
    assert question is not None
    assert question.endswith("?")
    assert len(question) <= 88
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
                default = parameter.default  # no default is a list, which could be changed
                same = (list(default) if isinstance(default, tuple) else default) == value
                on_purpose = (
                    ("csv", "letters"), ("csv_regression", "letters"), ("irnn", "zero_bias"),
                    ("irnn", "input_std"), ("smoke", "epochs"),
                )  # fmt: skip
                own_cell = path.parent.name == "model" and key in ("cell", "cell_options")
                assert same or own_cell or (path.stem, key) in on_purpose, (path, key)


CELLS = [path for path in (CONF / "model").glob("*.yaml") if "cell: " in path.read_text()]


@pytest.mark.parametrize("path", CELLS, ids=name)
def test_a_model_of_a_cell_shows_the_settings_of_the_cell(path: Path) -> None:
    """All of them, at the cell's own defaults."""
    values = whole(path)
    cell = cells()[values["cell"]]
    shown = {**(values["cell_options"] or {}), "nonlinearity": values["nonlinearity"]}
    parameters = inspect.signature(cell).parameters
    assert parameters.keys() <= shown.keys()
    assert all(shown[key] == parameter.default for key, parameter in parameters.items())


#: Beside `same_numbers.small`: one model where both do the same.
FEWER = {
    "init_study": ["model=rnn"],
    "padding_study": ["model=rnn"],
    "trainability": ["model=rnn"],
}


@pytest.mark.parametrize("path", PRESETS, ids=name)
def test_a_preset_runs_small(rnnexp: Callable[..., Outcome], path: Path) -> None:
    same_numbers.corpus(Path("texts.csv"))
    # in this process: that a launcher's workers do the same is tested once, not for each preset
    words = [*same_numbers.small(path.stem), *FEWER.get(path.stem, [])]
    outcome = rnnexp(*words, "hydra/launcher=basic")
    assert outcome.status == 0, outcome.err
    assert "accuracy" in outcome.out or "mse" in outcome.out


def test_no_choice_but_a_preset_makes_a_study() -> None:
    """Where there is no preset among the words, nobody is asked for `hydra.mode`."""
    files = plugins.own_config_dir().rglob("*.yaml")
    saying = {path.parent.name for path in files if "mode: MULTIRUN" in path.read_text()}
    assert saying == {plugins.PRESETS}
