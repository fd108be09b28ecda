"""On captures of every driver, the dissector and tshark read the same: layers, fields, their bytes, whether checksums fit."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from explorer.network.packets import Layer, Packet, dissect
from explorer.network.packets.checksums import LEFT, NAME, RIGHT, UNUSED, WRONG
from explorer.network.packets.dns import TYPES
from tests.captures.decoded import LAYERS, ask_tshark, stored
from tests.network.test_pcapng import stored as frames_of

FOLDER = Path(__file__).parents[1] / "captures" / "packets"
CAPTURED = sorted(path.stem for path in FOLDER.glob("*.pcap") if path.with_suffix(".json").exists())
READ_HERE = {"Ethernet", "VLAN", "ARP", "IPv4", "IPv6", "ICMP", "ICMPv6", "UDP", "TCP", "DNS", "VXLAN"}
BITS = {"priority", "flags", "traffic class", "flow label", "fragment offset"}  # we name the very bytes, tshark the whole word
FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")  # by their bits, RFC 9293
VERDICTS = {"0": {WRONG, LEFT}, "1": {RIGHT, LEFT}, "2": {""}, "3": {UNUSED}}
TSHARK = pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark here; setup/debian-packages-test.txt names it")


def test_there_is_a_capture_of_every_driver():
    for driver in ("bridge", "host", "none", "macvlan", "overlay", "third-party"):
        assert any(name.startswith(driver) for name in CAPTURED), driver


@pytest.mark.parametrize("capture", CAPTURED)
def test_the_stored_reading_is_ours(capture):
    agree_on_all(capture, stored(FOLDER / f"{capture}.json"))


@TSHARK
@pytest.mark.parametrize("capture", CAPTURED)
def test_the_tshark_that_is_here_reads_the_same(capture):
    agree_on_all(capture, ask_tshark(FOLDER / f"{capture}.pcap"))


def agree_on_all(capture, decoded):
    frames = list(frames_of(FOLDER / f"{capture}.pcap"))
    assert len(frames) == len(decoded) > 0
    for number, (frame, theirs) in enumerate(zip(frames, decoded, strict=True), start=1):
        packet = dissect(frame.data, frame.length)
        try:
            agree(packet, theirs)
        except AssertionError as error:
            raise AssertionError(f"frame {number} of {capture}: {error}") from error


def agree(packet: Packet, theirs) -> None:
    assert packet.problem == ""
    ours = [layer for layer in packet.layers if layer.protocol in READ_HERE]
    assert [layer.protocol for layer in ours] == [LAYERS[name][0] for name, _ in theirs]
    for layer, (name, fields) in zip(ours, theirs, strict=True):
        known = [tuple(field) for field in fields]
        for theirs_name, value, at, size in known:
            if wanted := LAYERS[name][1][theirs_name]:
                same_field(layer, wanted, value, at, size)
        values: dict[str, list[str]] = {}
        for theirs_name, value, _, _ in known:
            values.setdefault(theirs_name, []).append({"True": "1", "False": "0"}.get(value, value))
        FURTHER.get(layer.protocol, nothing)(layer, values)
        checksum_agrees(layer, values)


def same_field(layer: Layer, wanted: str, value: str, at: int, size: int) -> None:
    field = next((one for one in layer.fields if one.name == wanted), None)
    assert field, f"{layer.protocol} has no {wanted} ({value})"
    assert number_or_word(field.value, layer, wanted) == number_or_word(value, layer, wanted), f"{layer.protocol} {wanted}"
    begin, end = field.offset, field.offset + field.length
    if wanted in BITS:
        assert at <= begin < end <= at + size, f"bytes of {layer.protocol} {wanted}"
    else:
        assert (begin, end) == (at, at + size), f"bytes of {layer.protocol} {wanted}"


def number_or_word(value: str, layer: Layer, wanted: str) -> int | str:
    """`0x0800 (IPv4)`, `2048`, `20 bytes` are numbers. TCP's flags are a bit each; the offset may count eight bytes."""
    if layer.protocol == "TCP" and wanted == "flags":
        return int(value, 16) if value.startswith("0x") else sum(1 << FLAGS.index(word) for word in value.split())
    word = value.split(" ")[0].lower()
    number = int(word, 0) if re.fullmatch(r"0x[0-9a-f]+|0|[1-9][0-9]*", word) else None
    if wanted == "fragment offset" and number is not None:
        return number if number % 8 or number == 0 else number // 8  # as tshark 4.0 counts it
    return word if number is None else number


def checksum_agrees(layer: Layer, values: dict[str, list[str]]) -> None:
    for name, told in values.items():
        if name.endswith(".checksum.status"):
            assert layer.get(NAME) in VERDICTS[told[0]], f"{layer.protocol}: {layer.get(NAME)!r}, tshark says {told[0]}"


def nothing(_layer: Layer, _values: dict[str, list[str]]) -> None:
    """Every field was compared by name."""


def ip_flags(layer: Layer, values: dict[str, list[str]]) -> None:
    words = (("ip.flags.rb", "reserved"), ("ip.flags.df", "don't fragment"), ("ip.flags.mf", "more fragments"))
    assert layer.get("flags") == (" ".join(word for name, word in words if values[name] == ["1"]) or "none")


def tcp_options(layer: Layer, values: dict[str, list[str]]) -> None:
    assert layer.get("MSS") == "".join(values.get("tcp.options.mss_val", []))
    assert layer.get("window scale") == "".join(values.get("tcp.options.wscale.shift", []))
    stamps = values.get("tcp.options.timestamp.tsval", []) + values.get("tcp.options.timestamp.tsecr", [])
    assert layer.get("timestamps") == " ".join(stamps)


def link_option(layer: Layer, values: dict[str, list[str]]) -> None:
    if "icmpv6.nd.ns.target_address" in values or "icmpv6.nd.na.target_address" in values:
        assert (layer.get("source MAC") or layer.get("target MAC")) == "".join(values.get("icmpv6.opt.linkaddr", []))


def names_agree(layer: Layer, values: dict[str, list[str]]) -> None:
    assert layer.get("kind") == ("answer" if values["dns.flags.response"] == ["1"] else "query")
    if layer.get("kind") == "answer":  # tshark reads no result in a query
        assert layer.get("result").split()[0] == values["dns.flags.rcode"][0]
    asked = zip(values.get("dns.qry.type", []), values.get("dns.qry.name", []), strict=True)
    questions = [f"{TYPES.get(int(kind), kind)} {'.' if name == '<Root>' else name}" for kind, name in asked]
    assert [field.value for field in layer.fields if field.name == "question"] == questions
    answers = [field.value.split(" ") for field in layer.fields if field.name == "answer"]
    count = int(values["dns.count.answers"][0])
    assert [words[1] for words in answers] == [TYPES.get(int(kind), kind) for kind in values.get("dns.resp.type", [])][:count]
    assert [words[-2] for words in answers] == values.get("dns.resp.ttl", [])[:count]
    for kind, name in (("A", "a"), ("AAAA", "aaaa"), ("CNAME", "cname"), ("PTR", "ptr.domain_name"), ("NS", "ns")):
        told = [words[2].rstrip(",") for words in answers if words[1] == kind]
        assert told == values.get(f"dns.{name}", [])[: len(told)]
        assert bool(told) == bool(values.get(f"dns.{name}")) or count < len(values.get("dns.resp.type", []))


def tunnel_flags(layer: Layer, values: dict[str, list[str]]) -> None:
    assert int(layer.get("flags"), 16) == int(values["vxlan.flags"][0], 16) >> 8


FURTHER = {"IPv4": ip_flags, "TCP": tcp_options, "ICMPv6": link_option, "DNS": names_agree, "VXLAN": tunnel_flags}
