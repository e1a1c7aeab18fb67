"""The page of a run."""

from collections.abc import Sequence
from pathlib import Path

from rnnexp import __version__
from rnnexp.errors import DataError
from rnnexp.results import conclusions, words
from rnnexp.results.findings.base import Finding
from rnnexp.results.job_status import duration
from rnnexp.results.names import shown_path
from rnnexp.results.page import sections, surroundings
from rnnexp.results.page.content import Command, Drawn, Page
from rnnexp.results.page.pictures import Pictures
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary


def page_of_run(
    run: RunDirectory,
    findings: Sequence[Finding],
    answer: Sequence[str],
    drawn: Drawn | None,
    folder: Path,
) -> Page:
    """answer: sentences. drawn: its figures; None where none were to be drawn.

    folder: of the page.
    """
    summary = run.summary
    pictures = Pictures(drawn or Drawn(), folder)
    shown, faults = sections.of_findings(findings, pictures)
    predicted = sections.of_regime(summary.regime)
    question, of_question = _question(run)
    left_out = [] if drawn is None else drawn.left_out
    settings, of_settings = _settings(run)
    return Page(
        kind="run",
        name=run.path.name,
        version=__version__,
        question=question,
        answer=answer,
        facts=_facts(summary),
        gaps=[*of_question, *gaps(summary), *of_settings, *faults, *left_out],
        asides=asides(summary),
        sections=sorted(
            [*([predicted] if predicted is not None else []), *shown],
            key=lambda section: not section.leads,
        ),
        no_figures=""
        if drawn is not None
        else surroundings.no_figures(run.path, summary.config_dirs),
        commands=_commands(run, summary),
        environment=list(surroundings.facts(run).items()),
        settings=settings,
        styles=pictures.styles,
    )


def _question(run: RunDirectory) -> tuple[str, list[str]]:
    try:
        return conclusions.question_of_run(run), []
    except (DataError, OSError) as error:
        return f"What has {run.path.name} learned?", [f"its question cannot be read: {error}"]


def _settings(run: RunDirectory) -> tuple[str, list[str]]:
    """config.yaml, without the command on its first line."""
    try:
        text = run.content("config.yaml").decode("utf-8", errors="replace")
    except (DataError, OSError) as error:
        return "", [f"its settings cannot be read: {error}"]
    first, _, rest = text.partition("\n")
    return (rest if first.startswith("#") else text).strip(), []


def _facts(summary: Summary) -> list[tuple[str, str]]:
    """What was done, in a few words each."""
    score = summary.score()
    data = words.data_name(str(summary.data), summary.synthetic)
    if summary.synthetic:
        data += ": made by a program, not collected"
    sizes = [f"{summary.data_report[key]} {named}" for key, named in
             (("train", "to train on"), ("val", "to validate"), ("test", "to test"))
             if isinstance(summary.data_report.get(key), int)]  # fmt: skip
    trained = []
    if summary.epochs is not None:
        trained.append(f"{summary.epochs} epoch{'s' if summary.epochs != 1 else ''}")
    if summary.steps is not None:
        trained.append(f"{summary.steps} step{'s' if summary.steps != 1 else ''}")
    if summary.seconds is not None:
        trained.append(duration(summary.seconds))
    facts = [
        ("model", words.model_name(str(summary.model))),
        ("weights that are trained", "" if summary.parameters is None else f"{summary.parameters}"),
        ("data", data),
        ("examples", ", ".join(sizes)),
        ("steps of a sequence", "" if summary.seq_len is None else str(summary.seq_len)),
        ("what is scored", "" if score is None else f"test {score.axis}"),
        ("chance", "" if score is None or score.chance is None else score.show(score.chance)),
        ("seed", str(summary.seed)),
        ("training", ", ".join(trained)),
        ("status", f"{summary.status}{f': {summary.reason}' if summary.reason else ''}"),
    ]
    if summary.tested is not None:
        facts.append(("tested", f"the {summary.tested.weights} weights, of epoch "
                                f"{summary.tested.epoch}"))  # fmt: skip
    return [(name, value) for name, value in facts if value]


def gaps(summary: Summary) -> list[str]:
    """What is missing of a run, or was left out, and why: a line each."""
    lines = []
    if not summary.done:
        lines.append(
            f"the run has no result: it is {summary.status}"
            + (f" ({summary.reason})" if summary.reason else "")
        )
    elif summary.status == "diverged":
        lines.append(
            f"the training diverged, so nothing was tested: {summary.reason or 'no reason'}"
        )
    elif not summary.test:
        lines.append("nothing was tested")
    lines += [
        f"probe {name} was left out: it {why}" for name, why in summary.skipped_probes.items()
    ]
    lines += [f"probe {name} failed: {why}" for name, why in summary.failed_probes.items()]
    lines += [f"logger {name} was given up: {why}" for name, why in summary.failed_loggers.items()]
    if not summary.probes:
        lines.append("no probe has measured anything: how it learns or forgets is not known")
    elif summary.done and not summary.regime:
        lines.append("nothing was predicted from the initial weights (no recurrence, or two ways)")
    if summary.done and not summary.sealed:
        lines.append(
            f"made by version {summary.version or '0.1 or 0.2'}, which wrote no digests: whether "
            "its files are as they were written cannot be checked"
        )
    return lines


def asides(summary: Summary) -> list[str]:
    """What else was said of the data and of how the run went on."""
    lines = []
    for key in ("warnings", "notes"):
        said = summary.data_report.get(key)
        lines += [str(line) for line in said] if isinstance(said, list) else []
    lines += summary.resumed
    if summary.continues:
        lines.append(f"it goes on with the training of {summary.continues}")
    if summary.replicas is not None:
        lines.append(f"{summary.replicas} runs were trained as one program with it")
    return lines


def _commands(run: RunDirectory, summary: Summary) -> list[Command]:
    path, named = shown_path(run.path), summary.config_dirs
    again = surroundings.command_of_run(run)
    commands = [Command("the same run again, in a new folder", again)] if again else []
    if not summary.settled:
        commands.append(Command("go on with it", surroundings.command(["resume", path], named)))
    commands.append(
        Command("its figures and this page anew", surroundings.command_of_report(run.path, named))
    )
    return commands
