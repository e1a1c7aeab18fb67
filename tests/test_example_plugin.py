"""examples/plugin: found once installed from its wheel; in a quick form, from its folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp import plugins
from rnnexp.results.study import Study
from tests.conftest import Outcome

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "examples" / "plugin"
CONF = ("--config-dir", str(PLUGIN / "agreement" / "conf"))
QUICK = ("experiment=agreement", "trainer.steps=2", "data.val_count=20", "data.test_count=20",
         "model.hidden_size=4", "embedding.dim=4", "threads=1")  # fmt: skip
COMPONENTS = ("cells/ugrnn", "data/agreement", "probes/state_speed")


@pytest.fixture
def agreement() -> Iterator[None]:
    """The package is known to no other test."""
    yield
    plugins.forget()
    for name in [name for name in sys.modules if name.partition(".")[0] == "agreement"]:
        del sys.modules[name]
    sys.path[:] = [place for place in sys.path if place != str(PLUGIN)]


@pytest.mark.usefixtures("agreement")
def test_its_preset_runs_and_draws(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    outcome = rnnexp(*CONF, *QUICK, "seed=0,1")
    assert outcome.status == 0, outcome.err
    assert "speed of the state, of its size" in outcome.out
    path = workdir / "outputs" / "studies" / "agreement"
    assert (path / "plots" / "state_speed.png").is_file()
    svg = (path / "plots" / "state_speed.svg").read_text()
    assert ">UGRNN<" in svg
    assert "unrelated to the" in svg
    assert (path / "plots" / "state_speed.csv").read_text().startswith("line,time_step,speed")
    (path / "plots" / "state_speed.png").unlink()
    assert rnnexp(*CONF, "report", str(path)).status == 0
    assert (path / "plots" / "state_speed.png").is_file()
    study = package.load_study(path).study
    assert isinstance(study, Study)
    for run in study.runs:
        assert 0 < run.summary.probes["state_speed"]["mean"] < 1
        assert run.summary.cell is not None


@pytest.mark.usefixtures("agreement")
def test_it_is_listed_told_and_verified(rnnexp: Callable[..., Outcome]) -> None:
    page = rnnexp(*CONF, "list").out
    for word in ("data=agreement", "model=ugrnn", "+probes=state_speed", "experiment=agreement",
                 "model.cell=ugrnn"):  # fmt: skip
        (line,) = [line for line in page.splitlines() if line.split()[:1] == [word]]
        assert line.endswith("[agreement]")
    page = rnnexp(*CONF, "info", "data/agreement").out
    assert "data.symbols=4" in page
    assert "int, at least 2" in page
    assert "model.cell_options.sharpness=1.0" in rnnexp(*CONF, "info", "cells/ugrnn").out
    outcome = rnnexp(*CONF, "verify", *COMPONENTS)
    assert outcome.status == 0, outcome.out
    assert outcome.out.splitlines()[-1] == "20 checks, all passed"
    assert (
        "sharpness must be greater than 0"
        in rnnexp(*CONF, "verify", "cells/ugrnn", "sharpness=0.").error
    )


@pytest.mark.usefixtures("agreement")
def test_its_settings_are_checked(rnnexp: Callable[..., Outcome]) -> None:
    for word, message in (
        ("data.symbols=1", "data.symbols must be at least 2"),
        ("seq_len=1", "agreement needs seq_len of 2 or more"),
        ("probes.state_speed.examples=0", "probes.state_speed.examples must be at least 1"),
    ):
        assert message in rnnexp(*CONF, *QUICK, word).error
    words = ("model=unrolled", "model.cell=ugrnn", "model.cell_options={sharpness:-1.0}")
    assert "sharpness must be greater than 0" in rnnexp(*CONF, *QUICK, *words).error


def wheel_of(folder: Path, to: Path) -> Path:
    before = set(to.glob("*.whl"))
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", to, folder],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = set(to.glob("*.whl")) - before
    return wheel


@pytest.mark.slow
@pytest.mark.long
def test_installed_from_its_wheel_it_is_there(tmp_path: Path) -> None:
    """Both from wheels, in a fresh environment, used from another folder; as its README says."""
    copy = tmp_path / "plugin"  # building leaves nothing in the checkout
    copy.mkdir()
    for name in subprocess.run(
        ["git", "ls-files"], cwd=PLUGIN, capture_output=True, text=True, check=True
    ).stdout.split():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((PLUGIN / name).read_bytes())
    wheels = [wheel_of(ROOT, tmp_path), wheel_of(copy, tmp_path)]
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run(
        [scripts / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", *wheels],
        check=True, capture_output=True,
    )  # fmt: skip
    (site,) = environment.rglob("site-packages")  # torch and the like, as in test_install.py
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def typed(*words: str) -> str:
        done = subprocess.run(words, cwd=elsewhere, capture_output=True, text=True, env=clean())
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    command = str(scripts / "rnnexp")
    assert "[agreement]" in typed(command, "list")
    facts = json.loads(typed(command, "info", "cells/ugrnn", "--json"))
    assert facts["source"] == "agreement"
    assert facts["file"].startswith(str(environment))
    assert "20 checks, all passed" in typed(command, "verify", *COMPONENTS)
    assert "speed of the state" in typed(command, *QUICK)
    study = elsewhere / "outputs" / "studies" / "agreement"
    assert (study / "plots" / "state_speed.png").is_file()
    assert "speed of the state" in typed(command, "report", str(study))
    tests = str(copy / "tests")
    assert "passed" in typed(
        str(scripts / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", tests
    )
    used = typed(str(scripts / "python"), "-c", "import agreement, rnnexp; print(rnnexp.__file__)")
    assert used.startswith(str(environment))


def clean() -> dict[str, str]:
    """Without the path that may lead to this checkout."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
