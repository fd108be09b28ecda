"""The terminal socket: bytes exact by offset, what was typed goes to the node, nonsense is answered."""

import asyncio
import json
import os
import time
from functools import partial

import pytest

from explorer.live.limits import (
    RESIZE_RATE,
    TYPED_BURST,
    TYPED_COUNTED,
    TYPED_KEPT,
    TYPED_LEAST,
    TYPED_RATE,
    Bucket,
)
from explorer.sandboxes import changes
from explorer.sandboxes.events import (
    TYPED_AHEAD,
    TYPED_TOLD,
    taken_key,
    terminal_key,
    typed_key,
)
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.orders import ORDER_BYTES, TYPED_BYTES, orders_key
from tests.attacks import attack
from tests.live.conftest import frame

pytestmark = pytest.mark.django_db(transaction=True)


async def read_bytes(socket, offset, until):
    """Everything up to byte `until`, checking that each frame begins where the last ended."""
    found = bytearray()
    while offset < until:
        start, data = frame(await socket.receive_from())
        assert start == offset
        found += data
        offset += len(data)
    return bytes(found)


async def soon(look, seconds=3.0):
    """The first true answer of `look`, or its last."""
    deadline = time.monotonic() + seconds
    while not (answer := look()) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return answer


# --- who gets in ---


@attack("ids of sandboxes, guessed", origin="page", expected="refused", held_by="one answer for foreign and unknown")
async def test_foreign_and_unknown_sandbox_get_the_same_answer(opens, world, stranger):
    world.terminal()
    for address in (world.terminal_address(), "/ws/terminal/t1/?sandbox=zzzzzzzzzzzz", "/ws/terminal/t1/"):
        socket = opens(address, stranger)
        await socket.connect()
        assert await socket.closed() == 4403


@attack(
    "keys for another sandbox's terminal",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
async def test_a_terminal_of_another_sandbox_is_unknown_and_takes_no_typing(opens, world, learner, stranger, redis):
    other = type(world)(await Sandbox.objects.acreate(learner=stranger, state="ready", node_id="node1"), redis)
    other.terminal("theirs")
    other.print(b"secret", 0, "theirs")
    socket = await opens(world.terminal_address("theirs"), learner).opened()
    await socket.send_to(b"rm -rf /\n")
    assert await socket.closed() == 4403
    assert world.orders() == []


# --- out ---


async def test_gives_what_was_printed_and_what_follows(opens, world, learner):
    world.terminal()
    end = world.print(b"hello ", 0)
    socket = await opens(world.terminal_address(), learner).opened()
    assert await read_bytes(socket, 0, 6) == b"hello "
    world.print(b"world", end)
    assert await read_bytes(socket, 6, 11) == b"world"


@pytest.mark.parametrize("offset", range(13))
async def test_reattaches_at_any_byte(opens, world, learner, offset):
    world.terminal()
    text = b"one\xc3\xa4two\x1b[3m"
    end = 0
    for at in range(0, len(text), 4):
        end = world.print(text[at : at + 4], end)
    socket = await opens(world.terminal_address(offset=min(offset, end)), learner).opened()
    world.print(b"!", end)
    assert await read_bytes(socket, min(offset, end), end + 1) == text[offset:] + b"!"


async def test_says_what_was_trimmed(opens, world, learner, redis):
    world.terminal()
    end = world.print(b"old", 0)
    world.print(b"kept", end)
    redis.xtrim(terminal_key("t1"), maxlen=1, approximate=False)
    socket = await opens(world.terminal_address(), learner).opened()
    assert await socket.message() == {"type": "skipped", "offset": 3}
    assert await read_bytes(socket, 3, 7) == b"kept"


@pytest.mark.parametrize("offset", ["999999", "9" * 40, "-1", "x", ""])
async def test_an_offset_of_nonsense_starts_over(opens, world, learner, offset):
    world.terminal()
    world.print(b"abc", 0)
    socket = await opens(world.terminal_address(offset=offset), learner).opened()
    first = await socket.receive_from()
    if isinstance(first, str):
        assert json.loads(first) == {"type": "skipped", "offset": 0}
        first = await socket.receive_from()
    assert frame(first) == (0, b"abc")


async def test_says_why_a_terminal_closed(opens, world, learner):
    world.terminal()
    world.print(b"bye", 0)
    world.hang_up("the shell ended")
    socket = await opens(world.terminal_address(), learner).opened()
    assert await read_bytes(socket, 0, 3) == b"bye"
    assert await socket.message() == {"type": "closed", "reason": "the shell ended"}
    assert await socket.closed() == 1000


async def test_a_terminal_whose_bytes_are_long_gone_says_it_is_closed(opens, world, learner):
    world.terminal(open=False, reason="left alone for five minutes")
    socket = await opens(world.terminal_address(), learner).opened()
    assert await socket.message() == {"type": "closed", "reason": "left alone for five minutes"}


async def test_ten_megabytes_arrive_exactly_under_flow_control(opens, world, learner, redis):
    """A node that cuts its output anywhere, repeats itself, waits for acknowledgements, and keeps 256 KiB only."""
    world.terminal()
    output = os.urandom(10 * 1024 * 1024)

    def node():
        sent = acknowledged = 0
        sizes = [1, 7, 4096, 65536, 100, 30000]
        index, orders_seen = 0, "0-0"
        while sent < len(output):
            if sent - acknowledged > 192 * 1024:
                for number, fields in redis.xrange(orders_key("node1"), min=f"({orders_seen}") or ():
                    orders_seen = number.decode()
                    acknowledged = max(acknowledged, json.loads(fields[b"m"])["wish"]["offset"])
                time.sleep(0.002)
                continue
            size = sizes[index % len(sizes)]
            back = min(sent, 50) if index % 5 == 0 else 0
            world.print(output[sent - back : sent + size], sent - back)
            sent = min(sent + size, len(output))
            index += 1
            redis.xtrim(terminal_key("t1"), maxlen=60, approximate=False)

    writing = asyncio.create_task(asyncio.to_thread(node))
    socket = await opens(world.terminal_address(), learner).opened()
    found, offset = bytearray(), 0
    while offset < len(output):
        start, data = frame(await socket.receive_from())
        assert start == offset
        assert len(data) <= 64 * 1024
        found += data
        offset += len(data)
        await socket.send_to(json.dumps({"type": "acknowledge_terminal", "offset": offset}))
    await writing
    assert bytes(found) == output
    assert len(world.orders()) < 1.2 * len(output) / (32 * 1024) + 50


# --- in ---


async def test_what_is_typed_goes_to_the_node(opens, world, learner):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(b"ls\r")
    assert await soon(world.orders) == [{"sandbox": world.id, "about": "t1", "type": "type_in_terminal", "data": b"ls\r"}]


def typed(world):
    """What was ordered to be typed, as the node reads it."""
    return b"".join(order["data"] for order in world.orders() if order["type"] == "type_in_terminal")


MOUSE = b"\x1b[M \xa1\x89"  # a click in column 129, row 105, as X10 has it: two bytes that no text has
EVERY_BYTE = bytes(range(256))


@pytest.mark.parametrize("data", ["aäß€😀z".encode(), MOUSE, EVERY_BYTE], ids=["text", "mouse", "every byte"])
async def test_every_byte_arrives_as_that_byte(opens, world, learner, data):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(data)
    assert await soon(lambda: typed(world)) == data


async def test_bytes_typed_one_by_one_arrive_in_order(opens, world, learner):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    data = "aäß€😀z".encode() + MOUSE
    for byte in data:
        await socket.send_to(bytes([byte]))
    await soon(lambda: typed(world) == data)
    assert typed(world) == data


async def test_a_long_paste_is_cut_into_orders_that_fit(opens, world, learner, redis):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    paste = b"\x01\x1b\xff" * 5000
    await socket.send_to(paste)
    await soon(lambda: typed(world) == paste)
    assert typed(world) == paste
    assert max(len(fields[b"m"]) for _, fields in redis.xrange(orders_key("node1"))) <= ORDER_BYTES


# --- a shell that takes nothing ---


async def given(world, redis, seconds=0.4):
    """How much was given to the node once nothing more is given."""
    before = -1
    while (now := len(typed(world))) != before:
        before = now
        await asyncio.sleep(seconds)
    return now


async def test_a_shell_that_takes_nothing_holds_back_what_is_typed_and_loses_none(opens, world, learner, redis):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    paste = os.urandom(120_000)
    for at in range(0, len(paste), 8000):
        await socket.send_to(paste[at : at + 8000])
    waiting = await given(world, redis)
    assert TYPED_AHEAD < waiting <= TYPED_AHEAD + TYPED_COUNTED + TYPED_BYTES
    redis.set(taken_key("t1"), waiting)
    await soon(lambda: len(typed(world)) > waiting)
    assert await given(world, redis) == len(paste)
    assert typed(world) == paste


async def test_what_another_page_typed_into_the_same_terminal_counts_too(opens, world, learner, redis):
    world.terminal()
    redis.set(typed_key("t1"), TYPED_AHEAD)
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(b"x" * 8000)
    await socket.send_to(b"y" * 8000)
    assert await given(world, redis) == TYPED_COUNTED
    redis.set(taken_key("t1"), TYPED_AHEAD)
    await soon(lambda: len(typed(world)) == 16_000)
    assert typed(world) == b"x" * 8000 + b"y" * 8000


async def test_a_page_is_told_how_much_was_taken_but_not_for_every_key(opens, world, learner):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    for _ in range(100):
        await socket.send_to(b"x")
    await soon(lambda: len(typed(world)) == 100)
    await socket.send_to(b"y" * (TYPED_TOLD - 100))
    assert await socket.message() == {"type": "taken", "bytes": TYPED_TOLD}


async def test_a_shell_that_takes_nothing_does_not_hold_back_acknowledgements(opens, world, learner, redis):
    world.terminal()
    world.print(b"x" * 1000, 0)
    redis.set(typed_key("t1"), TYPED_AHEAD)
    socket = await opens(world.terminal_address(), learner).opened()
    await read_bytes(socket, 0, 1000)
    await socket.send_to(b"y" * 8000)
    await socket.send_to(b"y" * 8000)
    await socket.send_to('{"type": "acknowledge_terminal", "offset": 1000}')
    assert await soon(lambda: [order for order in world.orders() if order["type"] == "acknowledge_terminal"])


@attack("a page that sends without end", origin="page", expected="contained", held_by="a limit of what waits")
async def test_a_page_that_sends_more_than_it_may_is_read_no_further(opens, world, learner, redis):
    world.terminal()
    redis.set(typed_key("t1"), TYPED_AHEAD)
    socket = await opens(world.terminal_address(), learner).opened()
    pieces = 20
    for _ in range(pieces):
        await socket.send_to(b"y" * 8000)
    assert await given(world, redis) == TYPED_COUNTED
    unread = socket.input_queue.qsize()
    assert unread >= pieces - (TYPED_KEPT // 8000 + 3)
    redis.set(taken_key("t1"), 10**9)
    await soon(lambda: len(typed(world)) == pieces * 8000, 10)
    assert len(typed(world)) == pieces * 8000


async def test_what_a_socket_gave_is_counted_when_it_ends(opens, world, learner, redis):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(b"ls\r")
    await soon(lambda: typed(world))
    assert redis.get(typed_key("t1")) is None, "a key alone is not worth a question"
    await socket.disconnect()
    assert await soon(lambda: redis.get(typed_key("t1"))) == b"3"


@pytest.fixture
def waits(monkeypatch):
    """The seconds the terminal's socket makes its browser wait, without the waiting: for its buckets no time passes."""
    waited: list[float] = []

    class Hurried:
        def __getattr__(self, name):
            return getattr(asyncio, name)

        async def sleep(self, seconds):
            waited.append(seconds)
            await asyncio.sleep(min(seconds, 0.01))

    monkeypatch.setattr("explorer.live.terminal.asyncio", Hurried())
    monkeypatch.setattr("explorer.live.terminal.Bucket", partial(Bucket, clock=lambda: 0.0))
    return waited


@attack("keys without end", origin="page", expected="contained", held_by="a rate")
async def test_too_much_typing_is_slowed_down_and_nothing_is_lost(opens, world, learner, redis, waits):
    world.terminal()
    redis.set(taken_key("t1"), 10**9)  # a shell that takes everything
    socket = await opens(world.terminal_address(), learner).opened()
    typed = b"x" * 12_000
    many = (TYPED_BURST + 48 * 1024) // len(typed)
    for _ in range(many):
        await socket.send_to(typed)
    await soon(lambda: sum(len(order["data"]) for order in world.orders()) == many * len(typed), 10)
    assert sum(len(order["data"]) for order in world.orders()) == many * len(typed)
    assert max(waits) == pytest.approx((many * len(typed) - TYPED_BURST) / TYPED_RATE)


async def test_the_size_of_a_terminal_that_is_not_there_is_not_kept(opens, world, learner, redis):
    socket = await opens(world.terminal_address("nowhere"), learner).opened()
    await socket.send_to('{"type": "resize_terminal", "columns": 120, "rows": 40}')
    assert await socket.closed() == 4403
    assert redis.keys("term:*") == []


async def test_resizes(opens, world, learner):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to('{"type": "resize_terminal", "columns": 120, "rows": 40}')
    assert (await soon(world.orders))[0] | {} == {
        "sandbox": world.id, "about": "t1", "type": "resize_terminal", "columns": 120, "rows": 40,
    }  # fmt: skip


async def test_acknowledges_together_what_comes_together(opens, world, learner):
    world.terminal()
    world.print(b"x" * 1000, 0)
    socket = await opens(world.terminal_address(), learner).opened()
    await read_bytes(socket, 0, 1000)
    for offset in range(0, 2000, 10):  # also beyond what was sent: only what was sent counts
        await socket.send_to(json.dumps({"type": "acknowledge_terminal", "offset": offset}))
    await asyncio.sleep(0.3)
    assert [order["offset"] for order in world.orders()][-1] == 1000
    assert len(world.orders()) <= 2


BAD = [
    "", "{", "[]", '{"type": "resize_terminal"}', '{"type": "resize_terminal", "columns": 0, "rows": 0}',
    '{"type": "resize_terminal", "columns": 80, "rows": 1e9}', '{"type": "resize_terminal", "columns": -80, "rows": 24}',
    '{"type": "resize_terminal", "columns": "80", "rows": 24}', '{"type": "resize_terminal", "columns": NaN, "rows": 24}',
    '{"type": "acknowledge_terminal", "offset": -1}', '{"type": "acknowledge_terminal", "offset": 99999999999999999999}',
    '{"type": "type", "data": "x"}', '{"type": "type_in_terminal", "data": "x"}', '{"type": "look_again"}',
    '{"type": "resize_terminal", "columns": 80, "rows": 24, "sandbox": "other"}',
    '{"type": "open_terminal", "place": "h1"}',
]  # fmt: skip


@attack("a malformed message to a terminal", origin="page", expected="refused", held_by="typed messages")
@pytest.mark.parametrize("bad", BAD)
async def test_answers_a_malformed_message_and_lives_on(opens, world, learner, bad):
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    await socket.send_to(bad)
    assert (await socket.message())["code"] == "malformed"
    world.print(b"still here", 0)
    assert await read_bytes(socket, 0, 10) == b"still here"
    assert world.orders() == []


async def test_the_end_of_the_sandbox_ends_the_terminal(opens, world, learner):
    world.terminal()
    world.print(b"$ ", 0)
    socket = await opens(world.terminal_address(), learner).opened()
    await read_bytes(socket, 0, 2)
    await Sandbox.objects.filter(pk=world.id).aupdate(state="expired")
    await asyncio.to_thread(changes.tell, world.id)
    assert (await socket.message())["type"] == "closed"
    assert await socket.closed() == 4404


async def test_a_sandbox_that_changes_hands_ends_the_terminal(opens, world, learner, stranger):
    world.terminal()
    world.print(b"$ ", 0)
    socket = await opens(world.terminal_address(), learner).opened()
    await read_bytes(socket, 0, 2)
    await Sandbox.objects.filter(pk=world.id).aupdate(learner=stranger)
    await asyncio.to_thread(changes.tell, world.id)
    assert await socket.closed() == 4403


async def test_a_flood_of_single_keys_and_resizes_is_slowed_down(opens, world, learner, waits, monkeypatch):
    monkeypatch.setattr("explorer.live.terminal.TYPED_BURST", 1280)
    monkeypatch.setattr("explorer.live.terminal.TYPED_RATE", 6400)
    monkeypatch.setattr("explorer.live.terminal.RESIZE_BURST", 2)
    world.terminal()
    socket = await opens(world.terminal_address(), learner).opened()
    for _ in range(30):
        await socket.send_to(b"x")
    for columns in range(80, 86):
        await socket.send_to(json.dumps({"type": "resize_terminal", "columns": columns, "rows": 24}))
    await soon(lambda: len(world.orders()) == 36)
    assert (30 * TYPED_LEAST - 1280) / 6400 in waits, "each key counts as many"
    assert (6 - 2) / RESIZE_RATE in waits
    assert [order["columns"] for order in world.orders() if "columns" in order] == list(range(80, 86))
