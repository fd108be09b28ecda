"""A taken-over web owns the database and its directory. It cannot make root delete, make, read or write a file there.

Each attack is also tried on Django's own backend, where it succeeds: so the attack is a real one.
"""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import pytest
from django.db.utils import OperationalError

from explorer.database import base
from explorer.database.identity import Identity, Unguarded, identity_for
from tests.attacks import attack
from tests.database.planted import WEB, as_root, journal_about, make_database

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
OURS, DJANGOS = "explorer.database", "django.db.backends.sqlite3"


def both(name: str) -> pytest.MarkDecorator:
    """Tries an attack on our backend, and on Django's to show that it is one."""
    mark = attack(name, origin="web process", expected="refused", held_by="files opened as their owner")
    return pytest.mark.parametrize(("engine", "falls"), [pytest.param(OURS, False, marks=mark), (DJANGOS, True)])


@pytest.fixture
def place(passable_path: Path) -> Path:
    """`home/db.sqlite3` of the web's user, beside `vault`, which only root may pass and which holds a file of mode 600."""
    (passable_path / "vault").mkdir(mode=0o700)
    (passable_path / "vault" / "kept").write_text("of root")
    (passable_path / "vault" / "kept").chmod(0o600)
    make_database(passable_path / "home" / "db.sqlite3")
    return passable_path


@both("planted journal names a file of root's")
def test_a_planted_journal_deletes_no_file(place, engine, falls):
    file, victim = place / "home" / "db.sqlite3", place / "vault" / "kept"
    journal = file.with_name("db.sqlite3-journal")
    journal.write_bytes(journal_about(victim))
    os.chown(journal, WEB, WEB)
    as_root(engine, file)
    assert victim.exists() is not falls


@both("link in the database's place, to a new file")
def test_a_link_in_the_place_of_the_database_makes_no_file(place, engine, falls):
    file, victim = place / "home" / "db.sqlite3", place / "vault" / "new"
    file.unlink()
    file.symlink_to(victim)
    said = as_root(engine, file, "c.execute('CREATE TABLE t (x)')")
    assert victim.exists() is falls
    assert ("it did" in said) is falls


@both("link in the database's place, to a file of root's")
def test_a_link_to_a_file_of_roots_is_not_read(place, engine, falls):
    file = place / "home" / "db.sqlite3"
    make_database(place / "vault" / "other")
    os.chown(place / "vault", 0, 0)
    os.chown(place / "vault" / "other", 0, 0)
    (place / "vault" / "other").chmod(0o600)
    file.unlink()
    file.symlink_to(place / "vault" / "other")
    assert ("it did" in as_root(engine, file, "c.execute('SELECT * FROM seen')")) is falls


@both("database closed to its owner")
def test_root_opens_only_what_the_owner_may_open(place, engine, falls):
    """A file of mode 000 opens for nobody but root: the plainest proof of whose rights a process uses."""
    file = place / "home" / "db.sqlite3"
    file.chmod(0)
    assert ("it did" in as_root(engine, file)) is falls


def test_what_root_makes_belongs_to_the_owner(place):
    home = place / "home"
    read = "c.execute('PRAGMA journal_mode=WAL'); c.execute('SELECT * FROM seen')"
    look = f"import os; print({{one: os.stat({str(home)!r} + '/' + one).st_uid for one in sorted(os.listdir({str(home)!r}))}})"
    said = as_root(OURS, home / "db.sqlite3", f"{read}; {look}")
    assert f"{{'db.sqlite3': {WEB}, 'db.sqlite3-shm': {WEB}, 'db.sqlite3-wal': {WEB}}}" in said
    assert [path.name for path in home.iterdir()] == ["db.sqlite3"], "closed as the owner too"


def test_a_directory_of_roots_that_others_may_write_is_refused(place):
    (place / "home").chmod(0o777)
    os.chown(place / "home", 0, 0)
    with pytest.raises(Unguarded, match="others may write"):
        identity_for(place / "home" / "db.sqlite3")
    assert "others may write" in as_root(OURS, place / "home" / "db.sqlite3")


def test_a_directory_of_roots_needs_no_other_identity(place):
    assert identity_for(place / "vault" / "db.sqlite3") is None


# --- every call, in every thread ---


def whose() -> int:
    """The user whose file rights this thread has."""
    words = Path(f"/proc/self/task/{threading.get_native_id()}/status").read_text()
    return int(next(line for line in words.splitlines() if line.startswith("Uid:")).split()[4])


class Spy(Identity):
    """Notes with whose rights each call was made."""

    def __init__(self) -> None:
        super().__init__(WEB)
        self.calls: list[tuple[str, int]] = []

    def run(self, do, *args, **named):
        def seen(*args, **named):
            self.calls.append((getattr(do, "__name__", str(do)), whose()))
            return do(*args, **named)

        return super().run(seen, *args, **named)


@pytest.fixture
def spied(place):
    spy = Spy()
    connection = base.OwnedConnection(spy, str(place / "home" / "db.sqlite3"), check_same_thread=False)
    yield spy, connection
    connection.close()


def test_every_call_has_the_owners_rights_and_gives_them_back(spied, place):
    spy, connection = spied
    connection.execute("INSERT INTO seen VALUES (1)")
    connection.executemany("INSERT INTO seen VALUES (?)", [(2,), (3,)])
    connection.executescript("SELECT 1;")
    connection.commit()
    connection.rollback()
    connection.isolation_level = None
    with connection:
        cursor = connection.cursor()
        cursor.execute("SELECT at FROM seen")
        assert next(cursor) == (1,)
        assert (cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall()) == ((2,), [(3,)], [])
    other = base.OwnedConnection(spy, str(place / "home" / "copy"), check_same_thread=False)
    connection.backup(other)
    other.close()
    assert {uid for _, uid in spy.calls} == {WEB}
    assert {name for name, _ in spy.calls} >= {
        *("__init__", "execute", "executemany", "executescript", "commit", "rollback", "backup", "close"),
        *("fetchone", "fetchmany", "fetchall", "__next__", "__exit__", "__set__"),
    }
    assert whose() == 0


def test_nothing_that_can_touch_a_file_is_left_out():
    """Whatever a later Python adds to connections and cursors has to be looked at."""
    harmless = {
        *("create_aggregate", "create_collation", "create_function", "create_window_function", "interrupt", "iterdump"),
        *("enable_load_extension", "load_extension", "getlimit", "setlimit", "getconfig", "setconfig", "serialize"),
        *("set_authorizer", "set_progress_handler", "set_trace_callback", "in_transaction", "total_changes", "deserialize"),
        *("row_factory", "text_factory", "autocommit", "__call__", "__enter__", "__iter__", "setinputsizes", "setoutputsize"),
        *("arraysize", "connection", "description", "lastrowid", "rowcount"),
    }
    import sqlite3

    for plain, owned in ((sqlite3.Connection, base.OwnedConnection), (sqlite3.Cursor, base.OwnedCursor)):
        errors = {name for name in dir(plain) if name.endswith(("Error", "Warning"))}
        names = {name for name in plain.__dict__ if not name.startswith("__") or name in ("__call__", "__exit__", "__next__")}
        assert names - harmless - errors <= set(owned.__dict__), plain


def test_a_connection_that_is_forgotten_is_closed_with_the_owners_rights(place):
    spy = Spy()
    connection = base.OwnedConnection(spy, str(place / "home" / "db.sqlite3"), check_same_thread=False)
    cursor = connection.execute("SELECT 1")
    spy.calls.clear()
    del cursor, connection
    gc.collect()
    assert spy.calls
    assert {uid for _, uid in spy.calls} == {WEB}
    assert whose() == 0


def test_freed_within_a_call_it_does_not_give_the_rights_back_early(place):
    identity = Identity(WEB)
    other = [base.OwnedConnection(identity, str(place / "home" / "db.sqlite3"))]

    def free_one():
        other.clear()
        gc.collect()
        return whose()

    assert identity.run(free_one) == WEB
    assert whose() == 0


def test_an_error_gives_the_rights_back(spied):
    with pytest.raises(Exception, match="no such table"):
        spied[1].execute("SELECT * FROM missing")
    assert whose() == 0


def test_threads_do_not_share_an_identity():
    inside, seen = threading.Event(), []
    go_on = threading.Event()

    def hold():
        inside.set()
        go_on.wait(10)

    one = threading.Thread(target=Identity(WEB).run, args=(hold,))
    one.start()
    inside.wait(10)
    seen.append(whose())
    go_on.set()
    one.join()
    assert seen == [0]


def test_within_it_root_may_not_overrule_owners(place):
    with pytest.raises(PermissionError):
        Identity(WEB).run((place / "vault" / "kept").read_text)
    assert os.getgroups() == [], "no group of root's is left, whose files could be opened"


def test_the_wish_to_end_with_the_parent_survives():
    """The kernel forgets it at a change of identity; the supervisor's parts rely on it."""
    import ctypes
    import signal

    libc, death = ctypes.CDLL(None), ctypes.c_int()
    libc.prctl(1, int(signal.SIGCONT), 0, 0, 0)
    try:
        Identity(WEB).run(lambda: None)
        libc.prctl(2, ctypes.byref(death), 0, 0, 0)
        assert death.value == signal.SIGCONT
    finally:
        libc.prctl(1, 0, 0, 0, 0)


def test_who_cannot_take_the_identity_does_not_go_on_as_root(monkeypatch):
    from explorer.database import identity

    class Refusing:
        """A kernel that keeps the identity as it was."""

        def setfsuid(self, uid):
            return 0

        setfsgid = setfsuid

        def prctl(self, *_):
            return 0

    monkeypatch.setattr(identity, "_libc", Refusing())
    with pytest.raises(PermissionError, match="may not take"):
        Identity(WEB).run(lambda: pytest.fail("it went on as root"))


def test_django_says_what_is_wrong_in_one_sentence(place):
    (place / "home").chmod(0o777)
    os.chown(place / "home", 0, 0)
    wrapper = base.DatabaseWrapper({"NAME": str(place / "home" / "db.sqlite3"), "OPTIONS": {}})
    with pytest.raises(OperationalError, match="others may write"):
        wrapper.get_connection_params()
