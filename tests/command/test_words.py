"""Names that people give their files, and the words to type."""

import random
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

import rnnexp as package
from rnnexp.command.words import readable
from rnnexp.errors import ConfigError, literal, to_type
from rnnexp.results.runs import RunDirectory
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]

ROWS = "text,label\n" + "a b,x\nc d,y\n" * 30
RUN = ("data=csv", "seq_len=3", "model=bag", "embedding.dim=4", "trainer.epochs=1", "plots=false",
       "probes=none", "threads=1")  # fmt: skip


def understood(word: str) -> object:
    """The value that Hydra gives a setting."""
    value = OverridesParser.create().parse_override(word).value()
    return getattr(value, "text", value)


def test_what_is_to_be_typed_is_read_as_it_stands() -> None:
    """By a shell first and by Hydra then; some of the texts look like numbers or lists."""
    draw = random.Random(0)
    texts = ["", "null", "TRUE", "1e5", "1_0", ".5", "nan", "a,b", "~/x", "x" * 50]
    signs = "ab\"'\\,=[](){}#@~é5.- $&;!:е+_1eE"
    texts += ["".join(draw.choices(signs, k=draw.randint(1, 7))) for _ in range(500)]
    for text in texts:
        (word,) = shlex.split(to_type("data.path", text))
        assert understood(word) == text
        assert understood(f"data.path={literal(text)}") == text


@pytest.mark.parametrize(
    "name",
    ["a=b.csv", "a#b.csv", "a@b.csv", "a[1].csv", "{a}.csv", "reviews (1).csv", "données.csv",
     "обзор.csv", "a b.csv", "a;b&c!.csv", "~x.csv"],
)  # fmt: skip
def test_a_name_that_can_be_read_in_one_way_is_read(name: str) -> None:
    (word,) = readable([f"data.path={name}"])
    assert understood(word) == name


@pytest.mark.parametrize(
    "word",
    ["seed=0,1", "probes=[gates]", "name='a b'", "seed=range(0,3)", "~probes.gates", "++a.b=[1,2]",
     "x={a: 1}", "hydra/launcher=basic"],
)  # fmt: skip
def test_what_hydra_reads_is_left_alone(word: str) -> None:
    assert readable([word]) == [word]


@pytest.mark.parametrize("name", ["a,b.csv", "it's.csv", 'a"b.csv', "[a, b.csv", "a,b=c.csv"])
@pytest.mark.parametrize("options", [(), ("-m",)], ids=["run", "study"])
def test_a_name_that_can_be_read_in_two_is_refused_with_the_words(
    rnnexp: Rnnexp, workdir: Path, name: str, options: tuple[str, ...]
) -> None:
    """The words of the message, pasted into a shell, do what was meant."""
    Path(name).write_text(ROWS)
    outcome = rnnexp(*RUN, f"data.path={name}", *options)
    assert outcome.status == 2
    offered = re.search(r"type ('data\.path=.*?)(; for several|$)", outcome.error)
    assert offered is not None, outcome.error
    (word,) = shlex.split(offered[1])
    assert understood(word) == name
    assert not Path("outputs").exists()


def test_several_files_that_need_quotes(rnnexp: Rnnexp) -> None:
    for name in ("one.csv", "a=b.csv"):
        Path(name).write_text(ROWS)
    error = rnnexp("-m", *RUN, "data.path=one.csv,a=b.csv").error
    (word,) = shlex.split(error.partition("for several values, ")[2])
    outcome = rnnexp("-m", *RUN, word)
    assert outcome.status == 0, outcome.err
    assert {run.name.rpartition("_")[0] for run in Path("outputs/studies").glob("*/*_*")} == {
        "bag_T3_s0_data.path=one.csv",
        "bag_T3_s0_data.path=a=b.csv",
    }


def test_the_home_folder(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~/x.csv` behind an `=` reaches the command as it is; the run is that of the whole path."""
    home = workdir / "home of é"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / "x.csv").write_text(ROWS)
    short = package.run([*RUN, "data.path=~/x.csv"]).directory
    whole = package.run([*RUN, to_type("data.path", str(home / "x.csv"))[1:-1]]).directory
    assert isinstance(short, RunDirectory)
    assert isinstance(whole, RunDirectory)
    assert short.config["data"]["path"] == str(home / "x.csv")
    assert short.summary.fingerprint == whole.summary.fingerprint
    again = package.run(list(short.words)).directory  # the command on its config.yaml's first line
    assert isinstance(again, RunDirectory)
    assert again.summary.fingerprint == short.summary.fingerprint


def test_the_ends_of_lines(rnnexp: Rnnexp) -> None:
    """Of a script that was written on Windows, or in a file's name."""
    error = rnnexp("seq_len=5\r").error
    assert "'seq_len=5\\r' holds a carriage return (as in a script with Windows" in error
    assert error.endswith(": type seq_len=5")
    Path("a\r.csv").write_text(ROWS)
    error = rnnexp(*RUN, "data.path=a\r.csv").error
    assert "rename the file, mv $'a\\r.csv' a.csv, and type data.path=a.csv" in error
    assert "holds the end of a line" in rnnexp("name=a\u2028b").error


def test_bytes_that_are_no_letters(rnnexp: Rnnexp) -> None:
    assert "'data.path=caf\\xe9.csv' is no UTF-8" in rnnexp(*RUN, "data.path=caf\udce9.csv").error


def test_a_text_that_looks_like_a_number(rnnexp: Rnnexp) -> None:
    for value in ("2024", "true", "1.5"):
        error = rnnexp(f"name={value}").error
        assert error.endswith(f"""type 'name="{value}"'"""), error


def test_an_unknown_key_in_other_letters() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'modèle'; did you mean 'model'"):
        readable(["modèle=lstm"])


def test_no_comma_where_none_can_be(rnnexp: Rnnexp) -> None:
    """Only a setting that may be any text is offered one with a comma in it."""
    assert "or for one value" not in rnnexp("seq_len=5,10").error
    assert """type 'data.path="no,file.csv"'""" in rnnexp(*RUN, "data.path=no,file.csv").error


def test_a_job_is_named_in_words_that_can_be_pasted(rnnexp: Rnnexp) -> None:
    error = rnnexp("-m", *RUN, "data.path=a (1).csv", "seed=0,1").error
    words = shlex.split(error.rpartition("[in ")[2].removesuffix("]"))
    assert 'data.path="a (1).csv"' in words
