"""How much a training computes, and the threads it gets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from rnnexp import bounds
from rnnexp.experiment import build
from rnnexp.experiment.build import Experiment
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.work import Work
from tests.conftest import TINY, Outcome, composed

MODEL = ("model=lstm", "data=parity", "data.test_count=5", "data.val_count=5", "seq_len=8")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Of so many cores."""

    def of(cores: int) -> None:
        monkeypatch.setattr(bounds, "own_cores", lambda: cores)
        monkeypatch.setattr(build, "default_threads", lambda: cores)

    threads = torch.get_num_threads()
    yield of
    torch.set_num_threads(threads)


def built(*words: str) -> Experiment:
    return build.build(RunSpec.of_config(composed(*MODEL, *words)))


@pytest.mark.parametrize(
    ("size", "cores", "threads"),
    [(32, 1, 1), (32, 64, 1), (128, 64, 2), (128, 2, 1), (256, 64, 8), (256, 4, 3)],
)
def test_threads_follow_from_the_sizes_and_leave_a_core(
    workdir: Path, machine: Callable[[int], None], size: int, cores: int, threads: int
) -> None:
    machine(cores)
    assert built(f"model.hidden_size={size}").threads == threads
    assert torch.get_num_threads() == threads


def test_threads_that_are_set_are_kept(workdir: Path, machine: Callable[[int], None]) -> None:
    machine(64)
    assert built("model.hidden_size=256", "threads=5").threads == 5


def test_no_more_threads_than_torch_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """As OMP_NUM_THREADS says on a machine that is shared."""
    assert Work(product=10**9, total=0).threads(cores=64, most=3) == 3


def test_work_counts_products_and_steps(workdir: Path) -> None:
    few = built("trainer.steps=100", "trainer.batch_size=2").work
    more = built("trainer.steps=300", "trainer.batch_size=2").work
    longer = built("trainer.steps=100", "trainer.batch_size=2", "seq_len=16").work
    layers = built("trainer.steps=100", "trainer.batch_size=2", "model.num_layers=2").work
    assert more.total == 3 * few.total
    assert longer.total == 2 * few.total
    assert 1.9 < layers.total / few.total < 2.1
    assert few.product == 2 * 4 * 128 * 128


def test_weights_do_not_depend_on_the_threads(workdir: Path) -> None:
    """Neither drawn nor computed ones."""
    one, two = (
        built("init=orthogonal", "model.hidden_size=64", f"threads={count}").model.state_dict()
        for count in (1, 2)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_says_how_many(rnnexp: Callable[..., Outcome]) -> None:
    assert ", 1 thread (chosen)" in rnnexp(*TINY).out
    assert ", 1 thread\n" in rnnexp(*TINY, "threads=1").out


def test_a_run_that_goes_on_keeps_what_was_chosen(
    workdir: Path, machine: Callable[[int], None]
) -> None:
    machine(1)
    words = ("model=unrolled", "model.hidden_size=256", "trainer.batch_size=128")
    spec = RunSpec.of_config(composed(*MODEL[1:], *words))
    assert (build.build(spec).threads, build.build(spec).engine) == (1, "bptt")
    machine(64)
    begun = RunSpec(spec.config, begun_with={"threads": 1, "model.engine": "autograd"})
    again = build.build(begun)
    assert (again.threads, again.engine) == (1, "autograd")
    assert build.build(spec).threads == 4
    assert begun.fingerprint == spec.fingerprint


@pytest.mark.parametrize("model", [("rnn", "fused"), ("unrolled", "autograd"), ("lstm", None)])
def test_an_earlier_version_is_gone_on_with_by_what_it_computed_with(
    workdir: Path, machine: Callable[[int], None], model: tuple[str, str | None]
) -> None:
    """It recorded all cores of its machine, and no engine."""
    name, engine = model
    spec = RunSpec.of_config(composed(*MODEL[1:], f"model={name}"))
    run = SimpleNamespace(
        environment={"threads": 64}, summary=SimpleNamespace(engine=None), config=spec.config
    )
    machine(2)
    begun = spec.as_begun(run)  # type: ignore[arg-type]
    assert (begun.settled["threads"], begun.settled["model"].get("engine")) == (2, engine)
    if engine is not None:
        without = {key: value for key, value in spec.config["model"].items() if key != "engine"}
        older = RunSpec({**spec.config, "model": without}, begun_with=begun.begun_with)
        assert older.settled["model"]["engine"] == engine
    assert build.build(begun).engine == (engine or "fused")
