"""What a page says of each finding: a heading, what was measured, how to read it, how it misleads.

Of all findings there are, those of the plugin in examples/ too; nothing lists them here.
"""

import re
from pathlib import Path

import pytest

from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import Finding, ProbeFinding, is_finding
from tests.conftest import script

ROOT = Path(__file__).resolve().parents[3]


def all_findings() -> list[type[Finding]]:
    """Those of the package, then those of the plugin."""
    folder = ROOT / "examples" / "plugin" / "agreement" / "findings"
    modules = [script(path) for path in sorted(folder.glob("[a-z]*.py"))]
    of_plugin = [
        value
        for module in modules
        for value in vars(module).values()
        if is_finding(value) and value.__module__ == module.__name__
    ]
    assert of_plugin
    return [*finding_types(), *of_plugin]


FINDINGS = all_findings()


def sentences(text: str) -> list[str]:
    return [sentence for sentence in re.split(r"(?<=[.!?])\s+", text) if sentence]


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda kind: kind.name)
def test_it_says_what_is_seen_and_how_to_read_it(finding: type[Finding]) -> None:
    assert finding.heading, "a few words on what is seen"
    assert len(finding.heading) <= 70
    assert not finding.heading.endswith(".")
    assert 1 <= len(sentences(finding.reading)) <= 3, "one to three sentences on how to read it"


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda kind: kind.name)
def test_what_is_measured_has_an_equation_and_says_how_it_misleads(finding: type[Finding]) -> None:
    if issubclass(finding, ProbeFinding):
        assert finding.equation, "what exactly was measured"
    if finding.equation:
        assert finding.misleads, "what it does not say, or says wrongly"
    assert finding.equation.count("\n") <= 1, "one line or two"
    assert len(sentences(finding.misleads)) <= 3


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda kind: kind.name)
def test_its_sentences_are_whole(finding: type[Finding]) -> None:
    """Texts are put together of lines: a blank that is missing or there twice shows here."""
    for text in (finding.heading, finding.equation, finding.reading, finding.misleads):
        assert text == text.strip()
        assert "  " not in text
        assert not re.search(r"[a-z][.,;:][A-Za-z]", re.sub(r"[\w.]+=[\w.]+", "", text)), text
        assert text.isprintable() or "\n" in text
    for text in (finding.reading, finding.misleads):
        assert not text or text.endswith((".", "RUN"))


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda kind: kind.name)
def test_its_texts_are_its_own(finding: type[Finding]) -> None:
    for other in FINDINGS:
        if other is not finding:
            assert finding.heading != other.heading
            assert finding.reading != other.reading


QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)")


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda kind: kind.name)
def test_a_column_that_it_names_is_one(finding: type[Finding]) -> None:
    """What stands in quotes is the head of a column, or a word of the table."""
    module = ROOT / Path(*finding.__module__.split(".")).with_suffix(".py")
    if not module.is_file():
        return  # of the plugin: it quotes nothing
    code = module.read_text(encoding="utf-8").partition("heading = ")
    source = re.sub(r'"\s*\n?\s*f?"', "", code[0] + code[2].partition("@classmethod")[2])
    for words in QUOTED.findall(finding.reading):
        assert words.lower() in source.lower(), words
