"""No schedule."""

from rnnexp.schedule.base import Schedule


class Constant(Schedule):
    """Every step has the rate `optimizer.lr`."""
