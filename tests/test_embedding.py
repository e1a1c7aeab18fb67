import zipfile
from pathlib import Path

import pytest
import torch

from rnnexp.embedding.features import Features
from rnnexp.embedding.glove import Glove
from rnnexp.embedding.learned import Learned
from rnnexp.errors import DataError

VOCABULARY = ["<pad>", "<unk>", "good", "bad", "film"]
LINES = "the 1 2 3\ngood 0.5 -1 2e-1\nfilm 4 5 6\n"


@pytest.fixture
def glove(workdir: Path) -> Path:
    path = workdir / "glove.txt"
    path.write_text(LINES)
    return path


def test_learned_vectors_and_the_fixed_pad() -> None:
    encoder = Learned(VOCABULARY, dim=7)
    vectors = encoder(torch.tensor([[0, 2, 3]]))
    assert vectors.shape == (1, 3, 7)
    assert vectors[0, 0].abs().sum() == 0
    vectors.sum().backward()
    gradient = encoder.vectors.weight.grad
    assert gradient is not None
    assert gradient[0].abs().sum() == 0
    with pytest.raises(ValueError, match="dim must be at least 1"):
        Learned(VOCABULARY, dim=0)


def test_features_pass() -> None:
    x = torch.randn(2, 3, 4)
    assert Features(4)(x) is x


def test_known_words_get_their_vectors_and_others_zeros(glove: Path) -> None:
    encoder = Glove(VOCABULARY, path=str(glove))
    assert encoder.output_size == 3
    weight = encoder.vectors.weight
    assert weight[2].tolist() == pytest.approx([0.5, -1.0, 0.2])
    assert weight[[0, 1, 3]].abs().sum() == 0
    assert encoder.report == {"matched": 2, "words": 3}
    assert weight.requires_grad


def test_frozen_and_random(glove: Path) -> None:
    encoder = Glove(VOCABULARY, path=str(glove), freeze=True, unmatched="random", dim=3)
    assert not encoder.vectors.weight.requires_grad
    assert encoder.vectors.weight[3].abs().sum() > 0
    assert encoder.vectors.weight[0].abs().sum() == 0


def test_a_zip_of_several_sizes(glove: Path) -> None:
    with zipfile.ZipFile("glove.6B.zip", "w") as archive:
        archive.writestr("glove.6B.3d.txt", LINES)
        archive.writestr("glove.6B.2d.txt", "good 1 2\n")
    assert Glove(VOCABULARY, path="glove.6B.zip", dim=2).report["matched"] == 1
    assert Glove(VOCABULARY, path="glove.6B.zip", dim=3).report["matched"] == 2
    with pytest.raises(DataError, match=r"set embedding\.dim"):
        Glove(VOCABULARY, path="glove.6B.zip")


@pytest.mark.parametrize(
    ("content", "dim", "message"),
    [
        (LINES, 5, r"line 1: vectors of 3 numbers where embedding\.dim=5 expects 5"),
        (LINES + "bad 1 2\n", None, "line 4: 2 numbers, expected 3"),
        (LINES + "bad 1 x 2\n", None, "line 4: 'bad' is followed by something that is no number"),
        ("other 1 2\n", None, "none of the 3 words"),
        ("", None, "is empty"),
    ],
)
def test_bad_files_are_named_with_their_line(content: str, dim: int | None, message: str) -> None:
    Path("g.txt").write_text(content)
    with pytest.raises(DataError, match=message):
        Glove(VOCABULARY, path="g.txt", dim=dim)


def test_lines_of_other_words_are_not_parsed() -> None:
    Path("g.txt").write_text("other one two three\n" + LINES + "at a. m. 1 2 3\n")
    assert Glove(VOCABULARY, path="g.txt").report["matched"] == 2


def test_word2vec_header_and_odd_separators() -> None:
    Path("g.txt").write_text("3 3\n" + LINES.replace("the", "the\u2028re\x85"))
    assert Glove(VOCABULARY, path="g.txt").report["matched"] == 2


def test_missing_damaged_and_binary_files() -> None:
    with pytest.raises(ValueError, match="path is not set"):
        Glove(VOCABULARY)
    with pytest.raises(DataError, match="there is no such file"):
        Glove(VOCABULARY, path="nowhere.txt")
    Path("x.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read"):
        Glove(VOCABULARY, path="x.zip")
    Path("x.txt").write_bytes(b"\xff\xfe 1 2\n")
    with pytest.raises(DataError, match="not UTF-8"):
        Glove(VOCABULARY, path="x.txt")


@pytest.mark.realdata
def test_the_second_notebooks_count(realdata: Path) -> None:
    from rnnexp.data.imdb import Imdb

    task = Imdb(path=str(realdata / "imdb_subset.csv"), strip_html=False, non_letters="delete",
                vocab_size=5000, vocab_from="all", unknown="drop")  # fmt: skip
    assert task.vocabulary is not None
    encoder = Glove(task.vocabulary, path=str(realdata / "glove.6B.50d.top10361.txt"), dim=50)
    assert encoder.report == {"matched": 3753, "words": 5000}
