"""The numbers beside a figure can be read back as they were drawn."""

import csv
import math
from pathlib import Path

import numpy as np

from rnnexp.results import figure_files


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_floats_come_back_and_what_was_not_measured_is_empty(tmp_path: Path) -> None:
    rows = [
        {"line": 'a, "b"\n', "length": 8, "accuracy": 0.1 + 0.2, "low": None},
        {"line": "c", "accuracy": np.float64(1 / 3), "gain": math.nan},
        {"line": "d", "accuracy": np.float32(0.1), "gain": math.inf, "length": np.int64(3)},
    ]
    path = figure_files.write_numbers(tmp_path, "x", rows)
    first, second, third = read(path)
    assert list(first) == ["line", "length", "accuracy", "low", "gain"]
    assert (first["line"], first["length"], first["low"]) == ('a, "b"\n', "8", "")
    assert float(first["accuracy"]) == 0.1 + 0.2
    assert float(second["accuracy"]) == 1 / 3
    assert (second["length"], second["gain"]) == ("", "")
    assert float(third["accuracy"]) == float(np.float32(0.1))
    assert (third["gain"], third["length"]) == ("inf", "3")


def test_an_empty_figure_keeps_no_numbers_of_an_earlier_one(tmp_path: Path) -> None:
    figure_files.write_numbers(tmp_path, "x", [{"y": 1.0}])
    figure_files.write_numbers(tmp_path, "x", [])
    assert not any(tmp_path.iterdir())


def test_fonts_are_taken_out_of_a_drawing_and_nothing_else() -> None:
    faces = ["@font-face{a}", "@font-face{b}"]
    style = figure_files.FONTS.format("\n".join(faces))
    drawing = '<svg>\n <style type="text/css">*{stroke: red}</style><text>{}</text></svg>'
    assert figure_files.split_fonts(drawing) == (drawing, [])
    with_fonts = drawing.replace("<svg>\n ", f"<svg>\n {style}\n ")
    assert figure_files.split_fonts(with_fonts) == (drawing, faces)
