"""A capture on a real interface of an empty namespace: filters, bounds, counted sampling, and an interface that goes."""

import os
import socket
import subprocess
import time

import pytest

from explorer.lab.ask import capture as capture_module
from explorer.lab.ask.bpf import compile_filter, read_code
from explorer.lab.ask.capture import FILE, Bounds, Capture
from explorer.lab.errors import BadFilter, NotThere
from explorer.lab.inside.netns import Namespace
from explorer.network.packets import dissect
from explorer.network.packets.pcapng import SNAP
from tests.attacks import attack

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root")


@pytest.fixture
def namespace():
    """One with a pair of interfaces, left and right, and nothing else that talks."""
    held = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE)
    held.stdout.readline()
    fd = os.open(f"/proc/{held.pid}/ns/net", os.O_RDONLY)
    made = Namespace(held.pid, os.pidfd_open(held.pid), fd)
    try:
        run(made, "ip link add left type veth peer name right")
        run(made, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
        run(made, "ip link set left mtu 9000 up")
        run(made, "ip link set right mtu 9000 up")
        yield made
    finally:
        made.close()
        held.kill()
        held.wait()


def run(namespace, command):
    subprocess.run(["nsenter", f"--net=/proc/{namespace.pid}/ns/net", *command.split()], check=True, capture_output=True)


@pytest.fixture
async def listen(namespace):
    opened = []

    async def open_(expression="", interface="left", bounds=FILE):
        opened.append(Capture(namespace, "h1", interface, await compile_filter(expression, SNAP), bounds))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.fixture
def send(namespace):
    """Puts frames onto `right`, so that they come in at `left`."""
    sender = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.setblocking(True)
    sender.bind(("right", 0))
    yield lambda frame, times=1: [sender.send(frame) for _ in range(times)]
    sender.close()


def udp(port, size=0):
    total = 28 + size
    ip = bytes.fromhex("4500") + total.to_bytes(2) + bytes.fromhex("00000000401100000a4d00640a4d000b")
    return bytes.fromhex("02000000000b0200000000640800") + ip + port.to_bytes(2) * 2 + (8 + size).to_bytes(2) + bytes(2 + size)


async def test_the_kernel_hands_on_what_the_expression_says(listen, send):
    heard = await listen("udp port 53")
    before = time.time_ns()
    send(udp(53))
    send(udp(80))
    (frame,) = heard.take().frames
    assert (frame.data, frame.way, frame.length) == (udp(53), "in", len(udp(53)))
    assert before <= frame.at <= time.time_ns()


async def test_a_frame_of_9000_bytes_is_kept_whole(listen, send):
    heard = await listen()
    send(udp(80, 8_972))
    (frame,) = heard.take().frames
    assert len(frame.data) == frame.length == 9_014


async def test_forged_and_truncated_packets_are_kept_as_they_are(listen, send):
    heard = await listen()
    forged = [bytes.fromhex("ffffffffffff0200000000640800") + b"\x4f" + b"\xff" * 9, udp(53)[:20], udp(4789) + b"\xff" * 5]
    for one in forged:
        send(one)
    assert [frame.data for frame in heard.take().frames] == forged
    assert all(dissect(one).layers for one in forged)


@attack("a flood of frames while a capture runs", origin="LAN", expected="contained", held_by="200 frames a second")
async def test_a_flood_is_sampled_and_every_frame_is_accounted_for(listen, send):
    heard = await listen()
    sent = 10_000
    send(udp(80, 1_000), sent)
    taken = len(heard.take().frames)
    heard.finish()
    assert taken == heard.taken == capture_module.BURST
    assert heard.left_out == sent - taken
    assert heard.came == sent
    assert heard.take().frames == ()


async def test_large_frames_are_limited_by_their_bytes(listen, send, monkeypatch):
    monkeypatch.setattr(capture_module, "BURST_BYTES", 20_000)
    monkeypatch.setattr(capture_module, "BYTE_RATE", 0.0)
    heard = await listen()
    send(udp(80, 8_972), 10)
    assert len(heard.take().frames) == 3  # the third goes over the limit
    assert heard.take().frames == ()
    heard.finish()
    assert heard.left_out == 7


async def test_it_ends_when_it_has_all_it_takes(listen, send):
    heard = await listen(bounds=Bounds(3, 10_000, 60.0))
    send(udp(80), 5)
    batch = heard.take()
    assert len(batch.frames) == 3
    assert "3 packets" in batch.ended
    heard = await listen(bounds=Bounds(100, 10, 60.0))
    send(udp(80))
    assert "all that one capture takes" in heard.take().ended


async def test_it_ends_at_its_time(listen):
    assert "by itself" in (await listen(bounds=Bounds(100, 10_000, 0.0))).take().ended


async def test_an_interface_that_vanishes_ends_it_and_says_so(listen, namespace, send):
    heard = await listen()
    send(udp(80))
    run(namespace, "ip link del right")
    batch = heard.take()
    assert len(batch.frames) <= 1
    assert heard.take().ended == "It ended because left of h1 is gone."


async def test_one_that_only_goes_down_does_not(listen, namespace, send):
    heard = await listen()
    run(namespace, "ip link set left down")
    assert heard.take().ended == ""
    run(namespace, "ip link set left up")
    run(namespace, "ip link set right up")
    send(udp(80))
    assert (heard.take().frames or heard.take().frames)[0].data == udp(80)


async def test_a_namespace_that_was_let_go_ends_it(listen, namespace):
    heard = await listen()
    fd, namespace.fd = namespace.fd, -1
    assert "gone" in heard.take().ended
    namespace.fd = fd


@pytest.mark.parametrize("name", ["nope", "", "x" * 40, "<b>eth0</b>", "a/b", "\u00e9t\u00e9"])
async def test_an_interface_that_is_not_there_is_an_answer(listen, name):
    with pytest.raises(NotThere, match="has no interface"):
        await listen(interface=name)


@pytest.mark.parametrize("nonsense", ["nonsense ((", "port", "host example.com", "-w /tmp/x", "udp; id", "$(id)"])
async def test_nonsense_is_refused_in_tcpdumps_words(nonsense):
    with pytest.raises(BadFilter, match="tcpdump: "):
        await compile_filter(nonsense, SNAP)


@attack(
    "a filter expression that is an option, or a command", origin="page", expected="refused", held_by="one argument, no shell"
)
@pytest.mark.parametrize("hostile", ["a" * 501, "udp\nport 1", "port \x00", "höst"])
async def test_what_is_no_expression_never_reaches_a_program(hostile):
    with pytest.raises(BadFilter, match="plain characters"):
        await compile_filter(hostile, SNAP)


@attack("a forged program from a filter's compiler", origin="output", expected="refused", held_by="the kernel checks it again")
@pytest.mark.parametrize("text", ["", "x", "2\n1 2 3 4", "1\n1 2 3", "1\n-1 0 0 0", "99999\n"])
def test_what_a_compiler_should_not_print_is_refused(text):
    with pytest.raises(BadFilter):
        read_code(text)
