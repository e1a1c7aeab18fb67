"""Every figure of small studies: nothing is cut and nothing lies on anything else, by its boxes; no
two lines look alike to anybody; and what is drawn is in the numbers beside it.
"""

import contextlib
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rnnexp.command.main import main
from rnnexp.results import report
from rnnexp.results.figure_files import Numbers
from rnnexp.results.figures import style
from rnnexp.results.findings import finding_types
from rnnexp.results.findings.base import Finding
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from tests.results.figures import vision
from tests.results.findings.test_performance_profile import plant

LABELS = ("$", "_neg", "customer complaint about rudeness of the staff at the regional office")
SMALL = ("model.hidden_size=4", "threads=1", "plots=false")
STUDY = ("-m", *SMALL, "study=x", "jobs.isolate=false")
TEXTS = ("data=csv", "data.path=texts.csv", "seq_len=8", "trainer.epochs=1", "embedding.dim=4")
#: What is drawn, by a name: the words of a command.
COMMANDS = {
    "study over lengths": (
        *STUDY, "data=recall", "seq_len=4,8", "model=rnn,lstm", "seed=0,1",
        "init=default,orthogonal", "trainer.steps=2", "data.val_count=5",
        "data.test_count=20", "probes=[gradient_flow,grad_norm]", "data.eval_lengths=[6,16]",
    ),
    "study by distance": (
        *STUDY, "data=recall", "seq_len=8", "data.train_lengths=[2,8]", "model=rnn,lstm",
        "data.eval_lengths=[4,16,32]", "seed=0,1", "trainer.steps=2", "data.val_count=40",
        "data.test_count=20", "probes=class_separation", "probes.class_separation.shuffles=20",
    ),
    "study of padding": (
        *STUDY, *TEXTS, "data.padding=post,pre", "model.readout=last,last_valid",
        "model=rnn", "probes=none",
    ),
    "study of settings": (
        *STUDY, *TEXTS, "model=rnn,lstm", "clip=norm", "clip.max_norm=0.01,inf",
        "model.readout=last", "data.padding=post", "data.eval_lengths=[4]",
        "probes=[gradient_flow,grad_norm,hidden_dynamics,padding_survival,effective_memory,"
        "parameter_sensitivity]",
        "probes.hidden_dynamics.min_length=8",
    ),
    "study that is a search": (
        *STUDY, "data=parity", "seq_len=4", "trainer.steps=2", "data.val_count=5",
        "data.test_count=20", "probes=none", "model=rnn,gru", "hydra/sweeper=optuna",
        "hydra.sweeper.sampler=random", "hydra.sweeper.n_trials=6",
        "model.hidden_size=interval(2,9)",
        "optimizer.lr=tag(log,interval(1e-4,1e20))", "clip=none,norm", "seed=0",
    ),
    "run": (
        *SMALL, *TEXTS, "trainer.epochs=2", "probes=all", "model.readout=last",
        "data.padding=post", "probes.hidden_dynamics.min_length=8", "data.eval_lengths=[4]",
    ),
    "run, every step": (
        *SMALL, *TEXTS, "trainer.epochs=2", "model=rnn", "probes=gradient_flow",
        "probes.gradient_flow.every_step=true",
    ),
    "study, every step": (
        *STUDY, *TEXTS, "model=rnn,gru", "seed=0,1", "trainer.epochs=2", "probes=gradient_flow",
        "init=identity", "init.scale=0.01,1", "probes.gradient_flow.every_step=true",
    ),
    "run of one epoch over one step": (
        *SMALL, "data=recall", "seq_len=2", "trainer.steps=1", "data.val_count=5",
        "data.test_count=20", "probes=[gradient_flow,grad_norm]",
    ),
}  # fmt: skip
#: A legend of more is looked up again and again.
MAX_ENTRIES = 6
#: Runs that nobody trained, of which some have solved their task.
MADE_UP = "study of made-up runs"


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What is found in each, undrawn."""
    found = {}
    for name, words in COMMANDS.items():
        folder = tmp_path_factory.mktemp("figures")
        rows = [f"{'a good film ' * (2 + i % 4)}number,{LABELS[i % 3]}" for i in range(60)]
        (folder / "texts.csv").write_text("\n".join(["text,label", *rows]) + "\n")
        with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
            patch.setattr(report, "draw", lambda *_: None)
            assert main(words) == 0
        if name.startswith("study"):
            found[name] = report.study_findings(Study.read(folder / "outputs" / "studies" / "x"))
        else:
            (path,) = (folder / "outputs" / "runs").iterdir()
            found[name] = report.run_findings(RunDirectory.open(path))
    solved = plant(tmp_path_factory.mktemp("made"), {"rnn": [6, 0], "a_long_name": [6, 3]})
    found[MADE_UP] = report.study_findings(solved)
    return found


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What is wrong with each figure that a test saves, by its name."""
    seen: dict[str, list[str]] = {}
    save = style.save

    def measured(canvas: Figure, folder: Path, name: str, numbers: Numbers) -> Path:
        path = save(canvas, folder, name, numbers)
        canvas.draw_without_rendering()
        seen[name] = [
            *faults_of(canvas), *vision.alike(canvas),
            *undocumented(canvas, folder / f"{name}.csv"),
        ]  # fmt: skip
        return path

    monkeypatch.setattr(style, "save", measured)
    return seen


def faults_of(canvas: Figure) -> Iterator[str]:
    """Texts that leave the figure or lie on each other or on axes; legends on axes or too long."""
    page = canvas.bbox
    # of an annotation the words alone, and not its arrow
    boxes = {text: Text.get_window_extent(text) for text in shown_texts(canvas)}
    within = {text for axes in canvas.axes for text in axes.texts if not beside(text)}
    for text, box in boxes.items():
        if not (box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1):
            yield f"cut: {text.get_text()!r}"
        if text.get_bbox_patch() is not None:
            yield f"a box behind {text.get_text()!r}"
    for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
        if overlap(a, b) and not (one.get_rotation() % 90 or other.get_rotation() % 90):
            yield f"on each other: {one.get_text()!r}, {other.get_text()!r}"
    for (text, box), axes in itertools.product(boxes.items(), visible(canvas)):
        if text not in within and overlap(box, axes.get_window_extent()):
            yield f"on axes: {text.get_text()!r}"
    for legend in canvas.legends:
        if len(legend.get_texts()) > MAX_ENTRIES:
            yield f"a legend of {len(legend.get_texts())} entries"
        for axes in visible(canvas):
            if overlap(legend.get_window_extent(), axes.get_window_extent()):
                yield "a legend on axes"
    if any(axes.get_legend() for axes in canvas.axes):
        yield "a legend inside axes"


def beside(text: Text) -> bool:
    """Whether it was put outside of its axes, as the name of a line is."""
    return text.get_transform() != text.axes.transData and text.get_position()[0] >= 1.0  # type: ignore[union-attr]


def undocumented(canvas: Figure, path: Path) -> Iterator[str]:
    """Values that are drawn and do not stand in the CSV. What has a zorder below 2 is a reference:
    a level, a diagonal, a mark at the edge.
    """
    if not path.is_file():
        yield "no numbers beside it"
        return
    known = np.sort(list(numbers_in(path)))
    for axes in visible(canvas):
        for what, values in drawn_values(axes):
            values = values[np.isfinite(values)]
            place = np.clip(np.searchsorted(known, values), 1, max(1, len(known) - 1))
            near = [known[np.clip(place + step, 0, len(known) - 1)] for step in (-1, 0)]
            off = np.min([np.abs(at - values) for at in near], axis=0) > 1e-12 * np.abs(values)
            if off.any():
                yield f"drawn and not in the CSV: {what} at {values[off][:3].tolist()}"


def numbers_in(path: Path) -> Iterator[float]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            for cell in row.values():
                for part in cell.split("; "):
                    with contextlib.suppress(ValueError):
                        yield float(part)


def drawn_values(axes: Axes) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """The y of lines, of points and of bars; of a plot whose rows are groups, the x."""
    across = not axes.yaxis.get_gridlines()[0].get_visible() and bool(axes.get_lines())
    for line in axes.get_lines():
        if line.get_zorder() >= 2:
            values = line.get_xdata() if across else line.get_ydata()
            yield f"line {line.get_label()!r}", np.asarray(values, dtype=np.float64)
    for points in axes.collections:
        if isinstance(points, PathCollection):
            yield "points", np.asarray(points.get_offsets(), dtype=np.float64)[:, 1]
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            yield "bars", np.array([bar.get_height() for bar in bars], dtype=np.float64)


def shown_texts(canvas: Figure) -> list[Text]:
    texts = [*canvas.texts, *(text for one in canvas.legends for text in one.get_texts())]
    if canvas._suptitle is not None:  # type: ignore[attr-defined]
        texts.append(canvas._suptitle)  # type: ignore[attr-defined]
    for axes in visible(canvas):
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if low <= tick.get_loc() <= high and tick.label1.get_visible():
                    texts.append(tick.label1)
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def visible(canvas: Figure) -> list[Axes]:
    return [axes for axes in canvas.axes if axes.get_visible()]


def overlap(a: Bbox, b: Bbox, room: float = 1.0) -> bool:
    """By more than a pixel, at 100 to the inch."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return bool(width > room and height > room)


@pytest.mark.parametrize("name", [*COMMANDS, MADE_UP])
def test_nothing_is_cut_and_nothing_lies_on_anything_else(
    name: str, findings: dict[str, list[Finding]], faults: dict[str, list[str]], workdir: Path
) -> None:
    with style.together("unfinished: 7 of 12 runs have a result"):
        for finding in findings[name]:
            finding.draw(workdir / "plots")
    assert faults
    assert {name: fault for name, fault in faults.items() if fault} == {}


def test_every_finding_with_a_figure_is_measured(findings: dict[str, list[Finding]]) -> None:
    made = {type(finding) for several in findings.values() for finding in several}
    drawn = {kind for kind in finding_types() if kind.draw is not Finding.draw}
    assert {kind.name for kind in drawn - made} == {"other_probes"}


def test_words_of_the_users_are_drawn_as_they_are(
    findings: dict[str, list[Finding]], workdir: Path
) -> None:
    for finding in findings["run"]:
        if finding.name == "hidden_dynamics":
            finding.draw(workdir)
    svg = (workdir / "hidden_dynamics.svg").read_text()
    for words in (">$<", ">_neg<", ">customer complaint<", ">about rudeness of<"):
        assert words in svg


def test_the_measuring_finds_faults(workdir: Path, faults: dict[str, list[str]]) -> None:
    with style.figure(3.0, 3.0) as (canvas, (axes,)):
        axes.plot([0, 1], [0, 1], label="a line")
        axes.text(0.5, 0.5, "one")
        axes.text(0.5, 0.5, "other", bbox={"facecolor": "white"})
        axes.text(0.5, 0.9, "a long text that leaves the page at its right").set_in_layout(False)
        axes.legend()
        style.panel_title(axes, "on the axes")
        axes.title.set_position((0.5, 0.2))
        axes.title.set_in_layout(False)
        axes.plot([0, 1], [1, 0], color="#1b6ec2", label="one blue")
        axes.plot([0, 1], [2, 0.25], color="#2a63c8", label="another blue")
        for index in range(7):
            axes.plot([], [], marker="o", linestyle="none", label=f"entry {index}")
        style.legend(canvas, [axes])
        style.save(canvas, workdir, "bad", [{"y": 0.0}, {"y": 1.0}, {"y": 2.0}])
    found = " ".join(faults["bad"])
    assert "'one blue', 'another blue'" in found
    assert "normal, protanopia, deuteranopia" in found
    assert "drawn and not in the CSV: line 'another blue' at [0.25]" in found
    assert "a legend of 10 entries" in found
    assert "cut: 'a long text" in found
    assert "on each other: 'one', 'other'" in found
    assert "a box behind 'other'" in found
    assert "a legend inside axes" in found
