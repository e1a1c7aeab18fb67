"""Pages as a browser shows them: a real one, without a window and without a network."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rnnexp.results import report
from rnnexp.results.page.content import Linked, Listing, Page, Picture, Section
from rnnexp.results.page.files import PAGE, write
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.results.tables import Cell, Table
from tests.conftest import TINY, Outcome
from tests.results.test_study import add_run

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed here")

WIDE, NARROW = 1280, 390

#: Sorted by value: 9, 30, 200; by text 200, 30, 9.
SORTED = Table(
    ["model", "gradient", "verdict"],
    [[Cell("rnn"), Cell("2.0e2", 200.0), Cell("good flow")], [Cell("gru"), Cell("-"), Cell("-")],
     [Cell("lstm"), Cell("30", 30.0), Cell("severe vanishing")],
     [Cell("bag"), Cell("9 (8 to 10)", 9.0), Cell("exploding")]],
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as tool:
        started = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page that is open, and whatever it complained of or asked the network for."""

    def __init__(self, browser: Any, path: Path, width: int = WIDE, **options: Any) -> None:
        self._context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, **options
        )
        self.tab = self._context.new_page()
        self.complaints: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", self._asked)
        self.tab.goto(path.absolute().as_uri())

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.complaints.append(f"asked for {request.url}")

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.tab.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *error: object) -> None:
        self._context.close()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """With all that a page can have."""
    svg = '<svg role="img" aria-label="a" viewBox="0 0 900 400"><circle cx="9" cy="9" r="5"/></svg>'
    many = Table([f"head {n}" for n in range(20)], [[Cell("a" * 12)] * 20] * 20)
    sections = [
        Section("flow", "How far", "dL/dh", "Read", "But", [SORTED, many], [], [
            Picture("flow", svg, 900.0, [("PNG", "plots/flow.png"), ("CSV", "plots/flow.csv")]),
            Picture("large", "", 0.0, [], "it is too large for this page (9 MB)"),
        ]),
        Section("left", "Left out", lines=["probe gates left out"]),
    ]  # fmt: skip
    runs = Listing(["run", "status"], [Linked("x" * 80, "x/", [Cell("failed")])] * 2)
    return write(
        Page(
            "study", "a study", "1", "Does it forget?", ["It does.", "Since the gradient is gone."],
            [("data", "made by a program")], ["one run failed"], ["a note"], sections,
            runs=runs, environment=[("Python", "3.12")], settings="seed: 0",
        ),
        tmp_path,
    )  # fmt: skip


@pytest.fixture
def of_run(rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]) -> Path:
    """A real one, with figures."""
    words = [word for word in TINY if word != "plots=false"]
    assert rnnexp("model=lstm", *words, "threads=1").status == 0
    return run_directory() / PAGE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anyone_from_reading_it(browser: Any, page: Path, scheme: str) -> None:
    with Opened(browser, page, color_scheme=scheme, bypass_csp=True) as opened:
        found = axe.Axe().run(opened.tab)
        assert found.violations_count == 0, found.generate_report()


def test_a_real_page_opens_wide_and_narrow(browser: Any, of_run: Path) -> None:
    for width, scheme in ((WIDE, "light"), (NARROW, "dark")):
        with Opened(browser, of_run, width, color_scheme=scheme) as opened:
            assert opened.complaints == []
            assert opened.overflow <= 0
            assert opened.tab.locator("figure svg").count() > 4
            for figure in opened.tab.locator("figure svg").all():
                box = figure.bounding_box()
                assert box is not None
                assert box["width"] > 200
                assert box["height"] > 100
    with Opened(browser, of_run, java_script_enabled=False) as opened:
        title = opened.tab.locator("#gradient-flow figure svg .values title").first
        assert "time step t" in (title.text_content() or "")  # which shows below a pointer
    with Opened(browser, of_run, bypass_csp=True) as opened:
        found = axe.Axe().run(opened.tab)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scripts", [True, False])
def test_no_page_is_wider_than_its_window(
    browser: Any, page: Path, width: int, scripts: bool
) -> None:
    with Opened(browser, page, width, java_script_enabled=scripts) as opened:
        assert opened.complaints == []
        shown = opened.tab.locator("main").inner_text()
        for words in ("Does it forget?", "It does.", "Since the gradient", "severe vanishing",
                      "one run failed", "probe gates left out", "3.12"):  # fmt: skip
            assert words in shown
        assert opened.tab.locator("th button").count() == 0 or scripts
        if scripts:
            assert opened.overflow <= 0


def test_tables_sort_by_their_values(browser: Any, page: Path) -> None:
    with Opened(browser, page) as opened:
        table = opened.tab.locator("table.sortable").first
        button = table.get_by_role("button", name="gradient")

        def models() -> list[str]:
            return [text.strip() for text in table.locator("tbody th").all_inner_texts()]

        button.click()
        assert models() == ["bag", "lstm", "rnn", "gru"]
        assert table.locator("th[aria-sort=ascending]").inner_text().startswith("gradient")
        button.press("Enter")  # missing values stay last
        assert models() == ["rnn", "lstm", "bag", "gru"]
        assert table.locator("th[aria-sort]").count() == 1
        table.get_by_role("button", name="verdict").click()
        assert models() == ["bag", "rnn", "lstm", "gru"]
        assert table.locator("th[aria-sort=ascending]").inner_text().startswith("verdict")


def test_it_prints_on_paper(browser: Any, page: Path) -> None:
    with Opened(browser, page, color_scheme="dark") as opened:
        printed = opened.tab.pdf(format="A4", prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        opened.tab.set_viewport_size({"width": 688, "height": 1000})  # A4 within its margins
        opened.tab.emulate_media(media="print")
        assert opened.overflow <= 0
        color = "getComputedStyle(document.body).backgroundColor"
        assert opened.tab.evaluate(color) == "rgb(255, 255, 255)"
        assert opened.tab.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_a_study_that_runs_is_looked_at_again(browser: Any, page: Path) -> None:
    values = Page("study", "s", "1", "How far?", ["Not answered yet."], unfinished=True)
    write(values, page.parent)
    with Opened(browser, page) as opened:
        assert "Written" in opened.tab.locator("#written").inner_text()
        write(replace(values, answer=["Answered."], unfinished=False), page.parent)
        opened.tab.get_by_text("Answered.", exact=True).wait_for(timeout=20_000)
        assert opened.complaints == []
        assert opened.tab.locator("#written").count() == 0


@pytest.mark.slow
def test_a_study_of_300_runs_opens_in_a_second(browser: Any, tmp_path: Path) -> None:
    for number in range(300):
        settings = {"model": ("rnn", "lstm", "gru")[number % 3], "seed": number // 30,
                    "model.hidden_size": 8 * (1 + number % 10)}  # fmt: skip
        add_run(tmp_path, number, 0.5 + (number * 37 % 400) / 1000, **settings)
    study = Study.read(tmp_path)
    report.show_study(study, report.study_findings(study))
    assert (tmp_path / PAGE).stat().st_size < 5_000_000
    started = time.process_time(), time.monotonic()
    with Opened(browser, tmp_path / PAGE) as opened:
        loads = []
        for _ in range(3):  # the fastest says what the page takes, whatever else runs here
            opened.tab.reload()
            loads.append(
                opened.tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            )
        assert opened.complaints == []
        assert opened.tab.locator("section[aria-labelledby=runs] tbody tr").count() == 300
    assert 0 < min(loads) < 1000 * (1 + os.getloadavg()[0])  # milliseconds
    assert time.monotonic() - started[1] < 60


def test_what_was_typed_is_text_in_a_browser(browser: Any, tmp_path: Path) -> None:
    hostile = "</script><script>document.title='x'</script><img src=x onerror=document.title='x'>"
    add_run(tmp_path, 0, 0.6, **{"model.kind": hostile})
    add_run(tmp_path, 1, 0.7, **{"model.kind": "b"})
    run = RunDirectory.open(tmp_path / "job000")
    run.write_summary(run.summary.model_copy(update={"status": "failed", "reason": hostile}))
    study = Study.read(tmp_path)
    report.show_study(study, report.study_findings(study))
    with Opened(browser, tmp_path / PAGE) as opened:
        assert opened.complaints == []
        assert opened.tab.title() != "x"
        assert opened.tab.locator("img").count() == 0
        assert hostile in opened.tab.locator(".gaps").inner_text()
