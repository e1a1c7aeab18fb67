"""A run that is killed at any moment, and gone on with until it is done, leaves the same bytes."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.runs import RunDirectory
from tests.conftest import HANGS, wait_until
from tests.faults import children
from tests.faults.conftest import amount

Tally = Callable[..., None]


def undisturbed(folder: Path) -> tuple[dict[str, bytes], float]:
    """What a run leaves that nothing disturbs, and the seconds it takes."""
    folder.mkdir()
    began = time.monotonic()
    process = children.start(folder, *children.RUN)
    process.join(HANGS)
    seconds = time.monotonic() - began
    assert process.exitcode == 0, (folder / "out.txt").read_text()
    run = children.the_run(folder)
    assert run is not None
    return children.left(run), seconds


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run leaves; later processes are forked from one that is there now."""
    return undisturbed(tmp_path_factory.mktemp("expected") / "run")[0]


def stop_at_random(
    folder: Path, stop: signal.Signals, stops: int, seconds: float, moments: random.Random
) -> Counter[str]:
    """Start, stop and go on until the run is done, at most so many stops.

    Each comes at a moment of the `seconds` that an undisturbed run takes, each of n in an n-th
    of them of its own, so that few stops do not all come when the result is there. Counts them,
    those that found a training under way, and those that the process ended by.
    """
    parts = list(range(stops))
    moments.shuffle(parts)
    counts = Counter(stops=0, in_training=0, ended_by_it=0)
    while not children.is_done(run := children.the_run(folder)):
        process = children.start(folder, *children.words_to_go_on(run))
        if counts["stops"] < stops:
            part = parts[counts["stops"]]
            process.join(seconds * (part + moments.random()) / stops)
            in_training = bool(list(folder.glob("outputs/runs/*/metrics.csv")))
            if children.send(process, stop):
                counts["in_training"] += in_training
                counts["stops"] += 1
        process.join(HANGS)
        assert process.exitcode in (0, -stop, 128 + stop), (folder / "out.txt").read_text()
        counts["ended_by_it"] += process.exitcode != 0
    return counts


def shares() -> Iterator[tuple[signal.Signals, int, int]]:
    """A signal, how many of it, and a seed: long counts in shares, for several workers."""
    for stop, count in (
        (signal.SIGKILL, amount(11, 200)),
        (signal.SIGTERM, amount(2, 40)),
        (signal.SIGINT, amount(2, 20)),
    ):
        for first in range(0, count, 20):
            yield stop, min(20, count - first), first


@pytest.mark.parametrize(
    ("stop", "count", "seed"),
    [pytest.param(*share, id=f"{share[0].name}-{share[2]}") for share in shares()],
)
def test_stopped_at_any_moment_it_ends_in_the_same_bytes(
    expected: dict[str, bytes],
    stop: signal.Signals,
    count: int,
    seed: int,
    tmp_path: Path,
    tally: Tally,
) -> None:
    moments = random.Random(1000 * int(stop) + seed)
    counts: Counter[str] = Counter()
    runs = differing = resumed = 0
    while (left := count - counts["stops"]) > 0:
        if runs % 3 == 0:  # a machine becomes slower and faster as its other work comes and goes
            made, seconds = undisturbed(tmp_path / f"undisturbed{runs}")
            assert made == expected
        folder = tmp_path / str(runs)
        folder.mkdir()
        counts.update(stop_at_random(folder, stop, min(5, left), seconds, moments))
        runs += 1
        run = children.the_run(folder)
        assert run is not None
        made = children.left(run)
        if made != expected:
            differing += 1
            print(folder, [name for name in expected if made.get(name) != expected[name]])
        resumed += len(RunDirectory(run).summary.resumed)
        if list(run.rglob(".partial*")):  # killed while it removed what it does not keep
            children.start(folder, "resume", str(run)).join(HANGS)
            assert not list(run.rglob(".partial*"))
    tally(f"{stop.name} at a uniform moment, gone on until done", **counts, runs=runs,
          resumed=resumed, differing=differing)  # fmt: skip
    assert differing == 0
    # the others came when the result was there
    assert counts["ended_by_it"] >= counts["stops"] / 2


def test_a_signal_saves_the_training_where_it_is(tmp_path: Path) -> None:
    """With no other checkpoint than that of the signal."""
    words = [word for word in children.RUN if not word.startswith(("checkpoint", "trainer.e"))]
    words += ["checkpoint.every_seconds=1000", "trainer.epochs=1000"]
    process = children.start(tmp_path, *words)
    wait_until(lambda: any(tmp_path.glob("outputs/runs/*/metrics.csv")))
    assert children.send(process, signal.SIGTERM)
    process.join(HANGS)
    assert process.exitcode == 143
    run = children.the_run(tmp_path)
    assert run is not None
    assert len(StoredCheckpoint.of_run(run)) == 1


def test_a_process_may_end_between_a_look_and_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = children.start(tmp_path, "--version")
    process.join(HANGS)
    assert process.exitcode == 0
    monkeypatch.setattr(process, "is_alive", lambda: True)
    assert not children.send(process, signal.SIGTERM)
