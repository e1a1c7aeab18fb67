"""Training side by side: which cases, by how many threads, and all of them measured in turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.cases import Case
from benchmarks.children import children
from benchmarks.measuring import Effort, Measured, measure
from benchmarks.peers.base import Peer

LENGTHS = (50, 100, 200, 400, 800, 1600)


@dataclass(frozen=True)
class Plan:
    """cases: what is trained, by the number of threads."""

    cases: dict[int, Sequence[Case]]
    effort: Effort = field(default_factory=Effort)


def whole_plan(cores: int) -> Plan:
    """All lengths with one thread; some with two, where there are so many cores; two epochs."""
    kinds = ("rnn", "lstm", "unrolled")
    alone = [
        *(Case(kind, length) for kind in kinds for length in LENGTHS),
        *(Case("gru", length) for length in (100, 400)),
        *(Case(kind, 400, epoch_steps=8) for kind in ("rnn", "lstm")),
    ]
    if cores < 2:
        return Plan({1: alone})
    lengths = {"rnn": (100, 400), "lstm": (100, 400), "unrolled": (100, 400)}
    return Plan({1: alone, 2: [Case(kind, n) for kind, some in lengths.items() for n in some]})


def quick_plan() -> Plan:
    """Sizes at which nothing can be said of speed: it shows that everything runs."""
    tiny = {"batch_size": 2, "size": 4, "vocabulary": 20}
    lengths = {"rnn": (5, 10), "unrolled": (10,)}
    steps = [Case(kind, n, **tiny) for kind, numbers in lengths.items() for n in numbers]
    return Plan({1: [*steps, Case("rnn", 10, epoch_steps=2, **tiny)]}, Effort(2, 1, 0.05))


def measure_training(
    plan: Plan, peers: Sequence[Peer], say: Callable[[str], None]
) -> list[Measured]:
    """Each case, once every peer has warmed up on it. The first of the peers is what the others are
    compared with; `say` gets a line for each case.
    """
    all_measured = []
    for threads, cases in plan.cases.items():
        with children(peers, threads) as processes:
            for case in cases:
                measured = measure(case, threads, processes, plan.effort)
                all_measured.append(measured)
                say(_line(measured, peers[0].name))
    return all_measured


def _line(measured: Measured, ours: str) -> str:
    case, own = measured.case, measured.seconds(ours)
    assert own is not None
    ratios = [
        f"{name} {ratio.median:.2f}"
        for name in measured.rounds
        if name != ours and (ratio := measured.ratio(name, ours))
    ]
    what = "epoch" if case.epoch_steps else "step"
    return (
        f"{case.kind}, {case.seq_len} tokens, {measured.threads} thread(s), {what}: "
        f"{1000 * own.median:.1f} ms a step; times as long: {', '.join(ratios)}"
    )
