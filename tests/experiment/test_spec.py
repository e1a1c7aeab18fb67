"""A run as a value."""

import pickle
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as how
from hypothesis import strategies as st

import rnnexp as package
from rnnexp.errors import ConfigError
from rnnexp.experiment.build import build
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.runs import RunDirectory
from tests.conftest import composed


def spec(*words: str, **others: object) -> RunSpec:
    made = RunSpec.of_config(composed(*words))
    return RunSpec(made.config, made.choices, tuple(words), **others)  # type: ignore[arg-type]


def test_it_can_be_sent_elsewhere() -> None:
    sent = spec("model=rnn", "seq_len=50", study=Path("outputs/studies/s"), job=3)
    received = pickle.loads(pickle.dumps(sent))
    assert received == sent
    assert received.fingerprint == sent.fingerprint
    assert (received.title, received.job) == ("rnn_T50_s0", 3)


def test_the_name_of_a_job_tells_people_and_machines_apart() -> None:
    a, b = (spec("model=rnn", f"data.limit={n}", "probes=none") for n in (50, 60))
    assert a.job_name.startswith("rnn_T100_s0_data.limit=50_")
    assert "probes" not in a.job_name
    assert a.job_name.rpartition("_")[2] == a.fingerprint[:8] != b.fingerprint[:8]


def test_the_name_of_a_job_has_whole_words() -> None:
    """What all jobs of a study share is no part of it, nor what would make it too long."""
    long = "data.limit=1" + "0" * 90
    words = ("clip=norm", "clip.max_norm=2", long, "trainer.epochs=3")
    named = spec(*words, unnamed=("clip",)).job_name.rpartition("_")[0]
    assert named == "lstm_T100_s0_clip.max_norm=2_trainer.epochs=3"
    both = spec("data=csv", 'data.path="some where/my texts.csv"', unnamed=("data",)).job_name
    assert both.startswith("lstm_T100_s0_data.path=my_texts.csv_")


def test_a_run_on_disk_is_a_spec_again(workdir: Path) -> None:
    words = ("data=parity", "seq_len=5", "trainer.steps=2", "model=rnn", "model.hidden_size=4",
             "init=irnn", "probes=all", "plots=false", "data.test_count=10",
             "name=two words")  # fmt: skip
    run = package.run(words).directory
    again = RunSpec.of_run(run)
    assert again.words == words
    assert again.choices["init"] == "irnn"
    assert again.fingerprint == run.summary.fingerprint
    assert build(again).skipped_probes  # not refused: `all` names none of them


def test_the_command_stands_on_the_first_line_of_config_yaml() -> None:
    text = spec("model=rnn", "name=a b").config_text
    assert text.splitlines()[0] == "# rnnexp model=rnn 'name=a b'"


def test_who_asks_for_a_probe() -> None:
    assert not spec().asks_for_probe("hidden_dynamics")
    assert spec("probes=[gates,hidden_dynamics]").asks_for_probe("hidden_dynamics")
    assert spec("+probes=gates").asks_for_probe("gates")
    assert not spec("probes=all").asks_for_probe("gates")
    assert spec("experiment=chrono_init").asks_for_probe("gates")


def test_the_top_level_is_checked_when_it_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="seed must be at least 0"):
        _ = spec("seed=-1").dials


#: Values that a command, a preset or an interpolation may have, and what YAML has a use for.
values = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(
            "\n\r\t\x00\x1b\x85\u2028\ufeff\ufffe\U0001ffff${}:'\"#-?*&!|>%@`~=<[], 01e."
        ),
    ),
    max_size=12,
)


@how(max_examples=300, deadline=None)
@given(values, values)
@example("\x85", "a\nb: 1")
@example("a\x1b", "\x1b[2J\u2028- ")
def test_its_settings_can_be_read_again(value: str, word: str) -> None:
    config = {"name": value, "data": {"path": value}, "seed": 1}
    run = RunDirectory(Path("run"))
    run.path.mkdir(exist_ok=True)
    run.write_config(RunSpec(config, words=(f"name={word}",)).config_text)
    assert run.config_as_written == config
    comment, *_ = (run.path / "config.yaml").read_text(encoding="utf-8").split("\n")
    assert comment.startswith("# rnnexp ")


def test_control_characters_of_a_word_do_not_reach_the_comment() -> None:
    run = package.run(["data=parity", "seq_len=5", "trainer.steps=1", "data.val_count=5",
                       "data.test_count=20", "model.hidden_size=4", "plots=false", "probes=none",
                       "name=a\x1b[2Jb"]).directory  # fmt: skip
    assert isinstance(run, RunDirectory)
    assert "\\x1b[2Jb" in (run.path / "config.yaml").read_text().splitlines()[0]
    assert run.config["name"] == "a\x1b[2Jb"
    assert run.words[-1] == 'name="a\x1b[2Jb"'
    assert run.path.name.endswith("_a_2Jb")
