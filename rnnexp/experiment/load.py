"""A run's directory back into its model, whatever its task."""

from torch import Tensor

from rnnexp import config as settings
from rnnexp.embedding.base import Encoder
from rnnexp.embedding.features import Features
from rnnexp.errors import DamagedError, DataError, UserError
from rnnexp.experiment.build import build_model, facts_of
from rnnexp.experiment.earlier_weights import weights_of_earlier_version
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.trust import refuse_foreign_targets
from rnnexp.model.base import SequenceModel
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import TaskRecord
from rnnexp.training.tensors import tensors_of


def load_model(run: RunDirectory, trust: bool = False) -> SequenceModel:
    """The run's model on the CPU with the weights that were tested; see `Trainer.test_weights`.

    Of a run that has not finished, with those of its newest checkpoint; see `weights_place`.

    trust: import what its config.yaml names, whoever has written that; see trust.py.

    Raises DataError where its files do not belong together, DamagedError where they are damaged,
    ConfigError for code that is not trusted.
    """
    config = run.config
    if not trust:
        refuse_foreign_targets(config, run.path / "config.yaml")
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
        model.load_state_dict(_weights(run))
    except RuntimeError as error:
        raise DataError(
            f"{run.path}: the weights do not fit its config.yaml ({str(error).splitlines()[0]})"
        ) from None
    return model


def weights_place(run: RunDirectory) -> str | None:
    """Where in its training an unfinished run's newest checkpoint is; None of a finished run."""
    if run.summary.done:
        return None
    stored = StoredCheckpoint.of_run(run.path)
    return stored[0].place if stored else None


def _weights(run: RunDirectory) -> dict[str, Tensor]:
    """Those that were tested; of a run that has not finished, those of its newest checkpoint."""
    summary = run.summary
    if summary.sealed:
        return tensors_of(run.content("weights.safetensors"))
    if summary.done or summary.process is None:
        return weights_of_earlier_version(run)
    stored = StoredCheckpoint.of_run(run.path)
    if not stored:
        raise UserError(f"{run.path} was stopped before its first checkpoint: it has no weights")
    try:
        return tensors_of(stored[0].content("weights.safetensors"))
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
