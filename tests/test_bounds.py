"""What fits this machine, told before anything is made."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from rnnexp import bounds
from rnnexp.embedding.learned import Learned
from rnnexp.model.fused import LSTM
from tests.conftest import TINY, Outcome

Rnnexp = Callable[..., Outcome]

GENERATED = ("data=recall", "seq_len=12", "data.val_count=4", "data.test_count=8",
             "trainer.steps=3", "model.hidden_size=3", "embedding.dim=3", "plots=false",
             "threads=1")  # fmt: skip


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine with a megabyte of memory."""
    monkeypatch.setattr(bounds, "memory", lambda: 2**20)
    return 2**20


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("model.num_layers=1000000000", "must be at most 10000"),
        ("model.hidden_size=1000000", "weights, gradients and the optimizer's moments"),
        ("model.hidden_size=9223372036854775807", "EB of memory"),
        ("embedding.dim=1000000000000", "weights, gradients"),
        ("data.classes=1000000000", "must be at most"),
        ("data.fillers=1000000000", "must be at most"),
        ("data.pads=1000000000000", "sequences and their pads"),
        ("data.val_count=1000000000000", "of seq_len=12 steps"),
        ("data.test_count=1000000000000", "of seq_len=12 steps"),
        ("data.eval_lengths=[12,1000000000000]", "would take"),
        ("seq_len=1000000000000", "one sequence would take"),
        ("trainer.steps=1000000000000", "must be at most 100000000"),
        ("trainer.epochs=1000000000", "must be at most 1000000"),
        ("trainer.batch_size=1000000000000", "the states of 1000000000000 sequences"),
        ("threads=20000", "this machine has"),
        ("data.corpus_seed=9223372036854775808", "64 bits"),
        (f"data.val_count={'9' * 5000}", "must be"),
        ("model.head_bound=nan", "must be a number (got nan)"),
    ],
)
def test_what_cannot_fit_is_refused_by_its_name(rnnexp: Rnnexp, word: str, told: str) -> None:
    outcome = rnnexp(*GENERATED, word)
    assert outcome.status == 2
    assert outcome.error.startswith(f"rnnexp: error: {word.partition('=')[0]}")
    assert told in outcome.error
    assert len(outcome.error) < 300
    assert not Path("outputs").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("data=random_tokens", "data.count=1000000000000"),
        ("data=random_tokens", "data.vocab_size=1000000000"),
        ("data=sentence", "data.classes=1000000000"),
        ("data=reviews", "data.count=1000000000000"),
        ("data.limit=60", "seq_len=1000000000"),
        ("model=bag", "model.hidden_size=1000000000000"),
        ("model=linear", "model.hidden_size=10000000000"),
        ("model=unrolled", "model.hidden_size=10000000"),
        ("model=unrolled", "model.num_layers=1000000000"),
    ],
)
def test_of_every_kind_of_data_and_model(rnnexp: Rnnexp, words: tuple[str, str]) -> None:
    outcome = rnnexp("trainer.epochs=1", "plots=false", *words)
    assert outcome.status == 2
    assert outcome.error.startswith(f"rnnexp: error: {words[1].partition('=')[0]}")


def test_what_never_needs_memory_is_not_bounded(rnnexp: Rnnexp) -> None:
    words = ("data.vocab_size=1000000000000", "data.limit=60", "trainer.patience=1000000000000")
    assert rnnexp(*TINY, *words).status == 0


def test_bytes_are_counted_with_the_moments_that_the_optimizer_keeps(
    rnnexp: Rnnexp, little: int
) -> None:
    # 70,000 weights: of 8 bytes with their gradients they fit, of 16 with Adam's moments not
    words = (*GENERATED, "probes=none", "model.hidden_size=130")
    refused = rnnexp(*words)
    assert "model.hidden_size=130: weights, gradients and the optimizer's moments" in refused.error
    assert rnnexp(*words, "optimizer=sgd").status == 0


def test_a_component_alone_counts_weights_and_gradients(little: int) -> None:
    words = ["<pad>", "a"]
    Learned(words, dim=2**16)
    with pytest.raises(ValueError, match=r"^dim=65537: weights and gradients would take 1.0 MB"):
        Learned(words, dim=2**16 + 1)
    with pytest.raises(ValueError, match=r"^hidden_size=200: weights and gradients would take"):
        LSTM(Learned(words, dim=3), 2, hidden_size=200)


def test_weights_of_all_parts_are_added(little: int) -> None:
    with bounds.weighing(16):
        bounds.weights("dim", 1, 2**15)
        bounds.weights("hidden_size", 1, 2**15)
        with pytest.raises(ValueError, match=r"^hidden_size=2: .* moments would take"):
            bounds.weights("hidden_size", 2, 1)
    bounds.weights("dim", 1, 2**15)  # counted anew


def test_the_memory_is_the_least_of_what_there_is_and_what_a_container_may_have(
    tmp_path: Path,
) -> None:
    assert 0 < bounds.memory() <= psutil.virtual_memory().total
    own = tmp_path / "cgroup"
    own.write_text("0::/a/b\n7:memory:/old\n3:cpu,cpuacct:/c\n")
    for place, limit in (
        ("memory.max", "max"), ("a/memory.max", "3000"), ("a/b/memory.max", "4000"),
        ("memory/old/memory.limit_in_bytes", "5000"), ("c/memory.max", "1"),
    ):  # fmt: skip
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(f"{limit}\n")
    assert sorted(bounds._control_group_limits(tmp_path, own)) == [3000, 4000, 5000]
    assert bounds._control_group_limits(tmp_path / "none", tmp_path / "none") == []


def test_a_container_may_have_less_time_than_its_cores(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/a/b\n7:cpu,cpuacct:/old\n")
    for place, text in (
        ("a/cpu.max", "150000 100000"), ("a/b/cpu.max", "max 100000"),
        ("cpu/old/cpu.cfs_quota_us", "400000"), ("cpu/old/cpu.cfs_period_us", "100000"),
        ("cpu/cpu.cfs_quota_us", "-1"), ("cpu/cpu.cfs_period_us", "100000"),
    ):  # fmt: skip
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(f"{text}\n")
    assert sorted(bounds._control_group_cores(tmp_path, own)) == [1.5, 4.0]
    assert bounds._control_group_cores(tmp_path / "none", tmp_path / "none") == []


def test_threads_are_a_few_times_the_cores_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "cores", lambda: 2)
    bounds.threads(8)
    with pytest.raises(ValueError, match=r"^threads must be at most 8 \(got 9\): .* 2 cores"):
        bounds.threads(9)
