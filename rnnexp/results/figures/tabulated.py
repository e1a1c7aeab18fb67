"""Rows of the numbers behind a line of many points, as `figure_files.Numbers` has them."""

from collections.abc import Iterable, Mapping


def along(place: Mapping[str, object], **columns: Iterable[object]) -> list[dict[str, object]]:
    """A row for each point of a line: where the line stands, and what each column has there.

    >>> along({"line": "RNN"}, time_step=[1, 2], gradient_norm=[0.5, 0.25])[1]
    {'line': 'RNN', 'time_step': 2, 'gradient_norm': 0.25}
    """
    points = zip(*columns.values(), strict=True)
    return [{**place, **dict(zip(columns, point, strict=True))} for point in points]


def measured_at(progress: float, unit: str) -> str:
    """When something was measured, as the name of a line.

    >>> measured_at(0.0, "epoch"), measured_at(3.0, "epoch")
    ('before training', 'epoch 3')
    """
    return f"{unit} {progress:.0f}" if progress else "before training"
