"""No regulariser."""

from rnnexp.regulariser.base import Regulariser


class NoRegulariser(Regulariser):
    """The task's loss alone is minimised."""
