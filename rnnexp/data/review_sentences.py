"""The sentences and words of the built-in film reviews, read from review_sentences.yaml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_suffix(".yaml")
#: Marks an opinion on the film as a whole, at the start of its sentence.
WHOLE = "!"
POLARITIES = {"positive": +1, "negative": -1}

Slots = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Sentences:
    """What reviews are made of.

    lexicon: the polarity of each opinion word, +1 or -1.
    negators: the words that turn round an opinion word behind them in their clause.
    slots: the words for each slot that carries no opinion.
    opinion_slots: for each verdict, +1 or -1, `slots` and those of its opinion words.
    opinions: the opinion sentences of each kind; those on the film as a whole begin with `WHOLE`.
    opinions_on_parts: of each kind those that are not on the film as a whole.
    parts_of_a_film: the words of the slots for its parts, such as script and costumes.
    storylines: the sentences of each plot, in their order.
    sections: other filler sentences, by subject.
    """

    lexicon: Mapping[str, int]
    negators: frozenset[str]
    slots: Slots
    opinion_slots: Mapping[int, Slots]
    opinions: Mapping[str, Sequence[str]]
    opinions_on_parts: Mapping[str, Sequence[str]]
    parts_of_a_film: frozenset[str]
    storylines: Sequence[Sequence[str]]
    sections: Mapping[str, Sequence[str]]


@cache
def sentences() -> Sentences:
    """The content of the file, which is read at the first call."""
    # the parser in C, where PyYAML has it, takes 1 ms and the one in Python 14
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: dict[str, Any] = yaml.load(FILE.read_text(encoding="utf-8"), Loader=loader)
    slots = _slots(content["slots"])
    opinion_words = {
        name: {
            POLARITIES[polarity]: tuple(words.split()) for polarity, words in by_polarity.items()
        }
        for name, by_polarity in content["opinion_words"].items()
    }
    opinions = {kind: tuple(lines.splitlines()) for kind, lines in content["opinions"].items()}
    return Sentences(
        lexicon={
            word: polarity
            for by_polarity in opinion_words.values()
            for polarity, words in by_polarity.items()
            for word in words
        },
        negators=frozenset(content["negators"].split()),
        slots=slots,
        opinion_slots={
            verdict: slots
            | {name: _weighted(words[verdict]) for name, words in opinion_words.items()}
            | {f"x_{name}": _weighted(words[-verdict]) for name, words in opinion_words.items()}
            for verdict in POLARITIES.values()
        },
        opinions=opinions,
        opinions_on_parts={
            kind: tuple(line for line in lines if not line.startswith(WHOLE))
            for kind, lines in opinions.items()
        },
        parts_of_a_film=frozenset(
            word
            for name in ("aspect_one", "aspect_many")
            for part in slots[name]
            for word in part.split()
        ),
        storylines=tuple(tuple(plot.splitlines()) for plot in content["storylines"].values()),
        sections={name: tuple(text.splitlines()) for name, text in content["sections"].items()},
    )


def _slots(content: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    slots = {
        name: tuple(word.replace("_", " ") for word in words.split())
        for name, words in content.items()
    }
    slots["year"] = tuple(str(year) for year in range(1934, 2020))
    slots["two_digits"] = tuple(str(number) for number in range(34, 99))
    singular, plural = slots["aspect_one"], slots["aspect_many"]
    slots["aspect_is"] = tuple(f"{a} is" for a in singular) + tuple(f"{a} are" for a in plural)
    slots["aspect_was"] = tuple(f"{a} was" for a in singular) + tuple(f"{a} were" for a in plural)
    # the film keeps its own city, job, ...; {any_city} is a fresh draw
    return slots | {f"any_{name}": words for name, words in slots.items()}


def _weighted(words: Sequence[str]) -> tuple[str, ...]:
    """Repeat each word in inverse proportion to its rank, as in Zipf's law."""
    return tuple(word for rank, word in enumerate(words, 1) for _ in range(max(1, 12 // rank)))
