"""Versions of Docker Engine as people name them: by the number before the first dot, such as 28; and Podman, whose hosts have
the word `podman`.

Which of them there are is for the nodes to say; this module knows only what such a word looks like. A sandbox's row, a link and
a class keep the word. Lessons and classes are about Docker: they take only the words that `is_docker` accepts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from explorer.environment import ENGINE

DEFAULT_ENGINE = "26"  # where nobody names a version and a node has this one
PODMAN = "podman"


def is_docker(word: object) -> bool:
    """Whether this can be the name of a version of Docker Engine."""
    return isinstance(word, str) and ENGINE.fullmatch(word) is not None


def is_engine(word: object) -> bool:
    """Whether this can be the name of what a host has: a version of Docker Engine, or Podman."""
    return word == PODMAN or is_docker(word)


def title(word: str) -> str:
    """`Docker Engine 28` or `Podman`."""
    return "Podman" if word == PODMAN else f"Docker Engine {word}"


def in_order(words: Iterable[object]) -> tuple[str, ...]:
    """Those of the words that can be names, each once: Docker Engine with the oldest first, then Podman."""
    return tuple(sorted({str(word) for word in words if is_engine(word)}, key=lambda word: (word == PODMAN, len(word), word)))


def usual(engines: Collection[str]) -> str:
    """Which of these is used where nobody names one: a version of Docker Engine, if there is one."""
    docker = [word for word in engines if is_docker(word)] or [*engines]
    return DEFAULT_ENGINE if DEFAULT_ENGINE in docker or not docker else docker[0]


def engine_of(version: str) -> str:
    """The name of a full version: `28` for `28.5.2+dfsg4`. Empty when the text begins with no such number."""
    word = version.partition(".")[0]
    return word if is_docker(word) else ""


def in_words(engines: Iterable[str]) -> str:
    """`26, 28 and Podman`; `none` when there are none."""
    *first, last = [title(word) if word == PODMAN else word for word in engines] or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
