"""What a run says of its texts and word vectors before it trains. Never imports torch."""

import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)

#: A class' count is shown of so many classes, the commonest.
MAX_CLASSES = 12


def text_lines(report: Mapping[str, Any], seq_len: int | None) -> list[str]:
    """What the texts hold, for tasks that read texts: wrong columns and lost letters show here."""
    if "words_per_text" not in report:
        return []
    words, unknown = report["words_per_text"], report["unknown_words"]
    causes = ", ".join(f"{count} {cause}" for cause, count in report["empty_texts"].items())
    by_split = ", ".join(
        f"{_small_share(unknown[split])} of {words_of} words"
        for split, words_of in (("train", "training"), ("test", "test"))
        if unknown.get(split) is not None
    )
    lines = [
        _classes(report["classes"]) if "classes" in report else _numbers(report["numbers"]),
        f"words per text: median {words['median']:.0f}, 95% have up to "
        f"{words['percentile_95']:.0f}; {words['longer_than_seq_len']:.1%} of the texts are cut at "
        f"{seq_len}{_how_cut(report, seq_len)}; texts without words: {report['without_words']}"
        + (f" ({causes})" if causes else ""),
        f"letters lost: {_small_share(report['letters_lost'])}; unknown words: {by_split}",
    ]
    if count := report["normalised_texts"]:
        lines.append(
            f"{count} texts are not read character by character: letters that can be written in "
            "several ways become one (Unicode NFC; 'İ' in lower case is 'i'), and what nobody sees "
            "is left out"
        )
    return lines


def _classes(counts: Mapping[str, int]) -> str:
    """How many texts each class has; of many classes the commonest."""
    classes = sorted(counts.items(), key=lambda item: -item[1])
    shown = sorted(classes[:MAX_CLASSES], key=lambda item: list(counts).index(item[0]))
    named = ", ".join(f"{name} {count}" for name, count in shown)
    more = f" and {len(classes) - len(shown)} rarer ones" if len(classes) > len(shown) else ""
    return f"{len(classes)} classes: {named}{more}"


def _numbers(numbers: Mapping[str, float]) -> str:
    """
    >>> _numbers({"mean": 3, "standard_deviation": 1.25, "least": 1, "greatest": 5})
    'numbers of the training texts: mean 3, standard deviation 1.25, from 1 to 5; standardised by \
mean and deviation, scores are in their own unit'
    """
    return (
        f"numbers of the training texts: mean {numbers['mean']:.4g}, standard deviation "
        f"{numbers['standard_deviation']:.4g}, from {numbers['least']:.4g} to "
        f"{numbers['greatest']:.4g}; standardised by mean and deviation, scores are in their own "
        "unit"
    )


def _how_cut(report: Mapping[str, Any], seq_len: int | None) -> str:
    """How many texts are cut, and what is read of them.

    >>> _how_cut({"cut_texts": 12, "cut": "last", "tokens": "words"}, 50)
    ' (12: their last 50 words are read)'
    """
    if not report.get("cut_texts"):
        return ""
    read = f"{seq_len} {report['tokens']}"
    place = f"{read} in the middle" if report["cut"] == "middle" else f"{report['cut']} {read}"
    return f" ({report['cut_texts']}: their {place} are read)"


def _small_share(share: float) -> str:
    """In percent; what is not 0 is never shown as 0.

    >>> _small_share(0.0), _small_share(0.00002), _small_share(0.024)
    ('0%', 'below 0.01%', '2.40%')
    """
    if not share:
        return "0%"
    return f"{share:.2%}" if share >= 1e-4 else "below 0.01%"


def vectors_line(report: Mapping[str, Any]) -> str:
    """How many words have a vector of the file, and what of the file was not taken."""
    passed_over = ", ".join(
        f"{count} {what}" for what, count in report.get("lines_passed_over", {}).items()
    )
    found = f"Found embeddings for {report['matched']} / {report['words']} words"
    return f"{found}; lines passed over: {passed_over}" if passed_over else found


_warned: set[str] = set()


def warn_once(report: Mapping[str, Any], in_study: bool) -> None:
    """The warnings on the data; in a study on the screen once, though each run's log has them."""
    for line in report.get("warnings", ()):
        again = in_study and line in _warned
        _warned.add(line)
        log.log(logging.INFO if again else logging.WARNING, "warning: %s", line)
