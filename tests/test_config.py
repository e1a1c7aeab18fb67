"""Signatures as the schema."""

import math
from typing import Any, Literal

import pytest
from omegaconf import OmegaConf

from rnnexp import config as settings
from rnnexp.errors import ConfigError


class Base:
    def __init__(self, size: int, mode: Literal["a", "b"] = "a") -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1 (got {size})")
        self.size, self.mode = size, mode


class Derived(Base):
    def __init__(self, scale: float = 1.0, **others: Any) -> None:
        super().__init__(**others)
        self.scale = scale


class Closed(Base):
    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(size=1)


@pytest.fixture(autouse=True)
def group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.GROUPS, "thing", f"{__name__}.Base")
    monkeypatch.setattr(settings, "_import_class", lambda target, group: globals()[target])


def build(**node: Any) -> Any:
    offered = node.pop("offered", {})
    return settings.build({"thing": {"_target_": "Derived", **node}}, "thing", **offered)


def test_arguments_passed_on_belong_to_the_schema() -> None:
    assert set(settings.constructor_parameters(Derived)) == {"scale", "size", "mode"}
    assert set(settings.constructor_parameters(Closed)) == {"scale"}


def test_values_arrive_and_offers_fill_in() -> None:
    thing = build(size=3, scale=2, mode="b")
    assert (thing.size, thing.scale, thing.mode) == (3, 2, "b")
    assert build(offered={"size": 5, "nobody_wants": 1}).size == 5


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"size": 0}, r"thing\.size must be at least 1 \(got 0\)"),
        ({"size": "3"}, r"thing\.size must be a valid integer \(got 3\)"),
        ({"size": True}, r"thing\.size must be a valid integer \(got true\)"),
        ({"size": 1, "mode": "c"}, r"thing\.mode must be 'a' or 'b' \(got c\)"),
        ({"size": 1, "modes": "a"}, r"unknown setting 'thing\.modes'; did you mean 'thing.mode'\?"),
        ({"offered": {"size": 0}}, r"^size must be at least 1"),
        ({"size": 1, "offered": {"size": 2}}, r"thing\.size cannot be set"),
        ({}, "missing 1 required .*argument: 'size'"),
    ],
)
def test_what_is_refused(node: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**node)


def test_a_message_gets_the_group_of_the_setting_that_it_begins_with() -> None:
    own = {"scale": 1}
    for message in ("scale must be 2", "scale=1 is too small", "scale"):
        assert settings.with_group(message, "init", own) == f"init.{message}"
    for message in ("init=mine needs gates", "use another scale", "scaled twice", ""):
        assert settings.with_group(message, "init", own) == message


@pytest.mark.parametrize(
    "error", [RuntimeError("too large"), OverflowError("too large"), MemoryError()]
)
def test_what_torch_or_numpy_cannot_make_is_told_with_the_sizes(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Base, size: int, mode: str = "a") -> None:
        raise error

    monkeypatch.setattr(Base, "__init__", refuse)
    said = str(error) or "MemoryError"
    with pytest.raises(ConfigError, match=rf"^thing cannot be made \({said}\) of thing\.size=7$"):
        settings._call(Base, {"size": 7}, "thing.", {"size": 7})


@pytest.mark.parametrize(
    ("value", "told"),
    [(2**63, "64 bits"), (-(2**63) - 1, "64 bits"), (10**5000, "64 bits"), (math.nan, "got nan")],
    ids=["large", "small", "of many digits", "none"],
)
def test_a_number_that_no_setting_can_have_is_refused(value: float, told: str) -> None:
    for key in ("size", "scale"):
        with pytest.raises(ConfigError, match=rf"^thing\.{key} must be a number.*{told}"):
            build(**{"size": 1, key: value})
    with pytest.raises(ConfigError, match=r"^k must be a number"):
        settings._typed("k", {"a": [1, value]}, dict[str, Any])


def test_what_cannot_be_resolved_is_told_with_its_key() -> None:
    config = OmegaConf.create({"threads": "${oc.env:NOT_THERE}"})
    with pytest.raises(ConfigError, match=r"^threads: .*NOT_THERE"):
        settings.plain(config)
