"""`rnnexp list` and `rnnexp info`: all that can be chosen, whoever brought it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from rnnexp import plugins
from rnnexp.command.catalogue import all_groups, entries
from rnnexp.command.choices import PRESETS, defaults
from rnnexp.command.constructors import described, type_in_words
from rnnexp.model.cells import cells
from rnnexp.ranges import a_fraction, at_least
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]
EVERY = [f"{group}/{name}" for group in all_groups() for name in entries(group)]


def test_every_choice_is_listed(rnnexp: Rnnexp) -> None:
    page = rnnexp("list").out
    for path in plugins.own_config_dir().rglob("*.yaml"):
        group = path.parent.relative_to(plugins.own_config_dir()).as_posix()
        if group != "." and not path.stem.startswith("_"):
            assert f"{group}={path.stem} " in page, path
    assert list(entries("cells")) == list(cells())
    assert {"hydra/launcher", "hydra/sweeper", "cells", "probes", PRESETS} <= set(all_groups())


def test_a_group_alone_says_what_it_is_and_what_is_taken(rnnexp: Rnnexp) -> None:
    lines = rnnexp("list", "model").out.splitlines()
    assert lines[0].startswith("model: ")
    assert lines[1].split()[0] == "model=lstm"
    assert lines[1].endswith("(taken when nothing is said)")
    probes = [line.split() for line in rnnexp("list", "probes").out.splitlines()]
    taken = {words[0] for words in probes if "(taken" in words}
    assert taken == {f"+probes={name}" for name in defaults()["probes"]}


def test_lines_are_whole_where_no_terminal_reads_them(rnnexp: Rnnexp) -> None:
    """So that `rnnexp list | grep` finds a choice with all that is said of it."""
    page = rnnexp("list", "data").out.splitlines()
    assert len(page) == 1 + len(entries("data"))
    assert max(map(len, page)) > 120


@pytest.mark.parametrize("width", [80, 100])
def test_lines_are_broken_to_the_terminal(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr("rnnexp.command.listing.terminal_width", lambda unbroken: width)
    monkeypatch.setattr("rnnexp.command.info.terminal_width", lambda unbroken: width)
    assert max(map(len, rnnexp("list").out.splitlines())) <= width
    for choice in ("data/recall", "trainer/default", "experiment/quickstart", "model/gru"):
        page = rnnexp("info", choice).out.splitlines()
        assert max(len(line) for line in page if not line.startswith(("from ", "class "))) <= width


def test_programs_get_json(rnnexp: Rnnexp) -> None:
    facts: list[dict[str, Any]] = json.loads(rnnexp("list", "--json").out)["choices"]
    assert {f"{fact['group']}/{fact['name']}" for fact in facts} == set(EVERY)
    assert all(fact["source"] == "rnnexp" and Path(fact["file"]).is_file() for fact in facts)
    one = json.loads(rnnexp("info", "clip/norm", "--json").out)
    (setting,) = one["settings"]
    assert setting["name"] == "clip.max_norm"
    assert one["class"] == "rnnexp.clip.norm.Norm"
    assert json.loads(rnnexp("info", "experiment/quickstart", "--json").out)["varies"]["seed"]


def test_listing_does_not_wait_for_torch() -> None:
    code = (
        "import sys; from rnnexp.command.main import main; main(['list']); "
        "print([name for name in ('torch', 'hydra', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("choice", EVERY)
def test_every_choice_is_told(rnnexp: Rnnexp, choice: str) -> None:
    """Each setting of its file, with a type where a class of ours says one."""
    outcome = rnnexp("info", choice)
    assert (outcome.status, outcome.err) == (0, "")
    group, _, name = choice.rpartition("/")
    entry = entries(group)[name]
    assert f"from rnnexp: {entry.path}" in outcome.out
    if entry.target is None or group == "cells":
        return
    facts = json.loads(rnnexp("info", choice, "--json").out)
    for setting in facts["settings"]:
        assert f"  {setting['name']}=" in outcome.out
        assert setting["kind"] or group.startswith("hydra"), setting


def test_a_setting_has_its_type_its_range_and_its_meaning(rnnexp: Rnnexp) -> None:
    page = " ".join(rnnexp("info", "data/recall").out.split())
    assert "data.classes=2 int, at least 2, at most 1,000,000 how many different cues." in page
    assert "data.items=1 int, at least 1 how many cues are to be remembered. data." not in page
    page = " ".join(rnnexp("info", "model/lstm").out.split())
    assert "model.hidden_size=128 int, at least 1 the size H of the state." in page
    assert "model.readout=last_valid last, last_valid, mean or max" in page
    assert "model.dropout=0.0 float, at least 0 and less than 1" in page
    page = " ".join(rnnexp("info", "cells/deltanet").out.split())
    assert "model=unrolled model.cell=deltanet" in page
    assert "model.cell_options.key_size=16 int, at least 1" in page
    page = rnnexp("info", "experiment/quickstart").out
    assert "It makes 54 runs." in page
    assert "  seed=0,1,2" in page.partition("what it varies")[2]


class Parent:
    """other: of the parent."""

    def __init__(self, other: int | None = None) -> None:
        if other is not None:
            at_least("other", other, 3)


class Child(Parent):
    """What it is.

    share, name: of the two. mode: which way:
        it goes on here.
    common: the arguments of `Parent`.
    """

    def __init__(
        self,
        share: float = 0.0,
        name: str = "",
        mode: Literal["a", "b"] | None = None,
        **common: Any,
    ) -> None:
        a_fraction("share", share)
        super().__init__(**common)


class Stranger:
    def __init__(self, share: float) -> None:
        at_least("share", share, 77)


def test_what_a_class_says_is_its_own() -> None:
    """Its bases' too, and not that of another class of the same module."""
    said = described(Child)
    assert said["share"].ranges == "at least 0 and less than 1"
    assert said["share"].meaning == said["name"].meaning == "of the two."
    assert (said["mode"].kind, said["mode"].meaning) == (
        "a, b or null",
        "which way: it goes on here.",
    )
    assert (said["other"].kind, said["other"].ranges) == ("int or null", "at least 3")
    assert said["other"].meaning == "of the parent."


def test_types_in_words() -> None:
    assert type_in_words(dict[str, Any] | None) == "settings as in {name:value} or null"
    assert type_in_words(list[str]) == "list of text"
    assert type_in_words(bool) == "true or false"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("list", "modle"), "'modle' is no group; did you mean 'model'?"),
        (("list", "lstm"), "it is a choice, see rnnexp info model/lstm"),
        (("list", "model=gru"), "for one choice type rnnexp info model/gru"),
        (("list", "x"), "'x' is no group (there are data, model"),
        (("list", "a", "b"), "list: too many words: 'b'"),
        (("info", "model/lstn"), "model has no choice 'lstn'; did you mean 'lstm'?"),
        (("info", "modle/lstm"), "'modle' is no group; did you mean 'model'?"),
        (("info", "gru"), "type model/gru or cells/gru"),
        (("info", "model"), "rnnexp list model shows the choices of this group"),
        (("info", "nonsense"), "rnnexp list shows what there is"),
        (("info", "model/"), "model has no choice ''"),
        (("info",), "required: GROUP/CHOICE"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(
    rnnexp: Rnnexp, words: tuple[str, ...], message: str
) -> None:
    outcome = rnnexp(*words)
    assert outcome.status == 2
    assert message in outcome.error


def test_a_choice_may_be_named_as_it_is_typed(rnnexp: Rnnexp) -> None:
    assert rnnexp("info", "model=gru").out == rnnexp("info", "model/gru").out
    assert rnnexp("info", "+probes=gates").out == rnnexp("info", "probes/gates").out
    assert "hydra.launcher.n_jobs=null" in rnnexp("info", "hydra/launcher=auto").out


def test_a_class_that_cannot_be_imported_costs_what_it_would_say(
    rnnexp: Rnnexp, workdir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Path("mine/clip").mkdir(parents=True)
    Path("mine/clip/gone.yaml").write_text(
        "# not there\n_target_: no_such.Thing\nbound: 3  # of it\n"
    )
    outcome = rnnexp("--config-dir", "mine", "info", "clip/gone")
    assert outcome.status == 0
    assert "clip.bound=3" in outcome.out
    assert "of it" in outcome.out
    assert f"from {workdir / 'mine'}" in outcome.out
    assert "what no_such.Thing says of its settings is not shown" in caplog.text
