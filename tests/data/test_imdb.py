import gc
import hashlib
import http.server
import io
import os
import tarfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rnnexp import files
from rnnexp.data.imdb import ARCHIVE, POOL, Imdb, find_corpus
from rnnexp.errors import DataError
from rnnexp.experiment.identity import files_fingerprint
from rnnexp.results.runs import RunDirectory
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]


def members() -> dict[str, str]:
    """40 short reviews in the official layout, and files that are none."""
    texts = {"aclImdb/README": "not a review", "aclImdb/train/unsup/0_0.txt": "no label"}
    for part in ("train", "test"):
        for sentiment, word, stars in (("pos", "good", 9), ("neg", "bad", 2)):
            for i in range(10):
                texts[f"aclImdb/{part}/{sentiment}/{i}_{stars}.txt"] = (
                    f"{part} {word} {'x' * (i + 1)}"
                )
    return texts


@pytest.fixture
def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in members().items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def check(task: Imdb) -> None:
    assert [len(task.split(s)) for s in ("train", "val", "test")] == [17, 3, 20]
    assert task.classes == ("negative", "positive")
    # negative and positive in turn, though the archive has them sorted
    assert task.split("train").targets[:4].tolist() == [0, 1, 0, 1]
    assert task.vocabulary is not None
    assert {"good", "bad", "train"} < set(task.vocabulary)
    assert "test" not in task.vocabulary


def test_archive_and_folder_give_the_same_task(archive: bytes) -> None:
    Path(ARCHIVE).write_bytes(archive)
    from_archive = Imdb(path=ARCHIVE)
    check(from_archive)
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(".", filter="data")
    from_folder = Imdb(path="aclImdb")
    check(from_folder)
    assert from_folder.vocabulary == from_archive.vocabulary


def test_the_corpus_is_found_in_its_folder(archive: bytes) -> None:
    Path("data").mkdir()
    assert find_corpus(Path("data")) is None
    Path("data/IMDB Dataset.csv").write_text("review,sentiment\n")
    assert find_corpus(Path("data")) == Path("data/IMDB Dataset.csv")
    Path("data/imdb_30k.csv.gz").write_bytes(b"")
    with pytest.raises(DataError, match=r"say which with data\.path="):
        find_corpus(Path("data"))
    Path("data", ARCHIVE).write_bytes(archive)
    check(Imdb())


def test_the_halves_of_the_archive_can_be_pooled(archive: bytes) -> None:
    """The first notebook's 24,000/3,000/3,000, which a CSV export gave."""
    Path(ARCHIVE).write_bytes(archive)
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(".", filter="data")
    for path in (ARCHIVE, "aclImdb"):
        pooled = Imdb(path=path, official_split=False)
        assert [len(pooled.split(s)) for s in ("train", "val", "test")] == [32, 4, 4]
        # classes and halves in turn, so that each split has both of both
        assert pooled.split("test").targets.tolist() == [0, 1, 0, 1]
        words = [pooled.vocabulary[i] for i in pooled.split("test").inputs[:, 0]]  # type: ignore[index]
        assert words == ["train", "train", "test", "test"]
        assert pooled.report["notes"] == ["split: 80/10/10 in the order of the texts"]
        own = Imdb(path=path)
        assert pooled.content != own.content
        assert own.report["notes"] == [
            "split: the corpus' own test split; the other texts divided 80:10 into training and "
            "validation, in the order of the texts",
            POOL,
        ]
        assert Imdb(path=path, official_split=True).content == own.content
    limited = Imdb(path=ARCHIVE, official_split=False, limit=20, stratify=True)
    assert [len(limited.split(s)) for s in ("train", "val", "test")] == [16, 2, 2]


def test_a_table_has_no_official_split(csv_file: Callable[..., Path]) -> None:
    path = str(csv_file(header="review,sentiment"))
    with pytest.raises(DataError, match="is one table without a test split of its own"):
        Imdb(path=path, official_split=True)
    pooled, plain = Imdb(path=path, official_split=False), Imdb(path=path)
    assert pooled.content == plain.content


class Server:
    """A local HTTP server; `content` None is answered with 404, `cut` breaks the connection."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.cut = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if outer.content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.content)))
                self.end_headers()
                half = len(outer.content) // 2 if outer.cut else len(outer.content)
                self.wfile.write(outer.content[:half])

            def log_message(self, *args: object) -> None:
                pass

        self.http = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/{ARCHIVE}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()
    # pooch leaves the response of a failed download to the garbage collector, which would warn of
    # its open socket in whichever test it happens to run.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content).hexdigest()}"


def test_a_missing_corpus_is_downloaded_once(server: Server, archive: bytes) -> None:
    server.content = archive
    check(Imdb(url=server.url, checksum=md5(archive)))
    assert Path("data", ARCHIVE).read_bytes() == archive
    server.content = None
    check(Imdb(url=server.url, checksum=md5(archive)))


@pytest.mark.parametrize(
    ("content", "cut", "message"),
    [
        (b"something else", False, "wrong checksum"),
        (b"x" * 100_000, True, "cannot be downloaded"),
        (None, False, "HTTP 404"),
    ],
)
def test_a_failed_download_leaves_no_file(
    server: Server, content: bytes | None, cut: bool, message: str
) -> None:
    server.content, server.cut = content, cut
    with pytest.raises(DataError, match=message) as caught:
        Imdb(url=server.url, checksum=md5(b"the true content"))
    assert "put it into data/" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(path.is_file() for path in Path("data").rglob("*"))


def test_a_failed_download_can_be_tried_again(server: Server, archive: bytes) -> None:
    server.content, server.cut = archive, True
    with pytest.raises(DataError):
        Imdb(url=server.url, checksum=md5(archive))
    server.cut = False
    check(Imdb(url=server.url, checksum=md5(archive)))


def test_without_a_network_the_way_out_is_told() -> None:
    with pytest.raises(DataError, match=rf"ConnectionError.*download {ARCHIVE} by other means"):
        Imdb(url="http://127.0.0.1:9/nothing")


@pytest.mark.parametrize(
    ("content", "message"), [(b"no archive", "damaged or no tar"), (b"", "is empty")]
)
def test_a_damaged_archive_is_named(content: bytes, message: str) -> None:
    Path(ARCHIVE).write_bytes(content)
    with pytest.raises(DataError, match=message):
        Imdb(path=ARCHIVE)


def test_a_cut_archive_is_named(archive: bytes) -> None:
    Path(ARCHIVE).write_bytes(archive[: len(archive) // 2])
    with pytest.raises(DataError, match="damaged"):
        Imdb(path=ARCHIVE)


def test_a_flipped_byte_is_noticed(archive: bytes) -> None:
    """tarfile takes a damaged header for the end of the archive, and would say nothing."""
    import gzip

    plain = bytearray(gzip.decompress(archive))
    whole = gzip.compress(bytes(plain))
    plain[len(plain) // 2 : len(plain) // 2 + 512] = bytes(512)
    damaged = gzip.compress(bytes(plain))[:-8] + whole[-8:]  # the checksum of the whole one
    Path(ARCHIVE).write_bytes(damaged)
    with pytest.raises(DataError, match="damaged"):
        Imdb(path=ARCHIVE)


def test_a_folder_without_reviews_is_named() -> None:
    Path("empty").mkdir()
    with pytest.raises(DataError, match="holds no reviews"):
        Imdb(path="empty")


# -- what a folder's reviews are, to a study -------------------------------------------------------

STUDY = ("-m", "data=imdb", "data.path=aclImdb", "seq_len=4", "model=bag", "trainer.epochs=1",
         "plots=false", "probes=none", "threads=1", "study=s")  # fmt: skip
REVIEW = Path("aclImdb/train/pos/3_9.txt")


@pytest.fixture
def folder(archive: bytes) -> Path:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(".", filter="data")
    return Path("aclImdb")


def edit(path: Path = REVIEW) -> None:
    """Another word of the same length, and the time of before."""
    status = path.stat()
    time.sleep(0.02)  # a kernel's clock may tick 100 times a second
    path.write_text(path.read_text().replace("good", "fine"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)


@pytest.mark.parametrize("settled", [files.SETTLED, -(10**18)])
def test_an_edited_review_of_the_same_size_and_time_is_seen(
    folder: Path, settled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not digests are remembered, in this process and in the next."""
    monkeypatch.setattr(files, "SETTLED", settled)
    task = Imdb(path="aclImdb")
    assert Imdb(path="aclImdb").content == task.content
    edit()
    assert task.current_content() != task.content
    again = Imdb(path="aclImdb")
    assert again.content == task.current_content()
    assert again.vocabulary is not None
    assert "fine" in again.vocabulary


def test_where_the_folder_lies_and_when_it_was_unpacked_is_no_matter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Imdb(path="aclImdb").content
    os.utime(REVIEW)
    folder.rename("moved")
    assert Imdb(path="moved").content == content
    monkeypatch.chdir("moved")
    assert Imdb(path=".").content == content


def test_a_study_is_run_again_on_an_edited_review(rnnexp: Rnnexp, folder: Path) -> None:
    assert rnnexp(*STUDY).status == 0
    assert rnnexp(*STUDY).out.count("done before") == 1
    edit()
    again = rnnexp(*STUDY)
    assert again.status == 0
    assert again.err.count("the data have changed since it was run: run again") == 1


def in_earlier_words() -> str:
    """The digest of the folder as until version 0.3: of names, sizes and times."""
    digest = hashlib.sha256()
    for path in sorted(Path("aclImdb").glob("t*/*/*_*.txt")):
        if path.parent.name in ("neg", "pos"):
            status = path.stat()
            name = path.relative_to("aclImdb").as_posix()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@pytest.mark.parametrize("pooled", [False, True])
def test_a_study_of_an_earlier_version_is_found_done(
    rnnexp: Rnnexp, folder: Path, pooled: bool
) -> None:
    """As long as its own words for the folder are still true: nobody's study is run again."""
    words = (*STUDY, "data.official_split=false") if pooled else STUDY
    assert rnnexp(*words).status == 0
    (file,) = Path("outputs/studies/s").glob("*/summary.json")
    run = RunDirectory.open(file.parent)
    summary = run.summary
    summary.content = files_fingerprint(in_earlier_words() + " pooled" * pooled, "")
    summary.version = "0.2.0"
    run.finish(summary)
    again = rnnexp(*words)
    assert again.out.count("done before") == 1, again.err
    assert "1 of 1 runs were made by another version of rnnexp" in again.out
    os.utime(REVIEW)
    again = rnnexp(*words)
    assert "done before" not in again.out
    assert "the data have changed since it was run" in again.err


@pytest.mark.realdata
def test_the_second_notebooks_file(realdata: Path) -> None:
    task = Imdb(
        path=str(realdata / "imdb_subset.csv"), strip_html=False, non_letters="delete",
        vocab_size=5000, vocab_from="all", unknown="drop", split="80/20", shuffle_seed=1234,
    )  # fmt: skip
    assert task.vocabulary is not None
    assert len(task.vocabulary) == 5001
    assert "br" in task.vocabulary[:20]
    assert [len(task.split(s)) for s in ("train", "val", "test")] == [1600, 0, 400]
    assert task.report["classes"] == {"negative": 995, "positive": 1005}


@pytest.mark.realdata
def test_thirty_thousand_reviews_are_ready_at_once_the_second_time(realdata: Path) -> None:
    def timed() -> tuple[Imdb, float]:
        started = time.process_time()  # seconds that pass would measure the neighbours
        task = Imdb(path=str(realdata / "imdb_30k.csv.gz"), seq_len=200)
        return task, time.process_time() - started

    first, tokenised = timed()
    assert len(first.split("train")) == 24000
    assert first.input_size == 10_002
    assert first.report["test_duplicates_of_train"] > 0
    # against the first time, 1/30
    assert min(timed()[1] for _ in range(3)) < tokenised / 5


@pytest.mark.realdata
def test_the_official_layout(realdata: Path) -> None:
    task = Imdb(path=str(realdata / "aclImdb_sample.tar.gz"))
    assert [len(task.split(s)) for s in ("train", "val", "test")] == [444, 56, 500]
    assert task.split("test").targets.float().mean() == 0.5
