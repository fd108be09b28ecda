"""The bounds that every reader keeps: the number of lines, their length, the characters, and keys that are unique in one
view."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

LINES = 2_000
LINE_LENGTH = 4_096
KEY_LENGTH = 240

# An interface name may hold an escape character. Control characters become their visible pictures (U+2400 …), and half
# a surrogate pair, which no encoder takes, becomes U+FFFD.
# Characters that turn the text around them (Unicode's Bidi_Control) are shown by their number, as static/js/page/plain.js does.
TURNING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
VISIBLE: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: 0x2421,
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000)), 0xFFFD),
    **{code: f"‹U+{code:04X}›" for code in TURNING},
}


def visible(text: str, most: int | None = None) -> str:
    """The text with its control characters visible, cut to `most` characters: some become longer."""
    return text[:most].translate(VISIBLE)[:most]


def bounded_lines(text: str) -> tuple[list[str], bool]:
    """The lines of `text` without their line feeds, and whether something was cut off."""
    lines: list[str] = []
    start, truncated = 0, False
    while start < len(text):
        if len(lines) == LINES:
            return lines, True
        end = text.find("\n", start)
        if end < 0:
            end = len(text)
        line = visible(text[start : min(end, start + LINE_LENGTH + 1)])
        truncated = truncated or len(line) > LINE_LENGTH
        lines.append(line[:LINE_LENGTH])
        start = end + 1
    return lines, truncated


def number(word: str) -> int | None:
    """The number of a plain decimal that fits a kernel counter, else None."""
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 20 else None


def after(words: Sequence[str], name: str) -> str:
    """The word after `name`, or ""."""
    for index, word in enumerate(words):
        if word == name:
            return words[index + 1] if index + 1 < len(words) else ""
    return ""


class Keys:
    """Gives out the keys of one observation: bounded in length, and the second of two equal keys gets `#2`."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def unique(self, key: str) -> str:
        if len(key) > KEY_LENGTH:
            key = f"{key[: KEY_LENGTH - 17]}~{digest(key)}"
        nth = self._seen.get(key, 0) + 1
        self._seen[key] = nth
        return key if nth == 1 else self.unique(f"{key}#{nth}")

    def unknown(self, text: str) -> str:
        """The key of a line that no reader understands: a hash of its text."""
        return self.unique(f"line:{digest(text)}")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
