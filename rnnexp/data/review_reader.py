"""What the built-in reviews say, read off their text, and the best accuracy possible on them.

The label of a review is the sign of its summed verdicts, but for label noise; review_writer.py has
the rule.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

from rnnexp.data.review_sentences import sentences
from rnnexp.data.review_writer import Review

_CLAUSE_END = re.compile(r"[.,;:!?]$")
_CLAUSE_WORDS = frozenset(("and", "but", "yet", "though", "although"))
_LETTERS = re.compile("[a-z]+")


def verdicts(review: Review) -> tuple[int, ...]:
    """What each cue of a review says, +1 or -1, read off the text.

    The polarity of the word, turned round if a negator precedes it in its clause. A clause begins
    after a punctuation mark or one of and, but, yet, though, although.
    """
    words = review.text.split()
    return tuple(_verdict(words, cue) for cue in review.cues)


def _verdict(words: Sequence[str], cue: int) -> int:
    polarity = sentences().lexicon[plain_word(words[cue])]
    for word in reversed(words[:cue]):
        bare = plain_word(word)
        if bare in sentences().negators:
            return -polarity
        if bare in _CLAUSE_WORDS or _CLAUSE_END.search(word.removesuffix("<br")) or not bare:
            return polarity
    return polarity


def plain_word(word: str) -> str:
    """One of ``text.split()`` in lower case, without punctuation and pieces of a tag."""
    return _bare(word).strip(".,;:!?\"'").lower()


def _bare(word: str) -> str:
    return word.removesuffix("<br").removeprefix("/>")


def bayes_accuracy(reviews: Iterable[Review], tokens: int | None) -> float:
    """Accuracy in [0, 1] of a reader who knows the label rule and reads the first `tokens` tokens.

    The reader follows a verdict on the whole film if there is one, else the sign of the sum of the
    verdicts read; a sum of zero counts one half. A token is a run of letters outside of tags, so
    that "didn't" is two. With `tokens` None the whole review is read.

    For whole reviews this is the best accuracy possible. For the first tokens it is a close lower
    bound: a sentence cut off before its cue counts as unread, though its words and its kind may
    hint at the verdict.

    Raises:
        ValueError: for no reviews.
    """
    scores = [_score(review, tokens) for review in reviews]
    if not scores:
        raise ValueError("bayes_accuracy needs at least one review (got none)")
    return sum(scores) / len(scores)


def _score(review: Review, tokens: int | None) -> float:
    positions = token_positions(review.text)
    total = 0
    for verdict, cue, whole in zip(verdicts(review), review.cues, review.whole, strict=True):
        if tokens is None or positions[cue] < tokens:
            # a verdict on the whole film never contradicts the clean label: it outweighs the rest
            total += verdict * (len(review.cues) if whole else 1)
    return 0.5 if total == 0 else float((total > 0) == (review.label == 1))


def token_positions(text: str) -> list[int]:
    """For each of ``text.split()``, how many tokens come before it."""
    counts = [len(_LETTERS.findall(_bare(word).lower())) for word in text.split()]
    return list(accumulate(counts, initial=0))[:-1]
