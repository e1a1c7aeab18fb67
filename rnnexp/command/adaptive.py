"""hydra/sweeper=adaptive: lengths are chosen in rounds, about where half the seeds learn."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from rnnexp.command.choosing import AllJobs, ChoosingSweeper, run_of
from rnnexp.command.console import say
from rnnexp.errors import ConfigError
from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings.trainability import line_of_runs
from rnnexp.results.l50 import Posterior
from rnnexp.results.next_lengths import LengthPlan
from rnnexp.results.reading import folders_by_fingerprint

log = logging.getLogger(__name__)


class AdaptiveSweeper(ChoosingSweeper):
    """Round by round, each at lengths that the results of those before have chosen."""

    @classmethod
    def first_jobs(
        cls, config: DictConfig, words: Sequence[str], all_jobs: AllJobs
    ) -> list[list[str]]:
        """The first round, at the lengths that the command names if it does."""
        chosen = Chosen.of(config)
        lengths = ",".join(map(str, chosen.plan.first))
        named = [f"{chosen.setting}={lengths}"] if chosen.by_rounds else []
        return all_jobs([*words, *named])

    @classmethod
    def rounds_to_come(cls, config: DictConfig) -> int:
        chosen = Chosen.of(config)
        return chosen.plan.rounds - 1 if chosen.by_rounds else 0

    def choose(self) -> Any:
        chosen = Chosen.of(self._config)
        if not chosen.by_rounds:
            say(f"{chosen.setting} is given: no lengths are chosen")
        rounds, jobs, done = [], list(self._jobs), list[Sequence[str]]()
        for left in range(chosen.plan.rounds - 1, -1, -1):
            rounds.append(self.launch(jobs, len(done)))
            done += jobs
            if not left or not chosen.by_rounds:
                break
            lengths = next_lengths(chosen, done, self._study)
            jobs = [
                list(words)
                for line, seeds in lines_of(chosen.setting, self._jobs).items()
                for length in lengths.get(line, ())
                for words in (seeds.at(chosen.setting, length))
            ]
            self._check_round(self._config, jobs, left - 1 if jobs else 0)
            if not jobs:
                say(why_none(chosen, done, self._study))
                break
            number = chosen.plan.rounds - left + 1
            said = [
                f"{' '.join(line) or 'the network'}: {_listed(n)}" for line, n in lengths.items()
            ]
            say(f"round {number} of at most {chosen.plan.rounds}, {len(jobs)} runs; "
                f"{chosen.setting} chosen by the results: {'; '.join(said)}")  # fmt: skip
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
        found = [(n, run_of(words, folders)) for n, words in zip(at, own, strict=True)]
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
