"""Servers that do not answer, and records that cannot be sent."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.logger.wandb_files import records
from tests.conftest import TINY, Outcome

pytestmark = pytest.mark.filterwarnings("ignore")  # of tools about tools

Command = Callable[..., Outcome]

#: Nobody listens there.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is logged in anywhere."""
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def given_up(outcome: Outcome) -> list[str]:
    return [line for line in (outcome.out + outcome.err).splitlines() if "given up" in line]


@pytest.mark.usefixtures("nobody")
def test_mlflow_without_its_server_costs_a_line(rnnexp: Command) -> None:
    pytest.importorskip("mlflow")
    outcome = rnnexp(*TINY, "logger=mlflow", f"logger.mlflow.tracking_uri={NOWHERE}")
    assert outcome.status == 0
    (line,) = given_up(outcome)
    assert line.startswith("logger mlflow is given up (start: MlflowException: API request to")


@pytest.mark.usefixtures("nobody")
def test_the_variable_of_mlflow_says_where_the_server_is(
    rnnexp: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOWHERE)
    (line,) = given_up(rnnexp(*TINY, "logger=mlflow"))
    assert NOWHERE in line


@pytest.mark.usefixtures("nobody")
def test_wandb_online_needs_somebody_who_is_logged_in(rnnexp: Command, workdir: Path) -> None:
    pytest.importorskip("wandb")
    outcome = rnnexp(*TINY, "logger=wandb", "logger.wandb.mode=online")
    assert outcome.status == 2
    assert outcome.error == (
        "rnnexp: error: logger.wandb.mode=online sends the run to Weights & Biases, where nobody "
        "is logged in here: type wandb login, or use logger.wandb.mode=offline"
    )
    assert not (workdir / "outputs").exists()


@pytest.mark.usefixtures("nobody")
def test_wandb_online_without_its_server_costs_a_line_and_a_moment(
    rnnexp: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_API_KEY", 40 * "a")
    monkeypatch.setenv("WANDB_BASE_URL", NOWHERE)
    began = time.perf_counter()
    words = ["logger=wandb", "logger.wandb.mode=online", "logger.wandb.timeout=3"]
    outcome = rnnexp(*TINY, *words)
    assert outcome.status == 0
    assert time.perf_counter() - began < 80  # wandb by itself waits for 90, and the machine is busy
    (line,) = given_up(outcome)
    assert line.startswith("logger wandb is given up (start: ")


def test_a_record_that_is_cut_is_no_record() -> None:
    piece = b"\0\0\0\0\3\0\1abc"  # checksum, size, kind: whole
    assert list(records(b":W&B\0\0\0" + piece + piece)) == [b"abc", b"abc"]
    assert list(records(b":W&B\0\0\0" + piece + piece[:-1])) == [b"abc"]
    assert list(records(b"")) == []
