"""The names of all settings."""

import functools

import pytest

from rnnexp.command import keys
from rnnexp.command.keys import suggestion, takes_text, valid_keys
from rnnexp.errors import nearest


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("hidden_size", "model.hidden_size"),
        ("model.hidden", "model.hidden_size"),
        ("modle.hidden_size", "model.hidden_size"),
        ("optimizer.weightdecay", "optimizer.weight_decay"),
        ("trainer.epoch", "trainer.epochs"),
        ("trainer.max_norm", "clip.max_norm"),
        ("clip.norm", "clip.max_norm"),
        ("probes.gates.evry", "probes.gates.every"),
        ("seqlen", "seq_len"),
        ("SEED", "seed"),
        # a group in common is no likeness
        ("trainer.weight_decay", "optimizer.weight_decay"),
        ("trainer.lr", "optimizer.lr"),
        ("model.foo", None),
        ("data.foo", None),
        ("probes.foo", None),
        ("zzzzzz", None),
    ],
)
def test_the_nearest_setting(key: str, near: str | None) -> None:
    assert suggestion(key) == (f"; did you mean '{near}'?" if near else "")


def test_every_setting_is_nearest_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "read_yaml", functools.cache(keys.read_yaml))  # for 300 settings
    for key in valid_keys():
        own = ("; other choices of ", "; it is a setting of ")
        assert suggestion(key).startswith(own), key


def test_a_name_is_near_or_it_is_not() -> None:
    assert nearest("LSTM", ["gru", "lstm"]) == "lstm"
    assert nearest("transformer", ["gru", "lstm", "rnn"]) is None
    assert nearest("max_len", ["max_norm", "eval_lengths"]) is None
    assert nearest("x", []) is None


def test_settings_that_may_be_any_text() -> None:
    assert all(takes_text(key) for key in ("data.path", "data.text_column", "embedding.path"))
    assert takes_text("name")
    for key in ("seq_len", "model.readout", "data", "probes.gates.every", "nonsense.path"):
        assert not takes_text(key), key
