"""The words of a command as a space to search over."""

import pytest
from omegaconf import DictConfig, OmegaConf

from rnnexp.command.space import MOST_CORNERS, Space
from rnnexp.errors import ConfigError
from rnnexp.results.search import Value

CONFIG = OmegaConf.create(
    {
        "seed": 3,
        "model": {"_target_": "rnnexp.model.recurrent.RecurrentModel"},
        "trainer": {"_target_": "rnnexp.training.trainer.Trainer"},
    }
)


def space(*words: str, config: DictConfig = CONFIG) -> Space:
    return Space.of(config, words)


@pytest.mark.parametrize(
    ("word", "ends", "log"),
    [
        ("a.b=interval(1,10)", [1.0, 10.0], False),
        ("a.b=int(interval(1,10))", [1, 10], False),
        ("a.b=tag(log,interval(1e-4,0.1))", [1e-4, 0.1], True),
        ("a.b=tag(log,int(interval(1,64)))", [1, 64], True),
        ("a.b=range(1,9)", [1, 8], False),
        ("a.b=range(1,9,2)", [1, 7], False),
        ("a.b=range(0.1,0.5,0.1)", [0.1, 0.4], False),
        ("model=rnn,gru", ["rnn", "gru"], False),
        ("a.b=choice(1,[1,2],true)", ["1", "[1,2]", "true"], False),
        ("trainer.epochs=interval(1,10)", [1, 10], False),
        ("trainer.batch_size=tag(log,interval(8,64))", [8, 64], True),
        ("seq_len=interval(10,20)", [10, 20], False),
        ("+trainer.new=interval(0,0.5)", [0.0, 0.5], False),
    ],
)
def test_hydras_own_words(word: str, ends: list[Value], log: bool) -> None:
    (dimension,) = space(word).dimensions
    assert dimension.ends == (pytest.approx(ends) if ends[0] == 0.1 else ends)
    assert [type(end) for end in dimension.ends] == [type(end) for end in ends]
    assert dimension.log == log
    assert dimension.key == word.partition("=")[0]
    assert dimension.distribution()


def test_seeds_are_no_setting_to_search_over() -> None:
    found = space("model=rnn,gru", "seed=0,1,2", "trainer.epochs=2")
    assert [d.name for d in found.dimensions] == ["model"]
    assert found.seeds == [0, 1, 2]
    assert found.fixed == ["trainer.epochs=2"]
    assert found.jobs({"model": "gru"}) == [
        ["trainer.epochs=2", "model=gru", f"seed={seed}"] for seed in (0, 1, 2)
    ]
    assert space("model=rnn,gru").seeds == [3]
    assert space("model=rnn,gru", "seed=range(0,2)").seeds == [0, 1]


def test_the_last_word_counts() -> None:
    found = space("model=rnn,gru", "clip=norm,none", "model=lstm")
    assert [d.name for d in found.dimensions] == ["clip"]
    assert found.fixed == ["model=lstm"]


def test_corners_are_all_combinations_or_each_end_of_a_large_space() -> None:
    assert len(space("a=interval(0,1)", "b=1,2,3").corners()) == 6
    words = [f"{name}=interval(0,1)" for name in "abcdefgh"]
    corners = space(*words).corners()
    assert len(corners) <= MOST_CORNERS
    for name in "abcdefgh":
        for end in ("0.0", "1.0"):
            assert sum(f"{name}={end}" in corner for corner in corners) >= 1


def test_a_grid_has_every_point() -> None:
    grid = list(space("a=1,2", "b=range(0,1,0.5)").grid())
    assert grid == [
        {"a": "1", "b": 0}, {"a": "1", "b": 0.5}, {"a": "2", "b": 0}, {"a": "2", "b": 0.5}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=lstm"], "has nothing to search over: give a setting several values"),
        (["a=interval(2,1)"], "'a=interval(2,1)' must begin with its lower end"),
        (["a=tag(log,interval(0,1))"], "must begin above 0: it is drawn on a logarithmic scale"),
        (["a=tag(wide,interval(0,1))"], "has the tag wide, and there is no other than log"),
        (["a=tag(log,range(1,9))"], "a range has no logarithmic scale: use choice(...)"),
        (["a=range(5,5)"], "holds no value"),
        (["a=glob(*)"], "cannot be searched over: write its values out, as in a=choice(a,b)"),
        (["model=rnn,gru", "seed=interval(0,3)"], "every trial is trained with each of the seeds"),
        (["model=rnn,gru", "seed=a,b"], "every trial is trained with each of the seeds"),
        (["study=a,b"], "study cannot be searched over: it changes no score"),
        (["logger.mlflow.timeout=5,10"], "logger.mlflow.timeout cannot be searched over: it chan"),
        (
            ["experiment=a,b"],
            "experiment cannot be searched over: a preset is a command of its own",
        ),
        (["checkpoint.every_seconds=1,2"], "checkpoint.every_seconds cannot be searched over"),
        (["trainer.epochs=interval(0.5,3)"], "must have whole numbers for ends"),
    ],
)
def test_what_cannot_be_searched_over_is_told(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        space(*words)
    assert message in str(error.value)


def test_a_grid_of_what_has_no_end_is_told() -> None:
    with pytest.raises(ConfigError, match="sampler=grid tries every value, and a="):
        next(space("a=interval(0,1)", "b=1,2").grid())
