"""A terminal's socket opens only with a ticket that its page was given for it, once and at once."""

import json

import pytest
from asgiref.sync import sync_to_async

from explorer.live import messages, tickets
from explorer.live.limits import TICKET_BURST, TICKET_RATE
from explorer.sandboxes.models import Learner, Sandbox
from tests.attacks import attack
from tests.live.classroom import *  # noqa: F403
from tests.live.conftest import ORIGIN, Socket, World, cookie_of, frame

pytestmark = pytest.mark.django_db(transaction=True)
ASK = '{"type": "ask_ticket", "terminal": "t1"}'


@pytest.fixture
def shell(world):
    world.terminal()
    world.print(b"$ ", 0)
    return world


@pytest.fixture
def given(opens):
    """The ticket that the page of this sandbox is given for this terminal."""

    async def ask(world, who, terminal="t1", more=""):
        page = await opens(world.address + more, who).opened()
        await page.send_to(json.dumps({"type": "ask_ticket", "terminal": terminal}))
        return (await page.until("ticket_given"))["ticket"]

    return ask


@pytest.fixture
def knock(opens):
    """What a terminal's socket answers to this ticket: its first bytes, or the code it is closed with."""

    async def ask(address, who, ticket):
        socket = opens(address, who)
        socket.scope["subprotocols"] = ["explorer", f"ticket.{ticket}"] if ticket is not None else []
        assert await socket.connect()
        while (message := await socket.receive_output(5))["type"] != "websocket.close":
            if "bytes" in message:
                return frame(message["bytes"])[1]
        return message["code"]

    return ask


async def test_the_page_asks_for_a_ticket_and_opens_the_terminal_with_it(shell, learner, given, knock):
    assert await knock(shell.terminal_address(), learner, await given(shell, learner)) == b"$ "


@attack("a terminal's websocket with a good cookie alone", origin="page", expected="refused", held_by="tickets for terminals")
@pytest.mark.parametrize("ticket", [None, "", "x", "a" * 43, "é" * 43, "../" * 15])
async def test_without_a_ticket_it_stays_shut(shell, learner, knock, ticket):
    assert await knock(shell.terminal_address(), learner, ticket) == messages.NO_TICKET


@attack("a ticket for a terminal, used again", origin="page", expected="refused", held_by="a ticket is deleted as it is taken")
async def test_a_used_ticket_opens_nothing(shell, learner, given, knock):
    ticket = await given(shell, learner)
    assert await knock(shell.terminal_address(), learner, ticket) == b"$ "
    assert await knock(shell.terminal_address(), learner, ticket) == messages.NO_TICKET


@attack("a ticket for a terminal, used late", origin="page", expected="refused", held_by="a ticket is kept for 20 seconds")
async def test_a_late_ticket_opens_nothing(shell, learner, given, knock, monkeypatch):
    assert tickets.TICKET_SECONDS <= 20
    monkeypatch.setattr(tickets, "TICKET_SECONDS", 1)
    ticket = await given(shell, learner)
    [key] = shell.redis.keys("ticket:*")
    assert shell.redis.ttl(key) == 1
    shell.redis.pexpire(key, 1)
    while shell.redis.exists(key):
        pass
    assert await knock(shell.terminal_address(), learner, ticket) == messages.NO_TICKET


@attack("the ticket of another terminal", origin="page", expected="refused", held_by="a ticket names its terminal")
async def test_a_ticket_is_for_one_terminal_and_gone_after_a_wrong_one(shell, learner, given, knock):
    shell.terminal("t2")
    shell.print(b"other", 0, "t2")
    ticket = await given(shell, learner, "t2")
    assert await knock(shell.terminal_address(), learner, ticket) == messages.NO_TICKET
    assert await knock(shell.terminal_address("t2"), learner, ticket) == messages.NO_TICKET


@attack("a ticket of another place", origin="page", expected="refused", held_by="a ticket names its terminal's place")
async def test_a_ticket_is_for_the_place_where_the_terminal_was(shell, learner, given, knock, redis):
    ticket = await given(shell, learner)
    facts = {"id": "t1", "place": "outside", "open": True, "reason": ""}
    redis.hset(f"sb:{shell.id}:terminals", "t1", json.dumps(facts))
    assert await knock(shell.terminal_address(), learner, ticket) == messages.NO_TICKET


@attack("the ticket of another sandbox", origin="page", expected="refused", held_by="a ticket names its sandbox")
async def test_a_ticket_is_for_one_sandbox(shell, learner, stranger, given, knock, redis):
    ticket = await given(shell, learner)
    await Sandbox.objects.filter(pk=shell.id).aupdate(learner=stranger)
    other = World(await Sandbox.objects.acreate(learner=learner, state="ready", node_id="node1"), redis)
    other.terminal()
    assert await knock(other.terminal_address(), learner, ticket) == messages.NO_TICKET


@attack("a ticket of another session", origin="page", expected="refused", held_by="a ticket names who asked for it")
async def test_a_stolen_ticket_opens_nothing_for_another_learner(shell, learner, stranger, given, knock, redis):
    """Neither the owner's terminal, which is refused to the thief anyway, nor the thief's own terminal of the same name."""
    ticket = await given(shell, learner)
    assert await knock(shell.terminal_address(), stranger, ticket) == messages.NOT_YOURS
    own = World(await Sandbox.objects.acreate(learner=stranger, state="ready", node_id="node1"), redis)
    own.terminal()
    assert await knock(own.terminal_address(), stranger, ticket) == messages.NO_TICKET


@attack(
    "a watcher's ticket in a learner's socket", origin="page", expected="refused", held_by="a ticket names who asked for it"
)
async def test_a_watchers_ticket_is_for_watching_in_this_login(opens, seated, klass, seat, teacher, given, knock):
    klass.watchable = True
    await klass.asave()
    seated.terminal()
    seated.print(b"$ ", 0)
    watching = "&watch=1"
    ticket = await given(seated, teacher, more="?watch=1")
    assert await knock(seated.terminal_address(), seat.learner, ticket) == messages.NO_TICKET
    ticket = await given(seated, teacher, more="?watch=1")
    assert await knock(seated.terminal_address() + watching, teacher, ticket) == messages.NO_TICKET  # another login of theirs
    cookie = await sync_to_async(cookie_of)(teacher)
    page, shell = opens(seated.address + "?watch=1", None), opens(seated.terminal_address() + watching, None)
    for socket in (page, shell):
        socket.scope["headers"] = [(b"origin", ORIGIN.encode()), (b"cookie", cookie.encode())]
    await page.opened()
    await page.send_to(ASK)
    shell.scope["subprotocols"] = ["explorer", f"ticket.{(await page.until('ticket_given'))['ticket']}"]
    await shell.opened()
    await shell.until("typing")


@attack(
    "a ticket of the time before the sandbox was taken away", origin="page", expected="refused", held_by="permission is asked"
)
async def test_a_ticket_does_not_stand_for_permission(shell, learner, given, knock):
    ticket = await given(shell, learner)
    shell.sandbox.learner = await Learner.objects.acreate()
    await shell.sandbox.asave()
    assert await knock(shell.terminal_address(), learner, ticket) == messages.NOT_YOURS


async def test_there_is_no_ticket_for_a_terminal_that_is_not_there(shell, learner, opens):
    page = await opens(shell.address, learner).opened()
    await page.send_to('{"type": "ask_ticket", "terminal": "t9"}')
    assert (await page.until("no_ticket"))["terminal"] == "t9"
    assert shell.redis.keys("ticket:*") == []


async def test_there_is_no_ticket_when_the_sandbox_is_over(shell, learner, opens):
    page = await opens(shell.address, learner).opened()
    await Sandbox.objects.filter(pk=shell.id).aupdate(state=Sandbox.State.CLOSED)
    await page.send_to(ASK)
    assert await page.closed() == messages.GONE
    assert shell.redis.keys("ticket:*") == []


@attack("tickets without end", origin="page", expected="contained", held_by="a rate for tickets, each kept 20 seconds")
async def test_tickets_have_a_rate(shell, learner, opens, monkeypatch):
    assert TICKET_RATE < 10
    monkeypatch.setattr("explorer.live.sandbox.TICKET_RATE", 0.001)
    page = await opens(shell.address, learner).opened()
    for _ in range(int(TICKET_BURST) + 30):
        await page.send_to(ASK)
    for _ in range(int(TICKET_BURST)):
        await page.until("ticket_given")
    with pytest.raises(TimeoutError):
        await page.until("ticket_given", 1)


async def test_a_ticket_is_in_no_address(shell, learner, given):
    """What is in an address is in the logs of proxies."""
    ticket = await given(shell, learner)
    assert "ticket" not in Socket(shell.terminal_address(), learner).scope["query_string"].decode()
    assert len(ticket) == 43
