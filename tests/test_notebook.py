"""examples/notebook.ipynb runs, and its stored outputs are what it gives."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).resolve().parent.parent / "examples" / "notebook.ipynb"
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]\d+)?")


def read() -> Any:
    import nbformat

    return nbformat.read(PATH, as_version=4)


def texts(cell: Any) -> str:
    """What a cell showed, in plain text."""
    parts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]
    return "\n".join(parts)


def kinds(cell: Any) -> set[str]:
    """Of what it showed; a print can be one output or several."""
    return {out.output_type for out in cell.outputs}


@pytest.mark.slow
def test_it_runs_and_gives_what_is_stored(workdir: Path) -> None:
    """The same words, and numbers that are the same to what another processor may round."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own packages
        from nbclient import NotebookClient

        stored, fresh = read(), read()
        place = {"metadata": {"path": str(workdir)}}
        NotebookClient(
            fresh, timeout=600, kernel_name="python3", resources=place, coalesce_streams=True
        ).execute()
    code = [pair for pair in zip(stored.cells, fresh.cells, strict=True) if "outputs" in pair[0]]
    for before, now in code[1:]:  # the first has times, and lines of runs in the order they ended
        told, tells = texts(before), texts(now)
        assert re.sub(r"\s+", " ", NUMBER.sub("#", told)) == re.sub(
            r"\s+", " ", NUMBER.sub("#", tells)
        )
        numbers = ([float(n) for n in NUMBER.findall(text)] for text in (told, tells))
        for one, other in zip(*numbers, strict=True):
            assert other == pytest.approx(one, rel=0.05, abs=0.03)
        assert kinds(before) == kinds(now)
    assert "synthetic data: reviews" in texts(code[0][0])
    assert "synthetic data: reviews" in texts(code[0][1])


def test_what_is_stored_is_small_whole_and_from_no_machine() -> None:
    notebook = read()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [out for cell in code for out in cell.outputs if out.output_type == "error"]
    assert PATH.stat().st_size < 300_000
    text = PATH.read_text(encoding="utf-8")
    assert "synthetic" in notebook.cells[0].source
    assert not re.search(r"/(?:tmp|work|home|root|Users)/", text)
