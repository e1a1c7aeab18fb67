"""examples/course: every lesson runs in its quick form, and what it claims holds there.

What needs a training of the lesson's own size is measured, and stands dated in answers.md.
"""

import math
import re
import runpy
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnexp.command import launch
from rnnexp.command.verbs import VERBS
from tests.conftest import Outcome

COURSE = Path(__file__).resolve().parent.parent / "examples" / "course"
LESSONS = sorted(COURSE.glob("lesson_*.py"))
Names = Mapping[str, Any]


@pytest.fixture
def lesson(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    """Run a lesson as a script, in its quick form; what it has made."""
    import matplotlib.pyplot as plt

    monkeypatch.syspath_prepend(COURSE)
    monkeypatch.setenv("COURSE_SIZE", "quick")
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.delitem(sys.modules, "course", raising=False)

    def run(path: Path) -> Names:
        try:
            return runpy.run_path(str(path), run_name="__main__")
        finally:
            plt.close("all")
            sys.modules.pop("course", None)

    return run


def texts(made: Names) -> None:
    assert made["vocabulary"][:2] == ["<pad>", "<unk>"]
    assert len(made["vocabulary"]) == 302
    capitals, unknown, long = made["reads"]
    assert capitals.words == ["a", "wonderful", "wonderful", "film"]
    assert [made["vocabulary"][i] for i in capitals.ids] == capitals.words
    assert unknown.unknown == 1
    assert (len(long.words), long.cut) == (12, 4)
    assert "wonderful" not in long.words
    assert made["same"]
    assert made["bag_distance"] < 1e-5 < 0.1 < made["rnn_distance"]


def training(made: Names) -> None:
    assert set(made["study"].scores.model) == {"bag", "rnn", "lstm"}
    assert made["study"].scores.chance.tolist() == [0.5] * 3
    answers = made["run"].predict(made["texts"])
    assert answers.label.isna().tolist() == [False, False, True]  # of xyzzy there is no answer
    assert made["lstm"].metrics.train_loss.iloc[0] == pytest.approx(math.log(2), abs=0.03)


def length(made: Names) -> None:
    shares = list(made["padded"].values())
    assert shares == sorted(shares)
    assert set(made["table"].columns) == {
        (readout, model) for readout in ("last", "last_valid") for model in ("rnn", "lstm")
    }


def word_by_word(made: Names) -> None:
    assert made["after"] < made["before"]
    steps = made["steps"]
    assert steps["loss"][1] < steps["loss"][0]
    assert np.all(np.diff(steps["gradient"][0]) > 0)  # largest at the last word
    norms = made["norms"]
    assert norms["rnn h"].max() < 32**0.5
    assert np.all(norms["lstm c"].mean(axis=0) > norms["lstm h"].mean(axis=0))


def vanishing(made: Names) -> None:
    for flow in made["flows"].values():
        states_K = flow.by_distance()[1]
        assert states_K[-1] / states_K[0] < 1e-15
    half_life = {name: flow.half_life() for name, flow in made["flows"].items()}
    assert half_life["RNN"] < 1 < half_life["LSTM"] < 2  # halves at every step, or every other
    assert 150 < made["zeros"] < 300
    assert (made["ratios"] < 0.01).all().all()  # severe vanishing, of every model
    rnn, lstm = (made["ratios"].loc[model].to_numpy() for model in ("rnn", "lstm"))
    assert np.all(rnn < lstm)


def exploding(made: Names) -> None:
    signs = {gain: rate > 0 for gain, rate in made["exponents"].items()}
    assert signs == {0.5: False, 1.0: False, 2.0: True, 4.0: True, 16.0: True}
    assert {gain: share > 1 for gain, share in made["shares"].items()} == signs
    assert made["before"] > 1e10
    assert made["after"] == pytest.approx(5, rel=1e-3)
    assert made["cosine"] == pytest.approx(1, abs=1e-6)
    runs = made["study"].runs.set_index("clip.max_norm")
    assert runs.test_accuracy[1.0] > 0.95
    assert runs.test_accuracy[math.inf] < 0.7
    assert runs.test_loss[math.inf] > 1.5 * math.log(2)  # surely wrong


def initialisation(made: Names) -> None:
    left, largest = made["default"]
    kept, kept_largest = made["orthogonal"]
    assert left < 1e-15 < 1e-9 < kept < 1
    assert largest < kept_largest < 0
    lefts = [share for share, _ in made["by_bias"].values()]
    assert lefts == sorted(lefts)
    assert lefts[0] < 1e-10 < 0.01 < lefts[-1]
    assert set(made["rnns"].runs["init"]) == {"default", "orthogonal"}
    assert set(made["lstms"].runs["init"]) == {"default", "chrono"}


def vectors(made: Names) -> None:
    assert made["found"] > 15
    assert set(made["means"]) == {"learned", "given, tuned", "given, frozen", "shuffled, frozen"}
    for name in ("vectors.txt", "shuffled.txt"):
        assert len(Path(name).read_text().splitlines()) == len(made["known"])


def memory(made: Names) -> None:
    assert set(made["study"].runs["data.curriculum"]) == {"fixed", "grow"}
    assert made["tested"][0] == "test_accuracy"
    assert len(made["tested"]) > 2
    assert (made["trained"].half_life.dropna() < 5).all()


CLAIMS = {
    "lesson_1_texts": texts,
    "lesson_2_training": training,
    "lesson_3_length": length,
    "lesson_4_word_by_word": word_by_word,
    "lesson_5_vanishing": vanishing,
    "lesson_6_exploding": exploding,
    "lesson_7_initialisation": initialisation,
    "lesson_8_vectors": vectors,
    "lesson_9_memory": memory,
}


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_and_its_claims_hold(lesson: Callable[..., Names], path: Path) -> None:
    CLAIMS[path.stem](lesson(path))


def test_another_size_is_refused_in_a_line(
    lesson: Callable[..., Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SIZE", "tiny")
    with pytest.raises(SystemExit, match="COURSE_SIZE=tiny: it is one of quick, lesson, full"):
        lesson(LESSONS[0])


# -- what is typed ---------------------------------------------------------------------------------


def commands(path: Path) -> list[str]:
    """Each `rnnexp ...` of a lesson's comments, or of a page, as one line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        lines = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
        text = "\n".join(lines)
    return [" ".join(typed.split()) for typed in re.findall(r"`(rnnexp [^`]+)`", text)]


TYPED = {
    f"{path.stem}-{number}": command
    for path in (*LESSONS, COURSE / "answers.md", COURSE / "README.md")
    for number, command in enumerate(commands(path), start=1)
}


@pytest.mark.slow
@pytest.mark.parametrize("command", TYPED.values(), ids=TYPED)
def test_what_a_student_types_is_accepted(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Every job of it is checked and built as before a study, on few texts; none is run."""
    monkeypatch.setattr(launch, "job_of_study", lambda spec, of_command: None)
    monkeypatch.setattr(launch, "_run_alone", lambda spec: None)
    _, *words = shlex.split(command)
    if "data=imdb" in words:  # which are not here
        words[words.index("data=imdb")] = "data=reviews"
    if "embedding=glove" in words:
        Path("data").mkdir()
        Path("data/glove.6B.50d.txt").write_text("the 0.1 0.2\nfilm 0.3 0.4\n")
    makes_runs = words[0] not in VERBS
    if makes_runs and (
        not any(word.startswith(("data=", "experiment=")) for word in words)
        or "data=reviews" in words
    ):
        words = [word for word in words if not word.startswith("data.limit=")]
        words.append("data.limit=60")
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err


def test_a_lesson_asks_before_it_answers() -> None:
    """Each has questions, exercises with commands, and answers for teachers."""
    answers = (COURSE / "answers.md").read_text(encoding="utf-8")
    readme = (COURSE / "README.md").read_text(encoding="utf-8")
    for number, path in enumerate(LESSONS, start=1):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# %% [markdown]\n# # Lesson {number}: "), path.name
        assert "**Predict first" in text, path.name
        exercises = text.partition("# ## Your turn\n")[2]
        asked = re.findall(r"^# (\d)\. ", exercises, flags=re.M)
        part = re.search(rf"^## Lesson {number}: .*?(?=^## |\Z)", answers, flags=re.M | re.S)
        assert part is not None, path.name
        answered = re.findall(r"^(\d)\. ", part[0].partition("Your turn")[2], flags=re.M)
        assert asked == answered != [], path.name
        assert f"python examples/course/{path.name}" in part[0]
        assert path.name in readme
