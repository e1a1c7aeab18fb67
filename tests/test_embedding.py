import gzip
import io
import random
import re
import time
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import torch

from rnnexp.embedding import vector_blocks
from rnnexp.embedding.features import Features
from rnnexp.embedding.glove import Glove
from rnnexp.embedding.learned import Learned
from rnnexp.embedding.vector_file import read_vectors
from rnnexp.errors import DataError
from rnnexp.files import file_digest
from rnnexp.model.fused import LSTM
from rnnexp.types import Batch
from tests.conftest import Outcome

VOCABULARY = ["<pad>", "<unk>", "good", "bad", "film"]
LINES = "the 1 2 3\ngood 0.5 -1 2e-1\nfilm 4 5 6\n"


@pytest.fixture
def glove(workdir: Path) -> Path:
    path = workdir / "glove.txt"
    path.write_text(LINES)
    return path


def counts(encoder: Glove) -> tuple[int, int, dict[str, int]]:
    """Words found, words there are, and lines of the file passed over."""
    report = encoder.report
    return report["matched"], report["words"], report["lines_passed_over"]


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


def test_the_share_of_features_that_is_dropped_and_its_scale() -> None:
    """By the model, while training; what asks the encoder sees none of it."""
    torch.manual_seed(0)
    model = LSTM(Learned(VOCABULARY, dim=200, dropout=0.2), 2, hidden_size=2)
    inputs = torch.randint(2, 5, (50, 40))
    inputs[:, 30:] = 0
    batch = Batch(inputs, torch.zeros(50).long(), torch.full((50,), 30))
    whole_TBE = model.encoder(inputs.T)
    read_TBE = model.read(batch)
    share = read_TBE[:30] / whole_TBE[:30]
    assert (share == 0).float().mean().item() == pytest.approx(0.2, abs=0.005)
    assert share.mean().item() == pytest.approx(1, abs=0.005)
    assert share[share != 0].tolist() == pytest.approx([1.25] * int((share != 0).sum()))
    assert not torch.equal(share[0, 0], share[1, 0])  # drawn for every place
    assert (read_TBE[30:] == 0).all()
    assert torch.equal(model.encoder(inputs.T), whole_TBE)
    first, second = (model.rollout(batch).outputs for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(model.eval().read(batch), whole_TBE)


def test_dropout_of_word_vectors_is_checked_and_kept(glove: Path) -> None:
    assert Glove(VOCABULARY, path=str(glove), dropout=0.3).dropout == 0.3
    blank = Glove.blank(VOCABULARY, 3, path="gone", freeze=True, dropout=0.3)
    assert blank.dropout == 0.3
    assert Glove.blank(VOCABULARY, 3, path="gone", freeze=True).dropout == 0  # of earlier versions
    for make in (
        lambda d: Learned(VOCABULARY, 3, d),
        lambda d: Glove(VOCABULARY, "gone", dropout=d),
    ):
        with pytest.raises(ValueError, match="dropout must be at least 0 and less than 1"):
            make(1.0)


def test_dropout_of_word_vectors_needs_words(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    words = ("data=adding", "seq_len=10", "trainer.steps=1", "embedding.dropout=0.1")
    outcome = rnnexp(*words)
    assert outcome.status == 2
    assert "this data has numbers in their place: use embedding.dropout=0" in outcome.err
    assert not Path("outputs").exists()


def test_features_pass() -> None:
    x = torch.randn(2, 3, 4)
    assert Features(4)(x) is x


def test_known_words_get_their_vectors_and_others_zeros(glove: Path) -> None:
    encoder = Glove(VOCABULARY, path=str(glove))
    assert encoder.output_size == 3
    weight = encoder.vectors.weight
    assert weight[2].tolist() == pytest.approx([0.5, -1.0, 0.2])
    assert weight[[0, 1, 3]].abs().sum() == 0
    assert counts(encoder) == (2, 3, {})
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


def zipped(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


TABS, BYTES = LINES.replace(" ", "\t").encode(), LINES.encode()
MAC = (("__MACOSX/._g.txt", b"\x00\x05\x16\x07"), (".DS_Store", b"\x00"), ("glove/", b""))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.vec", BYTES),
        ("tabs.txt", TABS),
        ("word_tab_numbers.txt", b"good\t0.5 -1 2e-1\nfilm\t4 5 6\n"),
        ("spaces.txt", LINES.replace(" ", "  ").encode()),
        ("spaces_at_the_end.vec", b"3 3\n" + LINES.replace("\n", " \n").encode()),
        ("windows.txt", LINES.replace("\n", "\r\n").encode()),
        ("mark.txt", b"\xef\xbb\xbf" + BYTES),
        ("mark_and_header.txt", b"\xef\xbb\xbf3 3\n" + BYTES),
        ("blank_lines.txt", BYTES.replace(b"film", b"\nfilm") + b"\n \r\n\n"),
        ("packed.txt.gz", gzip.compress(BYTES, mtime=0)),
        ("PACKED.TXT.GZ", gzip.compress(TABS, mtime=0)),
        ("packed_without_a_name", gzip.compress(BYTES, mtime=0)),
        ("wiki-news-3d.vec.zip", zipped(("wiki-news-3d.vec", b"3 3\n" + BYTES))),
        ("mac.zip", zipped(("g.txt", BYTES), *MAC)),
        ("glove.ZIP", zipped(("G.TXT", BYTES), ("README.md", b"of others"))),
        ("no_suffix.zip", zipped(("vectors", BYTES), *MAC)),
        ("two.zip", zipped(("wiki-13d-1M.vec", b"good 1\n"), ("wiki-3d-1M.vec", BYTES), *MAC)),
    ],
)
def test_the_files_that_people_have(name: str, content: bytes) -> None:
    Path(name).write_bytes(content)
    encoder = Glove(VOCABULARY, path=name, dim=3)
    assert counts(encoder) == (2, 3, {})
    assert encoder.vectors.weight[[2, 4]].tolist() == [
        pytest.approx([0.5, -1.0, 0.2]), [4.0, 5.0, 6.0]
    ]  # fmt: skip
    assert encoder.vectors.weight[[0, 1, 3]].abs().sum() == 0


@pytest.mark.parametrize("number", ["nan", "NaN", "inf", "-inf", "1e39"])
def test_a_number_that_is_not_finite_is_named(number: str) -> None:
    Path("g.txt").write_text(f"{LINES}other {number} 0 0\nbad 0 {number} 1\n")
    with pytest.raises(DataError, match=rf"g\.txt, line 5: the vector of 'bad' holds {number}"):
        Glove(VOCABULARY, path="g.txt")
    Path("g.zip").write_bytes(zipped(("a/g.txt", Path("g.txt").read_bytes())))
    with pytest.raises(DataError, match=r"g\.zip:a/g\.txt, line 5: the vector of 'bad'"):
        Glove(VOCABULARY, path="g.zip")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("g.zip", zipped(*MAC), "holds no file of word vectors"),
        (
            "g.zip",
            zipped(("a.vec", BYTES), ("b.txt", BYTES)),
            r"a\.vec, b\.txt: set embedding",
        ),
        ("g.gz", gzip.compress(BYTES, mtime=0)[:-9], "cannot be read"),
        ("g.bin", b"3 3\ngood \x9a\x99\x19\x3f", r"save_word2vec_format\(\.\.\., binary=False"),
        ("g.txt", b"3 4\n" + BYTES, "line 2: 3 numbers, expected 4"),
    ],
)
def test_other_files_are_refused(name: str, content: bytes, message: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        Glove(VOCABULARY, path=name)


def test_the_header_tells_the_size() -> None:
    Path("g.vec").write_text("3 3\n" + LINES)
    with pytest.raises(DataError, match=r"line 1: vectors of 3 numbers where embedding\.dim=4"):
        Glove(VOCABULARY, path="g.vec", dim=4)


@pytest.mark.parametrize("unmatched", ["zeros", "random"])
def test_specials_are_not_looked_up(unmatched: Literal["zeros", "random"]) -> None:
    Path("g.txt").write_text("<pad> 5 5 5\n<unk> 9 9 9\n" + LINES)
    encoder = Glove(VOCABULARY, path="g.txt", unmatched=unmatched)
    assert counts(encoder) == (2, 3, {"named <pad> or <unk>": 2})
    assert encoder.vectors.weight[0].tolist() == [0.0, 0.0, 0.0]
    assert encoder.vectors.weight[1].tolist() != [9.0, 9.0, 9.0]
    assert encoder.content != file_digest(Path("g.txt"))  # version 0.1 looked them up


def test_all_words_but_the_specials_count() -> None:
    Path("g.txt").write_text(LINES + "<3 7 7 7\n")
    encoder = Glove(["<pad>", "good", "<3"], path="g.txt")
    assert counts(encoder) == (2, 2, {})
    assert encoder.content == file_digest(Path("g.txt"))


def test_words_in_another_spelling_are_found() -> None:
    """The vocabulary is in NFC; the word as it stands there wins, whatever the order."""
    vocabulary = ["<pad>", "caf\u00e9", "\u00e9t\u00e9"]
    Path("g.txt").write_text("cafe\u0301 1 1\ncaf\u00e9 2 2\ncafe\u0301 3 3\ne\u0301te\u0301 4 4\n")
    encoder = Glove(vocabulary, path="g.txt")
    assert encoder.vectors.weight.tolist() == [[0, 0], [2, 2], [4, 4]]
    assert counts(encoder) == (2, 2, {"that repeat a word": 2})


def test_lines_that_are_passed_over_are_counted() -> None:
    Path("g.txt").write_text(LINES + "good 9 9 9\nat a. m. 1 2 3\n")
    encoder = Glove(VOCABULARY, path="g.txt")
    assert counts(encoder) == (2, 3, {"that repeat a word": 1, "of several words": 1})
    assert encoder.vectors.weight[2].tolist() == pytest.approx([0.5, -1.0, 0.2])  # the first


#: Lines that are not as most are, of vectors of three numbers; the last two are none.
ODD_LINES = [
    "", " ", "\t", "at a. m. 1 2 3", "good 9 9 9", "bad\t1  2\t3", " film 1 2 3", "<pad> 1 2 3",
    "caf\u00e9 1 2 3", "cafe\u0301 4 5 6", "a\u2028b 1 2 3", "\r", "goo\x0bd 1 2 3", "7 7 7 7",
    "x y z", "good 1 2 z",
]  # fmt: skip


def line_by_line(lines: list[str], words: set[str]) -> tuple[dict[str, list[float]], list[int]]:
    """Vectors of three numbers, and how many lines repeat, are of several words, are specials."""
    exact: dict[str, list[float]] = {}
    respelt: dict[str, list[float]] = {}
    repeated = phrases = specials = 0
    for number, line in enumerate(lines, 1):
        if not (line := line.rstrip(" \t\r\n")):
            continue
        word, *numbers = re.split("[ \t]+", line)
        known = unicodedata.normalize("NFC", word)
        found = exact if known == word else respelt
        if len(numbers) > 3:
            phrases += 1
        elif len(numbers) < 3:
            raise DataError(f"g.txt, line {number}: {len(numbers)} numbers, expected 3")
        elif word == "<pad>":
            specials += 1
        elif known in found:
            repeated += 1
        elif known in words:
            try:
                found[known] = list(map(float, numbers))
            except ValueError:
                message = f"'{word}' is followed by something that is no number"
                raise DataError(f"g.txt, line {number}: {message}") from None
    return {**respelt, **exact}, [repeated + len(exact.keys() & respelt.keys()), phrases, specials]


@pytest.mark.parametrize(
    ("line", "count"), [("word", 50_000), ("word" + " " * 300_000, 1)]
)  # fmt: skip
def test_lines_that_are_no_vectors_take_no_time(workdir: Path, line: str, count: int) -> None:
    """Nor memory: a line without a space is not read on to the next one that has one."""
    Path("v.txt").write_text("\n".join([*[line] * count, "new york"]) + "\n")
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(DataError, match=r"line 1"):
        read_vectors(Path("v.txt"), {"new"}, 2)
    assert time.process_time() - started < 5
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("at_once", [1, 50, 2**19])
@pytest.mark.parametrize("ending", ["\n", " \n", "\r\n", " \t \r\n"])
def test_lines_in_blocks_are_read_as_one_by_one(
    ending: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_blocks, "AT_ONCE", at_once)
    generator = random.Random(0)
    words = {"good", "bad", "film", "caf\u00e9", "7"}
    usual = [*(f"w{i} {i} {i} {i}" for i in range(20)), "bad 1 2 3", "7 1 2 3"]
    refused = 0
    for trial in range(40):
        odd = ODD_LINES if trial % 2 else ODD_LINES[:-2]
        lines = ["film 1 2 3", *generator.choices(usual + odd, k=generator.randrange(60))]
        Path("g.txt").write_bytes(ending.join(lines).encode())
        try:
            vectors, passed_over = line_by_line(lines, words)
        except DataError as error:
            refused += 1
            with pytest.raises(DataError, match=f"^{re.escape(str(error))}$"):
                read_vectors(Path("g.txt"), words, 3)
        else:
            read = read_vectors(Path("g.txt"), words, 3)
            assert read.vectors == vectors
            assert [read.repeated, read.phrases, read.specials] == passed_over
    assert 5 < refused < 25


@pytest.mark.parametrize("at_once", [1, 40, 2**19])
@pytest.mark.parametrize("pack", [bytes, lambda b: gzip.compress(b, mtime=0)])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"bad 1 2", r", line 31: 2 numbers, expected 3"),
        (b"bad 1 2 x", r", line 31: 'bad' is followed by something that is no number"),
        (b"bad 1 -inf 2", r", line 31: the vector of 'bad' holds -inf"),
        (b"caf\xe9 1 2 3", r" is not UTF-8 text \(invalid continuation byte\)"),
        (b"bad " * 2**19, r", line 31 has more than 1048576 characters"),
        (b"\n" * 10_001, " has more than 10000 lines with nothing in them"),
    ],
)
def test_a_fault_is_named_wherever_it_lies(
    line: bytes, message: str, pack: Callable[[bytes], bytes], at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Of two faults the first one."""
    if at_once == 1 and line.isspace():
        pytest.skip("slow")
    monkeypatch.setattr(vector_blocks, "AT_ONCE", at_once)
    before = b"".join(b"w%d 1 2 3\n" % i for i in range(30))
    Path("g").write_bytes(pack(before + line + b"\nw 1 2\n\xff\n"))
    with pytest.raises(DataError, match=r"^g" + message):
        read_vectors(Path("g"), {"bad", "good"}, 3)


@pytest.mark.realdata
def test_the_second_notebooks_count(realdata: Path) -> None:
    from rnnexp.data.imdb import Imdb

    task = Imdb(path=str(realdata / "imdb_subset.csv"), strip_html=False, non_letters="delete",
                vocab_size=5000, vocab_from="all", unknown="drop")  # fmt: skip
    assert task.vocabulary is not None
    encoder = Glove(task.vocabulary, path=str(realdata / "glove.6B.50d.top10361.txt"), dim=50)
    assert counts(encoder) == (3753, 5000, {})
