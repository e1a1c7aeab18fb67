import os
from pathlib import Path

import numpy as np
import pytest

from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import RawCorpus, cached_corpus, tokenise


def test_the_cache_is_memory_mapped_and_gives_the_same_corpus(tmp_path: Path) -> None:
    raw = RawCorpus(
        ["a\u2028b c", "", "c"], np.array([0, 1, 0]), ("x", "y"), np.array([True, False, True])
    )
    cleaning = Cleaning(non_letters="keep")
    made = cached_corpus(tmp_path, "id", cleaning, lambda: raw)
    read = cached_corpus(tmp_path, "id", cleaning, lambda: pytest.fail("not cached"))
    assert isinstance(read.tokens, np.memmap)
    assert list(made.words) == list(read.words) == ["a", "b", "c"]
    assert made.tokens.tolist() == read.tokens.tolist() == [0, 1, 2, 2]
    assert read.is_test is not None
    assert read.is_test.tolist() == [True, False, True]


@pytest.mark.parametrize("there", [True, False])
def test_two_processes_at_a_cold_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, there: bool
) -> None:
    """The other is done while this one reads, or between its last look and its rename."""
    raw = RawCorpus(["a", "b c"], np.array([0, 1]), ("x", "y"))

    def read() -> RawCorpus:
        cached_corpus(tmp_path, "id", Cleaning(), lambda: raw)
        if not there:
            monkeypatch.setattr(Path, "exists", lambda self: False)
        return raw

    corpus = cached_corpus(tmp_path, "id", Cleaning(), read)
    assert (list(corpus.words), caplog.text) == (["a", "b", "c"], "")
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_in_the_place_of_a_file_of_the_cache_is_not_waited_for(tmp_path: Path) -> None:
    raw = RawCorpus(["a", "b c"], np.array([0, 1]), ("x", "y"))
    cached_corpus(tmp_path, "id", Cleaning(), lambda: raw)
    (folder,) = tmp_path.iterdir()
    (folder / "words.txt").unlink()
    os.mkfifo(folder / "words.txt")
    assert list(cached_corpus(tmp_path, "id", Cleaning(), lambda: raw).words) == ["a", "b", "c"]
    assert (folder / "words.txt").is_file()


@pytest.mark.parametrize(
    "name",
    ["tokens.npy", "texts.npz", "words.txt", "classes.json", "reading.json", "manifest.json"],
)
@pytest.mark.parametrize("content", [b"", b"nothing", None])
def test_a_damaged_cache_is_made_again(tmp_path: Path, name: str, content: bytes | None) -> None:
    raw = RawCorpus(["a", "b c"], np.array([0, 1]), ("x", "y"))
    cached_corpus(tmp_path, "id", Cleaning(), lambda: raw)
    (folder,) = tmp_path.iterdir()
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    again = cached_corpus(tmp_path, "id", Cleaning(), lambda: raw)
    assert list(again.words) == ["a", "b", "c"]
    read = cached_corpus(tmp_path, "id", Cleaning(), lambda: pytest.fail("not cached"))
    assert read.tokens.tolist() == [0, 1, 2]


def test_equal_texts_have_equal_digests() -> None:
    corpus = tokenise(RawCorpus(["A b.", "a b", "b a"], np.zeros(3, np.int64), ("x",)), Cleaning())
    assert corpus.digests[0] == corpus.digests[1] != corpus.digests[2]
