"""The numbers that are asked for, each beside what was measured.

All but one are times: how many times as long as rnnexp another one takes for the same, so that more
is better. Met or missed is said where both quartiles agree; else it is unclear.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.cases import Case
from benchmarks.measuring import Middle
from benchmarks.outcome import Outcome
from benchmarks.peers import notebook, peers, plain, rnnexp


@dataclass(frozen=True)
class Target:
    """what: in words. bound: `at_least` it, or at most. profiled: the case whose profile shows what
    limits it.
    """

    what: str
    bound: float
    measured: Callable[[Outcome], Middle | None]
    at_least: bool = True
    profiled: Case | None = None

    def verdict(self, outcome: Outcome) -> str:
        measured = self.measured(outcome)
        if measured is None:
            return "not measured"
        kept = {self._keeps(measured.low), self._keeps(measured.high)}
        return "unclear" if len(kept) > 1 else "yes" if kept == {True} else "**no**"

    def missed(self, outcome: Outcome) -> bool:
        return self.verdict(outcome) in ("**no**", "unclear")

    def _keeps(self, number: float) -> bool:
        return number >= self.bound if self.at_least else number <= self.bound


def targets() -> list[Target]:
    flushed, written, ours = plain.FLUSHED.name, plain.AS_WRITTEN.name, rnnexp.OURS.name
    bf16, loop = rnnexp.BF16.name, notebook.FLUSHED.name
    lstm = Case("lstm", 400)
    return [
        _beside("rnn", 400, flushed, 1.4),
        _beside("rnn", 400, written, 4.0),
        _beside("unrolled", 400, loop, 8.0),
        _beside("lstm", 400, flushed, 1 / 1.03),
        Target(
            f"lstm, 400 tokens: {flushed}, beside {bf16}", 1.7, _ratio("lstm", 400, flushed, bf16),
            profiled=lstm,
        ),
        *(_beside(kind, n, flushed, 1 / 1.05) for kind in ("rnn", "lstm") for n in (50, 100)),
        Target("the closest of Keras and Lightning, on any line", 1.0, _closest_framework),
        _memory("rnn", flushed, 1.0),
        _memory("lstm", flushed, 1.0),
        _memory("unrolled", loop, 2.0),
        *(
            Target(
                f"{kind}: {ours}'s step at 1,600 tokens, in steps at 400 (4 is linear)", 4.4,
                _growth(kind), at_least=False, profiled=Case(kind, 1600),
            )
            for kind in ("rnn", "lstm", "unrolled")
        ),
        Target(
            "the default probes' share of a run of 10 epochs, lstm, 400 tokens", 0.05,
            _share_of_probes, at_least=False,
        ),
        Target(
            "30,000 reviews, cold: a notebook's way (processor's time)", 4.0,
            _printed(r"^\d+ .*reviews +rnnexp, cold .* ([\d.]+)$"),
        ),
        Target(
            "30,000 reviews, warm: seconds", 0.3,
            _printed(r"^\d+ .*reviews +rnnexp, warm +([\d.]+)"), at_least=False,
        ),
        *(
            Target(
                f"200,000 word vectors, {suffix}: a notebook's way (processor's time)", 4.0,
                _printed(rf"^\d+ word vectors, \{suffix} +rnnexp .* ([\d.]+)$"),
            )
            for suffix in (".txt", ".gz", ".zip")
        ),
        Target(
            "rnnexp --help, in times of importing Hydra", 2.0,
            _printed(r"^rnnexp --help.* ratio ([\d.]+)"), at_least=False,
        ),
        Target(
            "a run to its first training step: seconds beyond importing torch", 1.0,
            _printed(r"^a run to its first step.* more ([\d.]+)"), at_least=False,
        ),
    ]  # fmt: skip


def _beside(kind: str, seq_len: int, peer: str, bound: float) -> Target:
    ours, case = rnnexp.OURS.name, Case(kind, seq_len)
    what = f"{kind}, {seq_len} tokens: {peer}"
    return Target(what, bound, _ratio(kind, seq_len, peer, ours), profiled=case)


def _ratio(kind: str, seq_len: int, peer: str, to: str) -> Callable[[Outcome], Middle | None]:
    def measured(outcome: Outcome) -> Middle | None:
        at = outcome.at(kind, seq_len)
        return at.ratio(peer, to) if at else None

    return measured


def closest(outcome: Outcome) -> tuple[str, Middle] | None:
    """The framework that comes closest to rnnexp, and where."""
    frameworks = [peer for peer in peers() if peer.framework]
    names = {peer.name for peer in frameworks}
    lacking = any(
        peer.typical and peer.takes(m.case) and peer.name not in m.rounds
        for m in outcome.training
        for peer in frameworks
    )
    if lacking:  # who was not there may have been faster
        return None
    ratios: Sequence[tuple[str, Middle]] = [
        (f"{name}, {m.case.kind}, {m.case.seq_len} tokens, {m.threads} thread(s)", ratio)
        for m in outcome.training
        for name in names & m.rounds.keys()
        if (ratio := m.ratio(name, rnnexp.OURS.name))
    ]
    return min(ratios, key=lambda named: named[1].median) if ratios else None


def _closest_framework(outcome: Outcome) -> Middle | None:
    found = closest(outcome)
    return found[1] if found else None


def _memory(kind: str, peer: str, bound: float) -> Target:
    def measured(outcome: Outcome) -> Middle | None:
        memory = outcome.memory_of(kind)
        ratio = memory.ratio(peer, rnnexp.OURS.name) if memory else None
        return None if ratio is None else Middle.of([ratio])

    return Target(f"peak memory, {kind}, 1,600 tokens: {peer}", bound, measured)


def _growth(kind: str) -> Callable[[Outcome], Middle | None]:
    def measured(outcome: Outcome) -> Middle | None:
        short, long = outcome.at(kind, 400), outcome.at(kind, 1600)
        if short is None or long is None:
            return None
        ours = rnnexp.OURS.name
        base = short.seconds(ours)
        assert base is not None
        return Middle.of([seconds / base.median for seconds in long.rounds[ours].seconds])

    return measured


def _printed(pattern: str) -> Callable[[Outcome], Middle | None]:
    """A number that one of the scripts printed."""

    def measured(outcome: Outcome) -> Middle | None:
        for printed in outcome.scripts:
            if told := re.search(pattern, printed.text, re.MULTILINE):
                return Middle.of([float(told[1])])
        return None

    return measured


def _share_of_probes(outcome: Outcome) -> Middle | None:
    """Read off what benchmarks/probes.py printed."""
    for printed in outcome.scripts:
        told = re.search(r"^LSTM .*the probes take ([\d.]+)%", printed.text, re.MULTILINE)
        if told:
            return Middle.of([float(told[1]) / 100])
    return None
