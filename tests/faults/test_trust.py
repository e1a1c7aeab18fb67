"""What somebody else has made is read, and never run, nor does it steer the terminal.

Modules are planted where a command is started, targets in the settings of a run, control characters
wherever a command reads a text: none may be executed, imported or shown.
"""

import importlib.metadata
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
from pathlib import Path

import pytest
import yaml

from rnnexp.command.verbs import VERBS
from rnnexp.errors import ConfigError
from rnnexp.experiment.load import load_model
from rnnexp.experiment.spec import RunSpec
from rnnexp.manifest import Manifest
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY_MODEL, Outcome
from tests.faults.conftest import TORTURE

Rnnexp = Callable[..., Outcome]
Tally = Callable[..., None]

TRAINING = ("data=csv", "data.path=texts.csv", "seq_len=6", "embedding.dim=4", "trainer.epochs=1",
            "probes=none", *TINY_MODEL)  # fmt: skip
GENERATED = ("data=parity", "seq_len=5", "trainer.steps=1", "data.val_count=5",
             "data.test_count=20", "probes=none", *TINY_MODEL)  # fmt: skip

# -- modules beside somebody else's run ------------------------------------------------------------

#: What the command that pip installs is: a script in a folder of its own.
SCRIPT = "import sys\nfrom rnnexp.command.main import main\nsys.exit(main())\n"

#: Modules that are imported by name where they are there, and mostly are not.
WISHES = ("IPython", "sitecustomize", "usercustomize", "rnnexp_plugin", "hydra_plugins")


def ways(scripts: Path) -> dict[str, list[str]]:
    """How the command can be started."""
    (scripts / "command.py").write_text(SCRIPT)
    return {
        "script": [sys.executable, str(scripts / "command.py")],
        "module": [sys.executable, "-m", "rnnexp"],
        "safe module": [sys.executable, "-P", "-m", "rnnexp"],
    }


def modules_of_pythons_own(scripts: Path) -> set[str]:
    """What Python itself imports, from the current folder first, before `python -m` begins.

    Nothing that a package does can prevent this; `python -P -m` and the command can.
    """
    (scripts / "bare").mkdir()
    (scripts / "bare" / "__init__.py").touch()
    (scripts / "bare" / "__main__.py").write_text("import sys\nprint(*sys.modules)\n")
    path = os.pathsep.join([str(scripts), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "bare"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stdout.split()}


def plant(folder: Path, without: set[str]) -> list[str]:
    """Modules that leave a file behind when they are executed, by their names."""
    names = {*sys.stdlib_module_names, *WISHES}
    names |= {name.partition(".")[0] for name in importlib.metadata.packages_distributions()}
    names = {name for name in names if name.isidentifier()} - without - {"rnnexp"}
    for name in names:
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'executed')!r}, 'a').write('{name} ')\nraise SystemExit(3)\n"
        )
    return sorted(names)


def is_elsewhere(name: str) -> bool:
    """Whether a module is found without the current folder, and is no bare folder."""
    finders = (BuiltinImporter, FrozenImporter, PathFinder)  # without setuptools' own, which warns
    spec = next(filter(None, (finder.find_spec(name) for finder in finders)), None)
    return spec is not None and spec.origin is not None


def words_of(verb: str) -> Sequence[str]:
    """The words of a verb on the run that lies in the current folder."""
    words = {"predict": (".", "a good film", "--steps"), "verify": (), "list": (), "info": (),
             "export": (".", "--to", "../net.safetensors"), "compare": (".", ".")}  # fmt: skip
    return (verb, *words.get(verb, (".",)))


def test_no_module_beside_a_run_is_executed(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], csv_file: Callable[..., Path],
    tmp_path: Path, tally: Tally,
) -> None:  # fmt: skip
    csv_file()
    assert rnnexp(*TRAINING).status == 0
    folder = run_directory()
    (scripts := tmp_path / "scripts").mkdir()
    planted = plant(folder, without=modules_of_pythons_own(scripts))
    starts = ways(scripts)
    verbs = [verb for verb in VERBS if TORTURE or verb != "verify"]  # which takes long
    tries = list(itertools.product(starts, verbs))
    if not TORTURE:
        tries = list(zip(itertools.cycle(starts), verbs, strict=False))
    executed = []
    for way, verb in tries:
        command = [*starts[way], *words_of(verb)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if verb in ("predict", "report", "verify"):
            assert (done.returncode, done.stderr) == (0, "")
        if (folder / "executed").is_file():
            executed.append((way, verb, (folder / "executed").read_text()))
            (folder / "executed").unlink()
    tally("planted modules", starts=len(tries), modules=len(planted), executed=len(executed))
    assert executed == []


@pytest.mark.skipif(not TORTURE, reason="test_files_called_as_modules_of_python tries one")
@pytest.mark.parametrize("launcher", ["basic", "joblib", "submitit_local"])
def test_no_module_beside_the_user_stands_in_for_another(
    tmp_path: Path, launcher: str, tally: Tally
) -> None:
    (scripts := tmp_path / "scripts").mkdir()
    (folder := tmp_path / "work").mkdir()
    planted = plant(folder, without=modules_of_pythons_own(scripts))
    names = [name for name in planted if is_elsewhere(name)]
    for name in set(planted) - set(names):  # found where the user works, as they should be
        (folder / f"{name}.py").unlink()
    words = ("-m", f"hydra/launcher={launcher}", "seed=0,1", *GENERATED)
    starts = ways(scripts)
    for start in starts.values():
        done = subprocess.run([*start, *words], capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert not (folder / "executed").is_file(), (folder / "executed").read_text()
    tally(f"planted modules, {launcher}", starts=len(starts), modules=len(names), executed=0)


#: A command whose workers multiprocessing starts in its two ways.
WORKERS = """
import multiprocessing, sys
from rnnexp.command.hydra import workers_of_our_own
if __name__ == "__main__":
    with workers_of_our_own():
        for way in ("forkserver", "spawn"):
            worker = multiprocessing.get_context(way).Process(target=print, args=(way,))
            worker.start()
            worker.join()
"""


def test_no_module_is_executed_by_a_worker(tmp_path: Path) -> None:
    (scripts := tmp_path / "scripts").mkdir()
    (folder := tmp_path / "work").mkdir()
    plant(folder, without=set())
    (scripts / "start.py").write_text(WORKERS)
    command = [sys.executable, str(scripts / "start.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert (done.stdout.split(), done.stderr) == (["forkserver", "spawn"], "")
    assert not (folder / "executed").exists()


# -- what a run's settings name --------------------------------------------------------------------

#: A class that would do as a model, and leaves a file behind when its module is executed.
FOREIGN = """
from pathlib import Path

Path("executed").touch()

from rnnexp.model.linear import Linear


class Foreign(Linear):
    pass
"""

#: By what a run may name code: modules here, of Python, of other packages, and what is no name.
TARGETS = (
    "foreign.Foreign", "os.system", "subprocess.Popen", "antigravity.x", "this.x", "torch.load",
    "rnnexp_.x", "rnnexp", "foreign", "", ".", "rnnexp.", "rnnexp..x", "rnnexp./foreign.x",
    "rnnexp.\nforeign.x", 1, None, ["foreign.Foreign"], {"_target_": "foreign.Foreign"},
    "tests.faults.test_trust.X",
)  # fmt: skip


def with_target(run: Path, key: str, target: object) -> None:
    """A run as somebody else could send it: its config.yaml written by hand."""
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    node = config
    for part in key.split("."):
        node = node.setdefault(part, {})
    node["_target_"] = target
    (run / "config.yaml").write_text(json.dumps(config))
    seal_again(run)


def seal_again(run: Path) -> None:
    """The manifest of what is there: a digest is no signature."""
    Manifest.seal(run, sorted(Manifest.read(run).files), known={})


@pytest.fixture
def somebodys_run(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], csv_file: Callable[..., Path],
    workdir: Path, monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:  # fmt: skip
    """A run, in a folder that holds a module too; that folder is current."""
    csv_file()
    assert rnnexp(*TRAINING, "model=linear").status == 0
    folder = workdir / "downloads"
    folder.mkdir()
    run_directory().rename(folder / "run")
    (folder / "foreign.py").write_text(FOREIGN)
    monkeypatch.chdir(folder)
    yield Path("run")
    sys.modules.pop("foreign", None)


def test_code_that_a_run_names_is_refused_before_it_is_imported(
    rnnexp: Rnnexp, somebodys_run: Path, tally: Tally
) -> None:
    written = (somebodys_run / "config.yaml").read_bytes()
    keys = ("model", "data", "embedding", "trainer", "init", "clip", "probes.mine", "data.nested")
    tries = [*itertools.product(("model",), TARGETS), *itertools.product(keys, TARGETS[:1])]
    for key, target in tries:
        (somebodys_run / "config.yaml").write_bytes(written)
        rewrite(somebodys_run / "summary.json", status="finished")
        with_target(somebodys_run, key, target)
        outcome = rnnexp("predict", "run", "a good film")
        assert outcome.status == 2, (key, target)
        assert f"run/config.yaml: {key}._target_=" in outcome.error, (key, target)
        assert "and was not run: if you trust the code in " in outcome.error
        assert "add --trust" in outcome.error
        exported = rnnexp("export", "run", "--to", "net.pt2")
        assert (exported.status, exported.error) == (2, outcome.error), (key, target)
        rewrite(somebodys_run / "summary.json", status="interrupted")
        resumed = rnnexp("resume", "run")
        assert (resumed.status, resumed.error) == (2, outcome.error), (key, target)
        with pytest.raises(ConfigError, match="trust=True"):
            load_model(RunDirectory.open(somebodys_run))
        with pytest.raises(ConfigError, match="trust=True"):
            RunSpec.of_run(RunDirectory.open(somebodys_run))
        assert not Path("executed").exists()
        assert "foreign" not in sys.modules
    tally("targets", refused=len(tries), executed=0)


def test_code_that_is_trusted_is_imported(rnnexp: Rnnexp, somebodys_run: Path) -> None:
    """From where the command is started too, and from there for this command alone."""
    with_target(somebodys_run, "model", "foreign.Foreign")
    places = list(sys.path)
    outcome = rnnexp("predict", "run", "a good film", "--trust")
    assert outcome.status == 0, outcome.err
    assert Path("executed").exists()
    assert sys.path == places
    assert load_model(RunDirectory.open(somebodys_run), trust=True) is not None
    assert RunSpec.of_run(RunDirectory.open(somebodys_run), trust=True).choices["model"] == "linear"


def test_code_of_rnnexp_is_a_component_or_refused(rnnexp: Rnnexp, somebodys_run: Path) -> None:
    """Importing rnnexp's own modules does nothing, `rnnexp.__main__` among them."""
    for target in ("rnnexp.__main__.main", "rnnexp.command.main.main", "rnnexp.no.such.Class"):
        with_target(somebodys_run, "model", target)
        outcome = rnnexp("predict", "run", "a good film")
        assert outcome.status == 2
        assert f"model._target_={target}" in outcome.error


def test_a_module_that_cannot_be_imported_is_named(rnnexp: Rnnexp) -> None:
    for number, line in enumerate(("1 / 0", "raise SystemExit(0)", "def f(:")):
        Path(f"broken{number}.py").write_text(line)
        outcome = rnnexp(f"model._target_=broken{number}.X", *TINY_MODEL[:1])
        assert outcome.status == 2
        assert f"model._target_=broken{number}.X cannot be imported (" in outcome.error


# -- control characters ----------------------------------------------------------------------------

#: Clear the screen, name the window, colour, turn a line around, take a letter back.
EVIL = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e\u2066\x08\x7f\u2029"
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
#: How EVIL is told.
TOLD = "\\x1b[2J"


def rewrite(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    seal_again(file.parent)


def places(rnnexp: Rnnexp, tmp_path: Path) -> Iterator[tuple[str, Outcome, bool]]:
    """Where the characters are put, what the command gave, and whether it shows them in some way.

    The first ones make runs and studies that later ones change and read.
    """
    rows = [f"a {name} film {EVIL}w,{name}{EVIL}" for name in ("good", "bad")] * 20
    table = tmp_path / "texts.csv"
    table.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    keep = ("data.non_letters=keep",)
    yield "labels and words", rnnexp(*TRAINING, *keep, f"name=x{EVIL[:4]}"), False
    (run,) = (tmp_path / "outputs" / "runs").iterdir()
    predicted = rnnexp("predict", str(run), f"a good film {EVIL}w", "--steps")
    yield "label and words of an answer", predicted, True
    yield "report of a run", rnnexp("report", str(run)), False
    study = ("-m", *TRAINING, *keep, "seed=0,1", f"study=s{EVIL[:4]}")
    yield "name of a study", rnnexp(*study), False
    (folder,) = (tmp_path / "outputs" / "studies").iterdir()
    yield "a study that was done before", rnnexp(*study), False

    strange = tmp_path / f"a{EVIL[:4]}b.csv"
    yield "name of a file", rnnexp(*TRAINING[:1], f"data.path={strange.name}"), True
    strange.write_text("text,label\n" + "a,b\n" * 3)
    yield "name of a file that is read", rnnexp(*TRAINING[:1], f"data.path={strange.name}"), True
    table.write_text(f"te{EVIL}xt,label{EVIL}\na,b\n", encoding="utf-8")
    yield "names of columns", rnnexp(*TRAINING), True
    yield "name of a setting", rnnexp(f"a{EVIL[:4]}=3"), True
    yield "a value", rnnexp(f"model.hidden_size={EVIL[:4]}"), True
    yield "name of a choice", rnnexp(f"model={EVIL[:4]}"), True
    yield "a word too many", rnnexp("report", "a", f"b{EVIL}"), True
    yield "an option", rnnexp("report", "a", f"--{EVIL}"), True
    yield "name of a run", rnnexp("report", f"a{EVIL}"), True
    yield "name of a text", rnnexp("predict", str(run), "--file", f"a{EVIL}"), True
    yield "name of a folder", rnnexp("--config-dir", f"a{EVIL}"), True

    job, other = sorted(file.parent for file in folder.glob("*/summary.json"))
    rewrite(job / "summary.json", status="failed", reason=f"{EVIL}", model=f"m{EVIL}")
    rewrite(other / "summary.json", data=f"d{EVIL}", version=EVIL)
    (other / "config.yaml").write_text(json.dumps({"seed": 1, "data": {"path": f"p{EVIL}"}}))
    seal_again(other)
    yield "a study's values", rnnexp("report", str(folder)), True
    yield "a study's values again", rnnexp("report", str(folder), "--to", f"d{EVIL}"), True
    (job / "config.yaml").write_text(f"a: {EVIL}")
    seal_again(job)
    yield "a file of settings", rnnexp("report", str(folder)), False
    rewrite(run / "task.json", classes=[f"{n}{EVIL}" for n in "ab"])
    yield "classes", rnnexp("predict", str(run), "a good film"), True
    rewrite(run / "summary.json", status=f"x{EVIL}", **{f"k{EVIL}": 1})
    yield "a status", rnnexp("predict", str(run), "a good film"), False
    rewrite(run / "summary.json", status="finished")
    with_target(run, "model", f"mod{EVIL}.X")
    yield "a target", rnnexp("predict", str(run), "a good film"), True
    (folder / "own").mkdir()
    (folder / "own" / "init").mkdir()
    choice = folder / "own" / "init" / "mine.yaml"
    choice.write_text(f"# it says {EVIL}\n_target_: x\n", encoding="utf-8")
    yield "comments of a choice", rnnexp("--config-dir", str(folder / "own"), "--help"), False
    yield "a file of a choice", rnnexp("--config-dir", str(folder / "own"), "init=mine"), False


def test_no_control_character_reaches_the_terminal(
    rnnexp: Rnnexp, tmp_path: Path, tally: Tally
) -> None:
    count = 0
    for place, outcome, is_told in places(rnnexp, tmp_path):
        shown = outcome.out + outcome.err
        assert not FORBIDDEN.search(shown), (place, ascii(shown))
        assert not is_told or TOLD in shown, (place, shown)
        count += 1
    tally("control characters", places=count, shown=0)
    for log in (tmp_path / "outputs").rglob("rnnexp.log"):
        assert not FORBIDDEN.search(log.read_text(encoding="utf-8"))
