"""The short work between two parts."""

import sqlite3

from explorer.launch import chores


def visit(file):
    with sqlite3.connect(file) as visitor:
        visitor.execute("PRAGMA journal_mode=WAL")
        visitor.execute("CREATE TABLE IF NOT EXISTS seen (at INTEGER)")
        visitor.execute("INSERT INTO seen VALUES (1)")
    visitor.close()


def test_the_journal_stays_while_everybody_comes_and_goes(tmp_path):
    file = tmp_path / "db.sqlite3"
    visit(file)
    journal = file.with_name("db.sqlite3-wal")
    assert not journal.exists(), "whoever closes last removes it"
    held = chores.hold_journal(file)
    try:
        for _ in range(3):
            visit(file)
            assert journal.exists()
    finally:
        held.close()
    assert not journal.exists()
