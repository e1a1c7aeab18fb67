"""The quick form of a command: what the pages show, cut to about a second. Said here alone."""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks import same_numbers
from rnnexp import plugins
from rnnexp.command.verbs import VERBS
from tests.conftest import TASKS, composed

#: Options that end a command before anything is trained.
SHOWN = ("--help", "--version", "--cfg", "--shell-completion")

#: Lengths in the place of long ones, in their order.
LENGTHS = ("8", "12", "16", "20")

#: Of every training.
ALWAYS = {"model.hidden_size": "4", "threads": "1"}
#: Of data that end, and of tasks that make their samples.
PASSES = {"trainer.epochs": "2", "trainer.batch_size": "16"}
SAMPLES = {"trainer.steps": "3", "data.val_count": "20", "data.test_count": "20"}


def quick(words: Sequence[str], plots: bool) -> list[str]:
    """The words of a command in its quick form; a verb, and what is only shown, as typed."""
    if any(word in (*VERBS, *SHOWN) for word in words):
        return list(words)
    typed = dict(word.partition("=")[::2] for word in words if "=" in word)
    preset = typed.get("experiment")
    if preset in same_numbers.PRESET_NAMES:
        cut_words = _unless(typed, same_numbers.small(preset)[1:])
        drawn = (
            ["plots=true"] if plots and "seed=0" not in cut_words else []
        )  # a study draws its own
        return [*words, *cut_words, *drawn, "threads=1"]
    task = typed.get("data") or (_task_of(words, preset) if preset else "reviews")
    cut = dict(ALWAYS)
    if not all(
        name in plugins.option_files("model") for name in typed.get("model", "lstm").split(",")
    ):
        del cut["model.hidden_size"]  # a model of the page's own need not have it
    if task not in TASKS or "test_count" in composed(f"data={task}")["data"]:
        cut |= SAMPLES
    else:
        cut |= PASSES
        settings = composed(f"data={task}")["data"]
        cut |= {f"data.{key}": "80" for key in ("limit", "count") if key in settings}
    images = task in TASKS and "pool" in composed(f"data={task}")["data"]  # as long as they are
    for key, value in typed.items():
        if key.endswith("seq_len") and not images:
            cut[key] = _short(value)
        elif key == "seed":
            cut[key] = ",".join(value.split(",")[:2])
        elif key in cut and not value.replace(".", "").isdigit():
            del cut[key]  # several values, or a space to search
    if not images:
        cut.setdefault("seq_len", "12")
    if "trainer.batch_size" in typed or "trainer.steps" in typed:
        cut.pop("trainer.batch_size", None)
    if "trainer.steps" in typed:
        cut.pop("trainer.epochs", None)
        cut["trainer.steps"] = "3"
    if typed.get("hydra/sweeper") == "optuna":
        cut["hydra.sweeper.n_trials"] = "3"
    if not plots and not {"probes", "+probes"} & typed.keys():
        cut["probes"] = "none"
    if "hidden_dynamics" in typed.get("probes", ""):
        cut["probes.hidden_dynamics.min_length"] = "5"
    for name in re.findall(r"\w+", typed.get("logger", "none")):
        if name != "none" and name in plugins.option_files("logger"):
            cut[f"logger.{name}.timeout"] = "600"  # a busy machine is no fault of the page's
    cut |= {} if plots else {"plots": "false"}
    return [*words, *(f"{key}={value}" for key, value in cut.items())]


def _task_of(words: Sequence[str], preset: str) -> str:
    """The task of a preset of the page's own package."""
    conf = Path(words[list(words).index("--config-dir") + 1])
    text = (conf / "experiment" / f"{preset}.yaml").read_text(encoding="utf-8")
    found = re.search(r"override /data: (\w+)", text)
    return found[1] if found else "reviews"


def _short(lengths: str) -> str:
    """As many lengths, none of them long."""
    values = lengths.split(",")
    if max(map(int, values)) <= 40 and len(values) == 1:
        return lengths
    return ",".join(LENGTHS[: len(values)])


def _unless(typed: dict[str, str], words: Sequence[str]) -> list[str]:
    """The words but for lengths and seeds that are typed with fewer values."""
    return [word for word in words if word.partition("=")[0] not in typed or "seq_len" in word]
