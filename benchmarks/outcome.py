"""All that a run of the benchmark has measured."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.cases import Case
from benchmarks.machine import Machine
from benchmarks.measuring import Measured
from benchmarks.memory import Memory
from benchmarks.scripts import Printed


@dataclass
class Outcome:
    """missing: the peers that could not take part at all, with the reason.

    profiles: where the time of a step goes, by the words of the case.
    """

    machine: Machine
    quick: bool
    training: list[Measured]
    memory: list[Memory]
    scripts: list[Printed]
    missing: dict[str, str]
    profiles: dict[str, str] = field(default_factory=dict)
    minutes: float = 0.0

    def at(self, kind: str, seq_len: int, threads: int = 1) -> Measured | None:
        """The steps of that case, where they were measured."""
        for measured in self.steps():
            case = measured.case
            if (case.kind, case.seq_len, measured.threads) == (kind, seq_len, threads):
                return measured
        return None

    def steps(self) -> Iterator[Measured]:
        """What was measured step by step, on texts of full length."""
        return (measured for measured in self.training if not measured.case.epoch_steps)

    def epochs(self) -> Iterator[Measured]:
        return (measured for measured in self.training if measured.case.epoch_steps)

    def tables(self) -> dict[tuple[str, int], list[Measured]]:
        """The steps by kind and number of threads, by growing length."""
        groups: dict[tuple[str, int], list[Measured]] = {}
        for measured in sorted(self.steps(), key=lambda m: m.case.seq_len):
            groups.setdefault((measured.case.kind, measured.threads), []).append(measured)
        return dict(sorted(groups.items(), key=lambda item: item[0][1]))

    def losses_apart(self) -> dict[str, tuple[float, float]]:
        """How far each peer's loss is from that of the first, the largest of all cases: at the
        initial weights, and after the first updates.
        """
        apart: dict[str, list[list[float]]] = {}
        for measured in self.steps():
            first, *others = measured.rounds
            for name in others:
                if differences := measured.loss_differences(name, first):
                    apart.setdefault(name, []).append(differences)
        return {
            name: (max(first for first, _ in rows), max(later for _, later in rows))
            for name, rows in apart.items()
        }

    def memory_of(self, kind: str) -> Memory | None:
        return next((memory for memory in self.memory if memory.case.kind == kind), None)


def words(case: Case) -> str:
    """A case, as it is named in tables.

    >>> words(Case("lstm", 400))
    'lstm, 400 tokens'
    """
    return f"{case.kind}, {case.seq_len} tokens"
