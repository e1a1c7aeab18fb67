"""The separation of classes: against its definition, its reader, its shuffles, its settings."""

import numpy as np
import pytest
import torch

from rnnexp.data.adding import Adding
from rnnexp.data.copying import Copying
from rnnexp.data.recall import Recall
from rnnexp.embedding.one_hot import OneHot
from rnnexp.model.fused import LSTM, RNN
from rnnexp.probes.base import ProbeView
from rnnexp.probes.class_separation import ClassSeparation
from rnnexp.probes.separation import (
    FOLDS,
    folds_of,
    reader_accuracy,
    scatter_ratio,
    scatter_ratios,
    separation,
    shuffled,
)


def test_the_ratio_is_that_of_the_two_traces() -> None:
    generator = np.random.default_rng(0)
    states, classes = generator.normal(size=(30, 4)), generator.integers(3, size=30)
    mean = states.mean(axis=0)
    between = within = 0.0
    for k in range(3):
        own = states[classes == k]
        between += len(own) * ((own.mean(axis=0) - mean) ** 2).sum()
        within += ((own - own.mean(axis=0)) ** 2).sum()
    assert scatter_ratio(states, classes) == pytest.approx(between / within)
    assert scatter_ratio(states @ np.linalg.qr(generator.normal(size=(4, 4)))[0] + 7, classes) == (
        pytest.approx(between / within)
    )


def test_classes_that_are_points_are_infinitely_far_apart_and_none_is_not_a_number() -> None:
    classes = np.array([0, 1, 0, 1])
    assert scatter_ratio(np.array([[0.1], [0.2], [0.1], [0.2]]), classes) == np.inf
    assert np.isnan(scatter_ratio(np.full((4, 2), 0.3), classes))


def test_shuffled_labels_have_the_scatter_of_chance() -> None:
    generator = np.random.default_rng(1)
    states, classes = generator.normal(size=(200, 6)), np.arange(200) % 4
    fold = folds_of(classes, generator)
    labels = shuffled(classes, fold, 200, generator)
    for k in range(FOLDS):
        counts = [np.bincount(row[fold == k], minlength=4).tolist() for row in labels]
        assert counts == [[10] * 4] * 200
    assert scatter_ratios(states, labels).mean() == pytest.approx(3 / 196, rel=0.1)
    assert reader_accuracy(states, labels, fold).mean() == pytest.approx(0.25, abs=0.015)


def test_the_reader_is_tested_on_what_it_was_not_fitted_to() -> None:
    # more numbers than examples: fitted to all of them it would always be right
    states, classes = np.random.default_rng(2).normal(size=(60, 80)), np.arange(60) % 2
    assert separation(states, classes, 20).accuracy < 0.75


def test_few_examples_of_a_class_and_none_that_is_finite_give_no_number() -> None:
    states = np.random.default_rng(3).normal(size=(20, 2))
    assert np.isnan(separation(states, np.arange(20) == 0, 20).accuracy)
    states[10:] = np.nan
    found = separation(states, np.arange(20) % 2, 20)
    assert found.examples == 10
    assert not np.isnan(found.accuracy)


def view_of(model: RNN | LSTM, task: Recall) -> ProbeView:
    batch = task.split("val").batch(torch.arange(4))
    return ProbeView(model, task, 0, batch, batch, {})


def test_it_is_measured_at_each_tested_length_and_along_the_longest() -> None:
    torch.manual_seed(0)
    task = Recall(seq_len=6, val_count=60, test_count=5, eval_lengths=[3, 12])
    model = LSTM(OneHot(task.vocabulary), 2, hidden_size=5)
    found = ClassSeparation(examples=40, points=4).measure(view_of(model, task))
    assert found["read_length"].tolist() == [6, 3, 12]  # type: ignore[union-attr]
    assert found["read_is_own"].tolist() == [1, 0, 0]  # type: ignore[union-attr]
    assert found["along_step"].tolist() == [1, 2, 3, 5, 6, 12]  # type: ignore[union-attr]
    # the state after the cue is one for each class
    assert found["along_ratio"][0] == np.inf  # type: ignore[index]
    assert found["along_accuracy"][0] == 1  # type: ignore[index]
    # where the sequence ends the two are the same
    assert found["along_ratio"][-1] == pytest.approx(found["read_ratio"][2])  # type: ignore[index]


def test_states_of_padded_sequences_are_counted_from_their_own_start() -> None:
    torch.manual_seed(0)
    task = Recall(seq_len=6, val_count=60, test_count=5, pads=3)
    model = RNN(OneHot(task.vocabulary), 2, hidden_size=5)
    found = ClassSeparation(examples=40, points=4).measure(view_of(model, task))
    assert found["along_step"].tolist()[-1] == 6  # type: ignore[union-attr]
    assert found["along_ratio"][-1] == pytest.approx(found["read_ratio"][0])  # type: ignore[index]


def test_it_needs_one_class_for_each_sequence() -> None:
    copying, adding = Copying(seq_len=4, test_count=3), Adding(seq_len=5, test_count=3)
    answers = RNN(OneHot(copying.vocabulary), copying.output_size, hidden_size=4, per_step=True)
    with pytest.raises(ValueError, match=r"needs one class .* a class at every step"):
        ClassSeparation().check(answers, copying)
    with pytest.raises(ValueError, match=r"needs one class .* asks for numbers"):
        ClassSeparation().check(answers, adding)
    with pytest.raises(ValueError, match=r"cannot measure at lengths=\[0\]|at least 1"):
        ClassSeparation(lengths=[0])
    with pytest.raises(ValueError, match="examples must be at least 20"):
        ClassSeparation(examples=3)


def test_it_needs_some_examples_of_each_class() -> None:
    task = Recall(seq_len=4, classes=8, val_count=30, test_count=3)
    model = RNN(OneHot(task.vocabulary), 8, hidden_size=4)
    with pytest.raises(ValueError, match="needs two classes and 5 examples of each"):
        ClassSeparation().check(model, task)
    ClassSeparation().check(model, Recall(seq_len=4, val_count=40, test_count=3))
