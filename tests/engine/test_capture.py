"""Captures on a real sandbox: a ping with both addresses, a flood sampled, a container that goes, another decoder."""

import asyncio
import os
import shutil
import subprocess
import threading
from types import SimpleNamespace

import dpkt
import pytest

from explorer.lab.errors import NotThere
from explorer.network.packets import dissect
from explorer.network.packets.captured import tell_row
from explorer.node.operator import actions, capturing
from explorer.node.operator.look import looking

pytestmark = [pytest.mark.engine, pytest.mark.timeout(200)]


@pytest.fixture
async def observer(lab_config, sandbox, shell):
    shell("h1", "docker run -d --name web box")
    name, facts = sandbox
    try:
        async with looking(lab_config, name, 1, facts) as observer:
            for _ in range(100):
                if "h1/web" in observer.places:
                    break
                await asyncio.sleep(0.1)
            yield observer
    finally:
        shell("h1", "docker rm -f web")


async def listen(heard, shell, where, command):
    """What a capture takes while a command runs there."""
    running = asyncio.create_task(asyncio.to_thread(shell, where, command))
    frames, ended = [], ""
    while not ended and not running.done():
        batch = heard.take()
        frames += batch.frames
        ended = batch.ended
        await asyncio.sleep(0.1)
    await running
    frames += heard.take().frames
    heard.finish()
    heard.close()
    return frames


async def test_a_ping_is_seen_with_both_addresses_at_both_ends_of_the_cable(observer, shell):
    for place, interface in (("h1/web", "eth0"), ("h1", "docker0")):
        heard = await observer.capture(place, interface, "icmp")
        frames = await listen(heard, shell, "h1/web", "ping -c 3 -i 0.2 172.17.0.1")
        told = [tell_row(1, frame)["summary"] for frame in frames]
        assert len([line for line in told if "172.17.0.2 → 172.17.0.1, ping request" in line]) == 3
        assert len([line for line in told if "172.17.0.1 → 172.17.0.2, ping reply" in line]) == 3
        assert heard.left_out == 0


async def test_a_flood_is_sampled_and_what_was_left_out_is_known(observer, shell):
    heard = await observer.capture("h1/web", "eth0", "icmp")
    frames = await listen(heard, shell, "h1/web", "ping -f -q -c 20000 172.17.0.1")
    assert 0 < len(frames) <= 2_000
    assert heard.left_out > 0
    assert heard.came == len(frames) + heard.left_out


async def test_a_container_that_goes_ends_its_capture(observer, shell):
    heard = await observer.capture("h1/web", "eth0", "")
    await asyncio.to_thread(shell, "h1", "docker rm -f web")
    for _ in range(100):
        if ended := heard.take().ended:
            break
        await asyncio.sleep(0.1)
    heard.close()
    assert "is gone" in ended


async def test_what_is_not_there_is_an_answer(observer):
    with pytest.raises(NotThere, match="h9 is not there"):
        await observer.capture("h9", "eth0", "")
    with pytest.raises(NotThere, match="no interface"):
        await observer.capture("h1", "<b>eth7</b>", "")


async def test_an_independent_decoder_reads_the_same_in_them(observer, shell):
    heard = await observer.capture("h1", "docker0", "")
    command = "docker exec web sh -c 'ping -c 1 172.17.0.1; nc -z -w 1 172.17.0.1 81; ip neigh flush all; ping -c 1 172.17.0.1'"
    frames = await listen(heard, shell, "h1", command)
    assert len(frames) > 4
    for frame in frames:
        theirs, ours = dpkt.ethernet.Ethernet(frame.data), dissect(frame.data, frame.length)
        assert ours.find("Ethernet").get("source") == theirs.src.hex(":")
        internet = ours.find("IPv4")
        assert (internet is not None) == isinstance(theirs.data, dpkt.ip.IP)
        if internet:
            assert internet.get("source") == ".".join(str(part) for part in theirs.data.src)
            assert internet.get("TTL") == str(theirs.data.ttl)


def piped(argv, stdin):
    return subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


async def test_the_operators_command_feeds_tshark_while_it_captures_and_ends_with_its_reader(sandbox, observer, shell):
    """`sandbox capture … --out -` with tshark in the place of Wireshark: a packet is shown before the capture has ended."""
    if shutil.which("tshark") is None:
        pytest.fail("no tshark here; setup/debian-packages-test.txt names it")
    asked = SimpleNamespace(pk=sandbox[0], generation=1, facts=sandbox[1], state=actions.State.READY)
    reading, writing = os.pipe()
    argv = ["tshark", "-l", "-n", "-i", "-", "-T", "fields", "-e", "ip.src", "-e", "icmp.type"]
    tshark = piped(argv, reading)
    os.close(reading)
    ended: list[BaseException | dict] = []

    def write():
        try:
            with os.fdopen(writing, "wb") as out:
                ended.append(capturing.stream(asked, "h1/web", "eth0", "icmp", None, out))  # type: ignore[arg-type]
        except BrokenPipeError as error:
            ended.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    pinging = asyncio.create_task(asyncio.to_thread(shell, "h1/web", "ping -c 60 -i 0.2 172.17.0.1"))
    try:
        lines = [(await asyncio.to_thread(tshark.stdout.readline)).decode().split() for _ in range(2)]
        assert sorted(lines) == [["172.17.0.1", "0"], ["172.17.0.2", "8"]]
        assert thread.is_alive()
    finally:
        tshark.kill()
        tshark.wait()
    await asyncio.to_thread(thread.join, 30)
    assert [type(one) for one in ended] == [BrokenPipeError]
    await asyncio.to_thread(shell, "h1/web", "pkill ping")
    await pinging
