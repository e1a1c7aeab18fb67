"""Which settings of a search matter: a planted one does, a harmless one does not."""

import numpy as np
import pytest

from rnnexp.results.importance import importances
from rnnexp.results.search import Dimension, Search, Trial
from rnnexp.results.summary import Reading

SPACE = [
    Dimension(key="lr", words="", kind="float", low=1e-4, high=0.1, log=True),
    Dimension(key="size", words="", kind="int", low=4, high=64, step=1),
    Dimension(key="model", words="", kind="choice", choices=("rnn", "gru", "lstm")),
]


def planted(matters: str | None, count: int = 30, seed: int = 0) -> Search:
    """Trials at random, whose loss depends on one setting and on chance."""
    generator = np.random.default_rng(seed)
    trials = []
    for number in range(count):
        rate = float(10 ** generator.uniform(-4, -1))
        model = ["rnn", "gru", "lstm"][generator.integers(3)]
        effects = {"lr": (np.log10(rate) + 2.3) ** 2, "model": 2.0 * (model == "rnn"), None: 0.0}
        loss = float(effects[matters] + generator.normal(0, 0.2))
        values = {"lr": rate, "size": int(generator.integers(4, 65)), "model": model}
        trials.append(Trial(number=number, values=values, state="complete", value=loss))
    return Search(
        space=SPACE, fixed=[], seeds=[0], score="loss", reading=Reading(better="low", axis="loss"),
        identity="", sampler="random", pruner="none", n_trials=count, trials=trials,
    )  # fmt: skip


@pytest.mark.parametrize("matters", ["lr", "model"])
def test_what_matters_is_first_and_the_only_one_told(matters: str) -> None:
    found = importances(planted(matters))
    assert found[0].name == matters
    assert found[0].share > 0.6
    assert [i.name for i in found if i.told] == [matters]
    assert sum(i.share for i in found) == pytest.approx(1)
    assert found == importances(planted(matters))


def test_where_nothing_matters_shares_are_there_and_nothing_is_told() -> None:
    found = importances(planted(None))
    assert sum(i.share for i in found) == pytest.approx(1)
    assert not any(i.told for i in found)
