"""Pieces of words: the same for the same texts, and as the package has them."""

import hashlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tokenizers

from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import RawCorpus, TokenisedCorpus, tokenise
from rnnexp.data.subwords import TOKENIZER, Subwords, train_subwords
from rnnexp.data.tokens import KINDS
from rnnexp.errors import ConfigError, DamagedError
from rnnexp.words import PAD, UNK

TEXTS = ["watch watchable watching", "able ability", "unwatchable film films", "filming watch"] * 4


def corpus(texts: list[str]) -> TokenisedCorpus:
    raw = RawCorpus(texts, np.arange(len(texts)) % 2, ("no", "yes"))
    return tokenise(raw, Cleaning(letters="unicode", non_letters="keep", strip_html=False))


def trained(texts: list[str] = TEXTS, size: int = 60, **options: Any) -> Subwords:
    rows = options.get("rows", np.arange(len(texts)))
    return train_subwords(corpus(texts), rows, size, options.get("specials", [PAD, UNK]))


def test_a_word_that_nobody_has_seen_is_made_of_known_pieces() -> None:
    subwords = trained()
    assert [shown for shown, _ in subwords.pieces("watch")] == ["watch"]
    pieces = subwords.pieces("unfilming")
    assert "".join(shown.removeprefix("##") for shown, _ in pieces) == "unfilming"
    assert [subwords.vocabulary[i] for _, i in pieces] == [shown for shown, _ in pieces]
    assert subwords.vocabulary[:2] == [PAD, UNK]
    assert len(subwords.vocabulary) <= 62


def test_a_character_that_nobody_has_seen_is_unknown() -> None:
    assert trained().pieces("zé")[-1] == ("é", -1)
    # at the end of a word as at its beginning, and one by one
    assert [i for _, i in trained().pieces("电影")] == [-1, -1]


@pytest.mark.parametrize("word", [PAD, UNK, "<pad>s", "<unk>s"])
def test_a_word_that_reads_like_a_special_never_gets_its_id(word: str) -> None:
    subwords = trained([*TEXTS, *[f"{word} {word}x"] * 9], size=80)
    assert {i for _, i in subwords.pieces(word)}.isdisjoint({0, 1})


def test_only_texts_to_train_on_are_seen() -> None:
    subwords = trained([*TEXTS, "zzz zzz zzz"], rows=np.arange(len(TEXTS)))
    assert not any("z" in piece for piece in subwords.vocabulary)


DIGEST = """
import hashlib, sys
from tests.data.test_subwords import trained
from rnnexp.data.review_writer import write_reviews
texts = [review.text for review in write_reviews(60, 0, 0.05)]
print(hashlib.sha256(trained(texts, 300).file).hexdigest())
"""


def test_the_same_texts_give_the_same_bytes_in_another_process() -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True,
        cwd=__file__.partition("/tests/")[0],
    )  # fmt: skip
    from rnnexp.data.review_writer import write_reviews

    texts = [review.text for review in write_reviews(60, 0, 0.05)]
    assert outcome.stdout.strip() == hashlib.sha256(trained(texts, 300).file).hexdigest()


@pytest.mark.parametrize("specials", [[PAD, UNK], [PAD]])
def test_what_a_run_keeps_is_the_same_and_what_the_package_reads(specials: list[str]) -> None:
    subwords = trained(specials=specials)
    again = Subwords.of(subwords.file)
    assert again.vocabulary == subwords.vocabulary
    assert (UNK in again.vocabulary) == (UNK in specials)
    text = "unwatchable films of ability"
    package = tokenizers.Tokenizer.from_str(subwords.file.decode())
    ours = [i for word in text.split() for _, i in again.pieces(word)]
    theirs = package.encode(text).ids
    assert len(ours) == len(theirs)
    assert all(i == j for i, j in zip(ours, theirs, strict=True) if i >= 0)
    with pytest.raises(DamagedError, match=TOKENIZER):
        Subwords.of(b"{}")


def test_texts_become_the_pieces_of_their_words() -> None:
    made = corpus([*TEXTS, "", "films zé"])
    rows = np.arange(len(TEXTS))
    chosen = KINDS["subwords"].of(made, rows, 40, [PAD, UNK])
    tokens, offsets = chosen.encode(made)
    subwords = Subwords.of(chosen.files[TOKENIZER])
    for row, text in enumerate([*TEXTS, "", "films zé"]):
        pieces = [i if i >= 0 else 1 for word in text.split() for _, i in subwords.pieces(word)]
        assert tokens[offsets[row] : offsets[row + 1]].tolist() == pieces
    unknown = chosen.unknown({"test": made.word_counts(np.array([len(TEXTS) + 1]))})
    assert unknown["test"] == pytest.approx(2 / len(pieces))
    # without UNK they are left out
    dropping = KINDS["subwords"].of(made, rows, 40, [PAD])
    assert len(dropping.encode(made)[0]) == len(tokens) - 2


def test_fewer_pieces_than_characters_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"data.vocab_size=5 is too few") as told:
        trained(size=5)
    least = int(str(told.value).rpartition("data.vocab_size=")[2].split()[0])
    assert len(trained(size=least).vocabulary) == least + 2


def test_without_the_package_the_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ConfigError, match="pip install 'rnnexp\\[subwords\\]'"):
        trained()
