import asyncio
import itertools
import time

import pytest
from pydantic import ValidationError

from explorer.lab.errors import NotThere
from explorer.node.relay import one_shell
from explorer.node.relay.terminals import Terminals, bury
from explorer.sandboxes import streams
from explorer.sandboxes.events import TERMINAL_KEPT_BYTES, TerminalFacts, taken_key, terminal_key, terminals_key
from explorer.sandboxes.orders import (
    AcknowledgeTerminal,
    CloseTerminal,
    OpenTerminal,
    Order,
    ResizeTerminal,
    TypeInTerminal,
)


class Echo:
    """Says what is typed. `exit` ends it, `yes` makes it talk for ever. Takes no input while `takes` is not set."""

    def __init__(self):
        self.takes = asyncio.Event()
        self.takes.set()
        self.said: asyncio.Queue[bytes] = asyncio.Queue()
        self.sizes, self.reason, self.flood, self.closed, self.spoken = [], "", False, False, 0

    async def read(self):
        if self.flood and self.said.empty():
            await asyncio.sleep(0)
            self.spoken += 32768
            return b"y\n" * 16384
        return await self.said.get()

    async def write(self, data):
        await self.takes.wait()
        if data == b"exit\n":
            self.reason = "exit"
            self.said.put_nowait(b"")
        elif data == b"yes\n":
            self.flood = True
            self.said.put_nowait(b"y\n")
        else:
            self.said.put_nowait(data)

    async def resize(self, columns, rows):
        self.sizes.append((columns, rows))

    async def close(self):
        self.closed = True


@pytest.fixture
def shells(monkeypatch):
    opened = {}

    async def opening(config, sandbox, place, columns, rows):
        if place == "h9":
            raise NotThere("There is no h9 in this sandbox.")
        opened[place] = Echo()
        return opened[place]

    monkeypatch.setattr("explorer.node.relay.one_shell.Terminal.open", opening)
    return opened


@pytest.fixture
async def terminals(redis, shells):
    told = []

    async def tell(event):
        told.append(event)

    client = streams.redis_async()
    made = Terminals(client, None, "sb", tell)
    made.told = told  # type: ignore[attr-defined]
    yield made
    await made.close_all("over")
    await client.aclose()


def order(terminals, kind, terminal="t1", **more):
    wish = kind(**more)
    getattr(terminals, wish.type)(terminal, wish)


def close(terminals, terminal="t1"):
    terminals.close_terminal(terminal, CloseTerminal(terminal=terminal))


def ring(redis, terminal="t1"):
    return redis.xrange(terminal_key(terminal))


def said(redis, terminal="t1"):
    return b"".join(fields.get(b"d", b"") for _, fields in ring(redis, terminal))


async def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


async def test_what_is_typed_comes_back_with_offsets(terminals, shells, redis):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    for word in ("ab", "cde"):
        order(terminals, TypeInTerminal, data=word.encode())
        await until(lambda word=word: said(redis).endswith(word.encode()))
    assert [(fields[b"o"], fields[b"d"]) for _, fields in ring(redis)] == [(b"0", b"ab"), (b"2", b"cde")]
    assert [entry for entry, _ in ring(redis)] == [b"2-0", b"5-0"]
    assert terminals.told[0].terminals == (TerminalFacts(id="t1", place="h1"),)


async def test_sizes_are_passed_on(terminals, shells):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "h1" in shells)
    order(terminals, ResizeTerminal, columns=100, rows=30)
    await until(lambda: shells["h1"].sizes == [(100, 30)])


@pytest.mark.parametrize("data", ["aä€😀".encode(), b"\x1b[M \xa1\x89", bytes(range(256))], ids=["text", "mouse", "every byte"])
async def test_every_byte_reaches_the_shell_as_that_byte(terminals, shells, redis, data):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    sent = Order(sandbox="sb", about="t1", wish=TypeInTerminal(data=data)).model_dump_json()
    terminals.type_in_terminal("t1", Order.model_validate_json(sent).wish)
    await until(lambda: said(redis))
    assert said(redis) == data


async def a_shell_that_takes_nothing(terminals, shells):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    shells["h1"].takes.clear()
    return terminals.shells["t1"]


async def test_what_is_typed_waits_for_a_shell_that_takes_nothing_and_none_is_lost(terminals, shells, redis):
    await a_shell_that_takes_nothing(terminals, shells)
    words = [f"{number:5}" for number in range(1000)]  # four times as many orders as were once kept
    for word in words:
        order(terminals, TypeInTerminal, data=word.encode())
    await asyncio.sleep(0.05)
    assert said(redis) == b""
    shells["h1"].takes.set()
    await until(lambda: len(said(redis)) == 5000)
    assert said(redis).decode() == "".join(words)


async def test_a_shell_that_takes_nothing_is_still_given_its_size(terminals, shells):
    await a_shell_that_takes_nothing(terminals, shells)
    order(terminals, TypeInTerminal, data=b"x")
    for columns in (90, 100, 110):
        order(terminals, ResizeTerminal, columns=columns, rows=30)
    await until(lambda: shells["h1"].sizes and shells["h1"].sizes[-1] == (110, 30))


async def test_the_web_side_is_told_how_much_was_taken_but_not_for_every_key(terminals, shells, redis):
    shell = await a_shell_that_takes_nothing(terminals, shells)
    for _ in range(8):
        order(terminals, TypeInTerminal, data=b"x" * 2048)
    await asyncio.sleep(0.05)
    assert redis.get(taken_key("t1")) is None
    shells["h1"].takes.set()
    await until(lambda: shell.taken == 8 * 2048)
    await until(lambda: redis.get(taken_key("t1")) == b"16384")
    order(terminals, TypeInTerminal, data=b"ls\n")
    await until(lambda: shell.taken == 8 * 2048 + 3)
    assert redis.get(taken_key("t1")) == b"16384"


async def test_the_rest_is_told_once_it_is_quiet(terminals, shells, redis, monkeypatch):
    monkeypatch.setattr(one_shell, "LOOK_EVERY", 0.02)
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    order(terminals, TypeInTerminal, data=b"ls\n")
    await until(lambda: redis.get(taken_key("t1")) == b"3")


async def test_a_web_side_that_gives_more_than_it_may_costs_the_shell_which_says_why(terminals, shells, redis):
    await a_shell_that_takes_nothing(terminals, shells)
    for _ in range(one_shell.TYPED_MOST // 2048):
        order(terminals, TypeInTerminal, data=b"x" * 2048)
    await asyncio.sleep(0.05)
    assert terminals.facts["t1"].open
    order(terminals, TypeInTerminal, data=b"x")
    await until(lambda: not terminals.facts["t1"].open)
    assert terminals.facts["t1"].reason == one_shell.FLOODED
    assert shells["h1"].closed


async def test_an_order_holds_no_more_than_it_may():
    with pytest.raises(ValidationError):
        TypeInTerminal(data=b"x" * 2049)
    with pytest.raises(ValidationError):
        TypeInTerminal.model_validate({"type": "type_in_terminal", "data": "€"})


async def test_plain_text_is_as_long_on_the_wire_as_it_is():
    told = TypeInTerminal(data=b"docker run -d --name web box\r").model_dump_json()
    assert '"data":"docker run -d --name web box\\r"' in told


async def test_a_shell_that_ends_says_so(terminals, shells, redis):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    order(terminals, TypeInTerminal, data=b"exit\n")
    await until(lambda: not terminals.facts["t1"].open)
    await until(lambda: ring(redis))
    assert ring(redis)[-1][1][b"x"] == b"exit"
    assert TerminalFacts.model_validate_json(redis.hget(terminals_key("sb"), "t1")).reason == "exit"


async def test_a_place_that_is_not_there_is_said(terminals, shells, redis):
    order(terminals, OpenTerminal, place="h9")
    await until(lambda: ring(redis))
    assert terminals.facts["t1"].reason == "There is no h9 in this sandbox."


async def test_closing_the_tab_ends_the_shell_and_forgets_it(terminals, shells, redis):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    close(terminals)
    await until(lambda: shells["h1"].closed and not redis.hexists(terminals_key("sb"), "t1"))
    await until(lambda: terminals.told[-1].terminals == ())  # is told after the tab is forgotten


async def test_nine_are_too_many(terminals, shells):
    for n in range(9):
        order(terminals, OpenTerminal, terminal=f"t{n}", place=f"h{n % 3}")
    await until(lambda: sum(not facts.open for facts in terminals.facts.values()) == 1)
    assert "Close one first" in next(facts.reason for facts in terminals.facts.values() if not facts.open)


async def test_opening_the_same_twice_opens_one(terminals, shells):
    for _ in range(2):
        order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    assert len(terminals.tasks) == 1


async def test_ten_megabytes_of_yes_stay_bounded(terminals, shells, redis, monkeypatch):
    monkeypatch.setattr(one_shell, "ALONE_RATE", 1e9)
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    order(terminals, TypeInTerminal, data=b"yes\n")
    await until(lambda: shells["h1"].spoken > 10 * 1024 * 1024, 20)
    kept = ring(redis)
    assert sum(len(fields[b"d"]) for _, fields in kept) <= TERMINAL_KEPT_BYTES
    assert all(int(a[1][b"o"]) + len(a[1][b"d"]) == int(b[1][b"o"]) for a, b in itertools.pairwise(kept)), (
        "the ring has no hole"
    )


async def test_a_page_that_draws_slowly_slows_the_shell_down(terminals, shells, redis):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    order(terminals, AcknowledgeTerminal, offset=0)
    order(terminals, TypeInTerminal, data=b"yes\n")
    shell = terminals.shells["t1"]
    await until(lambda: shell.ring.offset > one_shell.WINDOW)
    await asyncio.sleep(0.1)
    stopped = shell.ring.offset
    await asyncio.sleep(0.1)
    assert shell.ring.offset == stopped <= TERMINAL_KEPT_BYTES
    assert int(ring(redis)[0][1][b"o"]) == 0, "nothing an attached page has not drawn was trimmed"
    order(terminals, AcknowledgeTerminal, offset=stopped)
    await until(lambda: shell.ring.offset > stopped)


async def test_without_a_page_it_runs_on_slowly(terminals, shells):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    order(terminals, TypeInTerminal, data=b"yes\n")
    await asyncio.sleep(0.5)
    assert 0 < terminals.shells["t1"].ring.offset <= one_shell.ALONE_RATE


async def test_five_minutes_without_a_page_end_it(terminals, shells, monkeypatch):
    monkeypatch.setattr(one_shell, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(one_shell, "LIFE", 0.1)
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: not terminals.facts["t1"].open)
    assert terminals.facts["t1"].reason == one_shell.LEFT


async def test_a_page_that_only_waits_keeps_it(terminals, shells, redis, monkeypatch):
    order(terminals, OpenTerminal, place="h1")
    await until(lambda: "t1" in terminals.shells and "h1" in shells)
    order(terminals, TypeInTerminal, data=b"$ ")
    await until(lambda: said(redis))
    order(terminals, AcknowledgeTerminal, offset=2)
    assert await terminals.shells["t1"]._is_read()


async def test_an_order_for_an_unknown_terminal_is_nothing(terminals, shells):
    order(terminals, TypeInTerminal, data=b"x")
    close(terminals)
    assert not terminals.tasks


async def test_what_a_dead_relay_left_open_is_buried(redis):
    client = streams.redis_async()
    redis.hset(terminals_key("sb"), "t1", TerminalFacts(id="t1", place="h1").model_dump_json())
    redis.xadd(terminal_key("t1"), {"o": 0, "d": b"abc"}, id="3-0")
    event = await bury(client, "sb", "The node was restarted.")
    assert not event.terminals[0].open
    assert ring(redis)[-1] == (b"3-1", {b"o": b"3", b"x": b"The node was restarted."})
    assert await bury(client, "sb", "again") is None
    await client.aclose()


async def test_closed_tabs_of_before_are_still_known(terminals, shells, redis):
    redis.hset(terminals_key("sb"), "old", TerminalFacts(id="old", place="h1", open=False, reason="x").model_dump_json())
    await terminals.remember()
    close(terminals, "old")
    await until(lambda: not redis.hexists(terminals_key("sb"), "old"))
