"""`logger=mlflow`: a run of an MLflow experiment, in a file of its own or on a server."""

import getpass
import os
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from rnnexp.logger.base import Logger, Outcome, RunFacts
from rnnexp.variables import environment_variable

#: What MLflow calls it; how the run ended exactly is in its tag `status`.
STATUS = {
    "finished": "FINISHED", "diverged": "FINISHED", "interrupted": "KILLED", "pruned": "KILLED",
}  # fmt: skip

#: The tag by which a run is found again.
ID = "rnnexp.id"

SQLITE = "sqlite:///"

#: What a request may hold, and a value.
PARAMS, METRICS, CHARACTERS = 100, 1000, 6000


class MLflow(Logger):
    """Settings as parameters, numbers by step as metrics, figures and summary.json as artifacts.

    tracking_uri: of the store, as `http://localhost:5000` or `sqlite:///my.db`; None for what the
    variable MLFLOW_TRACKING_URI says, else for mlflow.db beside the runs. experiment: the name
    under which the store files the run; None for that of the study, `rnnexp` for single runs.
    """

    needs, extra = ("mlflow", "sqlalchemy", "alembic"), "mlflow"

    def __init__(
        self, tracking_uri: str | None = None, experiment: str | None = None, timeout: float = 60
    ) -> None:
        super().__init__(timeout)
        if tracking_uri is not None and "://" not in tracking_uri and tracking_uri != "databricks":
            raise ValueError(
                f"tracking_uri must be an address as http://localhost:5000 or {SQLITE}my.db "
                f"(got '{tracking_uri}')"
            )
        if tracking_uri is not None and tracking_uri.startswith("file:"):
            raise ValueError(
                f"tracking_uri={tracking_uri} is a folder, in which MLflow writes no longer: "
                f"use {SQLITE}my.db"
            )
        if experiment is not None and not experiment.strip():
            raise ValueError("experiment must be a name (got an empty one)")
        self.tracking_uri, self.experiment = tracking_uri, experiment

    def start(self, run: RunFacts) -> Container[int]:
        uri = self.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        uri = uri or f"{SQLITE}{run.outputs / 'mlflow.db'}"
        with _impatient(self.timeout):
            from mlflow import MlflowClient

            with _alone(uri):
                self._client: Any = MlflowClient(tracking_uri=uri)
                experiment = self._experiment(self.experiment or run.study or "rnnexp", uri)
            there: list[Any] = []
            if run.goes_on:
                there = self._client.search_runs([experiment], f"tags.`{ID}` = '{run.id}'")
            if there:
                self._id = there[0].info.run_id
                self._client.update_run(self._id, status="RUNNING")
                return {m.step for m in self._client.get_metric_history(self._id, "epoch")}
            self._begin(experiment, run)
        return ()

    def _experiment(self, name: str, uri: str) -> str:
        """The id of the experiment of that name, which is made where there is none."""
        from mlflow.exceptions import MlflowException

        there = self._client.get_experiment_by_name(name)
        if there is None:
            artifacts = None  # where the server keeps them
            if (file := _file_of(uri)) is not None:
                artifacts = (file.parent / "mlartifacts").as_uri()
            try:
                return str(self._client.create_experiment(name, artifacts))
            except MlflowException:  # another process may just have made it
                there = self._client.get_experiment_by_name(name)
                if there is None:
                    raise
        if there.lifecycle_stage == "deleted":
            raise ValueError(f"the experiment {name} was deleted in MLflow: restore it there")
        return str(there.experiment_id)

    def _begin(self, experiment: str, run: RunFacts) -> None:
        from mlflow.entities import Param

        tags = {
            "mlflow.user": getpass.getuser(),
            "mlflow.source.name": run.tags["command"],
            "mlflow.source.type": "LOCAL",
            ID: run.id,
            **run.tags,
        }
        tags = {key: value[:CHARACTERS] for key, value in tags.items()}
        made = self._client.create_run(experiment, run_name=run.name, tags=tags)
        self._id = made.info.run_id
        params = [Param(key, _shown(value)) for key, value in run.settings.items()]
        for some in _in_parts(params, PARAMS):
            self._client.log_batch(self._id, params=some)

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(key, value, now, step) for key, value in numbers.items()]
        with _impatient(self.timeout):
            for some in _in_parts(metrics, METRICS):
                self._client.log_batch(self._id, metrics=some)

    def end(self, outcome: Outcome) -> None:
        self.log(outcome.step, outcome.scores)
        with _impatient(self.timeout):
            for key in ("status", "reason"):
                self._client.set_tag(self._id, key, getattr(outcome, key)[:CHARACTERS])
            for path in outcome.figures:
                self._client.log_artifact(self._id, str(path), "figures")
            if outcome.summary.is_file():
                self._client.log_artifact(self._id, str(outcome.summary))
            self._client.set_terminated(self._id, STATUS.get(outcome.status, "FAILED"))


def _shown(value: object) -> str:
    return str(value)[:CHARACTERS]


def _in_parts(values: list[Any], size: int) -> list[list[Any]]:
    return [values[first : first + size] for first in range(0, len(values), size)]


def _file_of(uri: str) -> Path | None:
    """The file of an SQLite store; None of any other store."""
    return Path(uri.removeprefix(SQLITE)).absolute() if uri.startswith(SQLITE) else None


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Of the processes of this machine: two would make the tables of a new file at a time, and one
    of them would fail.
    """
    file = _file_of(uri)
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock")):
        yield


@contextmanager
def _impatient(seconds: float) -> Iterator[None]:
    """Where the user has said nothing else: MLflow asks a server that does not answer again for
    minutes, tells of its tables on the screen, and reports its use to its makers.
    """
    variables = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, int(seconds / 3))),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
    }
    with ExitStack() as stack:
        for name, value in variables.items():
            if name not in os.environ:
                stack.enter_context(environment_variable(name, value))
        yield
