"""From a spec to its components."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import rnnexp as package
from rnnexp.errors import ConfigError
from rnnexp.results.runs import RunDirectory
from rnnexp.training.precision import has_bf16
from tests.conftest import TINY, Outcome


def test_a_component_that_refuses_the_model_names_its_setting(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An init of the user's own sees its model only when it fills it."""
    Path("picky.py").write_text(
        "from rnnexp.init.normal import Normal\n\n\nclass Picky(Normal):\n"
        "    def fill(self, *arguments):\n"
        "        raise ValueError('std must be another')\n"
    )
    monkeypatch.syspath_prepend(str(workdir))
    words = ["data=parity", "init=normal", "init._target_=picky.Picky", "data.test_count=5"]
    with pytest.raises(ConfigError, match=r"^init\.std must be another"):
        package.run(words)


@pytest.mark.skipif(not has_bf16(torch.device("cpu")), reason="this CPU has no bfloat16 LSTM")
def test_an_engine_that_would_not_compute_is_refused(rnnexp: Callable[..., Outcome]) -> None:
    words = (*TINY, "model=unrolled", "trainer.precision=bf16")
    outcome = rnnexp(*words, "model.engine=bptt")
    assert outcome.status == 2
    assert "model.engine=bptt computes in float32 and trainer.precision=bf16" in outcome.error
    assert not Path("outputs").exists()


@pytest.mark.parametrize(
    ("words", "engine"),
    [(("model=unrolled",), "bptt"), (("model=unrolled", "model.engine=autograd"), "autograd"),
     (("model=unrolled", "model.cell=lstm"), "autograd"), (("model=lstm",), "fused"),
     (("model=bag", "probes=none"), None)],
)  # fmt: skip
def test_a_run_says_how_its_gradients_were_computed(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], words: tuple[str, ...],
    engine: str | None,
) -> None:  # fmt: skip
    assert rnnexp(*TINY, *words).status == 0
    assert RunDirectory(run_directory()).summary.engine == engine
