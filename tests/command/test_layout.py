"""Sentences that are wrapped, tables that are not, and colours where a terminal has them."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.command.colours import has_colours
from rnnexp.command.console import say_fault, show
from rnnexp.command.layout import lines_for, table_lines, wrapped
from rnnexp.experiment.lines import WIDTH, job_line
from rnnexp.results.prose import Prose
from rnnexp.results.summary import Reading, Summary
from rnnexp.results.tables import Cell, Table
from rnnexp.scores import ACCURACY
from tests.conftest import TINY, Outcome

Rnnexp = Callable[..., Outcome]

LONG = "early, middle, late: the places of the longest example's steps before its readout, " * 3


class Terminal(io.TextIOWrapper):
    """A stream that is one."""

    def __init__(self) -> None:
        self.content = io.BytesIO()
        super().__init__(self.content, "utf-8", write_through=True)

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Terminal]:
    monkeypatch.setenv("TERM", "xterm")

    def of(columns: int) -> Terminal:
        monkeypatch.setenv("COLUMNS", str(columns))
        return Terminal()

    return of


def table(rows: int, columns: int) -> Table:
    cells = [[Cell(f"r{r} {'x' * 12}"), *(Cell(f"{r}-{c}" * 4) for c in range(columns))]
             for r in range(rows)]  # fmt: skip
    return Table(["what", *(f"column {c}" for c in range(columns))], cells, [LONG])


@pytest.mark.parametrize("columns", [40, 80, 100, 160])
def test_no_line_is_wider_than_the_terminal(
    terminal: Callable[[int], Terminal], columns: int
) -> None:
    lines = lines_for([Prose(LONG), table(1, 20), table(4, 20)], terminal(columns))
    bare = [line.replace("\x1b[2m", "").replace("\x1b[0m", "") for line in lines]
    assert max(map(len, bare)) <= columns
    assert max(len(line) for line in bare if "early" in line or "longest" in line) <= 100
    words = " ".join(bare)
    for r in range(4):
        for c in range(20):  # nothing is lost
            assert f"{r}-{c}" * 4 in words


def test_a_table_is_whole_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is one line there; sentences have 100 columns, or as many as COLUMNS says."""
    monkeypatch.delenv("COLUMNS")
    pieces = [Prose(LONG), table(3, 20)]
    lines = lines_for(pieces, io.StringIO())
    rows = [line for line in lines if line.startswith("r")]
    assert len(rows) == 3
    assert min(map(len, rows)) > 200
    assert max(len(line) for line in lines if "early" in line) <= 100
    monkeypatch.setenv("COLUMNS", "1000")
    assert lines_for(pieces, io.StringIO())[0] == LONG.strip()


def test_blocks_repeat_what_tells_the_rows_apart() -> None:
    rows = [[Cell(model), Cell(length), *(Cell("0.123456789")  for _ in range(6))]
            for model in ("rnn", "lstm") for length in ("20", "30")]  # fmt: skip
    lines = table_lines(Table(["model", "seq_len", *"abcdef"], rows), 60)
    heads = [line for line in lines if line.startswith("model")]
    assert len(heads) > 1
    assert all(head.split()[:2] == ["model", "seq_len"] for head in heads)
    assert sorted(
        "".join(head.split()[2:][i] for head in heads for i in range(len(head.split()) - 2))
    ) == list("abcdef")


def test_a_single_row_stands_on_its_side() -> None:
    lines = table_lines(table(1, 9), 80)
    assert lines[0].split() == ["what", "r0", "x" * 12]
    assert len(lines) == 11


def test_a_word_that_is_too_long_stays_whole() -> None:
    path = "outputs/" + "x" * 120
    assert wrapped(f"written to {path} now", 100) == ["written to", f"  {path}", "  now"]
    assert wrapped("", 100) == [""]
    assert wrapped("a\n  b c", 4) == ["a", "  b c"]


def test_signs_of_a_file_stay_harmless(terminal: Callable[[int], Terminal]) -> None:
    bad = "a\x1b[31mb"
    lines = lines_for([Prose(bad, "answer"), Table([bad], [[Cell(bad)]], [bad])], terminal(100))
    assert "\x1b[31m" not in "\n".join(lines)
    assert "\\x1b[31m" in lines[0]


# -- colours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "on_terminal", "in_pipe"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"CLICOLOR_FORCE": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
    ids=["nothing", "dumb", "no", "no-empty", "force", "clicolor", "force-0", "both"],
)
def test_where_there_are_colours(
    terminal: Callable[[int], Terminal], monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str], on_terminal: bool, in_pipe: bool,
) -> None:  # fmt: skip
    stream = terminal(80)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert has_colours(stream) is on_terminal
    assert has_colours(io.TextIOWrapper(io.BytesIO())) is in_pipe
    assert not has_colours(io.StringIO())  # what a notebook captures
    assert not has_colours(None)


def test_a_closed_stream_has_none() -> None:
    stream = io.TextIOWrapper(io.BytesIO())
    stream.close()
    assert not has_colours(stream)


def test_what_is_coloured(
    terminal: Callable[[int], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = terminal(100)
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", stream)
    show([Prose("question"), Prose("  yes", "answer"), Table(["a"], [[Cell("b")]], ["note"])])
    say_fault("rnnexp: error: no")
    text = stream.content.getvalue().decode()
    assert text == (
        "question\n  \x1b[1myes\x1b[0m\na\n-\nb\n\x1b[2mnote\x1b[0m\n"
        "\x1b[31mrnnexp: error: no\x1b[0m\n"
    )


# -- a run, and the jobs of a study ----------------------------------------------------------------


def summary(**more: object) -> Summary:
    made = Summary(
        status="finished", seed=0, headline="accuracy", scores={"accuracy": Reading.of(ACCURACY)},
        chance={"accuracy": 0.5}, test={"accuracy": 0.6123}, test_interval={"accuracy": [0.5, 0.7]},
        seconds=123.4,
    )  # fmt: skip
    return made.model_copy(update=more)


@pytest.mark.parametrize("name", ["#1 rnn_T20_s0", "#12345 " + "rnn_T20_s0_setting=value" * 9])
def test_a_job_has_a_line_that_fits(name: str) -> None:
    line = job_line(name, summary())
    assert len(line) <= WIDTH
    assert "test accuracy 61.2% (50.0% to 70.0%)" in line
    assert line.startswith(name.partition(" ")[0])
    assert len(job_line(name, summary(), "left as it is (jobs.retry=none): ")) <= WIDTH
    assert "diverged: step 3" in job_line(name, summary(status="diverged", reason="step 3"))
    lacking = job_line(name, summary(test={"accuracy": None}))
    assert "test accuracy -, chance 50.0%" in lacking


@pytest.mark.parametrize("several", [False, True], ids=["run", "study"])
def test_what_a_command_says_fits(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    """Of what rnnexp words itself: rows of tables are no sentences, and may be wider in a pipe."""
    monkeypatch.delenv("COLUMNS")
    words = ["-m", "seed=0,1", "optimizer.lr=0.001,0.01", "study=s"] if several else []
    outcome = rnnexp(*TINY, "model=rnn", "threads=1", "probes=[gradient_flow]", *words)
    assert outcome.status == 0
    said = outcome.out.split("\n")
    for above in [i for i, line in enumerate(said) if line and not line.strip("-")]:
        below = said.index("", above)
        said[above - 1 : below] = [line for line in said[above + 1 : below] if len(line) < 100] + [
            ""
        ] * (below - above + 1 - sum(len(line) < 100 for line in said[above + 1 : below]))
    assert max(map(len, said)) <= 100
    question = "How does" if several else "What has the RNN learned"
    asked = next(i for i, line in enumerate(said) if line.startswith(question))
    first_rule = next(i for i, line in enumerate(outcome.out.split("\n")) if line.startswith("---"))
    assert asked < first_rule  # the answer stands before the tables
    if several:
        assert sum(line.startswith("#") for line in said) == 4
        assert "  varying: seed=0,1  optimizer.lr=0.001,0.01" in outcome.out
    else:
        assert said[0].startswith("RNN on the built-in reviews (synthetic) over 12 steps: 1 epoch")
        (run,) = Path("outputs/runs").iterdir()
        log = (run / "rnnexp.log").read_text(encoding="utf-8")
        assert "\x1b" not in log
        assert "tested: the weights after the last epoch; trainer.test_weights=best takes" in log


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_in_a_terminal_and_in_a_pipe(workdir: Path, rnnexp: Rnnexp) -> None:
    """The command in a process of its own, on a terminal of 60 columns."""
    import fcntl
    import pty
    import struct
    import subprocess
    import sys
    import termios

    assert rnnexp(*TINY, "model=rnn", "threads=1", "probes=[gradient_flow]").status == 0
    (run,) = Path("outputs/runs").iterdir()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "rnnexp", "report", str(run)]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # the other end is closed
        pass
    assert process.wait(60) == 0
    text = shown.decode().replace("\r\n", "\n")
    assert "\x1b[1m" in text
    assert max(len(line) for line in text.replace("\x1b[", "").split("\n")) <= 60 + 8
    piped = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "\x1b" not in piped.stdout
