"""`python -m benchmarks --quick`: `make benchmark` at sizes of which nothing can be said.

Without Keras and Lightning, which take long to begin: test_peers.py has them, where installed.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peers import peers

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.long
def test_the_quick_form(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--without-frameworks",
         "--folder", tmp_path],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cost.png").stat().st_size > 10_000
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "The quick form" in text
    sections = {part.split("\n")[0]: part for part in text.split("\n## ")}
    steps = sections["A training step: rnn, one thread"]
    assert "| tokens | 5 | 10 |" in steps
    assert "share of the product rate" in steps
    same = sections["The same loss"]
    for peer in peers():
        if peer.framework:
            assert f"- {peer.name}: left out, as asked." in text
        elif peer.typical and peer.trains and peer.name != "rnnexp":
            (row,) = (line for line in same.splitlines() if line.startswith(f"| {peer.name} |"))
            assert "| yes |" in row
            section = steps if "notebook" not in peer.name else text
            assert f"| {peer.name} |" in section
