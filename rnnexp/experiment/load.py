"""A run's directory back into its model, whatever its task."""

from torch import Tensor

from rnnexp import config as settings
from rnnexp.embedding.base import Encoder
from rnnexp.embedding.features import Features
from rnnexp.errors import DamagedError, DataError, UserError, first_line
from rnnexp.experiment.build import build_model, facts_of
from rnnexp.experiment.earlier_weights import weights_of_earlier_version
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.trust import refuse_foreign_targets
from rnnexp.model.base import SequenceModel
from rnnexp.results.checkpoints import AVERAGES, StoredCheckpoint
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import TaskRecord
from rnnexp.training.tensors import tensors_of
from rnnexp.training.update import put_averages


def load_model(run: RunDirectory, trust: bool = False) -> SequenceModel:
    """The run's model on the CPU with the weights that were tested; see `Trainer.test_weights`.

    Of a run that has not finished, with those of its newest checkpoint, averages with trainer.ema;
    see `weights_place`.

    trust: import what its config.yaml names, whoever has written that; see trust.py.

    Raises UserError, before anything is imported, for a run that answers nothing: one that has
    diverged, or has not finished and has no checkpoint; DataError where its files do not belong
    together, DamagedError where they are damaged, ConfigError for code that is not trusted.
    """
    config = run.config
    if not trust:
        refuse_foreign_targets(config, run.path / "config.yaml")
    _check_answers(run)
    record = _complete(run)
    encoder: Encoder
    if record.vocabulary is None:
        assert record.input_size is not None
        encoder = Features(record.input_size)
    else:
        encoder_class, arguments = settings.arguments(config, "embedding")
        encoder = encoder_class.blank(record.vocabulary, record.embedding_dim, **arguments)
    assert record.output_size is not None
    model = build_model(
        config, encoder, record.output_size, regression=record.regression, per_step=record.per_step
    )
    try:
        _put_weights(model, run)
    except RuntimeError as error:
        raise DataError(
            f"{run.path}: the weights do not fit its config.yaml ({first_line(error)})"
        ) from None
    return model


def weights_place(run: RunDirectory) -> str | None:
    """Where in its training an unfinished run's newest checkpoint is; None of a finished run."""
    if run.summary.done:
        return None
    stored = StoredCheckpoint.of_run(run.path)
    if not stored:
        return None
    return stored[0].place + (", averaged (trainer.ema)" if stored[0].is_averaged else "")


def _check_answers(run: RunDirectory) -> None:
    """Raise UserError for a run without weights, and for one whose weights answer nothing."""
    status = run.summary.status
    if status == "diverged":
        raise UserError(f"{run.path} has diverged: its weights answer nothing")
    if status != "finished" and not StoredCheckpoint.of_run(run.path):
        raise UserError(
            f"{run.path} has not finished (its status is {status}) and has no checkpoint"
        )


def _put_weights(model: SequenceModel, run: RunDirectory) -> None:
    """Those that were tested; of a run that has not finished, those of its newest checkpoint."""
    summary = run.summary
    if summary.sealed:
        model.load_state_dict(tensors_of(run.content("weights.safetensors")))
    elif summary.done:
        model.load_state_dict(weights_of_earlier_version(run))
    else:
        weights, averages = _of_newest_checkpoint(run)
        model.load_state_dict(weights)
        if averages is not None:
            put_averages(model, averages)


def _of_newest_checkpoint(
    run: RunDirectory,
) -> tuple[dict[str, Tensor], dict[str, Tensor] | None]:
    """The weights of an unfinished run, and the averages of those that are trained."""
    stored = StoredCheckpoint.of_run(run.path)
    newest = stored[0]
    try:
        weights = tensors_of(newest.content("weights.safetensors"))
        return weights, tensors_of(newest.content(AVERAGES)) if newest.is_averaged else None
    except DamagedError as error:
        whole = next((one for one in stored[1:] if one.is_whole), None)
        way_out = f"; rnnexp resume goes on from {whole.place}" if whole is not None else ""
        raise DamagedError(f"{error}{way_out}") from None


def _complete(run: RunDirectory) -> TaskRecord:
    """What task.json holds. The first version left sizes out: they are then asked of the task."""
    record = run.task
    if record.output_size is not None:
        return record
    if record.classes is not None:
        return record.model_copy(update={"output_size": len(record.classes)})
    spec = RunSpec.of_run(run, trust=True)  # or `load_model` had refused it
    task = settings.build(spec.config, "data", seq_len=spec.dials.seq_len, seed=spec.dials.seed)
    return record.model_copy(update=facts_of(task))
