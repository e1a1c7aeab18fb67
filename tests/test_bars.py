"""Bars are for people who wait: on a terminal, and once something takes long."""

import io
import time

import pytest

from rnnexp import bars
from rnnexp.bars import bars_shown, slow_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("screen_of", [Terminal, io.StringIO])
@pytest.mark.parametrize("patience", [0.0001, 60.0])
@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_is_drawn_on_a_terminal_once_it_takes_long(
    screen_of: type[io.StringIO], patience: float, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = screen_of()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(bars, "PATIENCE", patience)
    token = bars_shown.set(shown)
    try:
        with slow_bar("word vectors", "B", total=300_000) as bar:
            for _ in range(3):
                bar.mininterval = 0
                time.sleep(0.001)
                bar.update(100_000)
        assert list(slow_bar("rows", "row", range(3))) == [0, 1, 2]
    finally:
        bars_shown.reset(token)
    drawn = screen_of is Terminal and shown and patience < 1
    assert ("word vectors" in screen.getvalue()) is drawn
    assert bool(screen.getvalue()) is drawn
