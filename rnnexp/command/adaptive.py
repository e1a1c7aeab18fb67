"""hydra/sweeper=adaptive: a study whose lengths are chosen in rounds, where half the seeds learn.

Each round is what any study is: its jobs are checked before the first of them, planned, and carried
out by the launcher that was chosen. What the next one is follows from the results of the rounds
before on disk and from nothing else, so that the same command goes on with a study that was cut
short, whatever was done of it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from rnnexp import config as settings
from rnnexp.command.console import say
from rnnexp.command.launcher import checked_jobs
from rnnexp.errors import ConfigError, DataError
from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings.trainability import line_of_runs
from rnnexp.results.l50 import Posterior
from rnnexp.results.next_lengths import LengthPlan
from rnnexp.results.reading import folders_by_fingerprint
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study_run import StudyRun

log = logging.getLogger(__name__)


class AdaptiveSweeper(Sweeper):
    """jobs: the words of those of the first round.

    check_round: checks and plans the jobs of a later round, before the first of them; told how many
        rounds may follow it.
    """

    def __init__(
        self,
        jobs: Sequence[Sequence[str]],
        check_round: Callable[[DictConfig, Sequence[Sequence[str]], int], None],
    ) -> None:
        self._jobs, self._check_round = jobs, check_round

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self._config = config
        self._launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Round by round. A job that fails costs its own result; it is raised once all are done."""
        study = Path(self._config.hydra.sweep.dir)
        OmegaConf.save(self._config, study / "multirun.yaml")  # as Hydra's own sweeper does
        chosen = Chosen.of(self._config)
        if not chosen.by_rounds:
            say(f"{chosen.setting} is given: no lengths are chosen")
        rounds, jobs, done = [], list(self._jobs), list[Sequence[str]]()
        failure: Exception | None = None
        for left in range(chosen.plan.rounds - 1, -1, -1):
            try:
                rounds.append(self._launcher.launch(jobs, initial_job_idx=len(done)))
            except Exception as error:  # of a job: the others of its round have been run
                failure = failure or error
                if settings.jobs(settings.plain(self._config)).fail_fast:
                    raise
            done += jobs
            if not left or not chosen.by_rounds:
                break
            lengths = next_lengths(chosen, done, study)
            jobs = [
                list(words)
                for line, seeds in lines_of(chosen.setting, self._jobs).items()
                for length in lengths.get(line, ())
                for words in (seeds.at(chosen.setting, length))
            ]
            self._check_round(self._config, jobs, left - 1 if jobs else 0)
            if not jobs:
                say(why_none(chosen, done, study))
                break
            number = chosen.plan.rounds - left + 1
            said = [
                f"{' '.join(line) or 'the network'}: {_listed(n)}" for line, n in lengths.items()
            ]
            say(f"round {number} of at most {chosen.plan.rounds}, {len(jobs)} runs; "
                f"{chosen.setting} chosen by the results: {'; '.join(said)}")  # fmt: skip
        if failure is not None:
            raise failure
        return rounds


def why_none(chosen: "Chosen", jobs: Sequence[Sequence[str]], study: Path) -> str:
    """Why no line has further lengths."""
    lines = known_lines(chosen, jobs, study)
    if not lines:
        return "no further lengths: no line has results at two lengths"
    known = [budget for posteriors, _ in lines.values() for budget in posteriors]
    if all(posterior.l50.factor <= chosen.plan.precise for posterior in known):
        return "no further lengths: what is known is as precise as was asked for"
    first = chosen.plan.first
    return (
        f"no further lengths: between {first[0]} and {first[-1]} none is left whose result could "
        "say more (hydra.sweeper.first sets the ends)"
    )


def _listed(lengths: Sequence[int]) -> str:
    return ", ".join(map(str, lengths)) or "none"


# -- what a configuration says of it --------------------------------------------------------------


def is_adaptive(config: DictConfig) -> bool:
    """Whether the study's lengths are chosen as it goes."""
    target = f"{AdaptiveSweeper.__module__}.{AdaptiveSweeper.__name__}"
    return str(config.hydra.sweeper.get("_target_")) == target


@dataclass(frozen=True)
class Chosen:
    """setting: whose values are chosen. by_rounds: whether they are, and not given in words."""

    setting: str
    plan: LengthPlan
    by_rounds: bool

    @classmethod
    def of(cls, config: DictConfig) -> "Chosen":
        """Raises ConfigError for what is wrong in `hydra.sweeper`."""
        own = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
        assert isinstance(own, dict)
        setting = own["setting"]
        if (config.get("data") or {}).get("train_lengths") is not None:
            raise ConfigError(
                "hydra/sweeper=adaptive chooses lengths by L50, of networks that are trained at "
                "one length, and data.train_lengths gives others: use hydra/sweeper=basic with "
                f"lengths, as in {setting}=10,20,40"
            )
        if setting not in LENGTHS:
            raise ConfigError(
                f"hydra.sweeper.setting must be one of {', '.join(LENGTHS)} (got {setting})"
            )
        if not isinstance(own["first"], list):
            raise ConfigError(
                f"hydra.sweeper.first must be a list, as in [5,20,80] (got {own['first']})"
            )
        try:
            plan = LengthPlan(own["first"], own["rounds"], own["each"], own["precise"])
        except ValueError as error:
            raise ConfigError(f"hydra.sweeper.{error}") from None
        words = [*config.hydra.overrides.task, *(f"{key}=" for key in own["params"] or {})]
        given = {str(word).lstrip("+").partition("=")[0] for word in words}
        return cls(setting, plan, setting not in given)


def first_words(config: DictConfig) -> list[str]:
    """The word that names the lengths of the first round; none where the command has named some."""
    chosen = Chosen.of(config)
    lengths = ",".join(map(str, chosen.plan.first))
    return [f"{chosen.setting}={lengths}"] if chosen.by_rounds else []


def rounds_to_come(config: DictConfig) -> int | None:
    """How many rounds may follow the first; None of a study whose jobs are all known."""
    if not is_adaptive(config):
        return None
    chosen = Chosen.of(config)
    return chosen.plan.rounds - 1 if chosen.by_rounds else 0


# -- lines ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfLine:
    """The jobs of one line: all settings alike but the length and the seed.

    seeds: the words of one job for each seed.
    """

    seeds: Sequence[Sequence[str]]

    def at(self, setting: str, length: int) -> list[list[str]]:
        """The same at another length."""
        return [
            [f"{setting}={length}" if _key(word) == setting else word for word in words]
            for words in self.seeds
        ]


def _key(word: str) -> str:
    return word.lstrip("+").partition("=")[0]


def lines_of(setting: str, jobs: Sequence[Sequence[str]]) -> dict[tuple[str, ...], OfLine]:
    """The lines of a round, by the words that tell them apart."""
    varying = {word for words in jobs for word in words}
    constant = {word for word in varying if all(word in words for words in jobs)}
    lines: dict[tuple[str, ...], dict[tuple[str, ...], Sequence[str]]] = {}
    for words in jobs:
        apart = [word for word in words if word not in constant]
        line = tuple(word for word in apart if _key(word) not in (setting, "seed"))
        but_length = tuple(word for word in words if _key(word) != setting)
        lines.setdefault(line, {}).setdefault(but_length, words)
    return {line: OfLine(list(seeds.values())) for line, seeds in lines.items()}


def next_lengths(
    chosen: Chosen, jobs: Sequence[Sequence[str]], study: Path
) -> dict[tuple[str, ...], list[int]]:
    """The lengths that each line is to be tried at next, by the results of `jobs` alone."""
    return {
        line: chosen.plan.next(known, tried)
        for line, (known, tried) in known_lines(chosen, jobs, study).items()
    }


def known_lines(
    chosen: Chosen, jobs: Sequence[Sequence[str]], study: Path
) -> dict[tuple[str, ...], tuple[list[Posterior], set[int]]]:
    """What is known of L50 within each budget, and the lengths tried, of each line that has results
    at two lengths.
    """
    folders = folders_by_fingerprint(study)
    lines: dict[tuple[str, ...], tuple[list[Posterior], set[int]]] = {}
    for line, seeds in lines_of(chosen.setting, jobs).items():
        own = [words for words in jobs if _is_of(words, line, seeds, chosen.setting)]
        at = [next(int(w.partition("=")[2]) for w in words if _key(w) == chosen.setting)
              for words in own]  # fmt: skip
        found = [(n, _run(words, folders)) for n, words in zip(at, own, strict=True)]
        runs = [(n, run) for n, run in found if run is not None]
        made = line_of_runs(" ".join(line), "", chosen.setting, runs)
        if made is None:
            log.warning("%s: fewer than two lengths have a result, so none is chosen",
                        " ".join(line) or "the network")  # fmt: skip
        else:
            lines[line] = [within.posterior for within in made.budgets], set(at)
    return lines


def _is_of(words: Sequence[str], line: Sequence[str], seeds: OfLine, setting: str) -> bool:
    but_length = [word for word in words if _key(word) != setting]
    return any(
        but_length == [word for word in of_seed if _key(word) != setting] for of_seed in seeds.seeds
    )


def _run(words: Sequence[str], folders: Mapping[str, Sequence[Path]]) -> StudyRun | None:
    """The run of a job that has been carried out; None where it left none that can be read."""
    fingerprint = checked_jobs[tuple(words)].identity.fingerprint
    for path in folders.get(fingerprint[:8], ()):
        try:
            run = RunDirectory.open(path)
            summary = run.summary
        except (DataError, OSError):
            continue
        if summary.fingerprint == fingerprint:
            return StudyRun(run, summary)
    return None
