"""The words of a page that someone who meets it the first time may not know, a line each."""

import re
from collections.abc import Iterable, Iterator

from rnnexp.results.page.content import Page

#: On every page.
COMMON = {
    "chance": "the score of what has learned nothing and ignores its input, such as naming the "
    "commonest class each time",
    "95% interval": "a range made by a rule that covers the true value in 95 of 100 such "
    "experiments: over test examples of one run, over seeds of a study",
    "seed": "the number from which a run's random choices come; runs that differ in it alone show "
    "how much of a score is luck",
    "gradient": "how much the loss changes with a state or a weight; where none of it reaches an "
    "early step, training cannot learn to use that step",
    "time step": "one position of a sequence, as a word of a text; the network reads one after the "
    "other and keeps a state in between",
    "probe": "a measurement of a network that changes nothing of its training",
}

#: On a page that has what the pattern finds.
USED: dict[str, tuple[str, str]] = {
    "early/late": (
        r"early/late|[Ee]arly steps",
        "the gradient at an early step divided by that at a late one: 1 is as much",
    ),
    "severe vanishing": (
        r"severe vanishing",
        "the gradient at an early step is below 1% of that at a late one; moderate: below 10%",
    ),
    "gain per step": (
        r"gain per step",
        "the factor by which the gradient changes with each step that it goes back",
    ),
    "pads": (
        r"\bpads?\b|\bpadding\b|last_valid|last real step",
        "steps without a word that make short texts as long as the others",
    ),
    "read at last real step": (
        r"last_valid|last real step",
        "model.readout=last_valid: the answer is made of the state at the last word, before any "
        "pads; behind any pads (model.readout=last): at the last step, pads or not",
    ),
    "bag of words": (
        r"\bbag\b",
        "a model that adds up the words and knows nothing of their order: it forgets nothing",
    ),
    "points": (r"\bpoints\b", "percent less percent: from 60% to 75% are 15 points"),
    "geometric mean": (
        r"geometric mean",
        "the mean of the logarithms, as a number: of 0.01 and 1 it is 0.1",
    ),
    "seeds one by one": (
        r"one by one",
        "the score of each seed in place of mean and interval, since an interval over so few seeds "
        "that lie in two bunches would not cover the mean",
    ),
    "engine": (
        r"\bengine\b",
        "what computes the network: 'fused' is torch's own code for all steps at once, 'bptt' a "
        "loop over the steps; the numbers agree",
    ),
}


def explained(page: Page) -> list[tuple[str, str]]:
    """(word, its meaning): the common ones, and those that the page uses."""
    text = "\n".join(_texts(page))
    used = {word: said for word, (pattern, said) in USED.items() if re.search(pattern, text)}
    return sorted({**COMMON, **used}.items())


def _texts(page: Page) -> Iterator[str]:
    """What it says, but for its figures and its settings."""
    yield from (page.question, *page.answer, *page.gaps, *page.asides)
    yield from (f"{name} {value}" for name, value in (*page.facts, *page.environment))
    for section in page.sections:
        yield from (section.heading, section.equation, section.reading, section.misleads)
        yield from section.lines
        for table in section.tables:
            yield from (*table.head, *table.notes)
            yield from _cells(cell.text for row in table.rows for cell in row)


def _cells(texts: Iterable[str]) -> Iterator[str]:
    """Each once: a table has the same words in many rows."""
    yield from dict.fromkeys(texts)
