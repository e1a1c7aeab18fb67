"""MNIST from files: found, downloaded from a server of the test's own, checked, read."""

import functools
import gc
import gzip
import hashlib
import http.server
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnexp.data.mnist import FILES, Mnist
from rnnexp.errors import DataError
from tests.conftest import Outcome, idx_bytes

Files = Callable[..., Path]
NOWHERE = "http://127.0.0.1:9"


def checksums(folder: Path) -> list[str]:
    return [
        f"md5:{hashlib.md5((folder / f'{name}.gz').read_bytes()).hexdigest()}" for name in FILES
    ]


def check(task: Mnist) -> None:
    assert [len(task.split(name)) for name in ("train", "val", "test")] == [53, 7, 20]  # type: ignore[arg-type]
    test = task.split("test")
    assert test.inputs.shape == (20, 784, 1)
    column = test.inputs.view(20, 28, 28).sum(1).argmax(1)
    assert torch.equal(column, test.targets)
    assert (test.inputs.min(), test.inputs.max()) == (0, 1)
    assert task.output_size == 10


def test_the_test_files_are_the_test_split(mnist_files: Files) -> None:
    mnist_files()
    task = Mnist(folder="mnist", url=NOWHERE, seq_len=784)
    check(task)
    assert task.report["notes"][1] == (
        "split: the corpus' own test split; the other images divided 80:10 into training and "
        "validation, shuffled by 0, each class in these shares"
    )
    assert task.chance["accuracy"] == pytest.approx(0.1)
    labels = task.split("train").targets
    assert labels[:20].tolist() != sorted(labels[:20].tolist())


def test_unpacked_files_and_names_with_a_dot_are_found(mnist_files: Files) -> None:
    folder = mnist_files()
    packed = Mnist(folder="mnist", url=NOWHERE, seq_len=784)
    for name in FILES:
        plain = gzip.decompress((folder / f"{name}.gz").read_bytes())
        (folder / name.replace("-idx", ".idx")).write_bytes(plain)
        (folder / f"{name}.gz").unlink()
    unpacked = Mnist(folder="mnist", url=NOWHERE, seq_len=784)
    check(unpacked)
    assert torch.equal(packed.split("train").inputs, unpacked.split("train").inputs)


def test_pooled_and_permuted(mnist_files: Files) -> None:
    mnist_files()
    plain = Mnist(folder="mnist", url=NOWHERE, seq_len=784)
    pooled = Mnist(folder="mnist", url=NOWHERE, seq_len=49, pool=4)
    assert pooled.split("test").inputs.shape == (20, 49, 1)
    assert torch.allclose(
        pooled.split("val").inputs.view(-1, 1, 7, 7),
        torch.nn.functional.avg_pool2d(plain.split("val").inputs.view(-1, 1, 28, 28), 4),
    )
    permuted = Mnist(folder="mnist", url=NOWHERE, seq_len=784, permute_seed=0)
    assert not torch.equal(permuted.split("test").inputs, plain.split("test").inputs)
    assert torch.equal(permuted.split("test").inputs.sum(1), plain.split("test").inputs.sum(1))


def test_other_files_are_other_data(mnist_files: Files) -> None:
    folder = mnist_files()
    task = Mnist(folder="mnist", url=NOWHERE, seq_len=784)
    assert Mnist(folder="mnist", url=NOWHERE, seq_len=784).content == task.content
    labels = (np.arange(60) + 1) % 10
    (folder / f"{FILES[1]}.gz").write_bytes(gzip.compress(idx_bytes(labels), mtime=0))
    assert task.current_content() != task.content


# -- what is downloaded ---------------------------------------------------------------------------


@pytest.fixture
def server(workdir: Path) -> Iterator[str]:
    """The address of a local HTTP server of what lies in the folder `served`."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(workdir / "served"))
    made = http.server.HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()
    with warnings.catch_warnings():  # pooch leaves the response of a failed download open
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_what_is_missing_is_downloaded_once(server: str, mnist_files: Files) -> None:
    served = mnist_files("served")
    sums = checksums(served)
    check(Mnist(url=server, checksums=sums, seq_len=784))
    assert sorted(path.name for path in Path("data/mnist").iterdir()) == sorted(
        f"{name}.gz" for name in FILES
    )
    for path in served.iterdir():
        path.unlink()
    check(Mnist(url=f"{server}/", checksums=sums, seq_len=784))


def test_a_download_that_was_broken_off_goes_on(server: str, mnist_files: Files) -> None:
    served = mnist_files("served")
    sums = checksums(served)
    held_back = served / f"{FILES[2]}.gz"
    held_back.rename("later")
    with pytest.raises(DataError, match=f"{FILES[2]}.gz cannot be downloaded .HTTP 404"):
        Mnist(url=server, checksums=sums, seq_len=784)
    assert len([path for path in Path("data/mnist").iterdir() if path.is_file()]) == 2
    Path("later").rename(held_back)
    check(Mnist(url=server, checksums=sums, seq_len=784))


def test_another_content_is_thrown_away(server: str, mnist_files: Files) -> None:
    mnist_files("served")  # which is not MNIST
    with pytest.raises(DataError, match="wrong checksum and was thrown away; put train-images"):
        Mnist(url=server, seq_len=784)
    assert not any(path.is_file() for path in Path("data").rglob("*"))


def test_settings_are_checked_before_anything_is_downloaded() -> None:
    with pytest.raises(ValueError, match="shuffle_seed must be at least 0"):
        Mnist(url=NOWHERE, shuffle_seed=-1)


def test_without_a_network_the_way_out_is_told() -> None:
    with pytest.raises(DataError) as caught:
        Mnist(url=NOWHERE, seq_len=784)
    assert "put train-images-idx3-ubyte.gz into data/mnist/ by other means" in str(caught.value)
    assert "\n" not in str(caught.value)


# -- what is wrong --------------------------------------------------------------------------------


def write(folder: Path, name: str, content: bytes) -> None:
    (folder / f"{name}.gz").write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (0, b"", "train-images-idx3-ubyte.gz is no idx file .* begins with nothing"),
        (
            0,
            gzip.compress(idx_bytes(np.zeros((60, 28, 28))), mtime=0)[:-20],
            "is damaged or cut off",
        ),
        (0, idx_bytes(np.zeros((60, 28, 28)))[:-20], "is cut off: its header says 60 x 28 x 28"),
        (0, idx_bytes(np.zeros((0, 28, 28))), "0 images and .* 60 classes"),
        (1, idx_bytes(np.zeros(59)), "has 60 images and .* 59 classes: they do not belong"),
        (1, idx_bytes(np.zeros((60, 1))), "is no idx file with 1 axes of bytes"),
        (2, idx_bytes(np.zeros((20, 8, 8))), "images of 28 x 28 pixels and .* of 8 x 8"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_named(
    rnnexp: Callable[..., Outcome], mnist_files: Files, name: int, content: bytes, message: str
) -> None:
    write(mnist_files(), FILES[name], content)
    with pytest.raises(DataError, match=message):
        Mnist(folder="mnist", url=NOWHERE, seq_len=784)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.folder=mnist"], "error: seq_len=100 would cut the images, which have 784 pixels: "
         "type seq_len=784, or data.pool=2 seq_len=196 for fewer and larger pixels"),
        (["data.folder=mnist", "data.checksums=[a]"], "data.checksums must be 4"),
        (["data.folder=mnist", "data.pool=5"], "data.pool=5 does not divide images of 28 x 28"),
        (["data.folder=none", f"data.url={NOWHERE}"], "cannot be downloaded (ConnectionError)"),
    ],
)  # fmt: skip
def test_the_command_says_it_in_one_line(
    rnnexp: Callable[..., Outcome], mnist_files: Files, words: list[str], message: str
) -> None:
    mnist_files()
    outcome = rnnexp("data=mnist", *words)
    assert outcome.status == 2
    assert message in outcome.error
    assert not Path("outputs").exists()


def test_a_run_learns_from_planted_images(
    rnnexp: Callable[..., Outcome], mnist_files: Files
) -> None:
    mnist_files(side=4, count=200)
    words: list[Any] = ["data=mnist", "data.folder=mnist", "seq_len=16", "model.hidden_size=8"]
    outcome = rnnexp(*words, "trainer.epochs=2", "threads=1", "plots=false")
    assert outcome.status == 0, outcome.err
    assert "images: 4 x 4 pixels, read row by row: 16 steps" in outcome.out
