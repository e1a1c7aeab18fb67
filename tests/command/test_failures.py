"""A run that fails says in its line where the whole of it stands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.training.trainer import Trainer
from tests.conftest import TINY, Outcome


def test_the_line_names_the_log_of_the_run(
    rnnexp: Callable[..., Outcome], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **others: object) -> None:
        raise RuntimeError("no memory " + "x" * 5000)

    monkeypatch.setattr(Trainer, "train_epoch", fail)
    outcome = rnnexp(*TINY, "probes=none")
    assert outcome.status == 1
    (log,) = Path("outputs/runs").glob("2*/rnnexp.log")
    assert f"{log} has it too" in outcome.err
    assert outcome.err.startswith("rnnexp: failed: RuntimeError: no memory xxx")
    assert len(outcome.err) < 1500
