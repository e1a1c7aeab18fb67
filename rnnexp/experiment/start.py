"""Where a run begins that does not begin at its beginning."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnexp import config as settings
from rnnexp.durable import remove_partial
from rnnexp.errors import DamagedError, DataError
from rnnexp.experiment.build import Experiment
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from rnnexp.training.checkpoint import Checkpoint

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Start:
    """Where a training goes on.

    checkpoint: None to begin anew, in the directory of a run of which no checkpoint was made.
    line: what is said of it.
    of: the run that was stopped. before: its summary.
    trains_on: `of` had finished, and another run goes on behind its end.
    """

    checkpoint: Checkpoint | None
    line: str
    of: RunDirectory
    before: Summary
    trains_on: bool = False


def start_of(run: RunDirectory, experiment: Experiment) -> Start:
    """Where a run goes on: at its newest checkpoint that is whole; a damaged one is told.

    The files that grow are cut back to what they held there. Raises DamagedError where there are
    checkpoints and none is whole, or where those files are not what they were, DataError where
    the best epoch's weights are wanted and were not kept.
    """
    saving = settings.checkpoints(experiment.spec.config)
    keeps_best = experiment.trainer.keeps_best(saving)
    for folder in ("", "checkpoints", "probes", "predictions"):
        remove_partial(run.path / folder)
    stored = StoredCheckpoint.of_run(run.path)
    faults = []
    for one in stored:
        try:
            contents, state, files = one.read()
            grown = run.grown(files)
            _check_probes(run, state)
        except DataError as error:
            log.warning("%s: not gone on from %s", error, one.place)
            faults.append(str(error))
            continue
        checkpoint = Checkpoint.of(contents, state)
        if keeps_best and checkpoint.lacks_best:
            raise DataError(
                f"{one.path} has not the weights of the best epoch, which checkpoint.keep="
                f"{saving.keep} asks for: they were not kept from the start"
            )
        run.write_grown(grown)
        return Start(checkpoint, f"goes on from {one.place}", run, run.summary)
    if faults:
        raise DamagedError(
            f"{run.path} cannot go on ({'; '.join(faults)}): give its command again, and it "
            "begins anew"
        )
    if (run.path / "checkpoints").is_dir() and any((run.path / "checkpoints").iterdir()):
        raise DataError(
            f"{run.path} was made by rnnexp {run.summary.version}, whose checkpoints this version "
            "does not go on from: give its command again, and it begins anew"
        )
    run.begin_anew()
    return Start(None, "begins anew, since no checkpoint had been made", run, run.summary)


def _check_probes(run: RunDirectory, state: Mapping[str, Any]) -> None:
    """Raise DataError where the probes' files lack what a checkpoint says that they hold."""
    for name, count in (state["probes"] or {}).get("in_file", {}).items():
        held = len((run.probe(name) or {}).get("epoch", ())) if count else 0
        if held < count:
            raise DamagedError(
                f"{run.path / 'probes' / name}.npz is damaged: it holds {held} of {count} "
                "measurements that were made before the checkpoint"
            )


def check_is_same(summary: Summary, spec: RunSpec, experiment: Experiment) -> None:
    """Raise DataError where a run's settings or data are not those that it was begun with."""
    if spec.fingerprint != summary.fingerprint:
        raise DamagedError(
            "config.yaml is not what the run was begun with (its fingerprint is another): give "
            "the command again, and it begins anew"
        )
    if summary.content not in (experiment.content, *experiment.identity.contents_before):
        raise DataError(
            "the data are not what they were when the run began, so it cannot go on: give the "
            "command again, and it begins anew"
        )
