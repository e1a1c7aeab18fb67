"""The benchmarks of single parts, each a script of this folder, and what they print."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

#: What each is about, by the name of its file.
PARTS = {
    "preparation": "Data preparation",
    "studies": "Studies and start-up",
    "probes": "Probes",
}


@dataclass(frozen=True)
class Printed:
    """What a script printed. failed: why there is nothing, or not all."""

    title: str
    command: str
    text: str
    failed: str = ""


def run_parts(
    say: Callable[[str], None], folder: Path = FOLDER, parts: dict[str, str] = PARTS
) -> list[Printed]:
    """Run the scripts one after the other, in processes of their own."""
    return [_run(folder / f"{name}.py", title, say) for name, title in parts.items()]


def _run(path: Path, title: str, say: Callable[[str], None]) -> Printed:
    command = f"python benchmarks/{path.name}"
    if not path.is_file():
        return Printed(title, command, "", f"there is no benchmarks/{path.name}")
    say(command)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    say(done.stdout)
    if done.returncode == 0:
        return Printed(title, command, done.stdout)
    last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
    return Printed(title, command, done.stdout, f"ended with status {done.returncode}: {last}")
