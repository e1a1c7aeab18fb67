"""Every block of every page is run, page by page, in a quick form; what the pages say is there."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.command.completion import answer
from rnnexp.command.keys import valid_keys
from rnnexp.command.verbs import VERBS
from rnnexp.results import report
from tests.conftest import Outcome, script
from tests.docs.claims import AS_TYPED, CLAIMED, PREPARED, RUNS
from tests.docs.pages import FIGURE, ROOT, Page, all_pages

tables = script(ROOT / "docs" / "tables.py")

#: How many blocks no test runs. Each says why, above it: a cluster, a GPU, a download, an install.
LEFT_OUT = 20

#: Pages of which the jobs run in processes of their own, and those that take more than ten seconds.
ISOLATED = ("docs/launchers.md",)
SLOW = ("docs/launchers.md", "docs/loggers.md", "docs/python.md", "docs/search.md")

TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in all_pages()}


def marked(name: str) -> pytest.param:  # type: ignore[valid-type]
    marks = [pytest.mark.isolated] if name in ISOLATED else []
    marks += [pytest.mark.slow] if name in SLOW else []
    return pytest.param(name, marks=marks)


@pytest.fixture
def packages(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Packages that a page writes are forgotten behind it."""
    places = list(sys.path)
    forget_modules()
    yield
    plugins.forget()
    forget_modules()
    sys.path[:] = places


def forget_modules() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] in ("mypkg", "agreement")]:
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore")  # of tools about tools
@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("name", [marked(name) for name in all_pages() if "```" in TEXTS[name]])
def test_a_page_is_what_happens(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    page = Page(name, rnnexp, RUNS.get(name, "*"), name in AS_TYPED)
    if not page.draws:
        monkeypatch.setattr(report, "draw", lambda *arguments: None)
    PREPARED.get(name, lambda page, monkeypatch: None)(page, monkeypatch)
    page.run()
    for figure, _ in FIGURE.findall(page.text):
        assert page.made(figure), f"no run or study has {figure}"
    CLAIMED.get(name, lambda page: None)(page)


def test_what_is_left_out_says_why() -> None:
    reasons = [
        reason
        for text in TEXTS.values()
        for reason in re.findall(r"^ *<!-- skip: (?:next|start)(.*)-->$", text, flags=re.M)
    ]
    assert all(re.fullmatch(r' ".{5,}" ', reason) for reason in reasons), reasons
    assert len(reasons) == LEFT_OUT


@pytest.mark.parametrize("name", TEXTS)
def test_no_command_stands_outside_of_a_block(name: str) -> None:
    """Where no test would type it."""
    text = re.sub(r"^```.*?^```", "", TEXTS[name], flags=re.S | re.M)
    assert not re.findall(r"^ {4}(?:rnnexp|pip|python|make) .*", text, flags=re.M)


@pytest.mark.parametrize("name", TEXTS)
def test_the_files_that_a_page_names_exist(name: str) -> None:
    text = TEXTS[name]
    places = r"rnnexp|conf|docs|examples|tests|benchmarks"
    for path in re.findall(rf"`((?:{places})/[\w./]+\.\w+)`", text):
        if (
            path == path.lower() and name != "docs/LOG.md"
        ):  # NAME stands for any; a log is of its day
            assert (ROOT / path).exists(), path
    for target in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", text):
        assert ((ROOT / name).parent / target).exists(), target


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_leads_to_pages_of_the_site_alone(name: str) -> None:
    if name.startswith("docs/"):
        for target in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", TEXTS[name]):
            place = ((ROOT / name).parent / target).resolve()
            assert place.is_relative_to(ROOT / "docs"), target


def test_every_setting_that_a_page_names_is_one() -> None:
    keys = set(valid_keys())
    groups = "|".join(settings.GROUPS)
    own = {"init.value", "data.symbols", "model.width", "schedule.hold"}  # of the packages shown
    for name, text in TEXTS.items():
        if not name.endswith(("LOG.md", "memory.md")):
            for key in re.findall(rf"(?<![\w.])((?:{groups})\.[a-z_]+)=", text):
                assert key in keys | own, (name, key)


def test_the_tables_are_those_of_the_folders() -> None:
    """Out of date? `make readme` makes them anew."""
    for page, _ in tables.TABLES.values():
        assert tables.filled(page, TEXTS[f"docs/{page}"]) == TEXTS[f"docs/{page}"]


def test_every_choice_is_offered() -> None:
    offered = "".join(TEXTS[f"docs/{page}"] for page, _ in tables.TABLES.values())
    for group in (*settings.GROUPS, "experiment", "probes"):
        for name in plugins.option_files(group):
            alone = group in ("experiment", "probes")
            row = f"| `{name}` |" if alone else f"| `{group}={name}`"
            assert row in offered or name == "none", (group, name)


def test_every_preset_stands_in_the_table_and_no_other() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", TEXTS["docs/reference/presets.md"], flags=re.M))
    assert named == {path.stem for path in plugins.own_config_dir().glob("experiment/*.yaml")}


def test_every_verb_is_explained() -> None:
    for verb in VERBS:
        assert f"rnnexp {verb} " in TEXTS["docs/reference/commands.md"], verb


def test_every_logger_and_every_setting_is_on_its_page() -> None:
    text = TEXTS["docs/loggers.md"]
    for name, path in plugins.option_files("logger").items():
        assert f"`{name}`" in text or f"logger={name}" in text
        for setting in (plugins.read_yaml(path).get(name) or {}).keys() - {"_target_", "timeout"}:
            assert f"logger.{name}.{setting}" in text or f"`.{setting}`" in text, setting


@pytest.mark.parametrize(
    ("typed", "completed"),
    re.findall(r"^\| `(rnnexp .+?)` \| `(rnnexp .+?)` \|$", TEXTS["docs/completion.md"], re.M),
)
def test_what_is_completed(typed: str, completed: str) -> None:
    begun = re.split(r"[ ']", typed)[-1]
    (found,) = answer(typed, "zsh")
    assert typed.removesuffix(begun) + found == completed


def test_the_table_of_a_run_names_what_it_has() -> None:
    table = re.findall(r"^\| `run\.(.*?)\|", TEXTS["docs/python.md"], flags=re.M)
    named = {name for row in table for name in re.findall(r"(?:run\.|^)(\w+)", row)}
    assert named <= {name for name in dir(package.Run) if not name.startswith("_")} | {"directory"}
    assert len(named) > 8


@pytest.mark.parametrize("kind", ["run", "study"])
def test_what_is_left_is_what_the_page_promises(rnnexp: Callable[..., Outcome], kind: str) -> None:
    text = TEXTS["docs/reference/files.md"].partition("## A study")[2 * (kind == "study")]
    rows = re.findall(r"^\| (`.+?|a folder per job) \| (.+?) \|", text, flags=re.M)
    promised = {n.strip("`/"): when for names, when in rows for n in names.split(", ")}
    words = ["-m", "model=bag,rnn", "study=s", "plots=true"] if kind == "study" else []
    small = ["data.limit=60", "trainer.epochs=1", "seq_len=8", "model.hidden_size=4", "threads=1"]
    assert rnnexp(*words, *small).status == 0
    (place,) = Path("outputs").glob("studies/*" if kind == "study" else "runs/*")
    there = {
        path.name
        for path in place.glob("[!.]*")  # what a running study needs begins with a dot
        if not (path / "summary.json").is_file()
    }
    assert there <= set(promised)
    always = {name for name, when in promised.items() if when == "always"}
    assert always - {"a folder per job"} <= there


def test_every_figure_is_small_and_shown() -> None:
    shown = {
        ((ROOT / name).parent / target).resolve()
        for name, text in TEXTS.items()
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    }
    there = {p for kind in ("png", "svg") for p in (ROOT / "docs").rglob(f"*.{kind}")}
    assert {path for path in there if path.suffix == ".png"} <= shown, "a figure that no page shows"
    for path in shown:
        assert path.stat().st_size < 120_000, path.name
