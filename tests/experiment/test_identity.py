"""What makes a run that run, and what does not."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from rnnexp import config as settings
from rnnexp import earlier
from rnnexp.experiment.build import Experiment
from rnnexp.experiment.identity import (
    changes_since,
    content_of_version_1,
    fingerprint,
    probes_fingerprint,
)
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from tests.conftest import composed

#: The settings of each choice in version 0.1, in which the fingerprint was fixed.
FIRST: dict[str, list[str]] = json.loads(
    (Path(__file__).with_name("settings_of_version_0.1.json")).read_text()
)


def changed(config: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A copy with other values, by dotted key with two underscores for the dot."""
    copy = json.loads(json.dumps(config))
    for key, value in values.items():
        *path, name = key.split("__")
        node = copy
        for part in path:
            node = node[part]
        node[name] = value
    return copy


@pytest.mark.parametrize(
    "change",
    [{"name": "mine"}, {"study": "s"}, {"plots": False}, {"probes": {}}, {"threads": None},
     {"model___target_": "rnnexp.model.fused.LSTM"}, {"data__limit": None}],
)  # fmt: skip
def test_what_cannot_change_a_number_is_no_part_of_it(change: dict[str, Any]) -> None:
    config = composed()
    assert fingerprint(changed(config, **change)) == fingerprint(config)


def test_one_is_one() -> None:
    """A float setting may be typed as an integer."""
    typed, default = (composed("clip=norm", *word) for word in (("clip.max_norm=1",), ()))
    assert typed != default or typed["clip"]["max_norm"] == 1
    assert fingerprint(typed) == fingerprint(default)
    assert fingerprint(composed("clip=norm", "clip.max_norm=inf")) != fingerprint(default)


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"seq_len": 50}, {"model__hidden_size": 64}, {"optimizer__lr": 0.01},
     {"data__limit": 10}, {"threads": 2}, {"device": "cpu"},
     {"model___target_": "somebody.Elses"}],
)  # fmt: skip
def test_what_can_is(change: dict[str, Any]) -> None:
    config = composed()
    assert fingerprint(changed(config, **change)) != fingerprint(config)


def test_a_class_may_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry in the table, and runs of before are runs of today."""
    config = composed()
    before = changed(config, model___target_="rnnexp.old.place.LSTM")
    assert fingerprint(before) != fingerprint(config)
    monkeypatch.setattr(earlier, "TARGETS", {"rnnexp.old.place.LSTM": config["model"]["_target_"]})
    assert fingerprint(before) == fingerprint(config)
    assert earlier.upgraded(before) == config


def test_a_setting_may_get_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    config = composed()
    before = changed(config, optimizer__pace=0.001)
    del before["optimizer"]["lr"]
    monkeypatch.setattr(earlier, "SETTINGS", {"optimizer.pace": "optimizer.lr"})
    assert earlier.upgraded(before) == config
    assert fingerprint(before) == fingerprint(config)
    monkeypatch.setattr(earlier, "SETTINGS", {"trainer.batch_size": "batches.size"})
    assert earlier.upgraded(config)["batches"] == {"size": 64}
    assert "batch_size" not in earlier.upgraded(config)["trainer"]


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_an_optimizer_was_a_setting_of_the_trainer(name: str) -> None:
    """Its runs are runs of today: the same configuration, the same identity, by either name."""
    config = composed(f"optimizer={name}", "optimizer.lr=0.25")
    before = changed(config)
    del before["optimizer"], before["schedule"], before["loss"]
    before["trainer"] |= {"optimizer": name, "learning_rate": 0.25, "alpha": None}
    assert earlier.upgraded(before) == config
    assert fingerprint(before) == fingerprint(config)
    by_names = {"learning_rate": 0.25, "optimizer": name}
    assert earlier.in_first_names(config)["trainer"] == config["trainer"] | by_names
    decayed = composed(f"optimizer={name}", "optimizer.lr=0.25", "optimizer.weight_decay=0.125")
    assert fingerprint(decayed) != fingerprint(config)


def test_an_alpha_that_was_given_counts() -> None:
    """As versions before 0.7 have hashed it: at its default it was null where nobody gave it."""
    config = composed("optimizer=rmsprop")
    before = changed(config)
    del before["optimizer"]
    before["trainer"] |= {"optimizer": "rmsprop", "learning_rate": 0.01, "alpha": None}
    given = changed(before, trainer__alpha=0.99)
    assert fingerprint(before) == fingerprint(config)
    assert fingerprint(given) != fingerprint(before)


def test_so_was_alpha() -> None:
    config = composed("optimizer=rmsprop", "optimizer.alpha=0.9")
    before = changed(config)
    del before["optimizer"]
    before["trainer"] |= {"optimizer": "rmsprop", "learning_rate": 0.01, "alpha": 0.9}
    assert earlier.upgraded(before) == config
    assert fingerprint(before) == fingerprint(config)
    assert fingerprint(config) != fingerprint(composed("optimizer=rmsprop"))


def test_a_setting_that_came_later_is_left_out_where_it_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = composed()
    later = changed(config, model__pace="auto")
    assert fingerprint(later) != fingerprint(config)
    monkeypatch.setattr(earlier, "LATER", {"model.pace": "auto"})
    assert fingerprint(later) == fingerprint(config)
    assert fingerprint(changed(config, model__pace="fast")) != fingerprint(config)


def test_probes_have_an_identity_of_their_own() -> None:
    one, other = composed("probes=[gates]"), composed("probes=[gates,lyapunov]")
    assert fingerprint(one) == fingerprint(other)
    assert probes_fingerprint(one) != probes_fingerprint(other)
    assert probes_fingerprint(one) != probes_fingerprint(
        composed("probes=[gates]", "probes.gates.every=2")
    )


def settings_now() -> dict[str, list[str]]:
    """The settings that each choice of rnnexp's own names, by `group/name`."""
    found = {}
    for group in (*settings.GROUPS, settings.PROBES):
        for name, path in settings.option_files(group).items():
            values = yaml.safe_load(path.read_text()) or {}
            if group == settings.PROBES:
                values = values.get(name, {})
            found[f"{group}/{name}"] = sorted(set(values) - set(settings.META_KEYS))
    return found


def test_a_new_setting_says_what_leaves_old_runs_what_they_were() -> None:
    """A setting that version 0.1 did not have must be null or at a value named in earlier.LATER:
    else every study made before is run again."""
    for choice, names in settings_now().items():
        group, _, name = choice.partition("/")
        if choice not in FIRST:
            continue  # a new choice has no old runs
        values = yaml.safe_load(settings.option_files(group)[name].read_text()) or {}
        if group == settings.PROBES:
            values = values.get(name, {})
        for setting in set(names) - set(FIRST[choice]):
            value = values[setting]
            assert value is None or earlier.came_later(f"{group}.{setting}", value), (
                f"{choice} has a new setting '{setting}': make it null, or name the value that "
                "does what was done before in rnnexp/earlier.py"
            )


def test_the_choices_of_a_configuration_alone() -> None:
    spec = RunSpec.of_config(composed("model=gru", "init=irnn", "clip=norm"))
    assert (spec.choices["model"], spec.choices["clip"]) == ("gru", "norm")
    assert spec.choices["init"] == "identity"
    assert spec.title == "gru_T100_s0"


def test_the_first_version_kept_one_hash_of_files_and_probes(workdir: Path) -> None:
    """Of a folder's reviews by their sizes and times, as until version 0.3."""
    config = {"probes": {}}
    run = RunDirectory.create_at(workdir / "run", Summary(status="running", seed=0), "{}\n")
    run.write_config(yaml.safe_dump(config))
    now = SimpleNamespace(
        contents=("by bytes", ""),
        contents_before=[("by times", "")],
        spec=SimpleNamespace(probes_fingerprint=probes_fingerprint(config)),
    )
    for contents, changes in (
        (("by bytes", ""), []),
        (("by times", ""), []),
        (("other times", ""), ["the data or the probes have changed"]),
    ):
        content = content_of_version_1(contents, config)
        summary = Summary(status="finished", seed=0, content=content)
        assert changes_since(cast("Experiment", now), run, summary) == changes


def test_the_choice_of_an_engine_is_no_part_of_a_run_and_an_engine_is() -> None:
    config = composed("model=unrolled")
    without = changed(config)
    del without["model"]["engine"]
    assert fingerprint(without) == fingerprint(config)
    assert fingerprint(changed(config, model__engine="autograd")) != fingerprint(config)
