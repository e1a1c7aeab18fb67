"""What a run ran on, and what of it is otherwise when it goes on."""

from typing import Any

import pytest
import torch

import rnnexp
from rnnexp.experiment.environment import describe_environment, environment_differences


@pytest.fixture(scope="module")
def here() -> dict[str, Any]:
    return describe_environment(torch.device("cpu"), "mod=1")


def test_what_can_change_a_number_is_recorded(here: dict[str, Any]) -> None:
    assert here["packages"]["rnnexp"] == rnnexp.__version__
    assert here["packages"]["torch"] == torch.__version__
    assert here["threads"] == torch.get_num_threads()
    assert here["code"] == "mod=1"
    assert len(here["source"]) == 16
    assert here["instructions"]


def test_the_same_place_has_no_difference(here: dict[str, Any]) -> None:
    assert environment_differences(here, here) == []
    otherwise = {"python": "2.7", "platform": "another", "git": {"commit": "0", "diff": ""}}
    assert environment_differences(here, {**here, **otherwise}) == []


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"threads": 64}, "threads 64, was {threads}"),
        ({"device": "cuda", "device_name": "NVIDIA H100"}, "device cuda (NVIDIA H100), was cpu"),
        ({"processor_name": "Z80"}, "processor Z80, was {processor_name}"),
        ({"instructions": "AVX"}, "processor instructions AVX, was {instructions}"),
        ({"flushes_denormals": False}, "numbers below 1e-38 are kept now"),
        ({"code": "mod=2"}, "the code of mod has changed"),
        ({"source": "0"}, "the package's own code has changed"),
    ],
)
def test_each_difference_has_its_phrase(
    here: dict[str, Any], change: dict[str, Any], phrase: str
) -> None:
    before = {**here, "processor_name": "another", "flushes_denormals": True}
    assert environment_differences(before, {**before, **change}) == [phrase.format(**before)]


def test_versions_of_what_computes(here: dict[str, Any]) -> None:
    """A later rnnexp has another source, which goes without saying."""
    packages = {**here["packages"], "torch": "1.0", "rnnexp": "9.9", "matplotlib": "0"}
    now = {**here, "packages": packages, "source": "0"}
    assert environment_differences(here, now) == [
        f"rnnexp 9.9, was {rnnexp.__version__}",
        f"torch 1.0, was {torch.__version__}",
    ]


def test_of_an_earlier_version_the_commit_serves(here: dict[str, Any]) -> None:
    """It wrote down no digest, nor what is in no list of its own."""
    before = {key: here[key] for key in ("packages", "device", "threads", "device_name")}
    before["git"] = {"commit": "0123456789", "diff": ""}
    now = {**here, "git": {"commit": "0123456789", "diff": "something"}}
    (difference,) = environment_differences(before, now)
    assert difference.startswith("the package's own code has changed (commit 01234567 with changes")
    assert difference.endswith(", was commit 01234567)")
    assert environment_differences({}, now) == []
