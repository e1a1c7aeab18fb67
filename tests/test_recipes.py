"""The recipes of docs/how-to: their package is written, its commands typed, the results seen.

That each command of the pages runs is for tests/docs to see.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp import plugins
from tests.conftest import Outcome

PAGES = {
    name: (Path(__file__).resolve().parents[1] / "docs" / "how-to" / f"{name}.md").read_text(
        "utf-8"
    )
    for name in ("own_cell", "own_parts", "own_probe")
}
TEXT = "".join(PAGES.values())
#: The parts of a page, and the pages on one thing.
RECIPES = dict(re.findall(r"^## (.+?)\n(.*?)(?=^##|\Z)", PAGES["own_parts"], flags=re.S | re.M))
RECIPES["A cell"] = PAGES["own_cell"].partition("## Other kinds")[0].partition("## The class")[2]
RECIPES["A probe with its table and figure"] = (
    "```sh\nrnnexp --config-dir mypkg/conf +probes=sparsity data.limit=100 seq_len=12 "
    "trainer.epochs=1\n```"
)
WITH_COMMANDS = [title for title, recipe in RECIPES.items() if "```sh" in recipe]


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.S)


@pytest.fixture
def mypkg(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of all recipes, in the folder that one works in."""
    for block in (*blocks("python", TEXT), *blocks("yaml", TEXT)):
        first, _, rest = block.partition("\n")
        if not re.fullmatch(r"# mypkg/\S+", first):
            continue
        path = Path(first.removeprefix("# "))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest, encoding="utf-8")
    assert "a folder with an empty `__init__.py`" in TEXT
    Path("mypkg/__init__.py").touch()
    monkeypatch.syspath_prepend(str(workdir))
    forget_modules()
    yield Path("mypkg")
    plugins.forget()
    forget_modules()


def forget_modules() -> None:
    """Other tests have packages of that name, too."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypkg"]:
        del sys.modules[name]


def commands(title: str) -> list[str]:
    (block,) = blocks("sh", RECIPES[title])
    (line,) = block.strip().splitlines()
    return shlex.split(line)[1:]


@pytest.mark.parametrize("title", WITH_COMMANDS)
def test_a_recipe_does_what_it_says(
    rnnexp: Callable[..., Outcome], mypkg: Path, workdir: Path, title: str
) -> None:
    outcome = rnnexp(*commands(title), "threads=1")
    assert outcome.status == 0, outcome.err
    assert outcome.err == ""
    assert "accuracy" in outcome.out
    check = CHECKS.get(title)
    if check is not None:
        (path,) = workdir.glob("outputs/*/*")
        check(path, outcome.out)


def check_cell(path: Path, out: str) -> None:
    run = package.load_run(path)
    assert run.summary.cell is not None
    assert (run.summary.cell.name, run.summary.cell.carry) == ("leaky", "leak")
    assert run.probe("gates") is not None
    assert (run.plots / "gates.svg").is_file()
    assert "leak gate" in (run.plots / "gates.svg").read_text()


def check_probe(path: Path, out: str) -> None:
    assert "silent units" in out
    assert (path / "plots" / "sparsity.png").is_file()
    assert "share" in package.load_run(path).summary.probes["sparsity"]


def check_study(path: Path, out: str) -> None:
    assert "best seed minus worst" in out
    assert (path / "plots" / "seed_spread.png").is_file()
    assert set(package.load_study(path).groups()[0].factors) == {"model"}
    assert '"seed_spread"' in (path / "study.json").read_text()


def check_init(path: Path, out: str) -> None:
    summary = package.load_run(path).summary
    assert (summary.choices["init"], summary.choices["clip"]) == ("constant", "signs")


CHECKS: dict[str, Callable[[Path, str], None]] = {
    "A cell": check_cell,
    "A probe with its table and figure": check_probe,
    "A table and figure of a study": check_study,
    "An initialisation, a clipping rule, an encoder": check_init,
}


def test_every_check_is_of_a_recipe() -> None:
    assert set(CHECKS) <= set(WITH_COMMANDS)
    assert len(WITH_COMMANDS) == 6


def test_settings_are_checked_from_the_constructor(
    rnnexp: Callable[..., Outcome], mypkg: Path
) -> None:
    own = ("--config-dir", "mypkg/conf")
    assert "init.value must be from -1 to 1" in rnnexp(*own, "init=constant", "init.value=2").error
    assert "majority needs an odd seq_len" in rnnexp(*own, "data=majority", "seq_len=8").error
    assert "did you mean 'leaky'?" in rnnexp(*own, "model=unrolled", "model.cell=leeky").error
    assert "did you mean 'majority'" in rnnexp(*own, "data=majorty").error


def test_all_of_it_is_listed_and_gone_again(rnnexp: Callable[..., Outcome], mypkg: Path) -> None:
    page = rnnexp("--help", "--config-dir", "mypkg/conf").out
    for name in ("majority", "constant", "signs", "halves", "window", "sparsity", "=spread"):
        assert name in page, name
    assert "majority" not in rnnexp("--help").out
    assert "leaky" not in rnnexp("model=unrolled", "model.cell=nonsense").error
    assert "sparsity" in rnnexp("--config-dir", "mypkg/conf", "--cfg", "job", "probes=all").out


def test_a_report_needs_the_package_too(
    rnnexp: Callable[..., Outcome], mypkg: Path, workdir: Path
) -> None:
    assert rnnexp(*commands("A probe with its table and figure"), "plots=false").status == 0
    (run,) = workdir.glob("outputs/runs/*")
    outcome = rnnexp("report", str(run), "--config-dir", "mypkg/conf")
    assert "silent units" in outcome.out
    assert (run / "plots" / "sparsity.png").is_file()


def test_workers_know_the_package(rnnexp: Callable[..., Outcome], mypkg: Path) -> None:
    """A launcher's worker has not seen --config-dir, and builds the cell all the same."""
    outcome = rnnexp(
        *commands("A cell"), "-m", "seed=0,1", "hydra/launcher=two_at_a_time", "plots=false",
        "study=s", "threads=1",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert len(re.findall(r"_s\d  test accuracy .*, chance", outcome.out)) == 2, outcome.out
    study = package.load_study("outputs/studies/s")
    assert isinstance(study, package.LoadedStudy)
    assert set(study.runs.status) == {"finished"}


def test_a_package_may_lie_anywhere(mypkg: Path, workdir: Path) -> None:
    """By the command as it is typed, in a process of its own, from another folder."""
    elsewhere = workdir / "elsewhere"
    elsewhere.mkdir()
    words = [str(mypkg.absolute() / "conf") if w == "mypkg/conf" else w for w in commands("A cell")]
    words += ["+probes=[sparsity]", "threads=1", "plots=false"]
    done = subprocess.run(
        [sys.executable, "-m", "rnnexp", *words], cwd=elsewhere, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "silent units" in done.stdout


def test_what_is_wrong_with_a_package_is_said_in_a_line(
    rnnexp: Callable[..., Outcome], mypkg: Path
) -> None:
    own = ("--config-dir", "mypkg/conf", "data=majority", "seq_len=9", "trainer.steps=2")
    (mypkg / "findings" / "broken.py").write_text("import no_such_module\n")
    (mypkg / "findings" / "gates.py").write_text((mypkg / "findings/seed_spread.py").read_text())
    outcome = rnnexp(*own)
    assert outcome.status == 0, outcome.err
    assert "mypkg.findings.broken cannot be imported (ModuleNotFoundError" in outcome.err
    assert "the finding gates of mypkg.findings.gates is left out" in outcome.err
    (mypkg / "cells" / "broken.py").write_text("1 / 0\n")
    outcome = rnnexp(*own, "model=unrolled")
    assert outcome.status == 2
    assert "mypkg.cells.broken cannot be imported (ZeroDivisionError" in outcome.error
    (mypkg / "conf" / "model" / "lstm.yaml").write_text("hidden_size: 3\n")
    assert "mypkg/conf/model/lstm.yaml has the name of a choice of rnnexp" in rnnexp(*own).error
    (mypkg / "conf" / "model" / "lstm.yaml").unlink()
    (mypkg / "conf" / "experiment" / "bad.yaml").write_text("a: [1\n")
    for words in (own, (*own[:2], "--help")):
        assert "mypkg/conf/experiment/bad.yaml cannot be read (" in rnnexp(*words).error


def test_a_name_that_is_taken(rnnexp: Callable[..., Outcome], mypkg: Path, workdir: Path) -> None:
    mypkg.rename(workdir / "email")  # as a module of Python's own
    outcome = rnnexp("--config-dir", "email/conf", "-m", "seed=0,1", "data=parity")
    assert outcome.status == 2
    assert "another package is called email" in outcome.error
    assert not Path("outputs").exists()


def test_a_place_may_be_written_in_any_way(
    rnnexp: Callable[..., Outcome], mypkg: Path, workdir: Path
) -> None:
    (workdir / "link").symlink_to(workdir)
    for conf in (f"../{workdir.name}/mypkg/conf", "link/mypkg/conf", f"{workdir}/mypkg/conf/"):
        outcome = rnnexp("--config-dir", conf, "data=majority", "seq_len=9", "model.cell=leaky",
                         "model=unrolled", "trainer.steps=2", "plots=false")  # fmt: skip
        assert outcome.status == 0, outcome.err


def test_folders_beside_choices_that_are_no_package_are_not_imported(
    rnnexp: Callable[..., Outcome], mypkg: Path
) -> None:
    (mypkg / "__init__.py").unlink()
    (mypkg / "cells" / "own.py").write_text("raise RuntimeError('not for rnnexp')\n")
    outcome = rnnexp("--config-dir", "mypkg/conf", "data=majority", "seq_len=9", "model=unrolled",
                     "trainer.steps=2", "plots=false")  # fmt: skip
    assert outcome.status == 0, outcome.err


def test_a_verb_may_stand_behind_the_folder(rnnexp: Callable[..., Outcome], mypkg: Path) -> None:
    assert "no such run" in rnnexp("--config-dir", "mypkg/conf", "predict", "nope", "text").error
    assert "no such run" in rnnexp("--config-dir=mypkg/conf", "predict", "nope", "text").error


def test_an_installed_package_names_itself(mypkg: Path, workdir: Path) -> None:
    """By an entry point, as pip leaves it: in a process of its own, since they are read once."""
    (toml,) = blocks("toml", TEXT)
    assert f'"{plugins.ENTRY_POINTS}"' in toml
    site = workdir / "site" / "mypkg-1.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: mypkg\nVersion: 1.0\n")
    (site / "entry_points.txt").write_text(f"[{plugins.ENTRY_POINTS}]\nmypkg = mypkg\n")
    mypkg.rename(workdir / "site" / "mypkg")
    words = ["data=majority", "seq_len=9", "trainer.steps=3", "model=unrolled", "model.cell=leaky"]
    words += ["model.hidden_size=4", "+probes=sparsity", "plots=false", "threads=1"]
    code = (
        f"import sys; sys.path.append({str(workdir / 'site')!r})\n"
        "import rnnexp\n"
        f"run = rnnexp.run({words!r})\n"
        "print(run.summary.data, run.summary.cell.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "silent units" in done.stdout
    assert done.stdout.splitlines()[-1] == "majority leaky"


@pytest.mark.parametrize("title", ["A task", "A cell"])
def test_the_runs_of_a_package_are_loaded(mypkg: Path, title: str) -> None:
    words = [word for word in commands(title) if word not in ("--config-dir", "mypkg/conf")]
    run = package.run([*words, "plots=false", "threads=1"], config_dir="mypkg/conf")
    assert isinstance(run, package.Run)
    assert run.model().top_cell is not None
    again = package.run([*words, "plots=false", "threads=1"])  # the folder stays known
    assert isinstance(again, package.Run)
    assert again.summary.fingerprint == run.summary.fingerprint
