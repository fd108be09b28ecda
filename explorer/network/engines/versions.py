"""Versions of Docker Engine as people name them: by the number before the first dot, such as 28.

Which versions there are is for the nodes to say; this module knows only what such a word looks like. A sandbox's row, a
link and a class keep the word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from explorer.environment import ENGINE

DEFAULT_ENGINE = "26"  # where nobody names a version and a node has this one


def is_engine(word: object) -> bool:
    """Whether this can be the name of a version."""
    return isinstance(word, str) and ENGINE.fullmatch(word) is not None


def in_order(words: Iterable[object]) -> tuple[str, ...]:
    """Those of the words that can be versions, each once, the oldest first."""
    return tuple(sorted({str(word) for word in words if is_engine(word)}, key=int))


def usual(engines: Collection[str]) -> str:
    """Which of these versions is used where nobody names one."""
    return DEFAULT_ENGINE if DEFAULT_ENGINE in engines or not engines else next(iter(engines))


def engine_of(version: str) -> str:
    """The name of a full version: `28` for `28.5.2+dfsg4`. Empty when the text begins with no such number."""
    word = version.partition(".")[0]
    return word if is_engine(word) else ""


def in_words(engines: Iterable[str]) -> str:
    """`26, 28 and 29`; `none` when there are none."""
    *first, last = (*engines,) or ("none",)
    return f"{', '.join(first)} and {last}" if first else last
