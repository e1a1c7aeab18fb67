"""What a probe has measured: the arrays of its file, and reading it back exactly."""

import io
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from rnnexp.probes.base import Measurement
from rnnexp.probes.history import History, rows_of

MINUS_NAN = math.copysign(math.nan, -1.0)

#: Each is what one probe measured, from first to last.
MEASURED: dict[str, list[Measurement]] = {
    "plain": [{"a": 1.0, "b": np.arange(3.0)}, {"a": 2.0, "b": np.arange(3.0) + 1}],
    "growing": [{"b": np.arange(2.0)}, {"b": np.arange(4.0)}, {"b": np.arange(7.0)}],
    "shrinking": [{"b": np.arange(7.0)}, {"b": np.arange(4.0)}, {"b": np.arange(2.0)}],
    "tables": [{"m": np.ones((2, 3))}, {"m": np.ones((3, 1))}, {"m": np.ones((1, 5))}],
    "nothing in it": [{"b": np.zeros(0)}, {"b": np.ones(2)}, {"b": np.zeros(0)}],
    "keys that come": [{"a": 1.0}, {"a": 2.0, "c": 5.0, "b": np.ones(2)}, {"d": 1.0, "a": 3.0}],
    "keys that go": [{"z": 1.0, "b": np.ones(2)}, {"a": 2.0}, {"a": 3.0}],
    "zero-dimensional": [{"a": np.float64(1.0), "c": np.array(2.0)}, {"a": np.array(3.0)}],
    "own NaN": [{"a": math.nan, "b": np.full(2, np.nan)}, {"a": MINUS_NAN, "b": np.ones(1)}],
    "NaN for a row": [{"b": math.nan}, {"b": np.ones(3)}, {"b": MINUS_NAN}, {"b": np.ones(5)}],
    "infinite": [{"a": math.inf, "b": np.array([-math.inf, -0.0])}, {"a": -0.0}],
}


def history_of(measurements: Sequence[Measurement]) -> History:
    history = History()
    for epoch, measurement in enumerate(measurements):
        history.add(epoch, 7 * epoch, measurement)
    return history


def file_of(history: History) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **history.arrays())
    return content.getvalue()


def read(content: bytes) -> dict[str, npt.NDArray[np.float64]]:
    with np.load(io.BytesIO(content)) as arrays:
        return {key: arrays[key] for key in arrays.files}


@pytest.mark.parametrize("measurements", MEASURED.values(), ids=MEASURED)
def test_read_back_and_continued_the_file_has_the_same_bytes(
    measurements: list[Measurement],
) -> None:
    """From its own file, after any number of measurements, as if it had never stopped."""
    whole = file_of(history_of(measurements))
    for stop in range(1, len(measurements) + 1):
        file = file_of(history_of(measurements[:stop]))
        again = History(rows_of(read(file)))
        assert file_of(again) == file
        for epoch in range(stop, len(measurements)):
            again.add(epoch, 7 * epoch, measurements[epoch])
        assert file_of(again) == whole


def test_rows_of_different_size_are_filled_with_nan() -> None:
    table = history_of(
        [{"a": 1.0, "b": np.ones(2)}, {"a": 2.0, "b": np.ones(4), "c": 5.0}]
    ).arrays()
    assert table["epoch"].tolist() == [0, 1]
    assert table["step"].tolist() == [0, 7]
    assert np.isnan(table["b"][0]).tolist() == [False, False, True, True]
    assert np.isnan(table["c"][0])
    assert table["c"][1] == 5.0


def test_a_key_that_the_last_measurement_lacks_keeps_its_rows() -> None:
    table = history_of([{"b": np.ones(2)}, {"a": 1.0}]).arrays()
    assert table["b"][0].tolist() == [1.0, 1.0]
    assert np.isnan(table["b"][1]).all()


def test_the_numbers_of_the_last_measurement() -> None:
    history = history_of([{"a": 1.0, "c": 1.0}, {"a": np.array(2.0), "b": np.ones(2)}])
    assert history.scalars() == {"a": 2.0}
    assert History().scalars() == {}


def test_what_was_measured_is_kept_when_its_arrays_change() -> None:
    live = np.zeros(2)
    history = history_of([{"b": live}])
    live += 1
    assert history.arrays()["b"].tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("measurements", "message"),
    [
        ([{"b": np.ones(2)}, {"b": 1.0}], "'b' has the shape (), and had 1 axes before"),
        ([{"b": 1.0}, {"a": 0.0, "b": np.ones(2)}], "'b' has the shape (2,), and had 0 axes"),
        ([{"a": "often"}], "'a' is no number and no array of numbers"),
        ([{"a": [[1.0], [1.0, 2.0]]}], "'a' is no number and no array of numbers"),
        ([{"epoch": 1.0}], "'epoch' is the column of that name: give the number another"),
    ],
)
def test_what_no_table_can_hold_is_refused(measurements: list[Measurement], message: str) -> None:
    history = history_of(measurements[:-1])
    before = file_of(history)
    with pytest.raises(ValueError) as error:  # noqa: PT011
        history.add(9, 90, measurements[-1])
    assert message in str(error.value)
    assert file_of(history) == before
