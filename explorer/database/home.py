"""The directory of the database: it belongs to the web's user and holds nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from explorer.database.identity import Identity

ENGINE = "explorer.database"
ENDS = ("", "-wal", "-shm", "-journal")


class NotItsHome(Exception):
    """The directory cannot be given to the web's user. It has one sentence for the person who starts the program."""


def database_file(setting: dict[str, Any]) -> Path | None:
    """The file of a database in Django's settings; None when it is in memory or another program's."""
    name = str(setting["NAME"])
    return Path(name).absolute() if setting["ENGINE"] == ENGINE and not is_in_memory(name) else None


def is_in_memory(name: str) -> bool:
    return name == ":memory:" or "mode=memory" in name


def make_home(file: Path, uid: int | None, former: Iterable[Path]) -> None:
    """Makes the directory of the database and the database, and gives them to `uid`; None leaves them to this process's user.
    A database that was kept at one of `former` moves in. Raises `NotItsHome`.
    """
    home = file.parent
    home.mkdir(mode=0o770, parents=True, exist_ok=True)
    if uid is not None and home.stat().st_uid != uid:
        _give(home, file.name, uid)
    for old in former:
        _move_in(old, file, uid)
    if uid is not None:
        try:
            Identity(uid).run(_begin, file)
        except OSError as error:
            raise NotItsHome(
                f"user {uid}, to whom it belongs, cannot open {file} ({error.strerror}); others must be able to pass every "
                "directory above it"
            ) from error


def _begin(file: Path) -> None:
    """Group, too, may write: it is the web process's where that process cannot have a user id of its own."""
    held = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o660)
    os.fchmod(held, 0o660)
    os.close(held)


def _give(home: Path, name: str, uid: int) -> None:
    """Gives a directory of root's with what is in it. Nobody else could write there, so nobody put another's file there."""
    held = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        kind, inside = os.fstat(held), os.listdir(held)
        ours = {name + end for end in ENDS}
        if kind.st_uid or kind.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or not set(inside) <= ours:
            raise NotItsHome(
                f"{home} must hold the database and nothing else, and belong to user {uid}, so that root opens no file that "
                f"others can replace; choose another place with DATABASE_URL, or: chown {uid}:{uid} {home}"
            )
        for one in inside:
            os.chown(one, uid, uid, dir_fd=held, follow_symlinks=False)
        os.fchown(held, uid, uid)
        os.fchmod(held, 0o770)
    finally:
        os.close(held)


def _move_in(old: Path, file: Path, uid: int | None) -> None:
    """Nobody else can write where the old one is by now: that directory is root's, and no web process runs."""
    if file == old or file.exists() or not _is_plain(old):
        return
    for end in ENDS:
        part = old.with_name(old.name + end)
        if _is_plain(part):
            if uid is not None:
                os.chown(part, uid, uid, follow_symlinks=False)
            part.rename(file.with_name(file.name + end))


def _is_plain(path: Path) -> bool:
    """A regular file without another name. With another name, its owner would change under that name too."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1
