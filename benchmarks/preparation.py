"""From files to what a network reads, beside the way of a notebook: texts, and word vectors.

All of it in one process and in turn, on one thread. Texts: 30,000 film reviews in one CSV, the real
ones where RNNEXP_TEST_DATA names their folder, else synthetic ones. The notebook's way is regular
expressions, split, a Counter, a dict of numbers, a list of them for each text, padding; both read
the file, the notebook by pandas. Warm means that the cache has the tokenised corpus; the file's
digest is checked, as in each new process. Word vectors: 200,000 lines of 50 numbers, of which a
vocabulary of 10,000 words is looked up; a notebook reads all lines into a dict.

    python benchmarks/preparation.py [rounds]
"""

import csv
import gzip
import io
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from rnnexp import files
from rnnexp.data.imdb import Imdb
from rnnexp.data.review_writer import write_reviews
from rnnexp.embedding.vector_file import read_vectors

TEXTS, VECTORS, ROUNDS = 30_000, 200_000, 5
#: Reviews that are written where there are no real ones; they repeat, each time otherwise ordered.
WRITTEN = 1_000
VOCABULARY, SEQ_LEN, DIM = 10_000, 400, 50


@dataclass(frozen=True)
class Row:
    """Seconds of one way to do one piece of work.

    work: what is done. way: who does it. seconds: the median over the rounds, of a clock on the
    wall. lowest, highest: over the rounds. cpu_seconds: the median of the processor's time.
    times_faster: than the notebook, the median over the rounds of the ratio of both processor
    times; on a machine with other work the clock on the wall says less.
    """

    work: str
    way: str
    seconds: float
    lowest: float
    highest: float
    cpu_seconds: float
    times_faster: float


# -- texts -----------------------------------------------------------------------------------------


def write_texts(path: Path, count: int) -> str:
    """Write a CSV of `count` reviews; what they are."""
    real = Path(os.environ.get("RNNEXP_TEST_DATA", "")) / "imdb_30k.csv.gz"
    if "RNNEXP_TEST_DATA" in os.environ and real.is_file() and count == TEXTS:
        path.write_bytes(gzip.decompress(real.read_bytes()))
        return f"{count} real reviews"
    reviews = write_reviews(min(count, WRITTEN), seed=0)
    shuffled = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        for i in range(count):
            review = reviews[i % len(reviews)]
            sentences = review.text.split(". ")
            if i >= len(reviews):
                shuffled.shuffle(sentences)
            writer.writerow([". ".join(sentences), ("negative", "positive")[review.label]])
    return f"{count} synthetic reviews"


def ours(path: Path, cache: Path) -> npt.NDArray[np.int64]:
    files._digests.clear()  # what a new process does not know
    task = Imdb(
        path=str(path), seq_len=SEQ_LEN, vocab_size=VOCABULARY, vocab_from="all", split="80/20",
        cache_dir=str(cache),
    )  # fmt: skip
    return torch.cat([task.split(name).inputs for name in ("train", "test")]).numpy()


def ours_cold(path: Path, cache: Path) -> npt.NDArray[np.int64]:
    shutil.rmtree(cache, ignore_errors=True)
    return ours(path, cache)


def notebook(path: Path) -> npt.NDArray[np.int64]:
    """Ids of all texts, [N, SEQ_LEN]: pads 0, unknown words 1."""
    cleaned: list[list[str]] = []
    for text in pd.read_csv(path)["review"]:
        text = re.sub("<.*?>", " ", text)
        text = re.sub("[^a-zA-Z]", " ", text)
        cleaned.append(text.lower().split())
    counter: Counter[str] = Counter()
    for words in cleaned:
        counter.update(words)
    index = {word: i for i, (word, _) in enumerate(counter.most_common(VOCABULARY), 2)}
    rows = [[index.get(word, 1) for word in words] for words in cleaned]
    padded = np.zeros((len(rows), SEQ_LEN), dtype=np.int64)
    for i, row in enumerate(rows):
        cut = row[:SEQ_LEN]
        padded[i, : len(cut)] = cut
    return padded


# -- word vectors ----------------------------------------------------------------------------------


def write_vectors(folder: Path, count: int) -> list[Path]:
    """Write synthetic vectors as a text file, and packed in two ways."""
    generator = np.random.default_rng(0)
    lines = []
    for i in generator.permutation(count):
        numbers = generator.normal(0, 0.5, DIM).tolist()
        lines.append(f"word{i} {' '.join(f'{number:.5f}' for number in numbers)}\n")
    content = "".join(lines).encode()
    plain = folder / "vectors.txt"
    plain.write_bytes(content)
    packed = folder / "vectors.txt.gz"
    packed.write_bytes(gzip.compress(content, 6))
    with zipfile.ZipFile(folder / "vectors.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.txt", content)
    return [plain, packed, folder / "vectors.zip"]


def our_vectors(path: Path, words: Sequence[str]) -> Mapping[str, Sequence[float]]:
    return read_vectors(path, set(words), DIM).vectors


def notebook_vectors(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open("vectors.txt") as member:
            return _line_by_line(io.TextIOWrapper(member, encoding="utf-8"))
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as unpacked:
            return _line_by_line(unpacked)
    with path.open(encoding="utf-8") as file:
        return _line_by_line(file)


def _line_by_line(lines: Iterable[str]) -> dict[str, npt.NDArray[np.float32]]:
    vectors = {}
    for line in lines:
        values = line.split()
        vectors[values[0]] = np.asarray(values[1:], dtype="float32")
    return vectors


# -- both ------------------------------------------------------------------------------------------


def measure(work: str, ways: Mapping[str, Callable[[], object]], rounds: int) -> list[Row]:
    """A row for each way, timed in turn after a round that does not count; the last is the rule."""
    for way in ways.values():
        way()
    walls: list[list[float]] = []
    cpus: list[list[float]] = []
    for _ in range(rounds):
        wall, cpu = [], []
        for way in ways.values():
            started, started_cpu = time.perf_counter(), time.process_time()
            way()
            wall.append(time.perf_counter() - started)
            cpu.append(time.process_time() - started_cpu)
        walls.append(wall)
        cpus.append(cpu)
    return [
        Row(
            work, name, statistics.median(seconds), min(seconds), max(seconds),
            statistics.median(cpu), statistics.median(c[-1] / c[i] for c in cpus),
        )
        for i, (name, seconds, cpu) in enumerate(
            zip(ways, zip(*walls, strict=True), zip(*cpus, strict=True), strict=True)
        )
    ]  # fmt: skip


def table_rows(rounds: int = ROUNDS, texts: int = TEXTS, vectors: int = VECTORS) -> list[Row]:
    """All measurements, in a folder that goes with them."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reviews, cold, warm = folder / "imdb.csv", folder / "cold", folder / "warm"
        work = write_texts(reviews, texts)
        made = measure(
            work,
            {
                "rnnexp, cold": lambda: ours_cold(reviews, cold),
                "rnnexp, warm": lambda: ours(reviews, warm),
                "notebook": lambda: notebook(reviews),
            },
            rounds,
        )
        words = [f"word{i}" for i in range(min(VOCABULARY, vectors))]
        for path in write_vectors(folder, vectors):
            ways: dict[str, Callable[[], object]] = {
                "rnnexp": partial(our_vectors, path, words),
                "notebook": partial(notebook_vectors, path),
            }
            made += measure(f"{vectors} word vectors, {path.suffix}", ways, rounds)
        return made


def main(rounds: int = ROUNDS, texts: int = TEXTS, vectors: int = VECTORS) -> None:
    print(f"one thread, medians of {rounds} rounds; times faster: by the processor's time")
    print(f"{'work':32}  {'way':12}  seconds  lowest  highest  cpu s  times faster")
    for row in table_rows(rounds, texts, vectors):
        print(
            f"{row.work:32}  {row.way:12}  {row.seconds:7.3f}  {row.lowest:6.3f}  "
            f"{row.highest:7.3f}  {row.cpu_seconds:5.3f}  {row.times_faster:12.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
