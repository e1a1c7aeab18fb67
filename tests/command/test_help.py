"""The help page follows the folders."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rnnexp.command.choices import PRESETS, Choice, choices, defaults, groups
from rnnexp.command.help import WIDTH, help_page
from tests.conftest import Outcome


def test_every_choice_and_preset_is_offered(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    page = help_page()
    assert (rnnexp("--help").out, rnnexp("model=rnn", "-h").out) == (f"{page}\n", f"{page}\n")
    assert not list(workdir.iterdir())
    joined = page.replace("|\n      ", "|")
    for group in groups():
        (offered,) = re.findall(rf"^  {group}=(\S+)", joined, flags=re.M)
        names = re.sub(r"^\[.*?\]\|", "", offered).split("|")
        assert set(choices(group)) <= set(names), group
    for name in choices(PRESETS):
        assert re.search(rf"^  experiment={name}\b", page, flags=re.M), name
    assert "model=lstm|bag" in joined
    assert "examples:" in page
    assert max(map(len, page.splitlines())) <= WIDTH


def test_a_folder_of_ones_own_is_listed(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    Path("mine/init").mkdir(parents=True)
    Path("mine/init/constant.yaml").write_text("# all the same\n_target_: mypkg.Constant\n")
    for words in (("--config-dir", "mine", "--help"), ("--help", "--config-dir=mine")):
        assert "constant" in rnnexp(*words).out
    assert "constant" not in rnnexp("--help").out


def test_a_choice_tells_itself(workdir: Path) -> None:
    path = Path("x.yaml")
    path.write_text(
        "# @package _global_\n# What it is, in 2 words.\n# And more of it.\n#: long\n"
        "defaults: [base]\nsize: 3   # how large\n"
    )
    Path("base.yaml").write_text("size: 1\nshape: round\nhydra: {sweeper: {params: {a: '1,2'}}}\n")
    choice = Choice("experiment", "x", path)
    assert choice.description == "What it is, in 2 words. And more of it."
    assert choice.summary == "What it is, in 2 words"
    assert choice.settings[:2] == [("size", 3, "how large"), ("shape", "round", "")]
    assert (choice.jobs(), choice.shown_jobs) == (2, "2")


def test_a_preset_that_chooses_lengths_tells_the_runs_of_its_first_round(workdir: Path) -> None:
    path = Path("x.yaml")
    path.write_text("hydra: {sweeper: {first: [5, 20, 80], params: {seed: '0,1'}}}\n")
    choice = Choice("experiment", "x", path)
    assert choice.sweep() == {"seed": "0,1", "seq_len": "5,20,80"}
    assert choice.shown_jobs == "6 or more"


def test_the_defaults_stand_first() -> None:
    for group, chosen in defaults().items():
        if isinstance(chosen, str):
            assert next(iter(choices(group))) == chosen


def test_it_takes_no_longer_than_importing_hydra_twice() -> None:
    def seconds(*command: str) -> float:
        """Of computing: the machine may be busy with other things."""
        before = os.times()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])

    hydra = min(seconds("-c", "import hydra") for _ in range(3))
    assert min(seconds("-m", "rnnexp", "--help") for _ in range(3)) < 2 * hydra
