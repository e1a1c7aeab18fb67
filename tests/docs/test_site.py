"""The site: built strictly, a folder for each version, nothing outside of its navigation."""

from pathlib import Path
from typing import Any

import pytest

from rnnexp import __version__
from tests.conftest import script
from tests.docs.pages import ROOT

site = script(ROOT / "docs" / "build_site.py")
blocks = script(ROOT / "docs" / "doctest_blocks.py")

CONFIG: dict[str, Any] = {"site_name": "x", "plugins": ["search"], "nav": [{"Home": "index.md"}]}


def folder(files: dict[str, str]) -> Path:
    for name, text in files.items():
        Path("docs", name).parent.mkdir(parents=True, exist_ok=True)
        Path("docs", name).write_text(text, encoding="utf-8")
    return Path("docs").resolve()


def test_the_pages_are_built_without_a_warning(workdir: Path) -> None:
    work = workdir / "work"
    work.mkdir()
    built = site.build(work)
    for page in site.pages(site.DOCS):
        assert (built / page).with_suffix(".html").is_file(), page
    api = (built / "reference/api.html").read_text(encoding="utf-8")
    for name in ("rnnexp.command.python.run", "rnnexp.probes.base.Probe", "rnnexp.model.rollout"):
        assert f'id="{name}' in api, name
    for page in built.rglob("*.html"):  # nothing is fetched from another place
        text = page.read_text(encoding="utf-8")
        assert "fonts.googleapis" not in text
        assert 'src="http' not in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [("[a](nowhere.md)", "page does not exist"), ("[a](#nowhere)", "anchor does not exist")],
)
def test_a_dead_link_is_an_error(workdir: Path, text: str, fault: str) -> None:
    docs = folder({"index.md": f"# Home\n\n{text}\n"})
    config = workdir / "mkdocs.yml"
    config.write_text("site_name: x\nplugins: [search]\nnav: [{Home: index.md}]\n")
    (workdir / "work").mkdir()
    with pytest.raises(site.SiteError, match=fault):
        site.build(workdir / "work", docs, config)


def test_a_page_that_the_navigation_lacks_is_an_error() -> None:
    docs = folder({"index.md": "# Home\n", "other.md": "# Other\n"})
    with pytest.raises(site.SiteError, match=r"other\.md is not in the navigation"):
        site.checked(CONFIG, docs)
    twice = {**CONFIG, "nav": [{"Home": "index.md"}, {"A": "other.md"}, {"B": "other.md"}]}
    with pytest.raises(site.SiteError, match=r"names other\.md twice"):
        site.checked(twice, docs)
    gone = {**CONFIG, "nav": [{"Home": "index.md"}, {"A": "other.md"}, {"B": "gone.md"}]}
    with pytest.raises(site.SiteError, match=r"names gone\.md, which is not there"):
        site.checked(gone, docs)


def test_a_folder_stands_for_its_pages() -> None:
    docs = folder({"index.md": "# Home\n", "a/index.md": "# All\n", "a/1.md": "# `One`\n"})
    nav = [{"Home": "index.md"}, {"A": "a/"}, {"Later": "none/"}]
    made = site.checked({**CONFIG, "nav": nav}, docs)["nav"]
    assert made == [{"Home": "index.md"}, {"A": [{"All": "a/index.md"}, {"One": "a/1.md"}]}]
    Path("docs/a/2.md").write_text("no heading\n")
    with pytest.raises(site.SiteError, match=r"2\.md has no heading"):
        site.checked({**CONFIG, "nav": nav}, docs)


def test_versions_lie_side_by_side() -> None:
    built = Path("built")
    built.mkdir()
    for version in ("0.9.0", "0.10.0", "0.2.0"):
        (built / "index.html").write_text(version)
        site.publish(built, Path("site"), version)
    assert site.versions(Path("site")) == ["0.10.0", "0.9.0", "0.2.0"]
    assert Path("site/0.9.0/index.html").read_text() == "0.9.0"
    assert Path("site/latest/index.html").read_text() == "0.10.0"
    listed = Path("site/index.html").read_text()
    assert listed.index('"0.10.0/') < listed.index('"0.9.0/') < listed.index('"0.2.0/')
    (built / "index.html").write_text("again")
    (built / "new.html").write_text("x")
    site.publish(built, Path("site"), "0.9.0")
    assert Path("site/0.9.0/index.html").read_text() == "again"
    assert not Path("site/latest/new.html").exists()


def test_the_version_is_the_package_s() -> None:
    assert site.publish.__defaults__ == (__version__,)


def test_an_example_in_a_docstring_is_a_block() -> None:
    text = "One line.\n\n>>> a[0][:, -1]\n1\n>>> b\n\nMore."
    assert (
        blocks.fenced(text) == "One line.\n\n\n```pycon\n>>> a[0][:, -1]\n1\n>>> b\n```\n\n\nMore."
    )
