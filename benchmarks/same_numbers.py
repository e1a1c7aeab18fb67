"""Whether two versions of rnnexp compute the same numbers, byte for byte.

    python benchmarks/same_numbers.py record FOLDER [case ...]
    python benchmarks/same_numbers.py compare OLD NEW

`record` runs every preset, task and model, each cut to seconds. `compare` exits with 1 where a
byte differs. `record` uses the package that Python finds: run it with PYTHONPATH at another
checkout to record that one. Compared are metrics.csv, the predictions, and each array of each
probe, run by run.
"""

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

CONF = Path(__file__).resolve().parents[1] / "conf"
PRESETS = CONF / "experiment"
#: The tasks that a program makes, and the models: those of this checkout.
TASKS = sorted(p.stem for p in CONF.glob("data/*.yaml") if "[_generated]" in p.read_text("utf-8"))
MODELS = sorted(path.stem for path in CONF.glob("model/*.yaml"))
PRESET_NAMES = sorted(path.stem for path in PRESETS.glob("*.yaml"))

#: The settings that make a run take a second or less, its sense gone.
SMALL = {
    "seq_len": "8", "data.limit": "60", "model.hidden_size": "4", "embedding.dim": "4",
    "trainer.epochs": "1",
}  # fmt: skip
#: The same for tasks that make their samples.
GENERATED = {
    "seq_len": "12", "model.hidden_size": "4", "trainer.steps": "3", "data.val_count": "5",
    "data.test_count": "20",
}  # fmt: skip
#: What some presets need beside.
ALSO: Mapping[str, Mapping[str, str]] = {
    "trainability": {"seq_len": "4,8"},
    "init_study": {"seq_len": "4,8"},
    "vanishing": {"seq_len": "3,8", "trainer.epochs": "0", "data.count": "60"},
    "exploding": {"data.count": "60"},
    # as many numbers in the state as exponents, and a step left to the task
    "flossing": {
        "model.hidden_size": "16",
        "regulariser": "flossing",
        "regulariser.steps_before": "1",
    },
    "hidden_dynamics": {"probes.hidden_dynamics.min_length": "20"},
    "notebook": {"data.path": "texts.csv", "trainer.batch_size": "8"},
}


def small(preset: str) -> list[str]:
    """The words of a preset cut to seconds; of a study the first seed. The texts are `corpus`."""
    config = _inherited(preset)
    groups = {
        key.removeprefix("override /"): value
        for entry in config["defaults"] if isinstance(entry, Mapping)
        for key, value in entry.items()
    }  # fmt: skip
    data = groups.get("data", "reviews")
    cut = dict(GENERATED if data in TASKS else SMALL)
    if data in (*TASKS, "sentence", "random_tokens"):
        cut.pop("data.limit", None)
    if groups.get("embedding", "learned") == "learned" and data not in ("adding", "sentence"):
        cut["embedding.dim"] = "4"
    else:
        cut.pop("embedding.dim", None)
    cut |= ALSO.get(preset, {})
    words = [f"experiment={preset}", *(f"{key}={value}" for key, value in cut.items())]
    several = (config.get("hydra") or {}).get("mode") == "MULTIRUN"
    return [*words, "plots=false", *(["seed=0"] if several else [])]


def _inherited(preset: str) -> dict[str, Any]:
    """A preset with what the presets say that it builds on."""
    own = yaml.safe_load((PRESETS / f"{preset}.yaml").read_text(encoding="utf-8"))
    merged: dict[str, Any] = {"defaults": []}
    for entry in own.get("defaults", []):
        if isinstance(entry, str) and entry != "_self_":
            base = _inherited(entry)
            merged |= base
    merged["defaults"] = [*merged["defaults"], *own.get("defaults", [])]
    merged["hydra"] = {**merged.get("hydra", {}), **own.get("hydra", {})}
    return merged


def corpus(path: Path) -> None:
    """Texts whose class is told by one of their words."""
    labels = ["bad", "good"]
    rows = [f"a {labels[i % 2]} film number {'x' * (i % 7 + 1)},{labels[i % 2]}" for i in range(60)]
    path.write_text("\n".join(["review,sentiment", *rows]) + "\n", encoding="utf-8")


def cases() -> dict[str, list[str]]:
    """The words of each case, by a name for its folder."""
    presets = {f"preset_{path.stem}": small(path.stem) for path in sorted(PRESETS.glob("*.yaml"))}
    all_probes = ["probes=all", "plots=false", "threads=1"]
    generated = [f"{key}={value}" for key, value in GENERATED.items() if key != "trainer.steps"]
    tasks = {
        f"task_{name}": [f"data={name}", *generated, "trainer.steps=120", *all_probes]
        for name in TASKS
    }
    texts = [f"{key}={value}" for key, value in SMALL.items() if key != "trainer.epochs"]
    few = ["trainer.epochs=2", "clip=norm", *all_probes]
    own = ["data=csv", "data.path=texts.csv", "data.text_column=review"]
    own += ["data.label_column=sentiment"]
    models = {f"model_{name}": [*texts, f"model={name}", *few] for name in MODELS}
    cells = {
        f"cell_{name}": [*texts, "model=unrolled", f"model.cell={name}", "model.num_layers=2", *few]
        for name in ("rnn", "lstm", "gru")
    }
    others = {
        "task_csv": [*texts, *own, *few],
        "task_sentence": ["data=sentence", "seq_len=7", "trainer.batch_size=1", *few],
        "task_random_tokens": ["data=random_tokens", "data.count=60", "seq_len=8", *few],
        "task_digits": ["data=digits", "data.limit=60", "seq_len=64", *few],
        "chrono": [*texts, "init=chrono", "model=gru", "model.readout=last", *few],
        "dropout": [*texts, "model.num_layers=2", "model.dropout=0.3", "trainer.patience=1", *few],
        "other_lengths": [*texts, "data.eval_lengths=[4,12]", *few],
        "long": ["data.limit=200", "seq_len=200", "model.hidden_size=16", *few],
    }
    return presets | tasks | models | cells | others


def record(folder: Path, names: Sequence[str]) -> int:
    """Run the cases below `folder`; returns how many failed."""
    try:
        main: Callable[[Sequence[str]], int] = importlib.import_module("rnnexp.command.main").main
    except ModuleNotFoundError:  # the first version had it elsewhere
        main = importlib.import_module("rnnexp." + "cli").main
    failed = 0
    for name, words in cases().items():
        if names and name not in names:
            continue
        place = folder / name
        place.mkdir(parents=True)
        corpus(place / "texts.csv")
        with (
            contextlib.chdir(place),
            (place / "output.txt").open("w") as out,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            status = main(words)
        failed += status != 0
        print(f"{name:32} exit {status}  rnnexp {' '.join(words)}", flush=True)
    return failed


def compare(old: Path, new: Path) -> int:
    """Print a line per case of the new recording; returns how many differ."""
    differing = compared = files = 0
    for place in sorted(path for path in new.iterdir() if path.is_dir()):
        runs = {side: _runs(folder / place.name) for side, folder in (("old", old), ("new", new))}
        faults = []
        if runs["old"].keys() != runs["new"].keys() or not runs["old"]:
            faults.append(f"{len(runs['old'])} runs and {len(runs['new'])}")
        for key in sorted(runs["old"].keys() & runs["new"].keys()):
            counted, wrong = _differences(runs["old"][key], runs["new"][key])
            files, compared = files + counted, compared + 1
            faults += [f"{runs['new'][key]}: {name}" for name in wrong]
        differing += bool(faults)
        print(f"{place.name:32} {len(runs['old']):3} runs  " + ("; ".join(faults) or "the same"))
    left = sum(path.is_dir() and not (new / path.name).is_dir() for path in old.iterdir())
    print(f"{compared} runs, {files} files compared; {differing} cases differ, {left} not recorded")
    return differing


def _runs(place: Path) -> dict[str, Path]:
    """The runs of a case, by the words that told them apart: names of folders may change."""
    runs = {}
    for file in place.glob("outputs/*/**/config.yaml"):
        config = file.read_text(encoding="utf-8")
        words = config.splitlines()[0].removeprefix("# rnnexp ")
        runs[re.sub(r"\s*hydra\S*", "", words)] = file.parent
    return runs


def _differences(old: Path, new: Path) -> tuple[int, list[str]]:
    """How many files were compared, and the names of those that differ."""
    names = {
        str(path.relative_to(side))
        for side in (old, new)
        for pattern in ("metrics.csv", "predictions/*.npz", "probes/*.npz")
        for path in side.glob(pattern)
    }
    wrong = []
    for name in sorted(names):
        a, b = old / name, new / name
        if not (a.is_file() and b.is_file()):
            wrong.append(f"{name} (in one alone)")
        elif name.endswith(".csv"):
            wrong += [] if a.read_bytes() == b.read_bytes() else [name]
        else:
            with np.load(a) as x, np.load(b) as y:
                keys = set(x.files) | set(y.files)
                wrong += [
                    f"{name} {key}"
                    for key in sorted(keys)
                    if key not in x.files
                    or key not in y.files
                    or x[key].dtype != y[key].dtype
                    or x[key].tobytes() != y[key].tobytes()
                ]
    return len(names), wrong


def command(words: Sequence[str]) -> int:
    if words[:1] == ["record"] and len(words) >= 2:
        return 1 if record(Path(words[1]).absolute(), words[2:]) else 0
    if words[:1] == ["compare"] and len(words) == 3:
        return 1 if compare(Path(words[1]), Path(words[2])) else 0
    print((__doc__ or "").strip(), file=sys.stderr)
    return 2


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.exit(command(sys.argv[1:]))
