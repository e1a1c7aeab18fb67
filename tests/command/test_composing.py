"""Jobs that share a composition have the configuration that Hydra itself would compose."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from rnnexp import plugins
from rnnexp.command.composing import ComposedOnce
from rnnexp.command.hydra import store_all_probes
from rnnexp.command.specs import OfCommand

JOB = ["model=rnn", "seq_len=50", "seed=0"]


@pytest.fixture
def loader() -> Iterator[ConfigLoader]:
    store_all_probes()
    with initialize_config_dir(str(plugins.own_config_dir()), version_base="1.3"):
        own = GlobalHydra.instance().hydra
        assert own is not None
        yield own.config_loader


def study(loader: ConfigLoader, *words: str) -> DictConfig:
    config = loader.load_configuration(
        "config", ["hydra.mode=MULTIRUN", *words], run_mode=RunMode.MULTIRUN
    )
    config.hydra.overrides.hydra += [
        'hydra.job.config.override_dirname.exclude_keys=["model"]',
        f"hydra.sweep.dir='{Path('some where')}'",
    ]
    return config


@pytest.mark.parametrize(
    ("words", "composed"),
    [
        (["model=rnn", "seq_len=60", "seed=3"], 0),
        (["seq_len=60", "model=rnn", "name='a b'", "data.eval_lengths=[5,6]"], 0),
        (["model=rnn", "model.hidden_size=3", "trainer.steps=null", "study='été'"], 0),
        ([*JOB, OfCommand("ab12", 7, again=True).word()], 0),
        (["model=lstm", "seq_len=60"], 1),
        (["model=rnn", "+probes=gates", "seq_len=60"], 1),
        (["model=rnn", "probes=[gradient_flow]", "probes.gradient_flow.every=3"], 1),
        (["model=rnn", "~clip"], 1),
        (["model=rnn", "seq_len=7", "++seq_len=8"], 1),
        (["model=rnn", "++seq_len=8", "seq_len=7"], 1),
        (["model=rnn", "+clip={max_norm: 2}"], 1),
        (["model=rnn", "+hydra.job.env_set.MINE=x"], 1),
        (["model=rnn", "model.hidden_size=8", "model={hidden_size: 16}"], 1),
        (["model=rnn", "trainer.epochs=3", "trainer={epochs: 5}"], 1),
    ],
)
def test_it_is_what_hydra_composes(loader: ConfigLoader, words: list[str], composed: int) -> None:
    """composed: how often Hydra is asked, once a job of the same choices is there."""
    of = study(loader)
    once = ComposedOnce(loader)
    once.load_sweep_config(of, JOB)
    expected = loader.load_sweep_config(of, words)
    got = once.load_sweep_config(of, words)
    assert OmegaConf.to_yaml(got) == OmegaConf.to_yaml(expected)
    assert got == expected
    assert got.hydra.job.override_dirname == expected.hydra.job.override_dirname
    assert once.composed == 1 + composed
    with pytest.raises(Exception, match="not in struct"):
        got.unknown = 1


@pytest.mark.parametrize(
    "words", [["model=rnnn"], ["modl=rnn"], ["seq_len=abc=d"], ["seq_len=1,2"], ["model.x=1"]]
)
def test_what_is_wrong_is_told_in_hydra_s_words(loader: ConfigLoader, words: list[str]) -> None:
    of = study(loader)
    with pytest.raises(Exception) as expected:  # noqa: PT011
        loader.load_sweep_config(of, words)
    with pytest.raises(expected.type) as raised:
        ComposedOnce(loader).load_sweep_config(of, words)
    assert str(raised.value) == str(expected.value)


def test_what_is_changed_in_one_job_is_not_in_the_next(loader: ConfigLoader) -> None:
    of = study(loader)
    once = ComposedOnce(loader)
    first = once.load_sweep_config(of, JOB)
    first.model.hidden_size = 999
    first.hydra.overrides.task.append("seed=7")
    assert once.load_sweep_config(of, JOB) == loader.load_sweep_config(of, JOB)


def test_a_worker_composes_by_itself(loader: ConfigLoader) -> None:
    there = pickle.loads(pickle.dumps(ComposedOnce(loader)))
    assert type(there) is type(loader)
