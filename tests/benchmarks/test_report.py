"""RESULTS.md and its verdicts, of planted numbers."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import figure, report, scripts
from benchmarks.cases import Case
from benchmarks.machine import this_machine
from benchmarks.measuring import Measured, Rounds
from benchmarks.memory import Memory
from benchmarks.outcome import Outcome
from benchmarks.scripts import Printed
from benchmarks.targets import targets

PLAIN = "plain PyTorch, flushed"


def steps(kind: str, seq_len: int, ours: list[float], **others: list[float]) -> Measured:
    """others: seconds of a step, by the name of the peer with `_` for a space."""
    by_name = {"rnnexp": ours} | {name.replace("_", " "): s for name, s in others.items()}
    rounds = {
        name: Rounds(seconds, [1.0] * len(seconds), [0.7, 0.69])
        for name, seconds in by_name.items()
    }
    return Measured(Case(kind, seq_len), 1, rounds, {})


def outcome(training: list[Measured], **fields: Any) -> Outcome:
    values = {"quick": False, "memory": [], "scripts": [], "missing": {}, **fields}
    return Outcome(machine=this_machine(), training=training, **values)


def verdict(of: Outcome, what: str) -> str:
    (target,) = (target for target in targets() if what in target.what)
    return target.verdict(of)


@pytest.mark.parametrize(
    ("plain", "met"),
    [
        ([1.5, 1.5, 1.6, 1.6], "yes"),
        ([1.2, 1.2, 1.3, 1.3], "**no**"),
        ([1.2, 1.3, 1.5, 1.6], "unclear"),  # the quartiles lie on both sides of 1.4
    ],
)
def test_a_number_is_met_where_both_quartiles_meet_it(plain: list[float], met: str) -> None:
    measured = steps("rnn", 400, [1.0] * 4)
    measured.rounds[PLAIN] = Rounds(plain)
    assert verdict(outcome([measured]), f"rnn, 400 tokens: {PLAIN}") == met
    assert verdict(outcome([]), f"rnn, 400 tokens: {PLAIN}") == "not measured"


def test_the_closest_framework_decides() -> None:
    def of_all(kind: str, n: int, jax: float) -> Measured:
        others = {"Keras on torch, flushed": [5.0] * 2, "Lightning, flushed": [1.3] * 2}
        return steps(kind, n, [1.0] * 2, **others, **{"Keras on jax": [jax] * 2})

    near, far = of_all("lstm", 100, 0.9), of_all("rnn", 400, 5.0)
    what = "the closest of Keras and Lightning"
    assert verdict(outcome([near, far]), what) == "**no**"
    assert verdict(outcome([far]), what) == "yes"
    assert verdict(outcome([far, of_all("rnn", 800, 2.0)]), what) == "yes"  # Keras on torch or not
    without = steps("rnn", 400, [1.0] * 2, **{"Lightning, flushed": [1.3] * 2})
    assert verdict(outcome([far, without]), what) == "not measured"


def test_what_the_scripts_print_has_a_verdict() -> None:
    text = (
        "30000 real reviews   rnnexp, cold    1.273   1.114   1.314  1.040   4.31\n"
        "30000 real reviews   rnnexp, warm    0.213   0.200   0.250  0.201   21.50\n"
        "200000 word vectors, .gz   rnnexp   0.813   0.800   0.850  0.801   3.90\n"
        "rnnexp --help   0.21 s   import hydra       0.20 s   ratio 1.05 (1.04 "
        "to 1.10)   more 0.01 (0.01 to 0.02) s\n"
        "a run to its first step   2.40 s   import torch       1.20 s   ratio 2.00 (1.90 "
        "to 2.10)   more 1.20 (1.10 to 1.30) s"
    )
    of = outcome([], scripts=[Printed("Parts", "c", text)])
    assert verdict(of, "30,000 reviews, cold") == "yes"
    assert verdict(of, "30,000 reviews, warm") == "yes"
    assert verdict(of, "200,000 word vectors, .gz") == "**no**"
    assert verdict(of, "200,000 word vectors, .txt") == "not measured"
    assert verdict(of, "rnnexp --help") == "yes"
    assert verdict(of, "a run to its first training step") == "**no**"


def test_growth_and_memory_and_probes() -> None:
    training = [steps("lstm", 400, [1.0, 1.0]), steps("lstm", 1600, [5.0, 5.0])]
    memory = [Memory(Case("unrolled", 1600), {"rnnexp": 100, "notebook's loop, flushed": 250})]
    text = "RNN   epoch ...: the probes take 9.0%\nLSTM  epoch 1 s: the probes take 3.5% of a run"
    of = outcome(training, memory=memory, scripts=[Printed("Probes", "c", text)])
    assert verdict(of, "lstm: rnnexp's step at 1,600") == "**no**"
    assert verdict(of, "peak memory, unrolled") == "yes"
    assert verdict(of, "the default probes' share") == "yes"


def test_everything_is_in_the_report(tmp_path: Path) -> None:
    training = [
        steps(kind, n, [n / 1000] * 3, Keras_on_jax=[n / 500] * 3)
        for kind in ("rnn", "lstm")
        for n in (100, 400, 1600)
    ]
    training[0].rounds["rnnexp"].busy = [0.4] * 30
    training[0].rounds["rnnexp"].losses = [0.8, 0.69]
    training[1].absent["Lightning"] = "MemoryError: no more"
    of = outcome(
        training,
        missing={"Keras on torch": "keras not installed"},
        scripts=[Printed("Studies", "python studies.py", "ten jobs: 7 s\n", "ended with status 1")],
        profiles={"rnn, 400 tokens": "90% addmm"},
    )
    path = report.write(of, figure.draw(of, tmp_path), tmp_path)
    text = path.read_text(encoding="utf-8")
    for line in (
        "| rnnexp, ms a step | 100.0 (100.0-100.0) | 400.0 (400.0-400.0) | 1600.0 (1600.0-",
        "| Keras on jax | 2.00 (2.00-2.00) | 2.00 (2.00-2.00) | 2.00 (2.00-2.00) |",
        "| rnn | 1 | 0.00 + 1.0000 T | 0% | 4.00 |",
        "| Keras on jax | 1.0e-01 | 1e-05 | **no** | 0.0e+00 |",
        "- Keras on torch: keras not installed.",
        "- Lightning, rnn, 400 tokens, one thread: MemoryError: no more.",
        "**Not measured, or not whole**: ended with status 1.",
        "ten jobs: 7 s",
        "90% addmm",
        "the machine was busy",
        "![time of a training step against the length](cost.png)",
    ):
        assert line in text, line
    assert (tmp_path / "cost.svg").is_file()


def test_parts_are_kept_as_they_are_printed(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("print('two thirds')")
    (tmp_path / "bad.py").write_text("print('half'); raise SystemExit('disk full')")
    said: list[str] = []
    parts = {"good": "Good", "bad": "Bad", "absent": "Absent"}
    good, bad, absent = scripts.run_parts(said.append, tmp_path, parts)
    assert (good.text, good.failed) == ("two thirds\n", "")
    assert (bad.text, bad.failed) == ("half\n", "ended with status 1: disk full")
    assert absent.failed == "there is no benchmarks/absent.py"
    assert "two thirds\n" in said
