"""Pieces of words, found by byte-pair encoding: words nobody has seen are made of known pieces.

Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units",
ACL 2016; computed by the package tokenizers. A piece that does not begin a word is written with two
signs before it: `watch`, `##able`.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.errors import ConfigError, DamagedError, first_line
from rnnexp.words import PAD, SPECIALS, UNK

if TYPE_CHECKING:
    import tokenizers

#: The file of a run that holds them, as the package tokenizers reads it.
TOKENIZER = "tokenizer.json"

#: Written before a piece that does not begin a word.
INSIDE = "##"

#: Two pieces that stand beside each other less often than this are not made one.
_LEAST = 2
_WORDS_AT_ONCE = 1000


@dataclass(frozen=True)
class Subwords:
    """Pieces with their ids. vocabulary: by id, the specials first.

    Ids are those of the tokenizer, but that a piece nobody has seen is -1 here.
    """

    tokenizer: "tokenizers.Tokenizer"
    vocabulary: Sequence[str]

    @classmethod
    def of(cls, file: bytes) -> "Subwords":
        """As a run keeps them. Raises DamagedError for what is no such file."""
        package = _package()
        try:
            tokenizer = package.Tokenizer.from_str(file.decode())
        except Exception as error:  # which class the package raises, it does not say
            raise DamagedError(f"{TOKENIZER} cannot be read ({first_line(error)})") from None
        ids = tokenizer.get_vocab(with_added_tokens=False)
        return cls(tokenizer, _specials_in(sorted(ids, key=ids.__getitem__)))

    @property
    def file(self) -> bytes:
        text: str = self.tokenizer.to_str(pretty=True)
        return text.encode()

    def pieces(self, word: str) -> list[tuple[str, int]]:
        """The pieces of a word and their ids; a character that nobody has seen has -1.

        A word that reads like a special is unknown as a whole.
        """
        if word in SPECIALS:
            return [(word, -1)]
        written = word.encode()
        return [
            # a piece can read like a special, too: `<pad>s` may begin with one
            (written[slice(*piece.offsets)].decode("utf-8", "replace"), -1)
            if piece.value in SPECIALS
            else (piece.value, piece.id)
            for piece in self.tokenizer.model.tokenize(word)
        ]


def train_subwords(
    corpus: TokenisedCorpus, rows: Int64Array, size: int, specials: Sequence[str]
) -> Subwords:
    """`size` pieces, found in the words of the texts in `rows`, after the specials.

    Each character is a piece, once where it begins a word and once inside; then the two pieces that
    stand beside each other most often become one, until there are `size`. The same texts give the
    same pieces with the same ids.

    Raises ConfigError without the package tokenizers, and for a size smaller than the alphabet.
    """
    package = _package()
    words = [(i, word) for i, word in enumerate(corpus.words) if word not in SPECIALS]
    count_W = corpus.word_counts(rows)
    in_use = [word for i, word in words if count_W[i]]
    characters = sorted({character for word in in_use for character in word})
    inside = [INSIDE + character for character in characters]
    if (least := 2 * len(characters)) > size:
        raise ConfigError(
            f"data.vocab_size={size} is too few: data.tokens=subwords begins with the "
            f"{len(characters)} characters of the training texts, each at the beginning of a word "
            f"and inside; use data.vocab_size={least} or more"
        )
    tokenizer = _tokenizer(package, package.models.BPE(continuing_subword_prefix=INSIDE))
    trainer = package.trainers.BpeTrainer(
        vocab_size=size + len(SPECIALS),
        min_frequency=_LEAST,
        # left to itself the package numbers them in another order each time, and which of two pairs
        # that are equally common is joined first goes by their numbers
        special_tokens=[*SPECIALS, *characters, *inside],
        continuing_subword_prefix=INSIDE,
        show_progress=False,
    )
    # or the package takes all cores, whatever `threads` says
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    tokenizer.train_from_iterator(_texts(corpus, count_W, dict(words)), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    by_id = sorted(model["vocab"], key=model["vocab"].__getitem__)
    pieces = [piece for piece in by_id if piece not in SPECIALS]
    # what is unknown needs an id in the tokenizer, also where the network has none for it
    order = [*specials, *pieces, *(special for special in SPECIALS if special not in specials)]
    rebuilt = package.models.BPE(
        vocab={piece: i for i, piece in enumerate(order)},
        merges=[tuple(pair) for pair in model["merges"]],
        unk_token=UNK,
        continuing_subword_prefix=INSIDE,
    )
    return Subwords(_tokenizer(package, rebuilt), [*specials, *pieces])


def _texts(corpus: TokenisedCorpus, count_W: Int64Array, words: dict[int, str]) -> Iterator[str]:
    """Each word as often as it stands in the texts: the order of words does not matter."""
    repeated = np.repeat(np.arange(len(count_W)), count_W)
    for begin in range(0, len(repeated), _WORDS_AT_ONCE):
        part = repeated[begin : begin + _WORDS_AT_ONCE].tolist()
        yield " ".join(words[i] for i in part if i in words)


def _specials_in(by_id: Sequence[str]) -> list[str]:
    """The vocabulary of the network: an UNK at the end is the tokenizer's alone."""
    assert by_id[0] == PAD
    return list(by_id[:-1] if by_id[-1] == UNK else by_id)


def _tokenizer(package: Any, model: Any) -> Any:
    tokenizer = package.Tokenizer(model)
    tokenizer.pre_tokenizer = package.pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = package.decoders.WordPiece(prefix=INSIDE, cleanup=False)
    return tokenizer


def _package() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise ConfigError(
            "data.tokens=subwords needs the package tokenizers: pip install 'rnnexp[subwords]'"
        ) from None
    return tokenizers
