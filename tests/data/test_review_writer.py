"""The review writer: what it promises of form, labels, cues and noise, counted on reviews."""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from rnnexp.data.review_reader import plain_word, verdicts
from rnnexp.data.review_sentences import sentences
from rnnexp.data.review_writer import MIN_CUES, VERSION, Review, write_reviews

LEXICON = sentences().lexicon

NOISE = 0.05


@pytest.fixture(scope="module")
def reviews() -> list[Review]:
    return write_reviews(1200, seed=0, label_noise=NOISE)


def tokens_of(text: str) -> list[str]:
    return re.findall("[a-z]+", re.sub("<[^>]*>", " ", text.lower()))


def sentences_of(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", re.sub("<[^>]*>", " ", text))


def filler_words(review: Review) -> list[str]:
    """Words of the sentences in which no opinion word stands."""
    words = []
    for sentence in sentences_of(review.text):
        bare = [plain_word(word) for word in sentence.split()]
        if not any(word in LEXICON for word in bare):
            words += bare
    return words


def digest(reviews: list[Review]) -> str:
    content = [[r.text, r.label, r.cues, r.flipped, r.whole] for r in reviews]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def test_the_text_of_a_version_stays_as_it_is() -> None:
    """Who changes the text on purpose raises VERSION, by which caches and runs are keyed."""
    plain, noisy = write_reviews(60, seed=3), write_reviews(40, seed=7, label_noise=0.2)
    assert (VERSION, digest(plain), digest(noisy)) == (
        1,
        "a2f7de0327dd7e45031df749e67acb17cd323557e496a8cce211b9b3afd055b4",
        "601a829a0193a5c1200c35fd0ae122b93a769622e7a5cae4da6f262a1d2e1505",
    )


def test_the_sentences_are_read_when_a_review_is_written() -> None:
    code = (
        "from rnnexp.data import reviews; "
        "from rnnexp.data.review_sentences import sentences; "
        "print(sentences.cache_info().misses)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_same_seed_same_reviews() -> None:
    assert write_reviews(20, seed=3) == write_reviews(20, seed=3)


def test_other_seed_other_reviews() -> None:
    ours, theirs = write_reviews(20, seed=3), write_reviews(20, seed=4)
    assert all(a.text != b.text for a, b in zip(ours, theirs, strict=True))


def test_a_larger_count_begins_with_the_same_reviews(reviews: list[Review]) -> None:
    assert write_reviews(7, seed=0, label_noise=NOISE) == reviews[:7]


def test_noise_turns_the_verdicts_round_and_keeps_the_length_law(reviews: list[Review]) -> None:
    clean = write_reviews(200, seed=0, label_noise=0.0)
    assert not any(review.flipped for review in clean)
    assert [review.label for review in clean] == [review.label for review in reviews[:200]]


def test_every_even_prefix_is_balanced(reviews: list[Review]) -> None:
    for size in (2, 10, 100, 1200):
        assert sum(review.label for review in reviews[:size]) == size // 2


def test_order_looks_shuffled(reviews: list[Review]) -> None:
    first_of_pair = [review.label for review in reviews[::2]]
    assert 0.45 < np.mean(first_of_pair) < 0.55


def test_lengths_are_like_imdb(reviews: list[Review]) -> None:
    words = np.array([len(review.text.split()) for review in reviews])
    assert words.min() >= 30
    assert words.max() <= 1030
    assert np.median(words) == pytest.approx(170, rel=0.1)
    assert words.mean() == pytest.approx(230, rel=0.1)
    assert np.quantile(words, 0.95) == pytest.approx(600, rel=0.15)


def test_text_is_varied(reviews: list[Review]) -> None:
    assert len({token for review in reviews for token in tokens_of(review.text)}) >= 1500
    sentences = Counter(s for review in reviews[:300] for s in sentences_of(review.text))
    assert len(sentences) > 0.8 * sentences.total()


def test_text_has_the_form_of_plain_prose(reviews: list[Review]) -> None:
    for review in reviews:
        assert not re.search(r"[{}\[\]|*_!]{2}|[{}\[\]|*_]|\s\s", review.text)
        assert review.text[0].isupper()
        assert review.text[-1] in ".!?"
        assert not re.search(r"\b[Aa] [aeio]", review.text.replace("a one", ""))
        assert all(re.match(r"\W*[A-Z0-9]", s) for s in sentences_of(review.text))
    assert any("<br /><br />" in review.text for review in reviews)


def test_cues_point_at_opinion_words(reviews: list[Review]) -> None:
    for review in reviews:
        words = review.text.split()
        assert all(plain_word(words[cue]) in LEXICON for cue in review.cues)
        assert list(review.cues) == sorted(set(review.cues))
        assert len(review.cues) >= MIN_CUES
        assert len(review.cues) % 2 == 1
        assert len(review.whole) == len(review.cues)


def test_a_cue_is_the_last_opinion_word_of_its_sentence(reviews: list[Review]) -> None:
    for review in reviews[:300]:
        expected: list[str] = []
        for sentence in sentences_of(review.text):
            bare = [plain_word(word) for word in sentence.split()]
            expected += [word for word in bare if word in LEXICON][-1:]
        words = review.text.split()
        assert [plain_word(words[cue]) for cue in review.cues] == expected


def test_label_is_the_sign_of_the_verdicts_but_for_noise(reviews: list[Review]) -> None:
    for review in reviews:
        clean = sum(verdicts(review)) > 0
        assert (review.label == 1) == (clean != review.flipped)


def test_a_verdict_on_the_whole_film_never_contradicts_the_clean_label(
    reviews: list[Review],
) -> None:
    for review in reviews:
        clean = 1 if sum(verdicts(review)) > 0 else -1
        pairs = zip(verdicts(review), review.whole, strict=True)
        assert all(verdict == clean for verdict, whole in pairs if whole)


def test_share_of_flipped_labels(reviews: list[Review]) -> None:
    share = np.mean([review.flipped for review in reviews])
    assert share == pytest.approx(NOISE, abs=4 * np.sqrt(NOISE * (1 - NOISE) / len(reviews)))


def test_filler_does_not_know_the_label(reviews: list[Review]) -> None:
    counts: dict[int, Counter[str]] = {0: Counter(), 1: Counter()}
    for review in reviews:
        counts[review.label].update(set(filler_words(review)))  # documents, not occurrences
    common = [word for word in counts[0] if counts[0][word] + counts[1][word] >= 100]
    z = [
        (counts[1][word] - counts[0][word]) / np.sqrt(counts[1][word] + counts[0][word])
        for word in common
    ]
    assert len(common) > 200
    assert np.std(z) < 1.2  # 1 at most if independent
    assert np.abs(z).max() < 4.5


def test_number_and_place_of_cues_do_not_know_the_label(reviews: list[Review]) -> None:
    for statistic in (lambda r: len(r.cues), lambda r: r.cues[0], lambda r: len(r.text)):
        ones = [statistic(review) for review in reviews if review.label == 1]
        zeros = [statistic(review) for review in reviews if review.label == 0]
        error = np.sqrt(np.var(ones) / len(ones) + np.var(zeros) / len(zeros))
        assert abs(np.mean(ones) - np.mean(zeros)) < 4 * error


def test_opinions_stand_all_over_a_review(reviews: list[Review]) -> None:
    places = [cue / len(r.text.split()) for r in reviews for cue in r.cues]
    assert 0.45 < np.mean(places) < 0.6


def test_plain_words_are_in_the_lexicon() -> None:
    praise = ("fantastic", "loved", "great", "amazing", "wonderful", "excellent", "brilliant")
    blame = ("bad", "terrible", "awful", "boring", "hated", "horrible", "dull")
    assert all(LEXICON[word] == 1 for word in praise)
    assert all(LEXICON[word] == -1 for word in blame)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"count": 0}, "count must be at least 1"),
        ({"label_noise": 0.5}, "label_noise must be in"),
        ({"label_noise": -0.1}, "label_noise must be in"),
        ({"label_noise": float("nan")}, "label_noise must be in"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        write_reviews(**arguments)  # type: ignore[arg-type]
