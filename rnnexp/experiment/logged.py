"""What loggers are told of a run, beside its recorder; what goes wrong there costs a line."""

import contextvars
import logging
import math
import threading
import warnings
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from rnnexp.errors import StorageError, first_line
from rnnexp.experiment.build import Experiment
from rnnexp.experiment.lines import headlines_only
from rnnexp.experiment.start import Start
from rnnexp.experiment.told import facts_of, grouped, outcome_of
from rnnexp.logger.base import Logger, RunFacts
from rnnexp.probes.probe_set import ProbeSet
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from rnnexp.training.recorder import Recorder

log = logging.getLogger(__name__)


class Logs:
    """The loggers of one run: a context in which it is trained, tested and drawn.

    They are told of its start once the training begins, and of its end, whatever it is, if they
    were told of its start. That end must be in summary.json by then.
    """

    def __init__(
        self, experiment: Experiment, run: RunDirectory, summary: Summary, start: Start | None
    ) -> None:
        self._run, self._summary = run, summary
        self._goes_on = start is not None and not start.trains_on
        self._experiment = experiment
        self._listeners = [
            _Listener(name, logger, run.path.name, summary)
            for name, logger in experiment.loggers.items()
        ]
        self._step = 0
        self._epoch = -1  # up to which probes' numbers were told

    @property
    def _failed(self) -> Mapping[str, str]:
        return self._summary.failed_loggers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if not any(listener.is_told for listener in self._listeners):
            return
        outcome, failed = outcome_of(self._run, self._summary, self._step), len(self._failed)
        for listener in self._listeners:
            listener.tell("end", lambda logger: logger.end(outcome))
        if len(self._failed) > failed:  # of a run that has no result, whose summary may still grow
            with suppress(StorageError):
                self._run.write_summary(self._summary)

    def recorder(self, probes: ProbeSet) -> Recorder:
        """What the training writes to: the run, and with it the loggers, which begin here.

        They get what the run has measured so far and their records lack.
        """
        if not self._listeners:
            return self._run
        facts = facts_of(self._experiment, self._run, self._summary, self._goes_on)
        for listener in self._listeners:
            listener.start(facts)
        rows = self._run.metrics
        measured = probes.numbers(after=-1) if rows else {}
        self._tell(measured, {int(row["step"]): row for row in rows})
        return _Told(self._run, lambda row: self._tell_epoch(row, probes))

    def _tell_epoch(self, row: Mapping[str, float | None], probes: ProbeSet) -> None:
        measured = probes.numbers(after=self._epoch)
        self._tell(measured, {int(row["step"] or 0): row})

    def _tell(
        self,
        measured: Mapping[tuple[int, int], Mapping[str, float]],
        rows: Mapping[int, Mapping[str, float | None]],
    ) -> None:
        """measured: by epoch and step. rows: of metrics.csv, by step."""
        by_step: dict[int, dict[str, float | None]] = {}
        for (epoch, step), numbers in measured.items():
            by_step[step] = {"epoch": float(epoch), **numbers}
            self._epoch = max(self._epoch, epoch)
        for step, row in rows.items():
            by_step[step] = {**by_step.get(step, {}), **grouped(row)}
            self._epoch = max(self._epoch, int(row["epoch"] or 0))
            self._step = max(self._step, step)
        for step, values in sorted(by_step.items()):
            numbers = {k: v for k, v in values.items() if v is not None and math.isfinite(v)}
            for listener in self._listeners:
                listener.log(step, numbers)


class _Listener:
    """A logger, told in a thread of its own: one that hangs is left to itself."""

    def __init__(self, name: str, logger: Logger, run: str, summary: Summary) -> None:
        self._name, self._logger, self._run, self._summary = name, logger, run, summary
        self._logged: Container[int] = ()
        self._busy: threading.Event | None = None
        self.is_told = False

    def start(self, facts: RunFacts) -> None:
        self.is_told = True
        logged = self.tell("start", lambda logger: logger.start(facts))
        self._logged = () if logged is None else logged

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        if step not in self._logged:
            self.tell("log", lambda logger: logger.log(step, numbers))

    def tell(self, what: str, call: Callable[[Logger], Any]) -> Any:
        """What the call returns, None where it fails: then the logger hears no more."""
        if not self.is_told or self._waits_in_vain():
            return None
        answers: list[Any] = []
        errors: list[BaseException] = []
        done = threading.Event()

        def work() -> None:
            try:
                answers.append(call(self._logger))
            except BaseException as error:  # a tool may end the process, too
                errors.append(error)
            finally:
                done.set()

        context = contextvars.copy_context()
        self._busy = done
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tools about tools: no user of a run can do a thing
            threading.Thread(
                target=lambda: context.run(work), name=f"rnnexp.{self._name}", daemon=True
            ).start()
            in_time = done.wait(self._logger.timeout)
        if not in_time:
            self._give_up(what, f"no answer in {self._logger.timeout:g} s")
        elif errors:
            self._give_up(what, f"{type(errors[0]).__name__}: {first_line(errors[0])}", errors[0])
        return answers[0] if answers and in_time else None

    def _waits_in_vain(self) -> bool:
        """Whether the last call, which an interrupt has left alone, does not end."""
        if self._busy is None or self._busy.wait(self._logger.timeout):
            return False
        self._give_up("log", f"no answer in {self._logger.timeout:g} s")
        return True

    def _give_up(self, what: str, reason: str, error: BaseException | None = None) -> None:
        self.is_told = False
        if not self._summary.sealed:
            self._summary.failed_loggers[self._name] = f"{what}: {reason}"
        of_job = f"{self._run}: " if headlines_only.get() else ""
        log.warning("%slogger %s is given up (%s: %s)", of_job, self._name, what, reason)
        if error is not None:
            log.debug("logger %s", self._name, exc_info=error)


class _Told:
    """The recorder of a run, who tells of each epoch that it has recorded."""

    def __init__(
        self, run: RunDirectory, tell: Callable[[Mapping[str, float | None]], None]
    ) -> None:
        self._run, self._tell = run, tell
        # all else is the run's own
        self.report_progress = run.report_progress
        self.save_probe, self.save_checkpoint = run.save_probe, run.save_checkpoint
        self.file_sizes = run.file_sizes

    def append_epoch(
        self, metrics: Mapping[str, float | None], timings: Mapping[str, float]
    ) -> None:
        self._run.append_epoch(metrics, timings)
        self._tell(metrics)
