"""Speed beside plain PyTorch, Keras and Lightning, measured in one run.

    python -m benchmarks [--quick] [--folder FOLDER] [--without-parts] [--without-frameworks]

Exits with 1 where a peer's first loss is not rnnexp's: it has then computed something else.
Writes RESULTS.md and cost.png (and .svg), into this folder if no other is named. A peer that is not
installed is said to be missing: `pip install rnnexp[benchmark]` brings them all. See the single
files for what is measured and how; `--quick` shows in seconds that it all runs.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import figure, memory, report, scripts, training
from benchmarks.children import Child
from benchmarks.machine import cores, this_machine
from benchmarks.outcome import Outcome, words
from benchmarks.peers import peers
from benchmarks.peers.base import Peer
from benchmarks.peers.rnnexp import OURS
from benchmarks.targets import targets


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="seconds: sizes that say nothing")
    parser.add_argument("--folder", type=Path, default=scripts.FOLDER, help="where results go")
    parser.add_argument(
        "--without-parts", action="store_true",
        help="leave out data preparation, studies, start-up and probes",
    )  # fmt: skip
    parser.add_argument(
        "--without-frameworks", action="store_true", help="leave out Keras and Lightning"
    )
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    started, machine = time.perf_counter(), this_machine()
    left_out = options.without_frameworks
    missing = {peer.name: why for peer in peers() if (why := _why_missing(peer, left_out))}
    there = [peer for peer in peers() if peer.name not in missing]
    if options.quick:
        there = [peer for peer in there if peer.typical]
    by_hand = [peer for peer in there if not peer.framework]
    plan = training.quick_plan() if options.quick else training.whole_plan(cores())
    cases = memory.quick_cases() if options.quick else memory.whole_cases()
    outcome = Outcome(
        machine=machine,
        quick=options.quick,
        training=training.measure_training(plan, there, _say),
        memory=memory.measure_memory(cases, by_hand if options.quick else there, _say),
        scripts=[] if options.quick or options.without_parts else scripts.run_parts(_say),
        missing=missing,
    )
    outcome.profiles.update(_profiles(outcome))
    outcome.minutes = (time.perf_counter() - started) / 60
    path = report.write(outcome, figure.draw(outcome, options.folder), options.folder)
    _say(f"{path}: {outcome.minutes:.1f} minutes")
    bounds = {peer.name: peer.loss_bound for peer in there}
    apart = outcome.losses_apart().items()
    others = [name for name, (first, _) in apart if not first <= bounds[name]]  # NaN is another
    if others:
        print(f"not the same loss as rnnexp's: {', '.join(others)}", file=sys.stderr)
    return 1 if others else 0


def _why_missing(peer: Peer, without_frameworks: bool) -> str:
    if peer.framework and without_frameworks:
        return "left out, as asked"
    absent = peer.missing()
    if not absent:
        return ""
    return f"{' and '.join(absent)} not installed"


def _profiles(outcome: Outcome) -> dict[str, str]:
    """Of the cases behind the numbers that are not met."""
    cases = dict.fromkeys(t.profiled for t in targets() if t.profiled and t.missed(outcome))
    if not cases:
        return {}
    profiles = {}
    with Child(OURS, threads=1) as child:
        for case in cases:
            try:
                child.prepare(case)
                child.train(1)
                profiles[words(case)] = child.profile()
            except RuntimeError as error:
                profiles[words(case)] = f"not profiled: {error}"
                break
    return profiles


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
