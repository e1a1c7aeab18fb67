"""By which versions of rnnexp runs were made: said where they stand in one table, never redone."""

from collections import Counter
from collections.abc import Sequence

from rnnexp import __version__
from rnnexp.results.summary import Summary


def versions_line(runs: Sequence[Summary]) -> str:
    """`3 of 8 runs were made by another version ...`; empty where this one made all of them."""
    others = Counter(run.version or "" for run in runs if run.version != __version__)
    if not others:
        return ""
    listed = ", ".join(
        f"{count} by {version or 'an early one that did not say'}"
        for version, count in sorted(others.items())
    )
    return (
        f"{others.total()} of {len(runs)} runs were made by another version of rnnexp than this "
        f"one, {__version__}: {listed}"
    )
