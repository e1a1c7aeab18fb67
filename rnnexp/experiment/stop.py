"""What ends a command, passed on from its main thread to those that follow a job's process each."""


class Stop:
    """What the main thread was told, in that order: Ctrl-C or to terminate, and perhaps again."""

    def __init__(self) -> None:
        self._told: list[type[BaseException]] = []

    def tell(self, error: BaseException) -> None:
        self._told.append(type(error))

    def since(self, heard: int) -> list[type[BaseException]]:
        """What was told after the first `heard`."""
        return self._told[heard:]
