"""The pages of docs/ as a site: site/VERSION/, site/latest/, and site/index.html, which lists them.

    python docs/build_site.py                  build this version into site/
    python docs/build_site.py --site FOLDER    ... into another folder, beside the versions there

Zensical builds it strictly: a dead link or anchor is an error, and so is a page that the navigation
of mkdocs.yml does not have. There `Probes: probes/` stands for every page of that folder. The
version is that of rnnexp/__init__.py. The result needs no server: any host of files serves it.
"""

import argparse
import html
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

from rnnexp import __version__

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: The pages themselves, and what they show; scripts stay behind.
SHOWN = ("*.md", "*.png", "*.svg", "*.csv")

LIST = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rnnexp: versions of the documentation</title>
<style>
body {{ font: 1.1rem/1.6 sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }}
</style>
<h1>rnnexp: documentation</h1>
<ul>
{items}
</ul>
</html>
"""


class SiteError(Exception):
    """The pages, or their navigation, are not as they must be."""


def pages(docs: Path) -> list[str]:
    """Every page, by its place below the folder."""
    return sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))


def navigation(entries: Sequence[Any], docs: Path) -> list[Any]:
    """The navigation with each `folder/` replaced by the pages in it, `index.md` first."""
    made: list[Any] = []
    for entry in entries:
        if isinstance(entry, str):
            made.append(entry)
            continue
        ((title, what),) = entry.items()
        if isinstance(what, list):
            made.append({title: navigation(what, docs)})
        elif what.endswith("/"):
            of_folder = [page for page in pages(docs) if page.startswith(what)]
            if of_folder:  # its pages may be still to be written
                of_folder.sort(key=lambda page: (not page.endswith("/index.md"), page))
                made.append({title: [{heading(docs / page): page} for page in of_folder]})
        else:
            made.append({title: what})
    return made


def heading(page: Path) -> str:
    """What a page is called. Raises SiteError where it has no heading."""
    found = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), flags=re.M)
    if found is None:
        raise SiteError(f"{page.name} has no heading ('# ...')")
    return found[1].replace("`", "")


def named(entries: Sequence[Any]) -> Iterator[str]:
    """The pages that a navigation names."""
    for entry in entries:
        what = entry if isinstance(entry, str) else next(iter(entry.values()))
        if isinstance(what, str):
            yield what
        else:
            yield from named(what)


def checked(config: dict[str, Any], docs: Path) -> dict[str, Any]:
    """The configuration with its whole navigation. Raises SiteError for a page it has not."""
    nav = navigation(config["nav"], docs)
    names, there = list(named(nav)), pages(docs)
    faults = [
        f"{page} is not in the navigation of mkdocs.yml" for page in there if page not in names
    ]
    faults += [
        f"mkdocs.yml names {page}, which is not there" for page in names if page not in there
    ]
    faults += [f"mkdocs.yml names {page} twice" for page in {*names} if names.count(page) > 1]
    if faults:
        raise SiteError("\n".join(sorted(faults)))
    return {**config, "nav": nav}


def build(work: Path, docs: Path = DOCS, config: Path = ROOT / "mkdocs.yml") -> Path:
    """Build the pages in an empty folder; where the site then is. Raises SiteError."""
    settings = checked(yaml.safe_load(config.read_text(encoding="utf-8")), docs)
    shutil.copytree(docs, work / "pages", ignore=_hidden)
    settings |= {"docs_dir": "pages", "site_dir": "site"}
    settings["site_name"] = f"{settings['site_name']} {__version__}"
    for plugin in settings["plugins"]:
        if isinstance(plugin, dict) and "mkdocstrings" in plugin:
            python = plugin["mkdocstrings"]["handlers"]["python"]
            python["paths"] = [str(ROOT)]
            python["options"]["extensions"] = [str(DOCS / "doctest_blocks.py")]
    (work / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=work, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode or not (work / "site" / "index.html").is_file():
        raise SiteError(plain(done.stdout + done.stderr))
    return work / "site"


def _hidden(folder: str, names: list[str]) -> list[str]:
    """What the site does not need of a folder."""
    return [
        name for name in names
        if not Path(folder, name).is_dir() and not any(Path(name).match(kind) for kind in SHOWN)
    ]  # fmt: skip


def plain(text: str) -> str:
    """What a program says to a terminal, without its colours and its traceback."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return re.sub(r"Traceback.*?\n(?=\w+: )", "", text, flags=re.S).strip()


def versions(site: Path) -> list[str]:
    """The versions that a site has, the newest first."""
    found = []
    for folder in site.iterdir():
        try:
            found.append((Version(folder.name), folder.name))
        except InvalidVersion:
            continue
    return [name for _, name in sorted(found, reverse=True)]


def publish(built: Path, site: Path, version: str = __version__) -> None:
    """Put what was built into its version's folder, and `latest` and the list of versions anew."""
    site.mkdir(parents=True, exist_ok=True)
    _replace(built, site / version)
    all_versions = versions(site)
    _replace(site / all_versions[0], site / "latest")
    items = [f'<li><a href="latest/index.html">latest</a> ({html.escape(all_versions[0])})</li>']
    items += [
        f'<li><a href="{name}/index.html">{html.escape(name)}</a></li>' for name in all_versions
    ]
    (site / "index.html").write_text(LIST.format(items="\n".join(items)), encoding="utf-8")


def _replace(source: Path, target: Path) -> None:
    """Put a copy of a folder in the place of another, of which nothing is left."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python docs/build_site.py", description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "site", help="where the versions lie")
    options = parser.parse_args(words)
    work = ROOT / "build" / "docs"
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    try:
        publish(build(work), options.site)
    except SiteError as error:
        print(f"the documentation cannot be built:\n{error}", file=sys.stderr)
        return 1
    print(f"{options.site}/index.html: versions {', '.join(versions(options.site))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
