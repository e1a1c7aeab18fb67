"""Reads how the trials of a search get on, and has those stopped that do worse than others did.

The training knows nothing of it: rows of metrics.csv are read as they come, and a job whose trial
is to be pruned finds a file (`rnnexp.results.stops`). A trial is judged by its rows in their order,
up to the last but one that its training will have, and not by when they were read: the same trials
are pruned however fast the machine is. One that had ended by then is pruned all the same.
"""

import csv
import io
import logging
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rnnexp.command.trials import Trials
from rnnexp.results.reading import folders_by_fingerprint
from rnnexp.results.search import Trial
from rnnexp.results.stops import ask_to_stop

log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK = 0.5


class Watcher:
    """Looks on inside a `with` block, and once more at its end.

    rows: of metrics.csv, of a whole training.
    """

    def __init__(self, study: Path, trials: Trials, lot: Sequence[Trial], rows: int) -> None:
        self._study, self._trials, self._rows = study, trials, rows
        self._judged = {trial.number: 0 for trial in lot}
        self._lot = {trial.number: trial for trial in lot}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="rnnexp.pruning", daemon=True)

    def __enter__(self) -> Self:
        if self._trials.prunes:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._trials.prunes:
            self._thread.join()
            if kind is None:
                self._look()

    def _look_on(self) -> None:
        while not self._ended.wait(LOOK):
            try:
                self._look()
            except Exception as error:  # the trials go on, and are judged at their end
                log.debug("no look at the trials: %s", error)

    def _look(self) -> None:
        folders = folders_by_fingerprint(self._study)
        for number, trial in list(self._lot.items()):
            by_seed = [
                _validation(folders.get(fingerprint[:8], ()), self._trials.column)
                for fingerprint in trial.fingerprints.values()
            ]
            count = min(min(map(len, by_seed)), self._rows - 1)
            for row in range(self._judged[number], count):
                self._judged[number] = row + 1
                value = sum(values[row] for values in by_seed) / len(by_seed)
                if math.isfinite(value) and self._trials.report(trial, row + 1, value):
                    reason = (
                        f"validation {self._trials.score} {value:.4g} at epoch {row + 1} of "
                        f"{self._rows}: worse than other trials were ({self._trials.pruner})"
                    )
                    for fingerprint in trial.fingerprints.values():
                        ask_to_stop(self._study, fingerprint, reason)
                    del self._lot[number]
                    break


def _validation(folders: Sequence[Path], column: str) -> list[float]:
    """The validation scores of a run so far, by epoch; NaN where there is none."""
    for folder in folders:
        try:
            text = (folder / "metrics.csv").read_text(encoding="utf-8")
        except OSError:
            continue
        whole = text[: text.rfind("\n") + 1]  # a row may be half written
        return [float(row.get(column) or math.nan) for row in csv.DictReader(io.StringIO(whole))]
    return []
