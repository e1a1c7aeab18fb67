"""What summary.json and task.json hold, typed. One writer, many readers. Never imports torch.

A file of an earlier version is brought to this one when it is read; a key that this version does
not know is kept. A number that could not be measured, or was not finite, is None.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from rnnexp.errors import DataError
from rnnexp.files import read_json
from rnnexp.scores import ACCURACY, CROSS_ENTROPY, MSE, SQUARED_ERROR, Score

#: Raised whenever a reader of the version before would misread a file of this one.
SCHEMA_VERSION = 3

#: running; finished or diverged, which are results; failed with an error; interrupted by a signal,
#: after a checkpoint; killed without having been able to say so; pruned by the search that had
#: asked for it, since others did better.
Status = Literal["running", "finished", "diverged", "failed", "interrupted", "killed", "pruned"]

#: A run that ended with one of these has its result; the others can be run again.
DONE: tuple[Status, ...] = ("finished", "diverged")

Number = float | None


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Record(BaseModel):
    """A JSON object with a fixed part; what is beside it is kept as it is."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    schema_version: int = SCHEMA_VERSION

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises DataError, which names the file and the keys, for what is no such record."""
        return cls.of(read_json(path), path)

    @classmethod
    def of(cls, values: Mapping[str, Any], path: Path) -> Self:
        """The record of a JSON object; `path` is named where it is none."""
        version = values.get("schema_version", 1)
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise DataError(
                f"{path} was written by a later version of rnnexp (schema {version}, this version "
                f"knows {SCHEMA_VERSION}): read it with that one"
            )
        try:
            return cls.model_validate(cls.upgraded(values) if version == 1 else values)
        except ValidationError as error:
            keys = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors() if fault["loc"])
            raise DataError(
                f"{path} is damaged ({', '.join(keys)}): move its folder away, and the same "
                "command makes it anew"
            ) from None

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The object of the first version, which had no schema_version, as this one has it."""
        return {**values, "schema_version": SCHEMA_VERSION}


class Process(BaseModel):
    """The process that a run is in: what tells it from a later one with the same number.

    created: when it was started, in seconds since 1970, as the system counts.
    """

    model_config = ConfigDict(extra="allow")

    host: str
    pid: int
    created: float


class Reading(BaseModel):
    """How a score is read: the part of a `Score` that its task decides once and for all."""

    model_config = ConfigDict(extra="allow")

    better: Literal["high", "low"]
    axis: str
    percent: bool = False
    logarithmic: bool = False

    @classmethod
    def of(cls, score: Score) -> Self:
        return cls(
            better=score.better, axis=score.axis, percent=score.percent,
            logarithmic=score.logarithmic,
        )  # fmt: skip


class CellFacts(BaseModel):
    """What is known about the cell of a run's top layer.

    name: what `model.cell` calls it. gates: in the order of the rows of its weights. carry: the
    gate that multiplies the old state. candidate: the block that is new content and no gate.
    """

    model_config = ConfigDict(extra="allow")

    name: str | None = None
    gates: list[str]
    carry: str | None = None
    candidate: str | None = None
    has_cell_state: bool = False


class Tested(BaseModel):
    """Which weights were tested: the last, or those of the epoch with the best validation score.

    epoch, step: how far the training had come with them.
    """

    model_config = ConfigDict(extra="allow")

    weights: Literal["last", "best"]
    epoch: int
    step: int


class AtLength(BaseModel):
    """Scores at another length than `seq_len`."""

    model_config = ConfigDict(extra="allow")

    test: dict[str, Number]
    test_interval: dict[str, list[Number]]
    chance: dict[str, Number]


class Summary(Record):
    """One run: what it is, how it went, what came out.

    reason: why it did not finish. started: ISO 8601, UTC. version: of rnnexp.
    model, data: as printed. choices: the option chosen in each group. overrides: what the command
        set, by key. job: its place among the jobs of its study, from 0.
    fingerprint: of all settings that can change its numbers. content: of the files it read.
    measured: of the probes and their settings; None in files of the first version.
    code: digest of the source of components of the user's own, None where all are rnnexp's.
    words: of the command. config_dirs: the folders that it named with --config-dir.
    process: where it runs, or ran last. continues: the run whose training this one goes on with.
    resumed: when it went on after an interruption, and from where.
    sealed: whether the directory has a manifest, with the digest of each of its files.
    headline: the name of the score that tables show. scores: how each is read.
    chance, perfect: by the name of the score. solved_at: of the headline.
    synthetic: the data are made by a program. memory: of a task with a known distance to remember.
    unit: what the training is counted in. cell: None of a model without a recurrence.
    engine: how its gradients are computed, as it was chosen: `fused`, `autograd`, `bptt`.
    replicas: how many runs were trained as one program with it, itself among them; None of one that
        was trained alone. `seconds` are then those of all of them.
    monitor: the name of the validation score by which epochs are told apart.
    best_epoch, best_step, best_validation: of its best value, None without a validation split.
    tested: which weights the test is of, and `load_model` loads; None where nothing was tested.
    validation: loss and scores of the last epoch that was validated.
    test, test_interval: of the test split, with 95% intervals over its examples; None where they
        allow none.
    at_lengths: the same at other lengths. regime: what was predicted from the initial weights.
    probes: the numbers of each probe's last measurement. skipped_probes, failed_probes: why.
    failed_loggers: what each was given up for, before the run had its result.
    """

    status: Status
    reason: str | None = None
    started: str | None = None
    version: str | None = None
    model: str | None = None
    data: str | None = None
    seq_len: int | None = None
    seed: int
    job: int | None = None
    fingerprint: str | None = None
    content: str | None = None
    measured: str | None = None
    code: str | None = None
    choices: dict[str, str] = {}
    overrides: dict[str, str] = {}
    words: list[str] = []
    config_dirs: list[str] = []
    process: Process | None = None
    continues: str | None = None
    resumed: list[str] = []
    sealed: bool = False
    parameters: int | None = None
    headline: str | None = None
    scores: dict[str, Reading] = {}
    chance: dict[str, Number] = {}
    perfect: dict[str, Number] = {}
    solved_at: Number = None
    synthetic: bool = False
    memory: bool = False
    unit: Literal["step", "epoch"] = "epoch"
    cell: CellFacts | None = None
    engine: str | None = None
    replicas: int | None = None
    data_report: dict[str, Any] = {}
    embedding_report: dict[str, Any] = {}
    regime: dict[str, Any] = {}
    probes: dict[str, dict[str, Number]] = {}
    skipped_probes: dict[str, str] = {}
    failed_probes: dict[str, str] = {}
    failed_loggers: dict[str, str] = {}
    epochs: int | None = None
    steps: int | None = None
    best_epoch: int | None = None
    best_step: int | None = None
    best_validation: Number = None
    monitor: str | None = None
    tested: Tested | None = None
    seconds: Number = None
    tokens_per_second: int | None = None
    probe_seconds: Number = None
    wall_seconds: Number = None
    peak_memory_mb: Number = None
    validation: dict[str, Number] | None = None
    test: dict[str, Number] | None = None
    test_interval: dict[str, list[Number]] | None = None
    at_lengths: dict[str, AtLength] = {}

    @field_validator("test", "validation", "chance", "perfect", mode="before")
    @classmethod
    def _finite(cls, values: Any) -> Any:
        return {k: _number(v) for k, v in values.items()} if isinstance(values, Mapping) else values

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The first version told scores by their names, and no cell."""
        made = super().upgraded(values)
        for key in ("chance", "perfect", "overrides", "choices", "regime", "probes",
                    "skipped_probes", "at_lengths", "data_report", "embedding_report"):  # fmt: skip
            if made.get(key, {}) is None:
                del made[key]
        # the first runs had one synthetic corpus and no word on it
        made.setdefault("synthetic", values.get("data") == "reviews")
        headline = values.get("headline")
        loss = SQUARED_ERROR if headline == MSE.name else CROSS_ENTROPY
        known = {score.name: score for score in (ACCURACY, MSE, loss)}
        made["scores"] = {
            name: Reading.of(known[name]) for name in (loss.name, headline) if name in known
        }
        if headline is not None and headline not in known:  # a score of the user's own task
            made["scores"][headline] = Reading(better=_better(values, headline), axis=headline)
        measured = (values.get("probes") or {}).get("gates") or {}
        for gates, carry, candidate, has_cell_state in (
            (["input", "forget", "output"], "forget", "cell", True),
            (["reset", "update"], "update", "new", False),
        ):
            if f"mean_{carry}" in measured:
                made["cell"] = CellFacts(
                    gates=gates, carry=carry, candidate=candidate, has_cell_state=has_cell_state
                )
        return made

    def score(self, name: str | None = None) -> Score | None:
        """A score with its chance level, by default the headline's; None where there is none."""
        name = name or self.headline
        reading = self.scores.get(name or "")
        if name is None or reading is None:
            return None
        return Score(
            name, reading.better, reading.axis, reading.percent, reading.logarithmic,
            perfect=self.perfect.get(name),
            chance=self.chance.get(name),
            solved_at=self.solved_at if name == self.headline else None,
        )  # fmt: skip

    @property
    def further_scores(self) -> list[Score]:
        """Those that are reported beside the loss and the headline, in their order."""
        scores = [score for name in self.scores if (score := self.score(name)) is not None]
        return [score for score in scores if not score.is_loss and score.name != self.headline]

    @property
    def done(self) -> bool:
        """Whether it has its result: finished, or diverged."""
        return self.status in DONE

    @property
    def settled(self) -> bool:
        """Whether the same command leaves it as it is: it has its result, or was pruned."""
        return self.done or self.status == "pruned"


class TaskRecord(Record):
    """What must be known of a run's data to load its model and to ask it: task.json.

    vocabulary: the word of each token id, None where inputs are numbers. input_size, output_size,
        regression, per_step: as in `Task`; None in files of the first version.
    embedding_dim: features per step, behind the encoder.
    classes, cleaning, padding: of texts: their classes' names, how a text becomes words, where its
        pads are.
    cut, tokens: which words of a longer text are read, and what counts as one; None in files of
        version 0.6 and before, which read the first words.
    scaling: of numbers to predict, the mean and the standard deviation of the training split, by
        which targets and outputs are standardised.
    """

    vocabulary: list[str] | None = None
    input_size: int | None = None
    output_size: int | None = None
    regression: bool = False
    per_step: bool = False
    embedding_dim: int | None = None
    classes: list[str] | None = None
    cleaning: dict[str, Any] | None = None
    padding: Literal["post", "pre"] | None = None
    cut: Literal["first", "last", "middle"] | None = None
    tokens: Literal["words", "subwords"] | None = None
    scaling: dict[str, float] | None = None


def _better(values: Mapping[str, Any], name: str) -> Literal["high", "low"]:
    """Which way a score is better, by where perfection lies from chance."""
    chance, perfect = ((values.get(key) or {}).get(name) for key in ("chance", "perfect"))
    return "low" if chance is not None and perfect is not None and perfect < chance else "high"
