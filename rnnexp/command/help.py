"""The page of `rnnexp --help`, made from the folders of choices: Hydra is not asked."""

import textwrap
from collections.abc import Iterable

from rnnexp.command.choices import PRESETS, choices, defaults, groups, shown, top_settings
from rnnexp.command.verbs import VERBS

WIDTH = 98

HEAD = """\
rnnexp trains a recurrent network on long sequences and shows why it does or does not learn.

usage:  rnnexp [setting=value ...]           train and test one network
        rnnexp -m setting=a,b ...            train one for every combination: a study
{verbs}

examples:
  rnnexp model=rnn seq_len=200
  rnnexp -m model=rnn,lstm,bag seq_len=50,100,200 seed=0,1,2
  rnnexp experiment=length_study data=imdb data.path=data/imdb.csv
"""

FOOT = """\
Runs go to outputs/runs/, studies to outputs/studies/. `rnnexp --cfg job` prints all settings,
`rnnexp --hydra-help` what else Hydra can do. With --config-dir FOLDER in front, choices of your
own are listed and taken too. --quiet (-q) prints no progress and no tables: only the path of
the run or study, and warnings and errors on standard error. --json, for programs, prints one
JSON object, strict and in ASCII, on standard output, with `error` in it where something went
wrong. Both stand anywhere among the words, of verbs too.
`eval "$(rnnexp --shell-completion install=bash)"` completes words by TAB (or zsh, fish)."""


def help_page() -> str:
    """The page, with the choices of the plugins that this process knows."""
    head = HEAD.format(verbs="\n".join(_verbs()))
    return "\n".join([head, *_settings(), "", *_choices(), "", FOOT])


def _verbs() -> list[str]:
    """A line of usage for each verb."""
    commands = {f"rnnexp {name} {verb.words}": verb.purpose for name, verb in VERBS.items()}
    return [f"        {command:<36} {purpose}" for command, purpose in commands.items()]


def _settings() -> list[str]:
    items = [f"{name} ({shown(value)})" for name, value, _ in top_settings()]
    lines = ["settings (value when not set):", *_wrapped(items, "  ", "  ")]
    for group in groups():
        chosen = defaults()[group]
        if isinstance(chosen, str):  # probes are listed by name alone
            items = [
                f"{group}.{name} ({shown(value)})"
                for name, value, _ in choices(group)[chosen].settings
            ]
            lines += _wrapped(items, "  ", "  ")
    return lines


def _choices() -> list[str]:
    lines = ["choices, each a file in conf/ (the first is taken when nothing is said):"]
    for group in groups():
        names = list(choices(group))
        if isinstance(default := defaults()[group], list):
            names = [f"[{','.join(default)}]", *names, "all"]
        lines += textwrap.wrap(
            f"{group}={'|'.join(names)}".replace("|", "| "), WIDTH - 2,
            initial_indent="  ", subsequent_indent="      ", break_long_words=False,
        )  # fmt: skip
    lines = [line.replace("| ", "|") for line in lines]
    lines += ["", "presets, what each does and how many runs it makes:"]
    for name, preset in choices(PRESETS).items():
        head = f"  {PRESETS}={name}"
        text = f"{preset.summary} ({preset.shown_jobs})"
        if len(head) > 34:
            lines, head = [*lines, head], ""
        lines += textwrap.wrap(
            text, WIDTH, initial_indent=head.ljust(36), subsequent_indent=" " * 36
        )
    return lines


def _wrapped(items: Iterable[str], first: str, following: str) -> list[str]:
    """Items side by side; none is broken at its blank."""
    joined = "  ".join(item.replace(" ", "\0") for item in items)
    wrapped = textwrap.wrap(
        joined, WIDTH, initial_indent=first, subsequent_indent=following, break_long_words=False
    )
    return [line.replace("\0", " ") for line in wrapped]
