"""Run the fault tests in their long form and print what came of them: `make torture`.

python tests/faults/torture.py [--short] [words for pytest]
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path


def main(arguments: list[str]) -> int:
    """The exit status of the tests."""
    long = "--short" not in arguments
    words = [word for word in arguments if word != "--short"]
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        counts.touch()
        environment = os.environ | {"RNNEXP_COUNTS": str(counts)}
        if long:
            environment["RNNEXP_TORTURE"] = "1"
        tests = Path(__file__).parent
        command = [sys.executable, "-m", "pytest", "-q", str(tests), *words]
        status = subprocess.run(command, env=environment, check=False).returncode
        print(table([json.loads(line) for line in counts.read_text().splitlines()]))
    return status


def table(rows: list[dict[str, object]]) -> str:
    """A line for each kind of fault: its name, and its counts, added over its tests, in words."""
    lines = []
    kinds: dict[object, Counter[str]] = {}
    for row in rows:
        counted = {name: int(str(count)) for name, count in row.items() if name != "what"}
        kinds.setdefault(row["what"], Counter()).update(counted)
    for what, added in kinds.items():
        counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in added.items())
        lines.append(f"{what}: {counts}")
    return "\n".join(sorted(lines)) or "no faults were tried"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
