"""Write film reviews: a synthetic corpus in IMDB's form, made by a program from a seed.

Grammar
    A review is a row of sentences. Most are filler: the plot of one invented film (a storyline told
    in order), its cast and crew, how it was made, the evening at the cinema, the reviewer. A few
    are opinion sentences, of three kinds:

    - plain      "The script is wonderful and the cast superb."
    - negated    "The ending was not good at all."
    - contrast   "The costumes are lovely, but the story is a mess."

    The sentences are templates in review_sentences.yaml. A template holds slots, ``{town}``, and
    alternatives, ``[a|b]``. Opinion words occur in opinion sentences alone, and filler is drawn
    without looking at the label.

Label rule
    The last opinion word of an opinion sentence is its cue. Its verdict is the polarity of that
    word, +1 or -1, turned round if a negator stands before it in the same clause; see
    ``review_reader.verdicts``. A review holds an odd number of cues, and its clean label is the
    sign of their sum. Each verdict agrees with the clean label with probability ``AGREEMENT``,
    independently, given that the majority does. A verdict against the majority concerns a part of
    the film ("The costumes are lovely"); one on the film as a whole ("I hated it") always agrees
    with the clean label. Number and positions of the cues are drawn without looking at the label.

Noise and the best accuracy possible
    The label is the clean label, flipped with probability ``label_noise``. Labels are balanced:
    of each pair of reviews 2k, 2k+1 one is positive and one negative. The best possible accuracy is
    1 - label_noise in expectation; reading whole reviews attains it. ``review_reader`` counts what
    can be attained by reading the first words alone.

Lengths
    Words are log-normal, median ``MEDIAN_WORDS``, clipped to [MIN_WORDS, MAX_WORDS]: mean about
    230, 95 % below about 620. Opinions stand all over a review, about 30 words apart: the more of a
    review is read, the more of them there are to add up, and the farther back they are.
"""

import math
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from rnnexp.bars import slow_bar
from rnnexp.data.review_sentences import WHOLE, Slots, sentences

#: Raise it whenever the text of any review changes: caches are keyed by it.
VERSION = 1

MEDIAN_WORDS, SPREAD_WORDS = 170, 0.78  # of the log-normal length; mean = median * exp(spread²/2)
MIN_WORDS, MAX_WORDS = 32, 1000
AGREEMENT = 0.88  # of one verdict with the clean label, before the majority is imposed
MEAN_GAP = 30.0  # words from one opinion to the next
MIN_CUES = 3
KINDS = {"plain": 0.76, "negated": 0.10, "contrast": 0.14}  # shares of the opinion sentences
PARAGRAPH_SHARE = 0.35  # share of the reviews that are broken into paragraphs


@dataclass(frozen=True)
class Review:
    """A film review and what is known about it.

    Attributes:
        text: the review, with capitals, punctuation and ``<br />`` tags.
        label: 0 negative, 1 positive, label noise included.
        cues: the index of the decisive word of each opinion sentence, in ``text.split()``.
        flipped: whether noise turned the label against the verdicts.
        whole: for each cue, whether its sentence judges the film as a whole, not a part of it.
    """

    text: str
    label: int
    cues: tuple[int, ...]
    flipped: bool
    whole: tuple[bool, ...]


_SLOT = re.compile(r"(\{[a-z_]+\d?\}|\[[^\]]*\])")
# "a" before a vowel sound: "a one", "a unit" and "a ukulele" keep it
_ARTICLE = re.compile(r"\b([Aa]) (?=\*?[aeiou])(?!one\b|uni|use|ukulele)")
_CUE = "*"
_LETTERS = re.compile("[a-z]+")
_ATTEMPTS = 20  # to find an opinion on something new; after that a repetition is accepted


@cache
def _parts(template: str) -> tuple[str, ...]:
    return tuple(part for part in _SLOT.split(template) if part)


def _fill(
    template: str,
    film: Mapping[str, str],
    slots: Slots,
    rng: random.Random,
    used: set[str],
) -> str:
    """Fill a template: a slot takes the film's word, or one from its list that is not in `used`."""
    filled = []
    for part in _parts(template):
        if part[0] == "{":
            name = part[1:-1]
            word = film.get(name)
            if word is None:
                words = slots[name.rstrip("23")]
                word = rng.choice(words)
                while word in used:
                    word = rng.choice(words)
                used.add(word)
            filled.append(word)
        elif part[0] == "[":
            choice = rng.choice(part[1:-1].split("|"))
            filled.append(_fill(choice, film, slots, rng, used))
        else:
            filled.append(part)
    return "".join(filled)


def _sentence(template: str, film: Mapping[str, str], slots: Slots, rng: random.Random) -> str:
    filled = _ARTICLE.sub(r"\1n ", _fill(template, film, slots, rng, set()))
    return filled[0].upper() + filled[1:]


def _compound(kind: str, rng: random.Random) -> str:
    """An invented name of two halves, of a person (kind "name") or of a town."""
    slots = sentences().slots
    return rng.choice(slots[f"{kind}_head"]) + rng.choice(slots[f"{kind}_tail"])


def _invent_film(rng: random.Random) -> dict[str, str]:
    """Names, places and things that stay the same throughout one review."""
    slots = sentences().slots
    film: dict[str, str] = {}
    for name, copies in _FIXED:
        for number, word in enumerate(rng.sample(slots[name], copies), start=1):
            film[name if number == 1 else f"{name}{number}"] = word
    for name in ("town", "town2", "any_town"):
        film[name] = _compound("town", rng)

    woman = rng.random() < 0.5
    film |= _PRONOUNS[woman]
    women, men = rng.sample(slots["woman"], 6), rng.sample(slots["man"], 6)
    hers, others = (women, men) if woman else (men, women)
    surnames = [_compound("name", rng) for _ in range(9)]
    film["hero"], film["actor_first"] = hers[0], hers[1]
    film["actor"] = f"{hers[1]} {surnames[0]}"
    film["rival"] = surnames[5] if rng.random() < 0.3 else others[0]
    film["friend"], film["director_first"] = rng.choice((hers[2], others[1])), others[2]
    film["rival_actor"] = f"{others[3]} {surnames[1]}"
    film["other_actor"] = f"{rng.choice((hers[3], others[4]))} {surnames[2]}"
    film["director"] = f"{others[2]} {surnames[3]}"
    film["composer"] = f"{hers[4]} {surnames[4]}"
    film["surname"] = surnames[6]
    film["novelist"], film["editor"] = f"{hers[5]} {surnames[7]}", f"{others[5]} {surnames[8]}"
    film["title"] = f"The {film['title_head']} {film['title_tail']}"
    film["ship"] = f"{rng.choice(slots['title_head'])} {rng.choice(slots['title_tail'])}"
    return film


# slots that a film keeps, and how many different words for each its templates use
_FIXED = (
    ("city", 2), ("country", 2), ("job", 2), ("job_other", 2), ("place", 3), ("thing", 2),
    ("vehicle", 2), ("animal", 1), ("instrument", 2), ("relative", 1), ("cinema", 1), ("year", 1),
    ("title_head", 2), ("title_tail", 2),
)  # fmt: skip
_PRONOUNS: Mapping[bool, Mapping[str, str]] = {
    True: {"he": "she", "him": "her", "his": "her", "himself": "herself"},
    False: {"he": "he", "him": "him", "his": "his", "himself": "himself"},
}


def _filler(film: Mapping[str, str], words: int, rng: random.Random) -> Iterator[tuple[str, bool]]:
    """Filler sentences, each with whether it is the first of its section."""
    known = sentences()
    story = list(rng.choice(known.storylines))
    told = max(4, min(len(story), round(words / 32)))
    # the first sentences present the people whom the later ones speak of
    later = sorted(rng.sample(range(4, len(story)), told - 4))
    waiting = {name: rng.sample(lines, len(lines)) for name, lines in known.sections.items()}
    waiting["story"] = [story[index] for index in (*reversed(later), 3, 2, 1, 0)]  # a stack
    previous = ""
    while waiting:
        names = [name for name in waiting if name != previous] or list(waiting)
        name = "story" if "story" in names and rng.random() < 0.6 else rng.choice(names)
        for opening in range(rng.randint(2, 5)):
            if waiting[name]:
                yield _sentence(waiting[name].pop(), film, known.slots, rng), opening == 0
        if not waiting[name]:
            del waiting[name]
        previous = name


def _opinion(
    verdict: int, majority: int, film: Mapping[str, str], said: set[str], rng: random.Random
) -> tuple[str, bool]:
    """An opinion sentence, its cue marked by an asterisk, and whether it is on the whole film.

    said: the templates used so far and the people and parts of the film judged so far, so that a
        review does not call the same script wonderful and then awful. This sentence's are added.
    """
    known = sentences()
    for _ in range(_ATTEMPTS):
        kind = rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]
        # against the majority only parts are judged: the costumes may be awful, but not the film
        templates = known.opinions if verdict == majority else known.opinions_on_parts
        template = rng.choice(templates[kind])
        sentence = _sentence(template.lstrip(WHOLE + " "), film, known.opinion_slots[verdict], rng)
        subjects = {template, *_subjects(sentence, film)}
        if not subjects & said:
            break
    said |= subjects
    return sentence, template.startswith(WHOLE)


def _subjects(sentence: str, film: Mapping[str, str]) -> frozenset[str]:
    people = {film[role] for role in ("actor", "rival_actor", "other_actor")}
    parts = sentences().parts_of_a_film & set(_LETTERS.findall(sentence.lower()))
    return parts | {name for name in people if name in sentence}


def _opinion_positions(words: int, rng: random.Random) -> list[float]:
    """An odd number of word positions at which an opinion is due, on average MEAN_GAP apart."""
    positions: list[float] = []
    position = 0.0
    while (position := position + MEAN_GAP * rng.uniform(0.4, 1.6)) < words - 8:
        positions.append(position)
    while len(positions) < MIN_CUES:
        positions.append(rng.uniform(0, words - 8))
    if len(positions) % 2 == 0:
        positions.pop(rng.randrange(len(positions)))
    return sorted(positions)


def _draw_verdicts(count: int, majority: int, rng: random.Random) -> list[int]:
    """`count` (odd) verdicts whose sum has the sign `majority`."""
    while True:
        verdicts = [majority if rng.random() < AGREEMENT else -majority for _ in range(count)]
        if sum(verdicts) * majority > 0:
            return verdicts


def _compose(majority: int, rng: random.Random) -> tuple[str, tuple[int, ...], tuple[bool, ...]]:
    """The text of a review, its cues, and which of them are on the whole film."""
    film = _invent_film(rng)
    drawn = rng.lognormvariate(math.log(MEDIAN_WORDS), SPREAD_WORDS)
    length = round(min(max(drawn, MIN_WORDS), MAX_WORDS))
    filler = _filler(film, length, rng)
    due = _opinion_positions(length, rng)
    verdicts = _draw_verdicts(len(due), majority, rng)
    broken = rng.random() < PARAGRAPH_SHARE

    words: list[str] = []
    cues: list[int] = []
    whole: list[bool] = []
    said: set[str] = set()
    while due or len(words) < max(length - 6, MIN_WORDS):
        if due and len(words) >= due[0] - 5:
            due.pop(0)
            verdict = verdicts.pop()
            sentence, on_whole = _opinion(verdict, majority, film, said, rng)
            whole.append(on_whole)
            opens = False
        else:
            sentence, opens = next(filler)
        mark = ""
        if broken and opens and words:
            # no spaces between the tags and the words beside them, as in IMDB
            words[-1] += "<br"
            words.append("/><br")
            mark = "/>"
        for word in sentence.split():
            if word[0] == _CUE:
                cues.append(len(words))
                word = word[1:]
            words.append(mark + word)
            mark = ""
    return " ".join(words), tuple(cues), tuple(whole)


def write_reviews(count: int = 10_000, seed: int = 0, label_noise: float = 0.05) -> list[Review]:
    """Write `count` reviews; review i depends on (seed, label_noise, i) alone.

    Args:
        count: how many; half of them of each label, in an order that looks shuffled.
        seed: of the text; the same seed gives the same reviews on every machine.
        label_noise: probability that a label contradicts its text, in [0, 0.5).

    Raises:
        ValueError: for a count below 1, or a label noise out of range.

    Example:
        >>> write_reviews(2, seed=1) == write_reviews(6, seed=1)[:2]
        True
    """
    if count < 1:
        raise ValueError(f"count must be at least 1 (got {count})")
    if not 0 <= label_noise < 0.5:
        raise ValueError(f"label_noise must be in [0, 0.5) (got {label_noise})")
    indices = slow_bar("reviews written", "review", range(count), total=count)
    return [_write_review(index, seed, label_noise) for index in indices]


def _write_review(index: int, seed: int, label_noise: float) -> Review:
    pair, member = divmod(index, 2)
    label = (_generator("pair", seed, pair).getrandbits(1) + member) % 2
    # a stream of its own, so that the noise changes labels and not lengths or plots
    flipped = _generator("noise", seed, index).random() < label_noise
    majority = 1 if (label == 1) != flipped else -1
    text, cues, whole = _compose(majority, _generator("text", seed, index))
    return Review(text, label, cues, flipped, whole)


def _generator(stream: str, seed: int, index: int) -> random.Random:
    return random.Random(f"{stream}/{seed}/{index}")  # strings are hashed alike on all platforms
