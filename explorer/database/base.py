"""Django's backend for SQLite in which a connection of root's does everything with the identity of the database's owner."""

from __future__ import annotations

import atexit
import contextlib
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

from explorer.database.client import DatabaseClient
from explorer.database.identity import Identity, Unguarded, identity_for

_LEVEL: Any = sqlite3.Connection.isolation_level  # a descriptor


class OwnedCursor(base.SQLiteCursorWrapper):
    """A cursor that works with its connection's identity, also when it is freed: that can end a transaction."""

    def __init__(self, connection: OwnedConnection) -> None:
        self.identity = connection.identity
        super().__init__(connection)

    def execute(self, *args: Any) -> Any:
        return self.identity.run(super().execute, *args)

    def executemany(self, *args: Any) -> Any:
        return self.identity.run(super().executemany, *args)

    def executescript(self, *args: Any) -> Any:
        return self.identity.run(super().executescript, *args)

    def fetchone(self) -> Any:
        return self.identity.run(super().fetchone)

    def fetchmany(self, *args: Any, **named: Any) -> Any:
        return self.identity.run(super().fetchmany, *args, **named)

    def fetchall(self) -> Any:
        return self.identity.run(super().fetchall)

    def __next__(self) -> Any:
        return self.identity.run(super().__next__)

    def close(self) -> None:
        self.identity.run_within(super().close)

    def __del__(self) -> None:
        with contextlib.suppress(sqlite3.Error, AttributeError):  # AttributeError: it was never opened
            self.close()


class OwnedConnection(sqlite3.Connection):
    """A connection that opens, reads, writes and closes with `identity`."""

    def __init__(self, identity: Identity, *args: Any, **named: Any) -> None:
        self.identity = identity
        identity.run(super().__init__, *args, **named)
        _OPEN.add(self)

    def cursor(self, factory: Any = None) -> Any:
        made: OwnedCursor = super().cursor(OwnedCursor)  # type: ignore[arg-type]  # it is called with this connection
        return made

    def execute(self, *args: Any) -> Any:
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        return self.cursor().executescript(*args)

    def commit(self) -> None:
        self.identity.run(super().commit)

    def rollback(self) -> None:
        self.identity.run(super().rollback)

    def backup(self, *args: Any, **named: Any) -> None:
        self.identity.run(super().backup, *args, **named)

    def blobopen(self, *args: Any, **named: Any) -> Any:
        raise NotImplementedError("a blob would be read and written without the identity of the database's owner")

    def __exit__(self, *args: Any) -> Any:
        return self.identity.run(super().__exit__, *args)

    @property
    def isolation_level(self) -> Any:
        return super().isolation_level

    @isolation_level.setter
    def isolation_level(self, level: Any) -> None:
        """Setting it commits what was begun."""
        self.identity.run(_LEVEL.__set__, self, level)

    def close(self) -> None:
        self.identity.run_within(super().close)

    def __del__(self) -> None:
        with contextlib.suppress(sqlite3.Error, AttributeError):  # AttributeError: it was never opened
            self.close()


_OPEN: WeakSet[OwnedConnection] = WeakSet()


@atexit.register
def _close_all() -> None:
    """At the end of the process Python may free a connection after it has taken this module apart."""
    for one in list(_OPEN):
        with contextlib.suppress(sqlite3.Error):
            one.close()


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.is_in_memory_db():
            return params
        file = Path(self.settings_dict["NAME"])
        with contextlib.suppress(OSError):
            file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)  # for a command before the first start
        try:
            identity = identity_for(file)
        except Unguarded as error:
            raise OperationalError(str(error)) from error
        return {**params, "factory": partial(OwnedConnection, identity)} if identity else params
