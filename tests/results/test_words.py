"""Words of the user's are drawn as they are, in fonts that have them."""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from rnnexp.results import words
from rnnexp.results.figures import fonts, style


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("rnn", "RNN"),
        ("lstm, reviews, seq_len=50", "LSTM, the built-in reviews, 50 steps"),
        ("bag, model.readout=last_valid", "bag of words (order-free), read at last real step"),
        ("rnn, clip.max_norm=1.0, init=orthogonal", "RNN, clipped at 1, orthogonal init"),
        ("rnn, clip.max_norm=inf, data.padding=pre", "RNN, no clipping, pads before"),
        ("rnn, data.eval_lengths=[4, 8], optimizer.lr=0.001",
         "RNN, eval lengths [4, 8], learning rate 0.001"),
        ("mine, model.cost=$5, embedding.path=a_b=c", "mine, cost $5, embedding path a_b=c"),
        ("unrolled, model.cell=lstm, data.distance=20", "unrolled, cell lstm, cue 20 steps back"),
    ],
)  # fmt: skip
def test_settings_in_words(label: str, shown: str) -> None:
    assert words.label(label) == shown


def drawn(folder: Path, text: str) -> str:
    """The SVG of a figure that has the text at every place."""
    with style.figure() as (canvas, (axes,)):
        axes.plot([0, 1, 2], [0, 1, 2], label=words.literal(text))
        axes.set_xticks([0, 1], [words.literal(text)] * 2)
        axes.set_ylabel(words.literal(text))
        style.panel_title(axes, text)
        style.title(canvas, text)
        style.legend(canvas, [axes])
        style.save(canvas, folder, "words", [])
    return (folder / "words.svg").read_text()


@pytest.mark.parametrize(
    "text", ["$", "$$", "$x$", "_neg", "__", "_child0", "a\tb", r"\frac", "ca$$h^2"]
)
def test_signs_are_no_formulas_and_hide_nothing(text: str, workdir: Path) -> None:
    shown = text.replace("\t", " ")
    # two ticks, title, panel title, label of the axis, legend
    svg = drawn(workdir, text).replace(words.JOINER, "")
    assert svg.count(f">{shown}<") == 6


def test_a_formula_is_drawn_where_it_is_asked_for(workdir: Path) -> None:
    with style.figure() as (canvas, (axes,)):
        axes.plot([0, 1])
        axes.set_ylabel(r"$x_t$", parse_math=True)
        style.save(canvas, workdir, "formula", [])
    assert ">$x_t$<" not in (workdir / "formula.svg").read_text()


@pytest.fixture
def runic(tmp_path: Path) -> Iterator[str]:
    """A font that has one character which matplotlib's own have not."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 700))
    pen.lineTo((900, 0))
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "one"])
    builder.setupCharacterMap({0x4E2D: "one"})
    builder.setupGlyf({".notdef": square, "one": square})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "one": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "One Letter", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "one.ttf"
    builder.save(path)
    known = list(font_manager.fontManager.ttflist)
    font_manager.fontManager.addfont(path)
    fonts._fallbacks.cache_clear()
    yield "One Letter"
    font_manager.fontManager.ttflist = known
    fonts._fallbacks.cache_clear()


def test_a_font_that_has_the_characters_is_taken(
    runic: str, workdir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fonts.families(["中"]) == ["DejaVu Sans", runic]
    assert fonts.families(["plain words, Ελληνικά, русский"]) == ["DejaVu Sans"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert runic in drawn(workdir, "a 中 b")
    assert caplog.messages == []


def test_characters_that_no_font_has_cost_one_line(
    workdir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = "\U000131a3\U000131a4"  # hieroglyphs
    if fonts._fallbacks(frozenset(nowhere))[0]:
        pytest.skip("a font here has hieroglyphs")
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("error")
        with style.together():
            for folder in ("a", "b"):
                assert nowhere in drawn(workdir / folder, nowhere)
    (line,) = caplog.messages
    assert "\U000131a3 \U000131a4" in line
    assert "no font installed here has" in line
