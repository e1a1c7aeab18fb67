"""What the pages on probes and tasks hold that the code says already, made from the code.

    python docs/component_pages.py            write it into the pages
    python docs/component_pages.py --check    exit with 1 where a page has something else

A page holds `<!-- KIND NAME: made by docs/component_pages.py -->` and `<!-- end of KIND NAME -->`;
what stands between the two is made here, by `KINDS`. NAME is that of a probe, a finding or a task.
So a probe's equation and how it is read are the same on its page here and on the page of a run.
"""

import html
import importlib
import itertools
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rnnexp.checks.suite import find_checks
from rnnexp.command.choices import Choice, choices, shown
from rnnexp.data.base import IGNORED, Task
from rnnexp.data.generated import Generated
from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import Finding, ProbeFinding

DOCS = Path(__file__).resolve().parent
#: The folders of pages, and the group of the configuration that each is about.
FOLDERS = {"probes": "probes", "tasks": "data"}
MARK = re.compile(
    r"<!-- (\w+) (\w+): made by docs/component_pages\.py -->\n(.*?)<!-- end of \1 \2 -->\n", re.S
)
#: What the settings mean that every probe has, where its file does not say.
SCHEDULE = {
    "at_start": "measure before the first training step",
    "every": "measure after every n-th epoch; 0 for none",
    "at_end": "measure after the last epoch",
}
#: Steps of the example that a page shows, and where chance levels are given: the default length.
SAMPLE_STEPS, SEQ_LEN = 12, 100
WIDTH = 96


def components(group: str) -> dict[str, Choice]:
    """What has a page: every choice of the group that is something."""
    return {
        name: choice
        for name, choice in choices(group).items()
        if name != "none" and not name.startswith("_")
    }


# -- of probes and findings -----------------------------------------------------------------------


def finding_of(name: str) -> type[Finding]:
    """The finding of a probe, or of that name."""
    kinds = finding_types()
    for kind in kinds:
        if issubclass(kind, ProbeFinding) and kind.probe == name:
            return kind
    return next(kind for kind in kinds if kind.name == name)


def what(name: str) -> str:
    """What is seen, and what exactly was measured."""
    finding = finding_of(name)
    return "\n".join([f"**{prose(finding.heading)}.**", "", *_equation(finding)]) + "\n"


def reading(name: str) -> str:
    """How to read table and figure, and how they mislead."""
    finding = finding_of(name)
    parts = ["## How to read it", prose(finding.reading)]
    if finding.misleads:
        parts += ["## How it misleads", prose(finding.misleads)]
    return "\n\n".join(parts) + "\n"


def brief(name: str) -> str:
    """All of that in a few lines, for what has no page of its own."""
    finding = finding_of(name)
    parts = ["\n".join(_equation(finding)), f"`{finding.name}`: {prose(finding.reading)}"]
    parts += [f"How it misleads: {prose(finding.misleads)}"] if finding.misleads else []
    return "\n\n".join([f"### {prose(finding.heading)}", *filter(None, parts)]) + "\n"


def studies(_: str) -> str:
    """What is shown of no probe: of studies, of tests and of searches."""
    return "\n".join(
        brief(kind.name) for kind in finding_types() if not issubclass(kind, ProbeFinding)
    )


def checks(name: str) -> str:
    """The cases with a known answer that `rnnexp verify` compares it with."""
    rows = [
        f"| {cell(check.name.partition(': ')[2])} | {check.tolerance:g} "
        f"{'relative' if check.relative else 'absolute'} |"
        for check in find_checks()
        if check.measurement == name
    ]
    if not rows:
        raise ValueError(f"no check of '{name}'")
    return "\n".join(["| case | allowed error |", "| --- | --- |", *rows]) + "\n"


def _equation(finding: type[Finding]) -> list[str]:
    lines = finding.equation.splitlines()
    parts = [part for line in lines for part in textwrap.wrap(line, WIDTH, subsequent_indent="  ")]
    return ["```text", *parts, "```"] if parts else []


# -- of tasks -------------------------------------------------------------------------------------


def sample(name: str) -> str:
    """One example: what is read, and what is asked for."""
    task = _task(name, SAMPLE_STEPS)
    data = task.split("test")
    inputs, target = data.inputs[0].numpy(), data.targets[0].numpy()
    if task.vocabulary is None:
        rows = [" ".join(f"{number:.2f}" for number in channel) for channel in inputs.T]
        lines = [f"channel {k + 1}: {row}" for k, row in enumerate(rows)]
        lines.append("asked for: " + " ".join(f"{number:.2f}" for number in target.ravel()))
    else:
        steps = int(data.lengths[0])
        words = [task.vocabulary[token] for token in inputs[:steps]]
        if task.per_step:
            return "\n".join(["```text", "   step  reads", *_steps(words, target), "```"]) + "\n"
        lines = [" ".join(words), f"asked for: class {int(target)}"]
    wrapped = [
        part for line in lines for part in textwrap.wrap(line, WIDTH, subsequent_indent="  ")
    ]
    return "\n".join(["```text", *wrapped, "```"]) + "\n"


def _steps(words: list[str], target: np.ndarray[Any, Any]) -> Iterator[str]:
    """Each step with its answer, where it has one; steps that are alike on one line."""
    steps = enumerate(zip(words, target.tolist(), strict=True), start=1)
    for (word, answer), group in itertools.groupby(steps, key=lambda step: step[1]):
        numbers = [number for number, _ in group]
        of = "-".join(map(str, dict.fromkeys([numbers[0], numbers[-1]])))
        asked = "" if answer == IGNORED else f"asked for: class {answer}"
        yield f"{of:>7}  {word:<12}{asked}".rstrip()


def chance(name: str) -> str:
    """The loss and the score of whoever remembers nothing, and of whoever is always right."""
    task = _task(name, SEQ_LEN)
    lines = [f"| score (`seq_len={SEQ_LEN}`) | chance | perfect |", "| --- | --- | --- |"]
    lines += [
        f"| {score.axis} | {score.show(score.chance)} | {score.show(score.perfect)} |"
        for score in task.readings[:2]  # the loss and the headline
    ]
    if task.solved is not None:
        sign = "at least" if task.headline.better == "high" else "at most"
        bound = task.headline.show(task.solved)
        lines += ["", f"A run counts as solved with a test {task.headline.axis} of {sign} {bound}."]
    return "\n".join(lines) + "\n"


def _task(name: str, seq_len: int) -> Task:
    """The task at its defaults, with a single fixed example where they are made."""
    values = components("data")[name].values
    module, _, class_name = values["_target_"].rpartition(".")
    kind = getattr(importlib.import_module(module), class_name)
    few = {"val_count": 0, "test_count": 1} if issubclass(kind, Generated) else {}
    own = {key: value for key, value in values.items() if key not in ("_target_", "defaults")}
    task: Task = kind(**own, **few, seq_len=seq_len)
    return task


# -- of both --------------------------------------------------------------------------------------


def settings(name: str) -> str:
    """Each setting with its default: its own first, then those that it shares with others."""
    group, choice = next(
        (group, components(group)[name]) for group in FOLDERS.values() if name in components(group)
    )
    key = f"{group}.{name}" if group == "probes" else group
    own = {*choice.values, *(choice.values.get(name) or {})}
    rows = sorted(choice.settings, key=lambda row: row[0] not in own)
    if not rows:
        return "It has none.\n"
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    lines += [
        f"| `{key}.{setting}` | `{shown(value)}` | {_meaning(setting, comment)} |"
        for setting, value, comment in rows
    ]
    return "\n".join(lines) + "\n"


def _meaning(setting: str, comment: str) -> str:
    return cell(prose(comment or SCHEDULE.get(setting, "")))


def index(folder: str) -> str:
    """A line for each page of the folder."""
    lines = ["| name | what |", "| --- | --- |"]
    for name, choice in sorted(components(FOLDERS[folder]).items()):
        lines.append(f"| [`{name}`]({name}.md) | {cell(prose(choice.description))} |")
    return "\n".join(lines) + "\n"


def prose(text: str) -> str:
    """Plain text in Markdown: what it would take for a sign of its own is written as it is."""
    return re.sub(r"([*_`])(?=\W|$)|(?<=\W)([*_`])", r"\\\1\2", html.escape(text, quote=False))


def cell(text: str) -> str:
    return text.replace("|", "\\|")


KINDS: dict[str, Callable[[str], str]] = {
    "what": what,
    "reading": reading,
    "brief": brief,
    "studies": studies,
    "checks": checks,
    "sample": sample,
    "chance": chance,
    "settings": settings,
    "index": index,
}


def filled(text: str) -> str:
    """A page with what is made here as the code has it now."""

    def made(match: re.Match[str]) -> str:
        kind, name = match[1], match[2]
        start, end = match[0].partition("\n")[0], f"<!-- end of {kind} {name} -->"
        return f"{start}\n{KINDS[kind](name)}{end}\n"

    return MARK.sub(made, text)


def pages() -> list[Path]:
    return [page for folder in FOLDERS for page in sorted((DOCS / folder).glob("*.md"))]


def main(words: list[str]) -> int:
    status = 0
    for page in pages():
        text = page.read_text(encoding="utf-8")
        made = filled(text)
        status |= int(made != text)
        if words != ["--check"]:
            page.write_text(made, encoding="utf-8")
    return status if words == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
