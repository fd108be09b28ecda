"""The file we write, read back by a reader that is not ours, and by Wireshark's own."""

import io
import json
import shutil
import struct
import subprocess

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.packets.captured import Frame
from explorer.network.packets.pcapng import SNAP, write_file
from tests.fuzz.properties import pcapng_blocks as blocks
from tests.network.captured import CAPTURES
from tests.network.test_captured import PING

times = st.integers(0, 2**62)
frames = st.builds(
    Frame,
    at=times,
    way=st.sampled_from(["in", "out"]),
    length=st.integers(0, 2**31),
    data=st.binary(max_size=SNAP // 8),
)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def written(kept, interface="eth0", place="h1", expression="", left_out=0):
    counts = {"came": len(kept) + left_out, "left_out": left_out}
    return b"".join(write_file(kept, interface, place, expression, SNAP, **counts))


@given(st.lists(frames, max_size=6), names, names, names)
def test_what_is_written_is_read_back(kept, interface, place, expression):
    data = written(kept, interface, place, expression)
    packets = [body for kind, body in blocks(data) if kind == 6]
    assert len(packets) == len(kept)
    for body, frame in zip(packets, kept, strict=True):
        _, high, low, captured, original = struct.unpack_from("<IIIII", body)
        assert (high << 32 | low, captured, original) == (frame.at, len(frame.data), max(frame.length, len(frame.data)))
    assert [bytes(read) for _, read in dpkt.pcapng.Reader(io.BytesIO(data))] == [frame.data for frame in kept]


def test_what_was_left_out_is_in_the_files_statistics():
    (body,) = [body for kind, body in blocks(written([Frame(1, "in", len(PING), PING)], left_out=9_000)) if kind == 5]
    assert struct.pack("<HHQ", 6, 8, 9_001) in body
    assert struct.pack("<HHQ", 7, 8, 9_000) in body


def stored(path):
    """The frames of a pcap file with the length they had on the wire, which dpkt does not tell."""
    data = path.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at < len(data):
        seconds, rest, captured, original = struct.unpack_from(f"{order}IIII", data, at)
        yield Frame(seconds * 1_000_000_000 + rest, "in", original, data[at + 16 : at + 16 + captured])
        at += 16 + captured


def tshark(path, *asked):
    command = ["tshark", "-r", str(path), *asked]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(path.parent)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


@pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark here; setup/debian-packages-test.txt names it")
@pytest.mark.parametrize("capture", sorted(path.name for path in (CAPTURES / "packets").glob("*.pcap")))
def test_tshark_reads_the_same_packets_and_none_is_malformed(tmp_path, capture):
    kept = list(stored(CAPTURES / "packets" / capture))
    path = tmp_path / "ours.pcapng"
    path.write_bytes(written(kept, "eth0", "h1/<b>web</b>", "udp port 4789", left_out=3))
    assert tshark(path, "-Y", "_ws.malformed") == ""
    raw = [one["_source"]["layers"]["frame_raw"][0] for one in json.loads(tshark(path, "-T", "jsonraw"))]
    assert raw == [frame.data.hex() for frame in kept]
    fields = ("-T", "fields", "-e", "frame.len", "-e", "frame.time_epoch", "-e", "frame.interface_name")
    told = [line.split("\t") for line in tshark(path, *fields).splitlines()]
    assert [(int(length), name) for length, _, name in told] == [(frame.length, "eth0") for frame in kept]
    assert [int(at.replace(".", "")) for _, at, _ in told] == [frame.at for frame in kept]
