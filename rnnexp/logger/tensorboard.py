"""`logger=tensorboard`: event files in the run's directory."""

import struct
import time
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from rnnexp.logger.base import Logger, Outcome, RunFacts


class TensorBoard(Logger):
    """Scalars by step, the settings in the HPARAMS tab, the figures under IMAGES.

    folder: of the event files, with a folder per study and run in it; None for the run's own
    directory.
    """

    needs, extra = ("tensorboard",), "tensorboard"

    def __init__(self, folder: str | None = None, timeout: float = 60) -> None:
        super().__init__(timeout)
        if folder is not None and not folder.strip():
            raise ValueError("folder must be the name of a folder (got an empty one)")
        self.folder = folder

    def start(self, run: RunFacts) -> Container[int]:
        from torch.utils.tensorboard import SummaryWriter

        place = self._place(run)
        steps, has_settings = _record_in(place) if run.goes_on else (set[int](), False)
        self._writer: Any = SummaryWriter(str(place))
        if not has_settings:
            self._write_settings(run)
        return steps

    def _place(self, run: RunFacts) -> Path:
        if self.folder is None:
            return run.folder("tensorboard")
        place = Path(self.folder) / (run.study or "runs") / run.name
        own = place.with_name(f"{run.name}_{run.id}")  # where another run had the name before
        if own.is_dir() or (place.is_dir() and not run.goes_on):
            return own
        return place

    def _write_settings(self, run: RunFacts) -> None:
        from torch.utils.tensorboard.summary import hparams

        # SummaryWriter.add_hparams would make a run of its own beside this one
        metrics = dict.fromkeys(run.scores, 0.0)  # they are read from the scalars
        experiment, session, _ = hparams(dict(run.settings), metrics)
        for part in (experiment, session):
            self._writer.file_writer.add_summary(part)
        self._writer.add_text("run", _table({"name": run.name, **run.tags}))
        self._writer.flush()

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        self._add(numbers, step)
        self._writer.flush()

    def _add(self, numbers: Mapping[str, float], step: int) -> None:
        """As one record: whoever dies, an epoch is there with all its numbers or not at all."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in numbers.items()]
        self._writer.file_writer.add_summary(Summary(value=values), step)

    def end(self, outcome: Outcome) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        if outcome.scores:
            self._add(outcome.scores, outcome.step)
        status = {
            "status": outcome.status,
            **({"reason": outcome.reason} if outcome.reason else {}),
        }
        self._writer.add_text("status", _table(status), outcome.step)
        for path in outcome.figures:
            png = path.read_bytes()
            width, height = struct.unpack(">II", png[16:24])
            image = Summary.Image(
                encoded_image_string=png, width=width, height=height, colorspace=4
            )
            value = Summary.Value(tag=f"figures/{path.stem}", image=image)
            self._writer.file_writer.add_summary(Summary(value=[value]), outcome.step)
        if not outcome.goes_on_later:
            self._writer.file_writer.add_summary(_session_end(outcome.status))
        self._writer.close()


def _record_in(place: Path) -> tuple[set[int], bool]:
    """The steps for which the event files of a run have numbers; whether they have its settings."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG

    everything = {"scalars": 0, "images": 1, "tensors": 1}
    record = EventAccumulator(str(place), size_guidance=everything)
    record.Reload()
    tags = record.Tags()["scalars"]
    steps = {event.step for event in record.Scalars("epoch")} if "epoch" in tags else set()
    return steps, SESSION_START_INFO_TAG in record.summary_metadata


def _session_end(status: str) -> Any:
    """What the HPARAMS tab shows as the status of the run."""
    # tensorboard.plugins.hparams.summary would do it, and needs tensorflow
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    ended = api_pb2.STATUS_FAILURE if status == "failed" else api_pb2.STATUS_SUCCESS
    content = plugin_data_pb2.HParamsPluginData(
        session_end_info=plugin_data_pb2.SessionEndInfo(status=ended, end_time_secs=time.time()),
        version=metadata.PLUGIN_DATA_VERSION,
    )
    plugin = SummaryMetadata.PluginData(
        plugin_name=metadata.PLUGIN_NAME, content=content.SerializeToString()
    )
    kind = SummaryMetadata(plugin_data=plugin)
    return Summary(value=[Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=kind)])


def _table(rows: Mapping[str, str]) -> str:
    """In Markdown, which the TEXT tab shows."""
    cells = [
        f"| {name} | {' '.join(text.replace('|', ' ').split())} |" for name, text in rows.items()
    ]
    return "\n".join(["| | |", "|---|---|", *cells])
