"""What somebody who owns a database's directory can put beside the database, and programs of root's that then open it."""

from __future__ import annotations

import os
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]
WEB = 64100
MAGIC = bytes.fromhex("d9d505f920a163d7")
PAGE = 4096
LOCK_PAGE = 0x40000000 // PAGE + 1


def journal_about(victim: Path) -> bytes:
    """A journal that a crash seems to have left, of a transaction over several databases. It names `victim` as the file that
    holds these together; SQLite deletes that file when it has restored the last of them."""
    head = MAGIC + struct.pack(">IIIII", 0, 0, 1, 512, PAGE)
    name = str(victim).encode()
    tail = struct.pack(">I", LOCK_PAGE) + name + struct.pack(">II", len(name), sum(name)) + MAGIC
    return head.ljust(512, b"\0") + tail


def make_database(file: Path) -> None:
    """A database of the web's user in a directory of theirs."""
    file.parent.mkdir(exist_ok=True)
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE seen (at INTEGER)")
    made.close()
    for one in (file.parent, file):
        os.chown(one, WEB, WEB)


def as_root(engine: str, file: Path, code: str = "c.execute('SELECT count(*) FROM sqlite_master')") -> str:
    """What a process of root's says that opens the database by this backend."""
    program = (
        "from django.conf import settings\n"
        f"settings.configure(DATABASES={{'default': {{'ENGINE': {engine!r}, 'NAME': {str(file)!r}}}}})\n"
        f"from django.db import connection\nwith connection.cursor() as c: {code}\nconnection.close()\nprint('it did')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr
