"""Beginnings for the fuzzer: what real tools and hosts said, from `tests/captures`, in the form each target takes."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from functools import cache
from pathlib import Path
from typing import cast

import dpkt

CAPTURES = Path(__file__).parents[1] / "captures"
STAGES = ("bridge/4-networks", "bridge-28/5-traffic", "bridge/5-traffic")
MOST_TEXT = 12_000


@cache
def frames() -> list[bytes]:
    """Each sort of frame once: those of one length in one file look alike."""
    found: dict[tuple[str, int], bytes] = {}
    for path in sorted((CAPTURES / "packets").glob("*.pcap")):
        with path.open("rb") as file:
            for _, frame in dpkt.pcap.Reader(file):
                found.setdefault((path.stem, len(frame)), bytes(frame)[:2_048])
    return list(found.values())


def texts(name: str) -> list[bytes]:
    found = {path.read_bytes()[:MOST_TEXT] for stage in STAGES for path in (CAPTURES / stage).glob(f"*/{name}.txt")}
    return sorted(found, key=len)[:12] or [b""]


def rules_of_all() -> list[bytes]:
    """iptables, ip6tables, two that say nothing, nft: separated as the target `raw` takes them."""
    dumps = ("iptables-save", "ip6tables-save", "", "", "nft-list-ruleset")
    return [
        b"\0".join((folder / f"{name}.txt").read_bytes()[:MOST_TEXT] if name else b"" for name in dumps)
        for folder in sorted((CAPTURES / "rules").glob("*/*/"))
    ]


def daemons() -> list[bytes]:
    told = ("version", "networks", "containers")
    return [b"\0".join((CAPTURES / stage / f"{name}.json").read_bytes() for name in told) for stage in STAGES]


def dns_messages() -> list[bytes]:
    """UDP payloads to or from port 53."""
    found = []
    for frame in frames():
        udp = getattr(getattr(dpkt.ethernet.Ethernet(frame), "data", None), "data", None)
        if isinstance(udp, dpkt.udp.UDP) and 53 in (udp.sport, udp.dport):
            found.append(bytes(udp.data))
    return found


def icmp_packets() -> list[bytes]:
    """As a raw socket hands them on: from the IPv4 header."""
    return [frame[14:] for frame in frames() if frame[12:14] == b"\x08\0" and frame[23] == 1]


def netlink(*kinds: int) -> list[bytes]:
    def message(kind: int, payload: bytes) -> bytes:
        return struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, 0) + payload

    one = [message(kind, b"\x07" + bytes(15)) for kind in kinds]
    return [*one, b"".join(one)]


def traces() -> list[bytes]:
    """A rule's step, a chain's policy, and both in one datagram: struct nlmsghdr, nfgenmsg, NFTA_TRACE_*."""

    def attribute(kind: int, value: bytes) -> bytes:
        return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)

    def message(*attributes: bytes) -> bytes:
        payload = bytes(4) + b"".join(attributes)
        return struct.pack("=IHHII", 16 + len(payload), 10 << 8 | 17, 0, 0, 0) + payload

    known = (attribute(6, b"\0\0\0\7"), attribute(1, b"filter\0"), attribute(2, b"FORWARD\0"))
    jump = attribute(5, attribute(1, struct.pack(">i", -3)) + attribute(2, b"DOCKER-USER\0"))
    heads = (attribute(8, icmp_packets()[0][:20]), attribute(9, icmp_packets()[0][20:40]))
    rule = message(*known, attribute(4, b"\0\0\0\3"), attribute(3, (9).to_bytes(8)), jump, *heads)
    policy = message(*known, attribute(4, b"\0\0\0\1"), attribute(16, b"\0\0\0\1"))
    return [rule, policy, rule + policy]


def journeys() -> list[bytes]:
    """A trace, frames, and rules with the kernel's numbers: as the target `told-journey` takes them."""
    rules = b"table ip filter {\n\tchain FORWARD { # handle 3\n\t\tcounter jump DOCKER-USER # handle 9\n\t}\n}\n"
    return [b"\xff\xfe".join((trace, frame * 2, rules)) for trace in traces() for frame in frames()[::9] if len(frame) < 1_500]


def outputs() -> list[bytes]:
    return [b"one\nMARK 0\ntwo\nMARK 1\n\xff\xfe\nMARK\nwrong\nMARK\n", b"only half\xff\xfe"]


def printed(place: str, name: str) -> str:
    return (CAPTURES / STAGES[-1] / place / f"{name}.txt").read_text()


def log_frames() -> list[bytes]:
    lines = [b'{"protocol": "http", "source": "10.77.0.11", "source_port": 4711, "what": "GET /", "at": "x"}\n', b"a\nb"]
    return [b"".join(struct.pack(">BxxxI", 1, len(line)) + line for line in lines), struct.pack(">BxxxI", 2, 2**31) + b"x"]


def requests() -> list[bytes]:
    return [b"".join(frame[8:] for frame in log_frames()[:1]) * 2, b'{"protocol": 1}\n[]\n']


def driver_calls() -> list[bytes]:
    asked = {"NetworkID": "28dc03db", "EndpointID": "9" * 20, "IPv4Data": [{"Pool": "172.18.0.0/16"}]}
    told = {"driver": "lab", "call": "1-1", "method": "NetworkDriver.Join", "at": 1.7e9}
    lines = [told | {"asked": asked}, told | {"at": 1.7e9 + 1, "answer": {"Err": "no"}}, told | {"call": "1-2", "asked": None}]
    return ["\n".join(json.dumps(line) for line in lines).encode()]


def answers() -> list[bytes]:
    head = b"HTTP/1.1 200 OK\r\n"
    return [
        head + b'Content-Length: 14\r\n\r\n{"Version": 26}',
        head + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\n[1,\r\n2\r\n2]\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + head + b"\r\n[]",
        b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nbytes",
    ]


def wishes() -> list[bytes]:
    told: list[dict[str, object]] = [
        {"type": "open_terminal", "place": "h1/web", "columns": 80, "rows": 24},
        {"type": "follow_journey", "source": "h1", "target": "outside", "kind": "http", "port": 80},
        {"type": "start_capture", "place": "h1", "interface": "eth0", "expression": "icmp"},
        {"type": "stop_capture", "capture": "abc"},
        {"type": "measure_grid"},
        {"type": "resize_terminal", "columns": 80, "rows": 24},
        {"type": "acknowledge_terminal", "offset": 7},
    ]
    return [json.dumps(one).encode() for one in told]


def links() -> list[bytes]:
    return [
        b"hosts=2&machines=outside,router&swarm=1&net=h1,ring,overlay&run=h2,web,ring,p=8080:80,also=bridge",
        b"hosts=1&machines=outside&net=h1,wire,macvlan,subnet=lan,gateway=lan.1,parent=eth0,mode=bridge&run=h1,a1,wire",
        b"hosts=1&machines=&net=h1,app,bridge,subnet=172.30.0.0/24,internal&run=h1,web,app,p=127.0.0.1:80:80/udp",
    ]


def happenings() -> list[bytes]:
    actor = {"ID": "9" * 64, "Attributes": {"name": "web", "oldName": "/old", "exitCode": "0", "container": "8" * 64}}
    pairs = (("container", "die"), ("container", "rename"), ("network", "connect"), ("network", "create"))
    return [json.dumps({"Type": kind, "Action": action, "Actor": actor}).encode() for kind, action in pairs]


def resolver_files() -> list[bytes]:
    return [
        b"nameserver 127.0.0.11\noptions ndots:0\n\0127.0.0.1 localhost\n10.77.0.11 h1 # me\n\0web\0you are 10.0.0.1:80",
    ]


def read_json(raw: bytes) -> object:
    try:
        return cast(object, json.loads(raw))
    except (ValueError, RecursionError):
        return None


def zipped(files: dict[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", packed) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, packed)
    return kept.getvalue()


def zips() -> list[bytes]:
    small = {"a/lesson.toml": b"title = 1\n", "a/1.md": b"Text.\n", "__MACOSX/a/._1.md": b"x"}
    return [zipped(small), zipped(small, zipfile.ZIP_STORED), zipped({"lesson.toml": b"x" * 9_000}), b"PK\x05\x06" + bytes(18)]


SMALL_LESSON = """\
title = "One"
driver = "bridge"
summary = "s"
promise = "p"
minutes = 5
scenario = "one-host"
[[steps]]
id = "one"
title = "One"
file = "1.md"
[[steps.checks]]
id = "runs"
text = "`web` runs"
when = [{ container_running = { name = "web" } }, { script = { file = "1.sh" } }]
"""


def lessons() -> list[bytes]:
    text = '# A\n\n*b* `c`\n\n```run h1\ndocker run -d --name web box\n```\n\n!!! note "n"\n    | a | b |\n'
    return ["\0".join((SMALL_LESSON, text, "exit 0\n")).encode(), "\0".join((SMALL_LESSON, "<b>x</b>", "")).encode()]


def scenarios() -> list[bytes]:
    step = {"title": "One", "text": "1.md", "verify": "1.sh", "background": "1.sh"}
    details = {"intro": {"text": "1.md"}, "steps": [step], "finish": {"text": "1.md"}, "assets": {"host01": [{"file": "x"}]}}
    index = json.dumps({"title": "T", "time": "5 min", "details": details, "backend": {"imageid": "ubuntu"}}).encode()
    texts = (
        b"`ls`{{exec}} [x]({{TRAFFIC_HOST1_80}})\n\n```\ndocker ps\n```{{exec interrupt}}\n",
        b"<b>x</b> ![p](p.png)\n> [y](z)\n",
    )
    return [b"\0".join((index, text, b"exit 0\n")) for text in texts]
