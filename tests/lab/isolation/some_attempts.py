"""Attempts with a known end, for the frame's own tests."""

from __future__ import annotations

import os
import sys

from explorer.lab.isolation.harness import Refused, attempt, in_child

sys.modules["explorer.lab.isolation.harness"].SECONDS = 1  # type: ignore[attr-defined]


@attempt("gets through", "nothing")
def through() -> object:
    return "the secret"


@attempt("is refused", "a wall", "EACCES")
def refused() -> object:
    raise PermissionError(13, "no")


@attempt("is refused in other words", "a wall")
def other_words() -> object:
    raise Refused("no\nway")


@attempt("is no attempt: there is no such file", "a wall", "EACCES")
def no_such_file() -> object:
    return os.open("/no/such/file", os.O_RDONLY)


@attempt("is no attempt: a mistake", "a wall", "EACCES")
def mistake() -> object:
    return 1 // 0


@attempt("is no attempt: it never ends", "a wall", "EACCES")
def never() -> object:
    while True:
        pass


@attempt("kills itself", "a wall")
def killed() -> object:
    return in_child(lambda: os.kill(os.getpid(), 9))


@attempt("gets through in a child", "nothing")
def child() -> object:
    return in_child(lambda: f"{os.getpid() != os.getppid()} {sys.argv[1]}")


@attempt("is refused in a child", "a wall", "EPERM")
def refused_child() -> object:
    def act() -> object:
        raise PermissionError(1, "no")

    return in_child(act)


@attempt("is stopped sooner by fewer rights", "a wall", "EPERM")
def sooner() -> object:
    raise OSError(30, "read-only")
