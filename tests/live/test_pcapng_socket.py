"""A capture for a program on a desktop: a ticket opens it once, its right is asked on, and every frame is counted."""

import asyncio
import io
import shutil
import subprocess
import sys
from pathlib import Path

import dpkt
import pytest
from django.conf import settings as django_settings

from explorer.live import capture as capture_module
from explorer.live import limits, messages, pcapng
from explorer.sandboxes.events import CaptureFacts, capture_key, captures_key, followed_key
from explorer.sandboxes.models import Sandbox
from tests.attacks import attack
from tests.fuzz.properties import pcapng_blocks
from tests.live.classroom import *  # noqa: F403
from tests.live.classroom import by_another
from tests.live.conftest import Socket
from tests.live.test_capture_socket import FRAME
from tests.live.test_lost_rights import GONE, LOST
from tests.network.test_captured import PING

pytestmark = pytest.mark.django_db(transaction=True)
CLIENT = Path(django_settings.BASE_DIR) / "static" / "desktop" / "explorer-capture.py"


def begin(world, name="c1", **facts):
    told = CaptureFacts(id=name, place="h1/web", interface="eth0", expression="icmp", **facts)
    world.redis.hset(captures_key(world.id), name, told.model_dump_json())


def come(world, *numbers, name="c1"):
    for number in numbers:
        world.redis.xadd(capture_key(world.id, name), {"f": FRAME.pack()}, id=f"{number}-0")


def finish(world, last, name="c1"):
    world.redis.xadd(capture_key(world.id, name), {"x": "You stopped it."}, id=f"{last}-9")


async def ticket(opens, address, who, capture="c1"):
    socket = await opens(address, who).opened()
    await socket.send_to(f'{{"type":"ask_capture_ticket","capture":"{capture}"}}')
    told = await socket.until("capture_ticket_given")
    await socket.disconnect()
    return told["ticket"]


@pytest.fixture
async def desktop(opens):
    """Opens the socket as a program on a desktop does: with a ticket and without cookies."""
    opened = []

    def open_(text):
        socket = Socket("/ws/pcapng/", None)
        socket.scope["headers"].append((b"authorization", b"Bearer " + text.encode()))
        opened.append(socket)
        return socket

    yield open_
    for one in opened:
        one.future.cancel()


async def read(socket, until_end=True):
    """All blocks up to the end of the connection."""
    data = b""
    while True:
        message = await socket.receive_output(timeout=10)
        if message["type"] == "websocket.close":
            return data
        data += message["bytes"]


def statistics(data):
    return [body for kind, body in pcapng_blocks(data) if kind == 5]


async def test_frames_come_as_they_are_captured(opens, desktop, world, learner):
    begin(world)
    come(world, 1, 2)
    socket = await desktop(await ticket(opens, world.address, learner)).opened()
    data = await socket.receive_from() + await socket.receive_from()
    assert [bytes(frame) for _, frame in dpkt.pcapng.Reader(io.BytesIO(data))] == [PING] * 2
    come(world, 3)
    data += await socket.receive_from()
    assert len(list(dpkt.pcapng.Reader(io.BytesIO(data)))) == 3
    assert world.redis.exists(followed_key(world.id, "c1"))
    finish(world, 3)
    rest = await read(socket)
    assert b"You stopped it." in statistics(data + rest)[-1]


@attack("a ticket for a capture, used twice", origin="page", expected="refused", held_by="a ticket is deleted when taken")
async def test_a_ticket_works_once(opens, desktop, world, learner):
    begin(world)
    text = await ticket(opens, world.address, learner)
    assert await desktop(text).connect()
    for bad in (text, "x" * 43, "", "../" * 20):
        assert not await desktop(bad).connect()


async def test_what_is_not_in_the_sandbox_gets_no_ticket(opens, world, learner):
    begin(world, "failed", failed=True, running=False)
    socket = await opens(world.address, learner).opened()
    for capture in ("c9", "failed"):
        await socket.send_to(f'{{"type":"ask_capture_ticket","capture":"{capture}"}}')
        assert (await socket.until("no_capture_ticket"))["capture"] == capture


@attack(
    "a ticket that names a capture of another sandbox", origin="page", expected="refused", held_by="its own sandbox is asked"
)
async def test_only_captures_of_its_own_sandbox_are_read(opens, desktop, world, learner, stranger, redis, monkeypatch):
    """Also when a ticket could be written: the learner's own sandbox is asked for the capture."""
    from explorer.live.tickets import CaptureTicket, give_ticket

    monkeypatch.setattr(capture_module, "APPEARS_SECONDS", 0.2)
    other = await Sandbox.objects.acreate(learner=stranger, state=Sandbox.State.READY, phase="ready", node_id="node1")
    theirs = CaptureFacts(id="c7", place="h1", interface="eth0")
    redis.hset(captures_key(other.pk), "c7", theirs.model_dump_json())
    redis.xadd(capture_key(other.pk, "c7"), {"f": FRAME.pack()}, id="1-0")
    from explorer.live.hub import get_hub

    for sandbox, code in ((other.pk, None), (world.id, 4404)):
        text = await give_ticket(get_hub().redis, CaptureTicket(sandbox=sandbox, capture="c7", learner=learner.pk))
        socket = desktop(text)
        assert await socket.connect() == (code is not None)
        if code:
            assert (await socket.receive_output(timeout=5))["code"] == code


@attack("{what}, with a capture on a desktop", origin="page", expected="ended", held_by="rights asked every second")
@pytest.mark.parametrize("what", LOST)
async def test_who_is_out_has_no_capture_left(opens, desktop, seated, seat, teacher, what):
    begin(seated)
    come(seated, 1)
    socket = await desktop(await ticket(opens, f"{seated.address}?watch=1", teacher)).opened()
    await by_another(LOST[what], teacher)
    assert await socket.closed(10) == messages.NOT_YOURS


@attack("{what}, with a ticket not yet used", origin="page", expected="refused", held_by="rights asked when it is used")
@pytest.mark.parametrize("what", GONE)
async def test_who_may_watch_no_longer_cannot_use_a_ticket_either(opens, desktop, seated, seat, teacher, what):
    begin(seated)
    open_ = await desktop(await ticket(opens, f"{seated.address}?watch=1", teacher)).opened()
    unused = await ticket(opens, f"{seated.address}?watch=1", teacher)
    await by_another(GONE[what], seat)
    assert await open_.closed(10) == messages.NOT_YOURS
    assert not await desktop(unused).connect()


async def test_it_ends_with_its_sandbox(opens, desktop, world, learner, monkeypatch):
    monkeypatch.setattr(capture_module, "RECHECK_SECONDS", 0.3)
    begin(world)
    socket = await desktop(await ticket(opens, world.address, learner)).opened()
    await Sandbox.objects.filter(pk=world.id).aupdate(state=Sandbox.State.CLOSED)
    assert await socket.closed(10) == messages.GONE


async def test_it_is_asked_again_also_while_frames_come_without_a_pause(opens, desktop, world, learner, monkeypatch):
    monkeypatch.setattr(capture_module, "RECHECK_SECONDS", 0.5)
    begin(world)
    socket = await desktop(await ticket(opens, world.address, learner)).opened()
    await Sandbox.objects.filter(pk=world.id).aupdate(learner=None)

    async def keep_coming():
        for number in range(1, 1_000):
            come(world, number)
            await asyncio.sleep(0.02)

    coming = asyncio.create_task(keep_coming())
    assert await socket.closed(10) == messages.NOT_YOURS
    coming.cancel()


async def test_frames_that_a_slow_reader_missed_are_counted(opens, desktop, world, learner):
    """The ring went on: frames 1 to 400 are deleted before this reader asks for them."""
    begin(world, ring=True)
    come(world, *range(401, 411))
    world.redis.xadd(capture_key(world.id, "c1"), {"g": 7}, id="410-1")
    socket = await desktop(await ticket(opens, world.address, learner)).opened()
    finish(world, 410)
    data = await read(socket)
    assert len(list(dpkt.pcapng.Reader(io.BytesIO(data)))) == 10
    last = statistics(data)[-1]
    assert (7).to_bytes(2, "little") + (8).to_bytes(2, "little") + (407).to_bytes(8, "little") in last


async def test_who_sends_something_is_cut_off(opens, desktop, world, learner):
    begin(world)
    socket = await desktop(await ticket(opens, world.address, learner)).opened()
    await socket.send_to("hello")
    assert await socket.closed() == messages.BAD_MESSAGES


async def test_there_are_only_so_many_at_once(opens, desktop, world, learner):
    begin(world)
    for _ in range(limits.PCAPNG_SOCKETS):
        assert await desktop(await ticket(opens, world.address, learner)).connect()
    assert not await desktop(await ticket(opens, world.address, learner)).connect()


async def test_a_reader_that_takes_nothing_is_left(opens, desktop, world, learner, monkeypatch):
    """It is closed after `SEND_SECONDS`; what it did not take waits in one bounded stream, not here."""
    monkeypatch.setattr("explorer.live.edge.SEND_SECONDS", 0.3)
    begin(world)
    text = await ticket(opens, world.address, learner)
    stuck, said = asyncio.Event(), []

    async def send(message):
        said.append(message)
        if message["type"] == "websocket.send":
            await stuck.wait()

    inbox = asyncio.Queue()
    inbox.put_nowait({"type": "websocket.connect"})
    scope = {"headers": [(b"authorization", b"Bearer " + text.encode())], "query_string": b"", "url_route": {"kwargs": {}}}
    socket = pcapng.PcapngSocket({"type": "websocket", **scope}, inbox.get, send)
    async with asyncio.timeout(10):
        await socket.serve()
    assert said[-1] == {"type": "websocket.close", "code": messages.TOO_SLOW}


def piped(argv, stdin):
    return subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def run(address, *more):
    return subprocess.Popen([sys.executable, "-S", str(CLIENT), *more, address], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


async def test_the_program_for_the_desktop_feeds_tshark(server, world, learner, redis):
    """The line that the page shows, with tshark in the place of Wireshark, against a real server."""
    from explorer.live.tickets import CaptureTicket
    from explorer.sandboxes.events import ticket_key

    if shutil.which("tshark") is None:
        pytest.fail("no tshark here; setup/debian-packages-test.txt names it")
    begin(world)
    come(world, 1, 2)
    given = "a" * 43
    redis.set(ticket_key(given), CaptureTicket(sandbox=world.id, capture="c1", learner=learner.pk).model_dump_json())
    program = run(f"ws://{server}/ws/pcapng/#{given}")
    argv = ["tshark", "-l", "-n", "-i", "-", "-T", "fields", "-e", "icmp.type"]
    tshark = piped(argv, program.stdout)
    lines = [(await asyncio.to_thread(tshark.stdout.readline)).strip() for _ in range(2)]
    come(world, 3)  # seen while the capture runs
    lines.append((await asyncio.to_thread(tshark.stdout.readline)).strip())
    assert lines == [b"8"] * 3
    finish(world, 3)
    assert await asyncio.to_thread(program.wait, 20) == 0
    assert await asyncio.to_thread(tshark.wait, 20) == 0
    again = run(f"ws://{server}/ws/pcapng/#{given}")
    said = (await asyncio.to_thread(again.communicate, None, 20))[1].decode()
    assert again.returncode == 1
    assert "Ask the page for another one" in said


@pytest.mark.parametrize("asked", ["--extcap-interfaces", "--extcap-dlts", "--extcap-config"])
def test_the_program_answers_what_wireshark_asks(asked):
    said = subprocess.run(
        [sys.executable, str(CLIENT), asked, "--extcap-interface", "explorer"], capture_output=True, text=True
    )
    assert said.returncode == 0
    assert "{" in said.stdout


@pytest.mark.parametrize("address", ["ws://site:99999/#x", "ws://[/#x", "no address"])
def test_the_program_says_of_an_address_that_is_none_one_sentence(address):
    said = subprocess.run([sys.executable, str(CLIENT), address], capture_output=True, text=True)
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert said.stderr.startswith("explorer-capture: ")
