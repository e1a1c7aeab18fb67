"""What each tool's own reader finds in its record of runs, in one form for all of them."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

#: What a run with all loggers is told; mlflow makes its tables in about ten seconds.
ALL = "logger=[tensorboard,mlflow,wandb]"


@dataclass
class Record:
    """A run in a tool. values: of each name, steps and values, as often as they were written."""

    name: str
    group: str | None
    status: str
    settings: dict[str, Any]
    tags: dict[str, Any]
    figures: list[str]
    values: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def steps(self, name: str) -> list[int]:
        return [step for step, _ in sorted(self.values.get(name, []))]


def read_tensorboard(outputs: Path) -> list[Record]:
    pytest.importorskip("tensorboard")
    return [_tensorboard(folder) for folder in sorted(outputs.glob("**/logger/tensorboard"))]


def _tensorboard(folder: Path) -> Record:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()

    def content(tag: str) -> bytes:
        data: bytes = events.SummaryMetadata(tag).plugin_data.content
        return data

    def table(tag: str) -> dict[str, str]:
        text = events.Tensors(tag)[-1].tensor_proto.string_val[0].decode()
        rows = (line.strip("| ").split(" | ", 1) for line in text.splitlines()[2:])
        return {row[0].strip(): row[-1].strip() for row in rows}

    start = metadata.parse_session_start_info_plugin_data(content(metadata.SESSION_START_INFO_TAG))
    kinds = {"string_value": str, "number_value": float, "bool_value": bool}
    settings = {
        key: kinds[kind](getattr(value, kind))
        for key, value in start.hparams.items()
        for kind in [value.WhichOneof("kind")]
    }
    status = ""
    if "status/text_summary" in tags["tensors"]:
        status = table("status/text_summary")["status"]
        if status not in ("interrupted",):
            metadata.parse_session_end_info_plugin_data(content(metadata.SESSION_END_INFO_TAG))
    return Record(
        name=folder.parents[1].name,
        group=folder.parents[2].name,
        status=status,
        settings=settings,
        tags=table("run/text_summary"),
        figures=[tag.removeprefix("figures/") for tag in tags["images"]],
        values={tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags["scalars"]},
    )


def read_mlflow(outputs: Path) -> list[Record]:
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{outputs / 'mlflow.db'}")
    return [
        Record(
            name=run.info.run_name,
            group=experiment.name,
            status=run.data.tags.get("status", run.info.status),
            settings=dict(run.data.params),
            tags=dict(run.data.tags),
            figures=[
                Path(file.path).stem for file in client.list_artifacts(run.info.run_id, "figures")
            ],
            values={
                key: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, key)]
                for key in run.data.metrics
            },
        )
        for experiment in client.search_experiments()
        for run in client.search_runs([experiment.experiment_id])
    ]


def read_wandb(outputs: Path) -> list[Record]:
    """By wandb's own messages, from its own files: it offers no reader of them."""
    pytest.importorskip("wandb")
    runs: dict[str, Record] = {}
    for path in sorted(outputs.glob("wandb/offline-run-*/run-*.wandb")):
        _wandb(path, runs)
    return list(runs.values())


def _wandb(path: Path, runs: dict[str, Record]) -> None:
    from wandb.proto.wandb_internal_pb2 import Record as Message

    from rnnexp.logger.wandb_files import records

    for content in records(path.read_bytes()):
        message = Message()
        message.ParseFromString(content)
        kind = message.WhichOneof("record_type")
        if kind == "run":
            run = message.run
            config = {key(item): json.loads(item.value_json) for item in run.config.update}
            made = Record(run.display_name, run.run_group or None, "", config, {}, [])
            record = runs.setdefault(run.run_id, made)
            record.tags["tags"] = list(run.tags)
        if kind == "history":
            row = {key(item): json.loads(item.value_json) for item in message.history.item}
            step = message.history.step.num
            for name, value in row.items():
                if name.startswith("figures/") and name.endswith("._type"):
                    record.figures.append(name.removeprefix("figures/").removesuffix("._type"))
                elif isinstance(value, int | float) and not name.startswith(("_", "figures/")):
                    record.values.setdefault(name, []).append((step, value))
        if kind == "summary":
            for item in message.summary.update:
                value = json.loads(item.value_json)
                if key(item) == "status":
                    record.status = value
                elif isinstance(value, int | float) and key(item).startswith("test"):
                    record.values[key(item)] = [(-1, value)]


def key(item: Any) -> str:
    return item.key or ".".join(item.nested_key)


READERS: Mapping[str, Callable[[Path], list[Record]]] = {
    "tensorboard": read_tensorboard,
    "mlflow": read_mlflow,
    "wandb": read_wandb,
}

#: Nobody is reported to while tests run.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
