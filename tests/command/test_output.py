"""--quiet and --json: what a script gets, of every verb, and nothing else on standard output."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rnnexp as package
from rnnexp.command.output import strict
from rnnexp.command.verbs import VERBS, parser_of
from tests.conftest import TINY, Outcome

Rnnexp = Callable[..., Outcome]

WORDS = (*TINY, "model=rnn", "threads=1", "probes=[gradient_flow]")
STUDY = Path("outputs/studies/s")


def told(outcome: Outcome, status: int = 0) -> dict[str, Any]:
    """The one object, as a strict reader takes it."""

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    assert outcome.status == status, outcome.err
    assert outcome.out.isascii()
    values = json.loads(outcome.out, parse_constant=refuse)
    assert isinstance(values, dict)
    return values


def the_run() -> Path:
    (run,) = Path("outputs/runs").iterdir()
    return run


@pytest.mark.parametrize("place", [0, 3, None], ids=["first", "between", "last"])
def test_a_run_as_json(rnnexp: Rnnexp, place: int | None) -> None:
    words = [*WORDS]
    words.insert(len(words) if place is None else place, "--json")
    outcome = rnnexp(*words)
    values, written = told(outcome), json.loads((the_run() / "summary.json").read_text())
    assert outcome.err == ""
    assert values["path"] == str(the_run())
    for key in ("status", "model", "seq_len", "seed", "fingerprint", "epochs", "choices"):
        assert values[key] == written[key]
    for name, score in values["scores"].items():
        assert score["value"] == written["test"][name]
        assert score["interval_95"] == written["test_interval"].get(name)
        assert score["chance"] == written["chance"].get(name)
    assert values["question"].startswith("What has the RNN learned")
    assert values["answer"][0].startswith("Test accuracy ")
    report = told(rnnexp("report", str(the_run()), "--json"))
    assert report == values
    check = told(rnnexp("check", "--json", str(the_run())))
    assert (check["whole"], check["runs"][0]["faults"]) == (True, [])
    answer = told(rnnexp("predict", str(the_run()), "a fine film", "--steps", "--json"))
    assert answer["answer"]["label"] in ("negative", "positive")
    assert sum(v for k, v in answer["answer"].items() if k != "label") == pytest.approx(1)
    assert len(answer["steps"]) == len(answer["read"]) == 3


def test_quiet_leaves_the_path(rnnexp: Rnnexp) -> None:
    for quiet in ("-q", "--quiet"):
        outcome = rnnexp(*WORDS, quiet, f"name={quiet.strip('-')}")
        assert (outcome.status, outcome.err) == (0, "")
        (line,) = outcome.out.splitlines()
        assert (Path(line) / "summary.json").is_file()
    assert rnnexp("report", line, "-q").out == f"{line}\n"
    assert rnnexp("-q", "check", line).out == ""
    assert rnnexp("export", line, "--to", "w.safetensors", "-q").out.split()[0] == "w.safetensors"
    (Path(line) / "metrics.csv").write_text("damaged")
    damaged = rnnexp("check", line, "-q")
    assert (damaged.status, damaged.out) == (1, "")
    assert "metrics.csv" in damaged.err


def test_a_study_as_json_and_quiet(rnnexp: Rnnexp) -> None:
    words = ("-m", *WORDS, "seed=0,1", "study=s")
    outcome = rnnexp(*words, "--json")
    values = told(outcome)
    assert outcome.err == ""
    assert values["path"] == str(STUDY)
    assert values["status"] == {"finished": 2}
    assert values["study"] == json.loads((STUDY / "study.json").read_text())
    assert [row["run"] for row in values["runs"]] == sorted(
        p.parent.name for p in STUDY.glob("*/summary.json")
    )
    again = rnnexp(*words, "-q")
    assert (again.status, again.out, again.err) == (0, f"{STUDY}\n", "")
    status = told(rnnexp("--json", "study", "status", "s"))
    assert (status["done"], status["total"], status["status"]) == (2, 2, {"finished": 2})
    assert told(rnnexp("report", str(STUDY), "--json")) == values
    other = rnnexp("-m", *WORDS, "optimizer.lr=0.01", "seed=0,1", "study=t", "-q")
    assert other.out == "outputs/studies/t\n"
    compared = told(rnnexp("compare", "s", "t", "--json"))
    assert compared["differing"] == {"optimizer.lr": {"a": "0.001", "b": "0.01"}}
    (pair,) = compared["pairs"]
    by_seed = {row["seed"]: row["test_accuracy"] for row in values["runs"]}
    assert pair["a"]["by_seed"] == {str(seed): value for seed, value in by_seed.items()}
    assert compared["notes"]


@pytest.mark.isolated
def test_jobs_of_other_processes_say_nothing(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch, workdir: Path
) -> None:
    """What a component prints there goes to standard error, and a job that fails is told there."""
    Path("mine.py").write_text(
        "from rnnexp.clip.norm import Norm\n\n\n"
        "class Loud(Norm):\n    def apply(self, *a):\n        print('loud')\n"
        "        raise RuntimeError('no more')\n"
    )
    words = ("-m", *WORDS, "study=s", "clip=norm", "clip._target_=rnnexp.clip.norm.Norm,mine.Loud")
    outcome = rnnexp(*words, "--json")
    values = told(outcome, 1)
    assert values["status"] == {"finished": 1, "failed": 1}
    assert values["error"]["exit_status"] == 1
    assert values["error"]["message"] == "RuntimeError: no more"
    assert "loud" in outcome.err
    assert outcome.err.rstrip().endswith("rnnexp: failed: RuntimeError: no more")


def test_what_goes_wrong_is_in_the_object(rnnexp: Rnnexp) -> None:
    outcome = rnnexp("report", "nowhere", "--json")
    error = told(outcome, 2)["error"]
    assert error["kind"] == "error"
    assert error["exit_status"] == 2
    assert outcome.error == f"rnnexp: error: {error['message']}"
    assert told(rnnexp("seq_len=0", "--json"), 2)["error"]["message"].startswith("seq_len must be")
    assert rnnexp("seq_len=0", "-q").out == ""
    assert told(rnnexp("report", "--json"), 2)["error"]["message"].startswith("report: ")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-q", "--json", "seed=1"], "contradict each other"),
        (["--quiet=1"], "--quiet takes no value"),
        (["list", "--json=yes"], "--json takes no value"),
        (["--cfg", "job", "--json"], "--json says nothing of what --cfg prints"),
        (["list", "-q"], "list: --quiet leaves nothing"),
        (["study", "status", "s", "-q"], "study: --quiet leaves nothing"),
        (["predict", "nowhere", "a text", "-q"], "predict: --quiet leaves nothing"),
    ],
    ids=lambda value: "-".join(value).strip("-") if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused(rnnexp: Rnnexp, words: list[str], reason: str) -> None:
    outcome = rnnexp(*words)
    assert outcome.status == 2
    assert reason in outcome.error
    assert not Path("outputs").exists()


def test_list_info_verify_and_version(rnnexp: Rnnexp) -> None:
    assert told(rnnexp("list", "clip", "--json"))["choices"][0]["group"] == "clip"
    assert told(rnnexp("info", "clip/norm", "--json"))["name"] == "norm"
    assert told(rnnexp("--version", "--json"))["version"] == package.__version__
    verified = told(rnnexp("verify", "cells/gru", "--json"))
    assert verified["passed"]
    assert all(check["passed"] for check in verified["checks"])
    assert "usage" in rnnexp("report", "--help", "--json").out  # a page for people


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_that_it_has_them(verb: str) -> None:
    page = parser_of(verb).format_help()
    assert "--json" in page
    assert ("--quiet" in page) == VERBS[verb].quiet


def test_resume_says_as_much(rnnexp: Rnnexp) -> None:
    assert rnnexp(*WORDS, "checkpoint.keep=all", "-q").status == 0
    run = the_run()
    values = told(rnnexp("resume", str(run), "trainer.epochs=2", "plots=false", "--json"))
    assert values["epochs"] == 2
    assert Path(values["path"]) != run


def test_values_as_json_has_them() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    values = {"a": [math.nan, math.inf, 1.5], 3: Odd(), "b": {"c": None, "d": True}}
    assert strict(values) == {"a": [None, None, 1.5], "3": "odd", "b": {"c": None, "d": True}}


def test_standard_output_is_given_back(rnnexp: Rnnexp) -> None:
    before = sys.stdout
    rnnexp("seq_len=0", "--json")
    assert sys.stdout is before
