"""Counting what a namespace holds from what the kernel lists: cut, forged and endless answers are counted too low, never too
high, and end."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lab.memory import holdings


def message(kind, body):
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


class Kernel(socket.socket):
    """Answers a list's question with these datagrams; after them it is silent."""

    def __init__(self, *datagrams):
        super().__init__()
        self.datagrams = list(datagrams)

    def send(self, data, flags=0):
        return len(data)

    def recv(self, size, flags=0):
        if not self.datagrams:
            raise TimeoutError
        return self.datagrams.pop(0)


class Endless(Kernel):
    """Lists without end."""

    def recv(self, size, flags=0):
        return message(28, bytes(48)) * 1000


DONE = message(3, bytes(4))


def test_entries_are_counted_over_all_datagrams():
    one = message(28, bytes(48))
    assert holdings.count(Kernel(one * 3, one * 2 + DONE), 30, bytes(12)) == 5


@pytest.mark.parametrize("answer", [b"", b"\0" * 3, DONE, message(2, struct.pack("=i", -1)), bytes(64)])
def test_an_answer_without_entries_has_none(answer):
    assert holdings.count(Kernel(answer), 30, bytes(12)) == 0


def test_a_list_without_end_ends(monkeypatch):
    monkeypatch.setattr(holdings, "DUMP_BYTES", 10**6)
    assert 10_000 < holdings.count(Endless(), 30, bytes(12)) < 20_000


def test_rings_are_their_blocks_times_their_size():
    ring = struct.pack("=HH", 32, 2) + struct.pack("=IIIIIII", 4096, 8, 2048, 16, 0, 0, 0)
    assert holdings.rings(Kernel(message(20, bytes(16) + ring + ring) + message(20, bytes(16)) + DONE)) == 2 * 4096 * 8


@given(st.binary(max_size=300))
def test_any_bytes_are_some_number_of_rings(data):
    assert holdings.ring_bytes(data) >= 0
    assert holdings.is_last(data) in (True, False)


@pytest.mark.parametrize(
    ("line", "columns", "bytes_"),
    [
        ("sk Eth Pid Groups 832 5 0 2", (4, 5), 837),
        ("  1: 0100007F:0035 00000000:0000 07 00000010:00000020 00:0", (4,), 0x30),
        ("too short", (4,), 0),
        ("a b c d nonsense:ff", (4,), 0),
    ],
)
def test_bytes_that_wait_in_sockets_are_read(line, columns, bytes_):
    assert holdings.queued(f"head\n{line}\n{line}\n", columns) == 2 * bytes_


def test_fragments_and_routes_are_read_where_they_stand():
    assert holdings.fragments("sockets: used 3\nFRAG: inuse 2 memory 4096\n") == 4096
    assert holdings.fragments("FRAG: inuse 2\n") == 0
    assert holdings.routes6("0061 0030 0003 0030 0000 0000 0001\n") == 0x30
    assert holdings.routes6("no") == 0
