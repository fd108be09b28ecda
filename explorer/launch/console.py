"""What a person at the terminal sees of a start and a stop: one line per phase, with its time."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Console:
    """On a terminal, the line of the current phase is redrawn. Elsewhere, each new text of a phase is a new line."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.live = self.out.isatty()
        self.name = ""
        self.begun = 0.0
        self.said = ""

    def begin(self, name: str) -> None:
        self.name, self.begun, self.said = name, time.monotonic(), ""
        self.detail("")

    def detail(self, text: str) -> None:
        text = printable(text)
        if self.live:
            self._write(f"\r\033[K… {self._label()}  {text[:60]}")
        elif text and text != self.said:
            self.said = text
            self._write(f"  · {text[:100]}\n")

    def done(self, note: str = "", mark: str = "✓") -> None:
        self._write(f"{self._redraw()}{mark} {self._label()}{'  ' + note if note else ''}\n")

    def failed(self) -> None:
        self.done(mark="✗")

    def line(self, text: str) -> None:
        self._write(f"{self._redraw()}{text}\n")

    def _label(self) -> str:
        return f"{self.name:<12} {time.monotonic() - self.begun:7.1f} s"

    def _redraw(self) -> str:
        return "\r\033[K" if self.live else ""

    def _write(self, text: str) -> None:
        try:
            self.out.write(text)
            self.out.flush()
        except OSError:
            self.live = False  # the terminal is gone: go on, so that the parts are stopped in order


def printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())
