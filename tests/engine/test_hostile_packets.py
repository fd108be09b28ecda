"""Frames that are cut short, forged, nested or looped, on a real interface while captures run: each is told for what it is, the
file opens in tshark, and everything goes on."""

from __future__ import annotations

import asyncio
import shutil
import threading
from types import SimpleNamespace

import pytest

from explorer.live.capture import write_entries
from explorer.live.messages import encode
from explorer.live.streams import Entry
from explorer.network.journeys import Asked
from explorer.node.operator import actions, capturing
from explorer.node.operator.look import looking
from tests.attacks import attack
from tests.captures import handmade
from tests.engine.conftest import Shell
from tests.engine.test_capture import listen
from tests.network.test_pcapng import tshark

pytestmark = [pytest.mark.engine, pytest.mark.timeout(200)]
OURS = "ether src 02:42:ac:11:00:01"
FRAMES = {name: frame for name, (frame, _, _) in handmade.HOSTILE.items()} | handmade.SOUND
UNTIL_SOMEBODY_LISTENS = "until docker exec sink grep -q '^[0-9a-f]' /proc/net/packet; do sleep 0.1; done; sleep 0.5"
SEND = f"python3 -c '{handmade.SEND}' br-far"


@pytest.fixture(scope="module")
def far(lab_config, sandbox):
    """A sandbox with a container whose cable takes 9,000 bytes."""
    from explorer.lab.hosts.run import run_in

    def do(command: str) -> None:
        said: list[bytes] = []
        status = run_in(lab_config, sandbox[0], "h1", ["bash", "-c", command], lambda _, data: said.append(data), 60)
        assert status == 0, b"".join(said)

    options = "-o com.docker.network.bridge.name=br-far -o com.docker.network.driver.mtu=9000"
    do(f"docker network create {options} far && docker run -d --name sink --network far box")
    do("docker run -d --name good --network far box")
    yield sandbox
    do("docker rm -f sink good && docker network rm far")


@pytest.fixture
async def observer(lab_config, far):
    async with looking(lab_config, far[0], 1, far[1]) as observer:
        for _ in range(100):
            if {"h1/sink", "h1/good"} <= observer.places.keys():
                break
            await asyncio.sleep(0.1)
        yield observer


def sending(shell: Shell):
    """As a shell that sends them all by hand, whatever it is asked."""
    stdin = handmade.send_text(*FRAMES.values())
    return lambda where, command: shell(where, command, stdin=stdin)


@attack(
    "forged, cut, nested and looped frames while a capture runs",
    origin="LAN",
    expected="harmless",
    held_by="a dissector with bounds",
)
async def test_every_frame_arrives_and_is_told_for_what_it_is(observer, shell):
    heard = await observer.capture("h1/sink", "eth0", OURS)
    frames = await listen(heard, sending(shell), "h1", SEND)
    assert [frame.data for frame in frames] == [frame[:9_216] for frame in FRAMES.values()]
    assert heard.left_out == 0
    told = write_entries([Entry((number, 0), {b"f": frame.pack()}) for number, frame in enumerate(frames)])
    assert len(encode(told)) < 60_000
    for name, row in zip(FRAMES, told["rows"], strict=True):
        wrong = handmade.HOSTILE[name][2] if name in handmade.HOSTILE else ""
        assert row["problem"].startswith(wrong), name
        assert bool(row["problem"]) == bool(wrong), name
        assert row["summary"].isprintable()


async def test_tshark_opens_what_the_command_line_keeps(far, shell, tmp_path):
    """The operator's own command, and the same packets in its file."""
    if shutil.which("tshark") is None:
        pytest.fail("no tshark here; setup/debian-packages-test.txt names it")
    path = tmp_path / "hostile.pcapng"
    asked = SimpleNamespace(pk=far[0], generation=1, facts=far[1], state=actions.State.READY)
    listening = asyncio.create_task(asyncio.to_thread(capturing.capture, asked, "h1/sink", "eth0", OURS, 6.0, str(path)))  # type: ignore[arg-type]
    await asyncio.to_thread(shell, "h1", UNTIL_SOMEBODY_LISTENS)
    await asyncio.to_thread(sending(shell), "h1", SEND)
    told = await listening
    assert (told["kept"], told["left_out"]) == (len(FRAMES), 0)
    assert [row["summary"] for row in told["rows"] if not row["summary"].isprintable()] == []
    lines = await asyncio.to_thread(tshark, path, "-T", "fields", "-e", "frame.len", "-e", "_ws.malformed")
    lengths = [line.split("\t") for line in lines.splitlines()]
    assert [int(one[0]) for one in lengths] == [len(frame) for frame in FRAMES.values()]
    malformed = {name for name, one in zip(FRAMES, lengths, strict=True) if one[1]}
    assert malformed <= handmade.HOSTILE.keys(), "a sound frame is sound to tshark too"


@attack("a flood of forged frames while others listen", origin="LAN", expected="contained", held_by="a rate of frames")
async def test_others_are_heard_and_journeys_followed_meanwhile(observer, shell):
    stop = threading.Event()

    def keep_sending():
        while not stop.is_set():
            sending(shell)("h1", SEND)

    thread = threading.Thread(target=keep_sending)
    thread.start()
    try:
        heard = await observer.capture("h1/sink", "eth0", "icmp and not " + OURS)
        frames = await listen(heard, shell, "h1", "docker exec good ping -4 -c 2 -i 0.2 sink")
        assert len(frames) == 4
        told = await observer.journey(Asked(source="h1/good", target="h1/sink"))
        assert told.ok, told.result
        assert told.request.end == "delivered to h1/sink"
    finally:
        stop.set()
        await asyncio.to_thread(thread.join)
