"""Built, installed into a fresh environment, and used from a folder of no importance."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.test_packaging import check_source_archive, tracked

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.long
def test_the_wheel_works_in_a_fresh_environment(tmp_path: Path) -> None:
    """The wheel that is built from the source archive, as build does it."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    (archive,) = tmp_path.glob("*.tar.gz")
    check_source_archive(archive)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "rnnexp/conf/config.yaml" in names
    assert "rnnexp/py.typed" in names
    assert "rnnexp/conf/experiment/quickstart.yaml" in names
    assert not [name for name in names if name.startswith(("tests", "conf/", "examples"))]
    assert {*tracked("rnnexp"), *tracked("hydra_plugins")} <= set(names)

    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run(
        [scripts / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel],
        check=True, capture_output=True,
    )  # fmt: skip
    # The dependencies are those of the environment that runs the tests, rnnexp itself is not:
    # an editable install there works through a .pth file, which is read in site folders alone.
    (site,) = environment.rglob("site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    # no path that may lead to this checkout
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def rnnexp(*arguments: str) -> str:
        done = subprocess.run(
            [scripts / "rnnexp", *arguments],
            cwd=elsewhere, capture_output=True, text=True, env=clean,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "examples:" in rnnexp("--help")
    assert "test accuracy" in rnnexp("experiment=smoke")
    (run,) = (elsewhere / "outputs" / "runs").iterdir()
    assert "label:" in rnnexp("predict", str(run), "This movie was fantastic!")
    code = "import rnnexp; print(rnnexp.__file__)"
    used = subprocess.run(
        [scripts / "python", "-c", code],
        cwd=elsewhere, capture_output=True, text=True, check=True, env=clean,
    )  # fmt: skip
    assert used.stdout.startswith(str(environment))
