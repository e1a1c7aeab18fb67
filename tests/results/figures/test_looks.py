"""No two lines of a figure look alike, and a model looks the same in all of them."""

import itertools
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from rnnexp import plugins
from rnnexp.results.figures import looks
from rnnexp.results.groups import grouped
from rnnexp.results.models import shown_model
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study_run import StudyRun
from rnnexp.results.summary import Summary


@pytest.fixture
def my_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models of a plugin: one declares how it is shown, the others do not."""
    folder = tmp_path / "conf" / "model"
    folder.mkdir(parents=True)
    names = ["declared", *(f"mine_{i}" for i in range(9))]
    for name in names:
        (folder / f"{name}.yaml").write_text("# a model\n_target_: mine.Mine\n")
    (folder / "declared.yaml").write_text(
        "# a model\n#: print My Model | color #123456 | place 2.5\n_target_: mine.Mine\n"
    )
    monkeypatch.setattr(plugins, "_named", [tmp_path / "conf"])
    return names


def test_a_model_declares_how_it_is_shown_where_it_is_chosen(my_models: list[str]) -> None:
    assert shown_model("declared").printed == "My Model"
    assert looks.look("declared").color == "#123456"
    assert shown_model("mine_0").printed == "mine_0"
    assert shown_model("of_somebody_else").printed == "of_somebody_else"
    assert (looks.look("rnn").color, looks.look("lstm").color) == ("#d55e00", "#0072b2")
    assert shown_model("lstm").printed == "LSTM"


def test_every_model_has_a_colour_of_its_own(my_models: list[str]) -> None:
    models = [*plugins.option_files("model"), "of_somebody_else"]
    assert set(my_models) < set(models)
    colors = [looks.look(model).color for model in models]
    assert len(set(colors)) == len(models) >= 17


def test_models_come_in_the_order_that_they_declare(my_models: list[str], workdir: Path) -> None:
    names = ["bag", "mine_1", "declared", "gru", "mine_0", "lstm", "rnn"]
    runs = [
        StudyRun(RunDirectory(Path(name)), Summary(status="finished", seed=0), {"model": name})
        for name in names
    ]
    models = [group.model for group in grouped(runs, ["model"])]
    assert models == ["rnn", "lstm", "declared", "gru", "bag", "mine_1", "mine_0"]


def test_no_two_of_many_lines_look_alike() -> None:
    models = ["rnn", "lstm", "gru", "bag", "theirs"] * 12
    made = looks.looks_of(models)
    assert len({(look.color, look.dash) for look in made}) == len(made) == 60
    one = looks.looks_of(["rnn"] * 30)
    # without colours, and without markers
    assert len({look.dash for look in one}) == len({look.marker for look in one}) == 30
    others = [looks.other_look(index) for index in range(100)]
    assert len({(look.color, look.dash) for look in others}) == 100
    assert not {look.color.lower() for look in others} & {look.color for look in made}


def test_dashes_differ_wherever_they_begin() -> None:
    """A pattern that is another one shifted, or repeated, would look the same."""
    patterns = list(itertools.islice(looks._patterns(), 60))
    unrolled = {
        min((pattern * 420)[start : start + 420] for start in range(len(pattern)))
        for pattern in patterns
    }
    assert len(unrolled) == 60


def test_matplotlib_can_draw_all_looks(workdir: Path) -> None:
    canvas = Figure(figsize=(3, 3))
    axes = canvas.subplots()
    for index in range(40):
        axes.plot([0, 1], [index, index], **looks.other_look(index).points)
        axes.plot([0, 1], [index, index], **looks.look("rnn", index).points)
    canvas.savefig("looks.png", dpi=30)
