"""What a page says that its commands leave, asserted when they have been typed."""

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rnnexp.results.runs import RunDirectory
from rnnexp.results.search import Search
from tests.conftest import TINY
from tests.docs.pages import ROOT, Page

WORDS = {
    "gut": ["gute", "schöner", "größte", "hervorragender"],
    "mittel": ["mäßiger", "übliche", "halbwegs"],
    "schlecht": ["schlechte", "langweiliger", "öde"],
}


# what a page takes to be there


def german_tables(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of German texts, three classes, a price each."""
    counts = {"reviews": 90, "train": 60, "val": 30, "test": 30, "prices": 60, "new": 9}
    for seed, (name, count) in enumerate(counts.items()):
        generator = random.Random(seed)
        rows = ["text,label,price"]
        for i in range(count):
            label = list(WORDS)[i % 3]
            filler = generator.choices(["Film", "Straßenszene", "Schauspieler", "und", "ein"], k=12)
            words = [*filler[: 4 + i % 9], generator.choice(WORDS[label])]
            rows.append(f'"{" ".join(words)}, sagt sie",{label},{5 + 3 * (i % 3) + i % 2}')
        Path(f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def mails(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        f"a {('kind', 'rude')[i % 4 == 0]} mail {'x' * (i % 7 + 1)},{i % 4 == 0}" for i in range(80)
    ]
    Path("mails.csv").write_text("\n".join(["text,label", *rows]) + "\n")


def the_example(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("examples").symlink_to(ROOT / "examples")
    Path("mypkg").mkdir()
    Path("mypkg/__init__.py").touch()


def own_package(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`mypkg`" in page.text or "of your own" in page.text
    Path("mypkg").mkdir()
    Path("mypkg/__init__.py").touch()


def a_stopped_run(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    own_package(page, monkeypatch)

    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("rnnexp.experiment.run._test", stops)
        assert page.rnnexp(*TINY, "logger=tensorboard", "name=stopped").status == 130


# what it leaves


def every_answer(page: Page) -> None:
    """Each network of the page answers all questions, without the files that it was trained on."""
    for name in ("reviews", "train", "val", "test", "prices"):
        Path(f"{name}.csv").unlink()
    asked = [words for words, _ in page.typed if words[0] == "predict"]
    assert len(asked) == 3
    runs = sorted(Path("outputs/runs").iterdir())
    assert len(runs) == 6
    for i, path in enumerate(runs):
        run = RunDirectory.open(path)
        assert run.summary.status == "finished"
        for _, _, *words in asked:
            words = [f"answers{i}.csv" if word == "answers.csv" else word for word in words]
            outcome = page.rnnexp("predict", str(path), *words)
            assert outcome.status == 0, outcome.err
        head = Path(f"answers{i}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        numbers = run.summary.data == "csv_regression"
        answer = ["number"] if numbers else ["label", *(f"p_{c}" for c in WORDS)]
        assert head == ["row", "text", *answer, "read", "unknown", "dropped", "cut"]


def series(page: Page) -> None:
    answers = pd.read_csv("answers.csv")
    assert list(answers) == ["sequence", "label", "p_sound", "p_worn"]
    assert len(answers) == 300


def searches(page: Page) -> None:
    studies = list(Path("outputs/studies").iterdir())
    assert len(studies) == len(page.typed) == 3
    for study in studies:
        search = Search.read(study)
        assert search is not None
        assert search.ended == 3


def launched(page: Page) -> None:
    import rnnexp

    studies = list(Path("outputs/studies").iterdir())
    assert len(studies) == len(page.typed)
    for study in studies:
        runs = rnnexp.load_study(study).study.runs
        assert len(runs) == 4
        assert all(run.finished for run in runs)


def logged(page: Page) -> None:
    for words, outcome in page.typed:
        assert "given up" not in outcome.out + outcome.err, words
    (path,) = {p.parent for p in Path("outputs/runs").glob("*/logger/lines")}
    run = RunDirectory.open(path.parent)
    written = (path / "lines" / "lines.txt").read_text().splitlines()
    before = [0] * bool(run.probe_names)  # what probes measure before the training
    steps = [*before, *(int(row["step"]) for row in run.metrics)]
    assert [int(line.split()[0]) for line in written] == steps, (written, steps)
    assert (path / "lines" / "status.txt").read_text() == "finished"


def nothing_but_answers(page: Page) -> None:
    """How far a study is, is said on a slow machine."""
    for words, outcome in page.typed:
        assert outcome.out, words
        assert not [line for line in outcome.err.splitlines() if " jobs done" not in line], words


def completed(page: Page) -> None:
    assert all(outcome.err == "" for _, outcome in page.typed)


def schedules(page: Page) -> None:
    assert page.names["InverseRoot"]().rate(0.2, 300, 1000, {}) == 0.1


def in_python(page: Page) -> None:
    names = page.names
    assert names["answers"].label.notna().tolist() == [True, True, False]
    assert names["found"].significant is None
    assert names["both"].between == ["model"]
    assert len(names["both"].pairs) == 4
    assert names["same"] == pytest.approx(names["probability"], abs=1e-5)
    (told,) = names["run"].predict(["What a wonderful film!"]).p_positive
    assert told == pytest.approx(names["probability"], abs=1e-5)
    assert names["run"].notes() == []


def own_probe(page: Page) -> None:
    run = page.newest(("runs/{}",))
    assert (run / "plots" / "sparsity.png").is_file()
    assert (run / "plots" / "sparsity.csv").read_text().startswith("network,of,share,")
    assert list(Path("outputs/studies/silent/plots").glob("sparsity.png"))
    assert sum("silent units" in outcome.out for _, outcome in page.typed) >= 3
    assert "hidden units that are nearly silent" in page.typed[1][1].out


PREPARED: dict[str, Callable[[Page, pytest.MonkeyPatch], None]] = {
    "docs/own_data.md": german_tables,
    "docs/scores.md": mails,
    "docs/plugins.md": the_example,
    "docs/loggers.md": a_stopped_run,
    "docs/how-to/own_cell.md": own_package,
    "docs/how-to/own_parts.md": own_package,
}
CLAIMED: dict[str, Callable[[Page], None]] = {
    "docs/own_data.md": every_answer,
    "docs/series.md": series,
    "docs/search.md": searches,
    "docs/launchers.md": launched,
    "docs/loggers.md": logged,
    "docs/plugins.md": nothing_but_answers,
    "docs/completion.md": completed,
    "docs/training.md": schedules,
    "docs/python.md": in_python,
    "docs/how-to/own_probe.md": own_probe,
}
#: Pages whose commands are quick as they are: what their Python does fits to it.
AS_TYPED = ("docs/python.md",)
#: Which of several runs `RUN` is, by its folder's name: the last one elsewhere.
RUNS = {"docs/series.md": "*gru*", "docs/loggers.md": "*stopped*"}
