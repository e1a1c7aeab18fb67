"""The range of numbers: of settings, a ValueError that begins with the name of the argument; of
what is measured, the bounds of float64.
"""

#: Weights are float32: a larger number is infinite to them.
LARGEST = 3.4e38

#: Smaller norms are subnormal in float64, or nearly so, and have lost digits: marked, not measured.
FLOOR = 1e-300

#: Stands for a norm below the floor, in files and arrays; one that is exactly 0 has no path at all.
BELOW_FLOOR = FLOOR / 10

#: The same of norms of float32 numbers, where the training flushes what is subnormal to 0.
FLOAT32_FLOOR = 1e-36

#: Stands for a norm below that.
BELOW_FLOAT32 = 1e-37


def finite(name: str, value: float) -> None:
    """Raise ValueError for what a float32 cannot hold."""
    if not -LARGEST < value < LARGEST:
        raise ValueError(f"{name} must be finite, within ±{LARGEST:g} (got {value})")


def at_least(name: str, value: float, minimum: float) -> None:
    """Raise ValueError unless value >= minimum (a NaN never is) and value is finite."""
    if not value >= minimum:
        raise ValueError(f"{name} must be at least {minimum} (got {value})")
    finite(name, value)


def more_than(name: str, value: float, bound: float) -> None:
    """Raise ValueError unless value > bound (a NaN never is) and value is finite."""
    if not value > bound:
        raise ValueError(f"{name} must be greater than {bound} (got {value})")
    finite(name, value)


def a_fraction(name: str, value: float) -> None:
    """Raise ValueError unless 0 <= value < 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and less than 1 (got {value})")
