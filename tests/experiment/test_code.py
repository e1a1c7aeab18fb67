"""By which source of the user's own a run is made, and that another one makes it another run."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import rnnexp as package
from rnnexp import plugins
from rnnexp.errors import Terminated
from rnnexp.experiment.code import code_of, own_source
from rnnexp.results.code import Code, changed_code
from rnnexp.results.runs import RunDirectory
from rnnexp.training.checkpoint import Saver
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]

SIGNS = """
import torch
from rnnexp.clip.base import Clip, total_norm
{imports}

class Signs(Clip):
    def apply(self, gradients, norm, weights):
        torch._foreach_sign_(gradients)
        return torch.ones((), dtype=torch.bool), total_norm(gradients)
"""

WORDS = ("-m", "data=parity", "seq_len=5", "trainer.steps=1", "data.val_count=5",
         "data.test_count=20", "model=rnn", "model.hidden_size=4", "plots=false", "probes=none",
         "threads=1", "study=s")  # fmt: skip
STUDY = Path("outputs/studies/s")


def forget(*names: str) -> None:
    """As in a new process: what has been imported from there is not there any more."""
    for name in [n for n in sys.modules if n.partition(".")[0] in names]:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture(autouse=True)
def nothing_imported(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two edits may have the same time
    monkeypatch.syspath_prepend(workdir)
    forget("mod", "helper", "mypkg", "base")
    yield
    forget("mod", "helper", "mypkg", "base")


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def imported(name: str) -> ModuleType:
    forget("mod", "helper", "mypkg", "base")
    return importlib.import_module(name)


# -- studies ---------------------------------------------------------------------------------------


@pytest.fixture
def study(rnnexp: Rnnexp) -> Callable[..., Outcome]:
    """A study with a clipping rule of the user's own beside one of rnnexp's, given again."""
    write("mod.py", SIGNS.format(imports="import helper"))
    write("helper.py", "A = 1\n")
    write("own/clip/signs.yaml", "_target_: mod.Signs\n")

    def run(*words: str) -> Outcome:
        forget("mod", "helper")
        outcome = rnnexp(*WORDS, "--config-dir", "own", "clip=signs,none", *words)
        assert outcome.status == 0, outcome.err
        return outcome

    run()
    return run


def of_signs() -> RunDirectory:
    (path,) = (p for p in STUDY.glob("*signs*") if p.is_dir())
    return RunDirectory.open(path)


def test_an_edit_runs_the_jobs_again_that_use_it(study: Callable[..., Outcome]) -> None:
    assert study().out.count("done before") == 2
    write("mod.py", SIGNS.format(imports="import helper  # edited"))
    again = study()
    assert again.out.count("done before") == 1
    assert again.err.count("the code of mod has changed since it was run: run again") == 1
    assert len(list((STUDY / "superseded").iterdir())) == 1
    assert study().out.count("done before") == 2
    write("helper.py", "A = 2\n")  # which lies beside it
    again = study()
    assert again.out.count("done before") == 1
    assert again.err.count("the code of helper has changed since it was run: run again") == 1


def test_a_job_that_was_stopped_begins_anew_by_other_code(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a training by one rule and half by another is neither's."""
    write("mod.py", SIGNS.format(imports=""))
    write("own/clip/signs.yaml", "_target_: mod.Signs\n")
    words = [*WORDS, "--config-dir", "own", "clip=signs", "checkpoint.every_seconds=0"]
    save = Saver.save

    def save_and_stop(self: Saver) -> None:
        save(self)
        raise Terminated

    with monkeypatch.context() as stopped:
        stopped.setattr(Saver, "save", save_and_stop)
        assert rnnexp(*words).status == 143
    write("mod.py", SIGNS.format(imports="# edited"))
    forget("mod")
    outcome = rnnexp(*words)
    assert outcome.status == 0
    assert "the code of mod has changed since it was begun: begins anew" in outcome.err


def test_what_an_earlier_version_did_not_write_down_is_no_change(
    study: Callable[..., Outcome],
) -> None:
    run = of_signs()
    summary = run.summary
    assert summary.code is not None
    summary.code, summary.version = None, "0.2.0"
    run.finish(summary)
    again = study()
    assert again.out.count("done before") == 2
    assert again.err == ""
    assert (
        again.out.count("1 of the runs that are there do not say of which code of helper, mod") == 1
    )
    version = package.__version__
    assert again.out.count("1 of 2 runs were made by another version of rnnexp than this one") == 2
    assert f"this one, {version}: 1 by 0.2.0" in again.out
    assert "run again" not in again.err


def test_rnnexp_s_own_components_need_none(rnnexp: Rnnexp) -> None:
    assert rnnexp(*WORDS).status == 0
    (file,) = STUDY.glob("*/summary.json")
    assert json.loads(file.read_text())["code"] is None
    environment = json.loads(file.with_name("environment.json").read_text())
    assert environment["source"] == own_source()


def test_the_cell_of_a_plugin_is_a_part_of_it(rnnexp: Rnnexp) -> None:
    """The model is rnnexp's own, and names the cell by a setting."""
    write("mypkg/__init__.py", "")
    write("mypkg/conf/model/empty.yaml", "_target_: rnnexp.model.unrolled.Unrolled\n")
    cell = (
        "from rnnexp.model.cells.rnn import RNNCell\n\n"
        "class Mine(RNNCell):\n    name = 'mine'\n{more}"
    )
    write("mypkg/cells/mine.py", cell.format(more=""))
    words = [*WORDS, "--config-dir", "mypkg/conf", "model=unrolled"]
    words.remove("model=rnn")

    def run() -> Outcome:
        forget("mypkg")
        outcome = rnnexp(*words, "model.cell=mine,lstm")
        assert outcome.status == 0, outcome.err
        return outcome

    run()
    assert run().out.count("done before") == 2
    write("mypkg/findings/drawn.py", "DPI = 30\n")  # draws, and changes no number
    assert run().out.count("done before") == 2
    write("mypkg/cells/mine.py", cell.format(more="    # edited\n"))
    again = run()
    assert again.out.count("done before") == 1
    assert again.err.count("the code of mypkg has changed") == 1


# -- digests ---------------------------------------------------------------------------------------


def components(name: str, cls: str = "A") -> dict[str, str]:
    code = code_of([getattr(imported(name), cls)], [])
    assert code is not None
    return dict(code.components)


def test_of_a_module_and_its_neighbours_alone() -> None:
    write("mod.py", "import json, os.path, rnnexp, torch\nfrom helper import B\nclass A: pass\n")
    write("helper.py", "B = 1\n")
    write("base.py", "nobody imports this\n")
    assert components("mod").keys() == {"mod", "helper"}


def test_of_a_whole_package(monkeypatch: pytest.MonkeyPatch) -> None:
    write("mypkg/__init__.py", "")
    write("mypkg/deep/mod.py", "class A: pass\n")
    write("mypkg/broken.py", "def f(:\n")
    first = components("mypkg.deep.mod")
    assert first.keys() == {"mypkg"}
    write("mypkg/notes.txt", "no source\n")
    write("mypkg/.hidden/x.py", "")
    write("mypkg/env/pyvenv.cfg", "")
    write("mypkg/env/lib/x.py", "")
    assert components("mypkg.deep.mod") == first
    write("mypkg/other.py", "")
    assert components("mypkg.deep.mod") != first
    Path("mypkg/other.py").rename("mypkg/another.py")
    second = components("mypkg.deep.mod")
    assert second != first
    write("mypkg/findings/x.py", "")
    assert components("mypkg.deep.mod") != second  # it is no plugin
    monkeypatch.setattr(plugins, "packages", lambda: {"mypkg": Path("mypkg")})
    assert components("mypkg.deep.mod") == second


def test_of_a_package_without_an_init() -> None:
    write("mypkg/mod.py", "class A: pass\n")
    first = components("mypkg.mod")
    write("mypkg/mod.py", "class A: x = 1\n")
    assert components("mypkg.mod").keys() == first.keys() == {"mypkg"}
    assert components("mypkg.mod") != first


def test_of_the_bases_in_other_modules() -> None:
    write("base.py", "class B: pass\n")
    write("mod.py", "import importlib\nclass A(importlib.import_module('base').B): pass\n")
    assert components("mod").keys() == {"mod", "base"}


def test_it_is_of_what_was_imported_and_not_of_an_edit_since() -> None:
    write("mod.py", "class A: pass\n")
    cls = imported("mod").A
    first = code_of([cls], [])
    write("mod.py", "class A: x = 1\n")
    assert code_of([cls], []) == first
    assert code_of([imported("mod").A], []) != first


def test_of_a_class_that_lies_in_no_file() -> None:
    cls = type("A", (), {"__module__": "somewhere"})
    code = code_of([cls], [])
    assert code is not None
    assert code.components.keys() == {"somewhere"}


def test_a_library_of_which_a_component_is_made_counts_as_installed() -> None:
    """Its version is in environment.json; a component in one is told by its source."""
    import yaml

    assert code_of([], [], [yaml.YAMLError]) is None
    code = code_of([yaml.YAMLError], [])
    assert code is not None
    assert code.components.keys() == {"yaml"}


def test_probes_stand_apart() -> None:
    write("mod.py", "class A: pass\n")
    write("base.py", "class P: pass\n")
    module, probes = imported("mod"), importlib.import_module("base")
    code = code_of([module.A], [probes.P])
    assert code is not None
    assert (code.components.keys(), code.probes.keys()) == ({"mod"}, {"base"})
    assert Code.of(str(code)) == code


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        (None, "mod=1", []),
        (None, None, []),
        ("mod=1", "mod=1", []),
        ("mod=1", "mod=2", ["mod"]),
        ("a=1 b=1", "a=1 b=2 c=3", ["b", "c"]),
        ("mod=1 probe:p=1", "mod=1 probe:p=2", ["p (a probe's)"]),
        ("probe:p=1", "p=1", []),
        ("mod=1", None, ["mod"]),
    ],
)
def test_what_has_changed(before: str | None, now: str | None, changed: list[str]) -> None:
    assert changed_code(before, now) == changed


def test_a_probe_s_code_is_what_is_measured(rnnexp: Rnnexp) -> None:
    source = (
        "from rnnexp.probes.base import Probe\n\n"
        "class P(Probe):\n    def measure(self, view):\n        return {{'n': {n}}}\n"
    )
    write("mod.py", source.format(n=1.0))
    write(
        "own/probes/p.yaml", "p:\n  _target_: mod.P\n  at_start: true\n  every: 1\n  at_end: true\n"
    )
    words = [*WORDS, "--config-dir", "own", "probes=p"]
    words.remove("probes=none")
    assert rnnexp(*words).status == 0
    forget("mod")
    assert rnnexp(*words).out.count("done before") == 1
    write("mod.py", source.format(n=2.0))
    forget("mod")
    again = rnnexp(*words)
    assert again.err.count("the code of mod (a probe's) has changed since it was run") == 1
    (file,) = STUDY.glob("*/summary.json")
    assert json.loads(file.read_text())["probes"]["p"]["n"] == 2.0
