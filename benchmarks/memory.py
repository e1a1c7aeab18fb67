"""The memory that a training takes, each in a fresh process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.cases import Case
from benchmarks.children import Child
from benchmarks.peers.base import Peer

#: What a process trains first, so that libraries and compilers have what they hold for themselves.
FIRST = {"seq_len": 4, "batch_size": 2, "size": 4, "vocabulary": 10}


@dataclass(frozen=True)
class Memory:
    """peak_bytes: by peer, the most that its process held while it trained, less what it held
    before there was a model: weights, moments, states and whatever else it keeps.
    """

    case: Case
    peak_bytes: dict[str, int]

    def ratio(self, peer: str, to: str) -> float | None:
        """None where one of them is not there, or too little to be seen."""
        over, under = self.peak_bytes.get(peer), self.peak_bytes.get(to)
        return over / under if over is not None and under else None


def whole_cases() -> list[Case]:
    return [Case(kind, 1600) for kind in ("rnn", "lstm", "unrolled")]


def quick_cases() -> list[Case]:
    return [Case("rnn", 10, batch_size=2, size=4, vocabulary=20)]


def measure_memory(
    cases: Sequence[Case], peers: Sequence[Peer], say: Callable[[str], None]
) -> list[Memory]:
    """One thread, two steps; those peers that differ in rounding alone are measured once."""
    measured = []
    for case in cases:
        peaks = {}
        for peer in peers:
            if not (peer.typical and peer.trains and peer.is_weighed(case)):
                continue
            try:
                peaks[peer.name] = _peak(peer, case)
            except RuntimeError as error:  # killed for memory, say
                say(f"memory, {case.kind}, {case.seq_len} tokens: not {peer.name}: {error}")
        measured.append(Memory(case, peaks))
        told = (f"{name} {peak / 1e6:.0f} MB" for name, peak in peaks.items())
        say(f"memory, {case.kind}, {case.seq_len} tokens: {', '.join(told)}")
    return measured


def _peak(peer: Peer, case: Case) -> int:
    with Child(peer, threads=1) as child:
        child.prepare(Case(case.kind, **FIRST))
        child.train(1)
        before = child.forget_peak()
        child.prepare(case)
        return max(child.train(1).peak_bytes for _ in range(2)) - before
