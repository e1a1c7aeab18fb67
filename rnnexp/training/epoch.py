"""An epoch that is to be trained, and the trainings that stop at each of theirs.

A training is a generator: it validates, measures, records and saves by itself, and yields where an
epoch is to be trained. So one training and several that are computed together are the same code.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextvars import copy_context
from typing import NamedTuple, TypeVar

from rnnexp.data.base import Task
from rnnexp.model.base import SequenceModel
from rnnexp.training.checkpoint import Saver
from rnnexp.training.recipe import Recipe
from rnnexp.training.steps import EpochSteps
from rnnexp.training.update import Update
from rnnexp.types import Batch

T = TypeVar("T")


class Epoch(NamedTuple):
    """An epoch that is to be trained: the arguments of `Trainer.train_epoch`."""

    model: SequenceModel
    task: Task
    recipe: Recipe
    update: Update
    batches: Iterable[Batch]
    steps: EpochSteps
    saver: Saver | None = None


def carried_out(story: Generator[Epoch, None, T], train: Callable[[Epoch], None]) -> T:
    """What a training comes to.

    train: trains an epoch; what it raises is raised inside the story, which saves what it has.
    """
    (result,) = carried_out_together([story], lambda epochs: train(epochs[0]))
    return result


def carried_out_together(
    stories: Sequence[Generator[Epoch, None, T]], train: Callable[[Sequence[Epoch]], None]
) -> list[T]:
    """What each of several trainings comes to.

    train: trains the next epoch of all that have one; what it raises ends all of them. An exception
    that one story raises ends that one alone, and is raised here once the others have ended.
    Context variables that a story sets are its own.
    """
    results: dict[int, T] = {}
    failures: dict[int, Exception] = {}
    waiting: dict[int, Epoch] = {}
    contexts = [copy_context() for _ in stories]

    def go_on(number: int) -> None:
        # it waits until it has gone on: a signal may come at any moment
        try:
            waiting[number] = contexts[number].run(next, stories[number])
        except StopIteration as end:
            waiting.pop(number, None)
            results[number] = end.value
        except Exception as error:
            waiting.pop(number, None)
            failures[number] = error

    try:
        for number in range(len(stories)):
            go_on(number)
        while waiting:
            train(list(waiting.values()))
            for number in sorted(waiting):
                go_on(number)
    except BaseException as error:
        for number in sorted(waiting):
            contexts[number].run(_end, stories[number], error)
        raise
    for failure in failures.values():
        raise failure
    return [results[number] for number in range(len(stories))]


def _end(story: Generator[Epoch, None, T], error: BaseException) -> None:
    """Raise an error inside a story; in one that has ended with it nothing happens."""
    try:
        story.throw(error)
    except BaseException as raised:
        if raised is not error:
            error.add_note(f"and then: {type(raised).__name__}: {raised}")
