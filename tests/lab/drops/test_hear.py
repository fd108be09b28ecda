"""The kernel's drop reasons, heard in real namespaces: whose they are, what they say, and that nothing stays in the kernel."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from explorer.lab.drops import built, hear, libbpf
from explorer.lab.drops.hear import Drops, why_not
from tests.lab.ask.two_namespaces import OUTSIDE, run, two_namespaces
from tests.lab.drops.compiled import compiled
from tests.lab.drops.programs import alive, held

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(not os.path.exists("/sys/kernel/btf/vmlinux"), reason="the kernel lacks BTF"),
]
CLOSED = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'for nobody', ('{OUTSIDE}', 9))"


@pytest.fixture(scope="module", autouse=True)
def program():
    compiled()


@pytest.fixture(autouse=True)
async def nothing_kept(monkeypatch):
    monkeypatch.setattr(hear, "KEPT_SECONDS", hear.KEPT_SECONDS)
    yield
    for program in list(hear.kept):
        hear.forget(program)


@pytest.fixture(scope="module")
def lan():
    with two_namespaces() as made:
        yield made


def send(namespace, code=CLOSED):
    subprocess.run(["nsenter", f"--net=/proc/{namespace.pid}/ns/net", sys.executable, "-c", code], check=True)


async def heard(places, act):
    drops = Drops(places)
    await drops.begin()
    try:
        await asyncio.to_thread(act)
        await asyncio.sleep(0.1)
    finally:
        drops.end()
    assert (drops.note, drops.why_not) == ("", "")
    return drops.found


async def test_a_datagram_to_a_closed_port_has_its_reason_and_its_function(lan):
    found = await heard({lan["outside"].inode: "outside"}, lambda: send(lan["h1"]))
    drop = next(one for one in found if b"for nobody" in one.data)
    assert (drop.place, drop.reason, drop.device) == ("outside", "NO_SOCKET", "eth0")
    assert "udp" in drop.function
    assert drop.protocol == 0x0800
    assert drop.data[drop.network] == 0x45
    assert drop.network == 14
    assert drop.data[12:14] == b"\x08\x00"


async def test_other_namespaces_are_never_heard(lan):
    with two_namespaces() as others:

        def act():
            for _ in range(20):
                send(others["h1"])

        assert await heard({one.inode: name for name, one in lan.items()}, act) == []
        assert await heard({others["outside"].inode: "outside"}, act), "the same packets, when they are asked for"


async def test_a_packet_that_never_had_an_interface_is_known_by_its_socket(lan):
    run(lan["h1"], "nft add table ip mine")
    run(lan["h1"], "nft add chain ip mine out { type filter hook output priority 0 ; }")
    run(lan["h1"], "nft add rule ip mine out udp dport 9 drop")
    try:
        found = await heard({lan["h1"].inode: "h1"}, lambda: subprocess.run(blocked(lan["h1"]), check=False))
    finally:
        run(lan["h1"], "nft delete table ip mine")
    assert [(one.reason, one.place) for one in found] == [("NETFILTER_DROP", "h1")]


def blocked(namespace):
    return ["nsenter", f"--net=/proc/{namespace.pid}/ns/net", sys.executable, "-c", f"try:\n {CLOSED}\nexcept OSError: pass"]


async def test_a_flood_is_bounded_and_said(lan, monkeypatch):
    monkeypatch.setattr(hear, "MOST", 50)
    drops = Drops({lan["outside"].inode: "outside"})
    await drops.begin()
    flood = CLOSED.replace("import socket; ", "import socket; [") + " for _ in range(2000)]"
    await asyncio.to_thread(send, lan["h1"], flood)
    await asyncio.sleep(0.1)
    drops.end()
    assert len(drops.found) == 50
    assert "the later ones were not looked at" in drops.note


PLAYS = """
import asyncio, sys
from explorer.lab.drops.hear import Drops

async def play():
    drops = Drops({int(sys.argv[1]): "outside"})
    await drops.begin()
    print(drops.why_not or "hears", flush=True)
    await asyncio.sleep(60)

asyncio.run(play())
"""


async def are_gone(programs):
    """The kernel frees a program some moments after it was closed."""
    for _ in range(200):
        if not alive(programs):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_the_program_goes_with_its_process_however_it_ends(lan):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PLAYS, str(lan["outside"].inode), stdout=asyncio.subprocess.PIPE
    )
    assert await process.stdout.readline() == b"hears\n"
    loaded = held(process.pid)
    assert alive(loaded) == loaded != set()
    process.kill()
    await process.wait()
    assert await are_gone(loaded)


async def test_when_it_is_cancelled_while_it_loads_nothing_stays(lan):
    loading = asyncio.create_task(Drops({lan["outside"].inode: "outside"}).begin())
    await asyncio.sleep(0.001)
    loading.cancel()
    await asyncio.gather(loading, return_exceptions=True)
    assert loading.cancelled()
    (left,) = hear.kept
    assert left._link is None, "loaded, and not running"
    loaded = held()
    hear.forget(left)
    assert await are_gone(loaded)


async def test_a_program_is_used_again_and_tells_nothing_of_the_time_between(lan):
    assert await heard({lan["outside"].inode: "outside"}, lambda: send(lan["h1"]))
    (program,) = hear.kept
    send(lan["h1"])
    assert await heard({lan["h1"].inode: "h1"}, lambda: None) == []
    assert hear.kept == [program]
    found = await heard({lan["outside"].inode: "outside"}, lambda: send(lan["h1"]))
    assert len([one for one in found if b"for nobody" in one.data]) == 1
    hear.KEPT_SECONDS = 0.01
    hear.keep(hear.kept.pop())
    await asyncio.sleep(0.05)
    assert hear.kept == [], "nobody followed a packet for a while"


async def test_why_there_are_none_is_said(lan, monkeypatch, tmp_path):
    assert why_not() == ""
    monkeypatch.setattr(built, "DIRECTORY", tmp_path)
    assert "not compiled here" in why_not()
    drops = Drops({lan["outside"].inode: "outside"})
    await drops.begin()
    drops.end()
    assert "not compiled here" in drops.why_not
    broken = built.compiled()
    broken.write_bytes(b"no program")
    assert "cannot read the program" in why_not()


def test_a_missing_library_is_said(monkeypatch):
    monkeypatch.setattr(libbpf, "LIBRARY", "libnowhere.so.1")
    libbpf._library.cache_clear()
    hear.reasons.cache_clear()
    try:
        assert why_not() == "libnowhere.so.1 is not installed"
    finally:
        libbpf._library.cache_clear()


def test_names_come_from_the_running_kernel():
    told = hear.reasons()
    assert {"SKB_DROP_REASON_NO_SOCKET", "SKB_DROP_REASON_NETFILTER_DROP"} <= set(told.values())
    assert len(told) == len(set(told.values()))
