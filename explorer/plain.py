"""Text that others wrote, for a log or an operator's terminal: what would steer a terminal, hide text or begin a line of its
own is written as its escape."""

from __future__ import annotations


def plain(text: str) -> str:
    """`text` with every character that cannot be printed as its escape, such as `\\x1b`; lines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in "\n\t" else escape(sign) for sign in text)


def escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
