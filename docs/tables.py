"""The tables of settings, choices, presets and probes in docs/, made from the folders of choices.

    python docs/tables.py            write them into the pages
    python docs/tables.py --check    exit with 1 where a page has others

Each stands between `<!-- NAME: made by docs/tables.py -->` and `<!-- end of NAME -->`.
"""

import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from rnnexp.command.choices import PRESETS, Choice, choices, defaults, groups, shown, top_settings

DOCS = Path(__file__).resolve().parent


def settings_table() -> str:
    """The settings that belong to no group."""
    rows = [f"| `{name}` | {shown(value)} | {text} |" for name, value, text in top_settings()]
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows])


def choices_table() -> str:
    """A table for every group but presets and probes: its choices, with their settings.

    Settings that several choices take from a file of their group have a row of their own.
    """
    return "\n\n".join(_group_table(group) for group in groups() if group != "probes")


def _group_table(group: str) -> str:
    lines = [
        f"## `{group}`",
        "",
        "| choice | what | settings and defaults |",
        "| --- | --- | --- |",
    ]
    shared: dict[str, Choice] = {}
    for name, choice in choices(group).items():
        default = " (default)" if defaults().get(group) == name else ""
        bases = [base for base in choice.bases() if base.name.startswith("_")]
        shared |= {base.name: base for base in bases}
        left_out = {setting for base in bases for setting, _, _ in base.settings}
        row = f"| `{group}={name}`{default} | {_cell(choice.description)} |"
        lines.append(f"{row} {_settings(choice, left_out)} |")
    lines += [f"| | {_cell(base.description)} | {_settings(base)} |" for base in shared.values()]
    return "\n".join(lines)


def presets_table() -> str:
    """Every preset, with the number of its runs."""
    lines = ["| `experiment=` | what | runs |", "| --- | --- | --- |"]
    for name, choice in choices(PRESETS).items():
        lines.append(f"| `{name}` | {_cell(choice.summary)} | {choice.shown_jobs} |")
    return "\n".join(lines)


def probes_table() -> str:
    """Every probe, with its settings."""
    lines = ["| `probes=` | what | settings and defaults |", "| --- | --- | --- |"]
    for name, choice in choices("probes").items():
        if name != "none":
            lines.append(f"| `{name}` | {_cell(choice.description)} | {_settings(choice)} |")
    return "\n".join(lines)


def _settings(choice: Choice, left_out: Collection[str] = ()) -> str:
    texts = []
    for name, value, comment in choice.settings:
        if name in left_out:
            continue
        note = f" ({_cell(comment)})" if comment else ""
        texts.append(f"`.{name}` {shown(value)}{note}")
    return "<br>".join(texts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


#: Each table, and the page it stands in.
TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("reference/settings.md", settings_table),
    "choices": ("reference/settings.md", choices_table),
    "presets": ("reference/presets.md", presets_table),
    "probes": ("reference/measuring.md", probes_table),
}


def filled(page: str, text: str) -> str:
    """A page with its tables as the folders have them. Raises ValueError for a missing one."""
    for name, (where, table) in TABLES.items():
        if where != page:
            continue
        start, end = f"<!-- {name}: made by docs/tables.py -->", f"<!-- end of {name} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise ValueError(f"docs/{page} must hold '{start}' and '{end}' once")
        block = f"{start}\n{table()}\n{end}"
        text = re.sub(f"{re.escape(start)}.*?{re.escape(end)}", lambda _: block, text, flags=re.S)  # noqa: B023
    return text


def main(words: list[str]) -> int:
    status = 0
    for page in dict.fromkeys(page for page, _ in TABLES.values()):
        text = (DOCS / page).read_text(encoding="utf-8")
        made = filled(page, text)
        status |= int(made != text)
        if words != ["--check"]:
            (DOCS / page).write_text(made, encoding="utf-8")
    return status if words == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
