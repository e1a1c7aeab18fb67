"""A figure's SVG brings its font: the same letters wherever it is opened, as text."""

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fontTools import ttLib
from matplotlib import font_manager

from rnnexp.results.figure_files import split_fonts
from rnnexp.results.figures import fonts, style


def drawn(folder: Path, words: str, weight: str = "normal") -> str:
    with style.figure(3, 3) as (canvas, (axes,)):
        axes.text(0.5, 0.5, words, fontweight=weight)
        style.save(canvas, folder, "text", [{"y": 0.5}])
    return (folder / "text.svg").read_text(encoding="utf-8")


def letters(face: str) -> set[str]:
    data = re.search(r"base64,([^)]*)\)", face)
    assert data is not None
    font = ttLib.TTFont(io.BytesIO(base64.b64decode(data[1])))
    assert font.flavor == "woff"
    return set(map(chr, font.getBestCmap()))


def ranges(face: str) -> set[str]:
    listed = re.search(r"unicode-range:([^;]*);", face)
    assert listed is not None
    return {chr(int(code.removeprefix("U+"), 16)) for code in listed[1].split(",")}


def test_the_font_has_all_letters_of_the_figure(workdir: Path) -> None:
    svg = drawn(workdir, "ein <schöner> Film & ‖∂L/∂h‖")
    ElementTree.fromstring(svg)
    plain, faces = split_fonts(svg)
    assert "@font-face" not in plain
    assert ">ein &lt;schöner&gt; Film &amp; ‖∂L/∂h‖<" in plain
    usual, more = faces
    assert letters(usual) == ranges(usual)
    assert set("einFilm<>&0123456789‖∂%") <= letters(usual)
    assert letters(more) == {"ö"}
    assert ElementTree.tostring(ElementTree.fromstring(plain))
    assert len(svg) - len(plain) < 25_000


def test_most_figures_share_their_font(workdir: Path) -> None:
    assert split_fonts(drawn(workdir, "one"))[1] == split_fonts(drawn(workdir, "other, 3%"))[1]
    assert drawn(workdir, "same") == drawn(workdir, "same")


def test_the_font_carries_no_time(workdir: Path) -> None:
    _, (face,) = split_fonts(drawn(workdir, "same"))
    data = re.search(r"base64,([^)]*)\)", face)
    assert data is not None
    embedded = ttLib.TTFont(io.BytesIO(base64.b64decode(data[1])))
    original = ttLib.TTFont(font_manager.findfont(fonts.FIRST))
    assert embedded["head"].modified == original["head"].modified


def test_bold_letters_have_a_font_of_their_own(workdir: Path) -> None:
    _, faces = split_fonts(drawn(workdir, "bold", "bold"))
    (bold,) = [face for face in faces if "font-weight:bold" in face]
    assert letters(bold) == set("bold")


@pytest.mark.filterwarnings("ignore")
def test_letters_that_the_font_lacks_are_left_to_the_reader(workdir: Path) -> None:
    svg = drawn(workdir, "電影")
    assert "電影" in svg
    assert len(split_fonts(svg)[1]) == 1
