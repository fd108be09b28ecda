"""What tshark, a decoder that is not ours, reads in a capture: for each frame its layers, for each of those the fields that we
read too, with their bytes. Stored beside each capture of `packets/` by `make_packets`, and asked again where tshark is there.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

OPTIONS = (
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "ip.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "tcp.relative_sequence_numbers:FALSE",
)
# tshark's protocol → (ours, tshark's field → ours). What it has no field for, the test puts together.
LAYERS: dict[str, tuple[str, dict[str, str]]] = {
    "eth": ("Ethernet", {"eth.dst": "destination", "eth.src": "source", "eth.type": "type"}),
    "ieee8021ad": ("VLAN", {"ieee8021ad.priority": "priority", "ieee8021ad.id": "VLAN", "ieee8021ad.etype": "type"}),
    "vlan": ("VLAN", {"vlan.priority": "priority", "vlan.id": "VLAN", "vlan.etype": "type"}),
    "arp": (
        "ARP",
        {
            "arp.hw.type": "hardware type",
            "arp.proto.type": "protocol type",
            "arp.hw.size": "hardware size",
            "arp.proto.size": "protocol size",
            "arp.opcode": "operation",
            "arp.src.hw_mac": "sender MAC",
            "arp.src.proto_ipv4": "sender IP",
            "arp.dst.hw_mac": "target MAC",
            "arp.dst.proto_ipv4": "target IP",
        },
    ),
    "ip": (
        "IPv4",
        {
            "ip.version": "version",
            "ip.hdr_len": "header length",
            "ip.dsfield": "type of service",
            "ip.len": "total length",
            "ip.id": "identification",
            "ip.flags.rb": "",
            "ip.flags.df": "",
            "ip.flags.mf": "",
            "ip.frag_offset": "fragment offset",
            "ip.ttl": "TTL",
            "ip.proto": "protocol",
            "ip.checksum": "checksum",
            "ip.checksum.status": "",
            "ip.src": "source",
            "ip.dst": "destination",
        },
    ),
    "ipv6": (
        "IPv6",
        {
            "ipv6.version": "version",
            "ipv6.tclass": "traffic class",
            "ipv6.flow": "flow label",
            "ipv6.plen": "payload length",
            "ipv6.nxt": "next header",
            "ipv6.hlim": "hop limit",
            "ipv6.src": "source",
            "ipv6.dst": "destination",
        },
    ),
    "icmp": (
        "ICMP",
        {
            "icmp.type": "type",
            "icmp.code": "code",
            "icmp.checksum": "checksum",
            "icmp.checksum.status": "",
            "icmp.ident": "id",
            "icmp.seq": "sequence",
            "icmp.mtu": "next-hop MTU",
            "icmp.redir_gw": "gateway",
        },
    ),
    "icmpv6": (
        "ICMPv6",
        {
            "icmpv6.type": "type",
            "icmpv6.code": "code",
            "icmpv6.checksum": "checksum",
            "icmpv6.checksum.status": "",
            "icmpv6.echo.identifier": "id",
            "icmpv6.echo.sequence_number": "sequence",
            "icmpv6.mtu": "MTU",
            "icmpv6.nd.ns.target_address": "target",
            "icmpv6.nd.na.target_address": "target",
            "icmpv6.opt.linkaddr": "",
        },
    ),
    "udp": (
        "UDP",
        {
            "udp.srcport": "source port",
            "udp.dstport": "destination port",
            "udp.length": "length",
            "udp.checksum": "checksum",
            "udp.checksum.status": "",
        },
    ),
    "tcp": (
        "TCP",
        {
            "tcp.srcport": "source port",
            "tcp.dstport": "destination port",
            "tcp.seq_raw": "sequence",
            "tcp.ack_raw": "acknowledgement",
            "tcp.hdr_len": "header length",
            "tcp.flags": "flags",
            "tcp.window_size_value": "window",
            "tcp.checksum": "checksum",
            "tcp.checksum.status": "",
            "tcp.urgent_pointer": "urgent pointer",
            "tcp.options.mss_val": "",
            "tcp.options.wscale.shift": "",
            "tcp.options.timestamp.tsval": "",
            "tcp.options.timestamp.tsecr": "",
        },
    ),
    "dns": (
        "DNS",
        {
            "dns.id": "id",
            "dns.flags.response": "",
            "dns.flags.rcode": "",
            "dns.count.queries": "questions",
            "dns.count.answers": "answers",
            "dns.count.auth_rr": "authority records",
            "dns.count.add_rr": "additional records",
            "dns.qry.name": "",
            "dns.qry.type": "",
            "dns.resp.name": "",
            "dns.resp.type": "",
            "dns.resp.ttl": "",
            "dns.a": "",
            "dns.aaaa": "",
            "dns.cname": "",
            "dns.ns": "",
            "dns.ptr.domain_name": "",
        },
    ),
    "vxlan": ("VXLAN", {"vxlan.flags": "", "vxlan.vni": "VNI"}),
}
Field = tuple[str, str, int, int]  # tshark's name, value, first byte, bytes
Frame = list[tuple[str, list[Field]]]  # tshark's protocols from the outside in


def ask_tshark(path: Path) -> list[Frame]:
    options = [word for option in OPTIONS for word in ("-o", option)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    command = ["tshark", "-n", "-r", str(path), *options, "-T", "pdml"]
    told = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    return [_frame(packet) for packet in ElementTree.fromstring(told).iter("packet")]  # noqa: S314 - our own captures


def _frame(packet: ElementTree.Element) -> Frame:
    """As far as the frame itself goes: after an ICMP header tshark reads on in the packet that it quotes."""
    found: Frame = []
    for proto in packet:
        if (name := proto.get("name", "")) in LAYERS:
            found.append((name, _fields(proto, LAYERS[name][1])))
        if name in ("icmp", "icmpv6"):
            break
    return found


def _fields(element: ElementTree.Element, wanted: dict[str, str]) -> list[Field]:
    """Of the layer itself: not of a packet within it, which an ICMP error quotes."""
    found: list[Field] = []
    for inner in element:
        if inner.tag == "field":
            name = inner.get("name", "")
            if name in wanted:
                found.append((name, inner.get("show", ""), int(inner.get("pos", 0)), int(inner.get("size", 0))))
            found += _fields(inner, wanted)
    return found


def store(frames: list[Frame], path: Path) -> None:
    lines = [json.dumps(frame, separators=(",", ":")) for frame in frames]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def stored(path: Path) -> list[Any]:
    return list(json.loads(path.read_text()))
