"""Bits that flip, files that are cut and files that go: nothing of it is taken for a result.

Each file of a finished run, of a checkpoint and of the cache is damaged in turn, at uniform random
places. Then whatever reads it has to say which file is damaged, or make it again, or answer what it
answered before.
"""

import json
import logging
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnexp as package
from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import RawCorpus, TokenisedCorpus, cached_corpus
from rnnexp.errors import DamagedError, DataError
from rnnexp.experiment.load import load_model
from rnnexp.experiment.predict import predict
from rnnexp.manifest import Manifest
from rnnexp.results.check import check_run, whole_result
from rnnexp.results.plan import plan_faults, planned
from rnnexp.results.report import report_study, run_findings, text
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.results.summary import Summary
from tests.conftest import TINY
from tests.faults.conftest import TORTURE, amount

#: Flips and cuts: of a run's files seven in ten, of the cache's, which are fewer, the others.
FLIPS, CUTS = amount(100, 1000), amount(20, 200)
OF_RUN = 0.7

#: Of every so many damages all readers are asked, else those that are quick.
EVERY = 1 if TORTURE else 10

#: A reader's answer, in a form that can be compared.
Reader = Callable[[Path], object]


@dataclass(frozen=True)
class Damage:
    """content: of a file, once it is damaged; None where it has gone."""

    kind: str
    file: str
    content: bytes | None
    place: int


def damages(files: Mapping[str, bytes], seed: int, flips: int, cuts: int) -> Iterator[Damage]:
    """Files in turn, each at uniform random places; in the end each of them goes."""
    generator = np.random.default_rng(seed)
    names = sorted(name for name, content in files.items() if content)
    for number in range(flips):
        name = names[number % len(names)]
        content = bytearray(files[name])
        bit = int(generator.integers(8 * len(content)))
        content[bit // 8] ^= 1 << bit % 8
        yield Damage("bits flipped in files", name, bytes(content), bit)
    for number in range(cuts):
        name = names[number % len(names)]
        length = int(generator.integers(len(files[name])))
        yield Damage("cut files", name, files[name][:length], length)
    for name in sorted(files):
        yield Damage("lost files", name, None, 0)


def contents(folder: Path) -> dict[str, bytes]:
    """What the files of a folder hold; without figures, the page and the log, which say nothing to
    anybody but people."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {"plots", "report.html", "rnnexp.log", ".locks"} & {*path.parts}
    }


class Place:
    """A folder whose files are damaged, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, contents(folder)

    def damage(self, damage: Damage) -> None:
        path = self.folder / damage.file
        if damage.content is None:
            path.unlink()
        else:
            path.write_bytes(damage.content)

    def mend(self, damage: Damage) -> None:
        (self.folder / damage.file).write_bytes(self.files[damage.file])


# -- what reads a run -----------------------------------------------------------------------------


def all_arrays(path: Path) -> object:
    run = RunDirectory.open(path)
    return {
        name: {key: values.tobytes() for key, values in (run.probe(name) or {}).items()}
        for name in run.probe_names
    }


def weights(path: Path) -> object:
    state = load_model(RunDirectory.open(path)).state_dict()
    return {name: tensor.numpy().tobytes() for name, tensor in state.items()}


def reader_of(name: str) -> Reader:
    return lambda path: RunDirectory.open(path).content(name)


QUICK: dict[str, Reader] = {
    "summary": lambda path: RunDirectory.open(path).summary.model_dump_json(),
    "settings": lambda path: str(RunDirectory.open(path).config),
    "words": lambda path: RunDirectory.open(path).words,
    "task": lambda path: RunDirectory.open(path).task.model_dump_json(),
    "metrics": lambda path: str(RunDirectory.open(path).metrics),
    "probes": all_arrays,
}
SLOW: dict[str, Reader] = {
    "weights": weights,
    "predict": lambda path: predict(path, "a good film", steps=True),
    "report": lambda path: text(run_findings(RunDirectory.open(path))),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of two finished runs with weights, predictions, metrics and measurements."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("damage"))
        words = [*TINY, "threads=1", "data=reviews", "model=rnn,lstm", "study=x"]
        made = package.run(words, multirun=True).study
        assert isinstance(made, Study)
        yield made.path


def first_run(study: Path) -> Path:
    return next(study.glob("lstm*"))


def told(study: Path) -> tuple[str, str, list[dict[str, Any]], object]:
    """What is printed of a study, its notes apart, and what its files hold."""
    read = Study.read(study)
    printed = str(report_study(read, plots=False))
    values = json.loads((study / "study.json").read_text())
    return printed, (study / "study.csv").read_text(), read.rows, values


def silent_in(reader: Reader, path: Path, before: object, damage: Damage) -> str:
    """`named`, `same`, or `silent`: what a reader made of a damaged file."""
    try:
        now = reader(path)
    except DataError as error:
        return "named" if Path(damage.file).name in str(error) else f"unnamed: {error}"
    return "same" if now == before else "silent"


def silent_in_study(study: Path, before: Any, damage: Damage, full: bool) -> str:
    """The damaged run is left out and named, or nothing differs; the other is always there."""
    run = first_run(study).name
    read = Study.read(study)
    named = any(damage.file in reason and run in reason for reason in read.left_out)
    rows = [row for row in before[2] if not (named and row["run"] == run)]
    if read.rows != rows:
        return "silent"
    if full:
        printed, table, _, values = told(study)
        if named:
            assert damage.file in printed
            assert any(damage.file in note for note in values["notes"])
            assert len(table.splitlines()) == 2
        elif (printed, table, values) != (before[0], before[1], before[3]):
            return "silent"
    return "named" if named else "same"


def test_no_damaged_file_of_a_run_is_taken_for_what_was_written(
    study: Path, tally: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    place = Place(first_run(study))
    before = {name: reader(place.folder) for name, reader in {**QUICK, **SLOW}.items()}
    of_study = told(study)
    outcomes: dict[str, Counter[str]] = {}
    silent = []
    flips, cuts = round(OF_RUN * FLIPS), round(OF_RUN * CUTS)
    for number, damage in enumerate(damages(place.files, 10, flips, cuts)):
        place.damage(damage)
        full = number % EVERY == 0
        said = {
            name: silent_in(reader, place.folder, before[name], damage)
            for name, reader in {**QUICK, **(SLOW if full else {})}.items()
        }
        said["content"] = silent_in(
            reader_of(damage.file), place.folder, place.files[damage.file], damage
        )
        said["study"] = silent_in_study(study, of_study, damage, full)
        faults = check_run(place.folder).faults
        said["check"] = "named" if any(damage.file in fault for fault in faults) else "silent"
        again, why = whole_result(place.folder)
        said["again"] = "named" if again is None and damage.file in why else "silent"
        place.mend(damage)
        wrong = {reader: what for reader, what in said.items() if what not in ("named", "same")}
        if wrong:
            silent.append((damage.kind, damage.file, damage.place, wrong))
        count = outcomes.setdefault(damage.kind, Counter(silent=0))
        count["tried"] += 1
        count["silent" if wrong else "detected" if "named" in said.values() else "identical"] += 1
    for kind, counts in outcomes.items():
        tally(f"{kind} of a finished run", **counts)
    assert not silent, f"seed 10: {silent}"
    assert whole_result(place.folder) == (RunDirectory.open(place.folder).summary, "")


def test_a_damaged_job_is_run_again_and_nothing_else(study: Path, tmp_path: Path) -> None:
    """Whichever of its files is damaged; what it was stays in superseded/."""
    copy = tmp_path / "x"
    shutil.copytree(study, copy)
    words = [*TINY, "threads=1", "data=reviews", "model=rnn,lstm", f"hydra.sweep.dir={copy}"]
    place = Place(first_run(copy))
    other = contents(next(copy.glob("rnn*")))
    for name in ("summary.json", "weights.safetensors"):
        place.damage(Damage("", name, place.files[name][:-3] + b"?}\n", 0))
        read = package.run(words, multirun=True).study
        assert isinstance(read, Study)
        assert (len(read.runs), list(read.left_out)) == (2, [])
        for file in ("metrics.csv", "weights.safetensors", "predictions/test.npz"):
            assert (place.folder / file).read_bytes() == place.files[file], file
        assert contents(next(copy.glob("rnn*"))) == other
        place.files = contents(place.folder)
    assert len(list((copy / "superseded").iterdir())) == 2


# -- checkpoints and plans ------------------------------------------------------------------------


def test_no_damaged_file_of_a_checkpoint_is_taken_for_what_was_written(
    tmp_path: Path, tally: Callable[..., None]
) -> None:
    run = RunDirectory.create_at(tmp_path / "run", Summary(status="running", seed=0), "{}\n")
    run.append_epoch({"epoch": 1, "loss": 0.5}, {"epoch": 1, "seconds": 1})
    state = {"step": 3, "files": run.file_sizes()}
    weights = np.random.default_rng(0).bytes(500)
    run.save_checkpoint(
        "epoch_000001_step_000000003", {"weights.safetensors": weights}, state, True
    )
    (folder,) = (run.path / "checkpoints").iterdir()
    place = Place(folder)
    before = {name: content for name, content in place.files.items() if name != "manifest.json"}

    def read() -> dict[str, bytes]:
        manifest = Manifest.read(folder)
        return {name: manifest.content(name) for name in manifest.files}

    assert read() == before
    counts: Counter[str] = Counter()
    for damage in damages(place.files, seed=11, flips=FLIPS // 5, cuts=CUTS // 5):
        place.damage(damage)
        counts["tried"] += 1
        with pytest.raises(DamagedError, match=re.escape(damage.file)):
            read()
        assert any(damage.file in fault for fault in check_run(run.path).faults), damage
        counts["detected"] += 1
        place.mend(damage)
    assert check_run(run.path).faults == []
    (run.path / "metrics.csv").write_bytes(b"epoch,loss\n1,0.4\n")
    (fault,) = check_run(run.path).faults
    assert "metrics.csv is damaged: its first 17 bytes" in fault
    tally("damages of a checkpoint", **counts, silent=0)


def test_no_damaged_plan_is_taken_for_what_was_planned(
    study: Path, tally: Callable[..., None]
) -> None:
    place = Place(study / ".planned")
    jobs = planned(study)
    counts: Counter[str] = Counter()
    for damage in damages(place.files, seed=12, flips=FLIPS // 5, cuts=CUTS // 5):
        if damage.content is None:
            continue  # as if nobody had asked
        place.damage(damage)
        counts["tried"] += 1
        if planned(study) == jobs:
            counts["identical"] += 1
        else:
            (fault,) = plan_faults(study)
            assert damage.file in fault, damage
            assert any(damage.file in note for note in Study.read(study).notes()), damage
            counts["detected"] += 1
        place.mend(damage)
    tally("damages of a study's plan", **counts, silent=0)


# -- the cache ------------------------------------------------------------------------------------


def as_values(corpus: TokenisedCorpus) -> list[object]:
    return [
        value.tobytes() if isinstance(value, np.ndarray) else str(value)
        for value in vars(replace(corpus, words=list(corpus.words))).values()
    ]


def test_a_damaged_cache_is_said_to_be_damaged_and_made_again(
    tmp_path: Path, tally: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    texts = [f"{'good' if i % 2 else 'bad'} film {i}" for i in range(60)]
    raw = RawCorpus(
        texts, np.arange(60) % 2, ("bad", "good"), np.arange(60) > 50, {"rows": 60}, ["a note"]
    )
    made = 0

    def read() -> RawCorpus:
        nonlocal made
        made += 1
        return raw

    def cached() -> list[object]:
        return as_values(cached_corpus(tmp_path, "identity", Cleaning(), read))

    cached()
    before = cached()
    (folder,) = tmp_path.iterdir()
    outcomes: dict[str, Counter[str]] = {}
    silent = []
    flips, cuts = round((1 - OF_RUN) * FLIPS), round((1 - OF_RUN) * CUTS)
    for damage in damages(contents(folder), 13, flips, cuts):
        place = Place(folder)
        place.damage(damage)
        made = 0
        caplog.clear()
        same = cached() == before
        count = outcomes.setdefault(damage.kind, Counter(silent=0))
        count["tried"] += 1
        if same and made == 1 and damage.file in caplog.text:
            count["made_again"] += 1
        else:
            count["silent"] += 1
            silent.append((damage.kind, damage.file, damage.place, same, made, caplog.text))
        assert (cached() == before, made) == (True, 1), damage  # and it is whole again
    for kind, counts in outcomes.items():
        tally(f"{kind} of the cache", **counts)
    assert not silent, f"seed 13: {silent}"
    assert list(tmp_path.iterdir()) == [folder]
