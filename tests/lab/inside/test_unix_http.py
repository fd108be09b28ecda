"""A daemon may do its worst: the answer is always one short reason, in bounded time and memory."""

import asyncio
import socket
import threading

import pytest

from explorer.lab.inside import unix_http
from explorer.lab.inside.allowance import Account, Exceeded, Rates
from explorer.lab.inside.inner import read_daemon
from explorer.lab.inside.unix_http import BadAnswer, ask, ask_json, start, to_path
from explorer.lab.watch.daemon import decoded_lines
from tests.attacks import attack
from tests.lab import fakes
from tests.lab.fakes import answer, daemon, saying


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(unix_http, "SECONDS", 0.4)


async def test_an_answer_is_read(tmp_path):
    async with daemon(tmp_path, saying(answer({"Version": "26"}))) as connect:
        assert await ask_json(connect, "/version") == {"Version": "26"}


async def test_chunks_are_put_together(tmp_path):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    async with daemon(tmp_path, saying(chunked)) as connect:
        assert await ask_json(connect, "/networks") == [1, 2]


@attack(
    "a daemon's answer that is endless, babbled, nested, cut or mute",
    origin="daemon",
    expected="harmless",
    held_by="bounded reader of answers",
)
@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (fakes.silent, "no answer within"),
        (fakes.dribbling, "no answer within"),
        (fakes.hangs_up, "hung up|did not answer|speak HTTP"),
        (fakes.endless_head, "does not speak HTTP"),
        (fakes.endless_body, "more than 4 MiB"),
        (fakes.babbling, "does not speak HTTP"),
        (fakes.informing, "did not answer the request"),
        (saying(answer(b"{not json")), "not JSON"),
        (saying(answer(b"[" * 100_000)), "not JSON"),
        (saying(answer({}, "500 Oh")), "answered 500"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "speak HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"), "speak HTTP|hung up"),
    ],
)
async def test_misbehaviour_becomes_a_reason(tmp_path, behave, reason):
    async with daemon(tmp_path, behave) as connect:
        with pytest.raises(BadAnswer, match=reason):
            await ask_json(connect, "/version")


async def test_nobody_listening_is_a_reason(tmp_path):
    with pytest.raises(BadAnswer, match="nothing listens"):
        await ask(to_path(str(tmp_path / "none")), "GET", "/")


async def test_a_hijacked_connection_keeps_the_bytes_that_came_with_the_head(tmp_path):
    head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nroot@h1:/# "
    async with daemon(tmp_path, saying(head)) as connect:
        exchange = await start(connect, "POST", "/exec/1/start", b"{}", upgrade=True)
        assert exchange.connection.trailing_data[0] == b"root@h1:/# "
        exchange.close()


@attack("a daemon's answer of wrong shapes", origin="daemon", expected="harmless", held_by="bounded reader of answers")
async def test_a_daemon_that_lies_about_shapes_is_survived(tmp_path):
    bodies: list[object] = [[], {}, None, 7, "x", [[[]]], [{"Id": [], "Names": {}, "NetworkSettings": 3}]]
    for body in bodies:
        async with daemon(tmp_path, saying(answer(body))) as connect:
            state = await read_daemon("h1", connect)
        assert state.host == "h1"


async def test_a_dead_daemon_is_said_in_a_sentence(tmp_path):
    state = await read_daemon("h1", to_path(str(tmp_path / "none")))
    assert state.error.startswith("The Docker daemon on h1 does not answer")


@pytest.fixture
def crumbs():
    """A daemon in a thread of its own, faster than any reader: one byte of body after another, for ever."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)

    def talk():
        try:
            theirs.sendall(fakes.OK + b"Transfer-Encoding: chunked\r\n\r\n")
            while True:
                theirs.sendall(b"1\r\n\n\r\n" * 8_000)
        except OSError:
            pass

    talking = threading.Thread(target=talk)
    talking.start()
    yield lambda: ours
    ours.close()
    theirs.close()
    talking.join()


async def turns_of_others(until):
    """How often somebody else of this process came to do something meanwhile."""
    turns = 0
    while not until.done():
        await asyncio.sleep(0.005)
        turns += 1
    return turns


@attack("an answer in tiny pieces without end", origin="daemon", expected="contained", held_by="a tenth of the relay's time")
async def test_a_daemon_that_talks_in_crumbs_keeps_nobody_waiting(crumbs):
    asking = asyncio.create_task(ask(crumbs, "GET", "/version"))
    assert await turns_of_others(asking) > 3
    with pytest.raises(BadAnswer, match="no answer within"):
        await asking


@attack("a stream of empty lines without end", origin="daemon", expected="contained", held_by="a tenth of the relay's time")
async def test_nor_does_one_whose_events_are_empty_lines(crumbs):
    exchange = await start(crumbs, "GET", "/events")

    async def listen():
        async with asyncio.timeout(0.4):
            async for _ in decoded_lines(exchange):
                pass

    listening = asyncio.create_task(listen())
    assert await turns_of_others(listening) > 3
    with pytest.raises(TimeoutError):
        await listening
    exchange.close()


async def test_a_daemon_that_answers_is_not_called_mute_because_its_sandbox_waits_for_its_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(unix_http, "TURN", 0.0)
    monkeypatch.setattr(unix_http, "REST", 0.0)
    account = Account(Exceeded(Rates(rate=0.5, together=0.5)))
    account.charge(2.5)  # more than may be done at once: three seconds of waiting, longer than an answer may take here
    async with daemon(tmp_path, saying(answer({"Version": "26"}))) as connect:
        assert await ask(connect, "GET", "/version", seconds=2.0, account=account) == (200, b'{"Version": "26"}')
