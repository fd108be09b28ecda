"""What must hold of a parser's answer, whatever it was given."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

import nh3

from explorer.lab.watch.journal import LINE_BYTES, LINES_KEPT
from explorer.lessons import render
from explorer.network.differ import Difference, diff
from explorer.network.explain import explain
from explorer.network.layout import Layout, from_query, to_query
from explorer.network.model import DockerState, Observation, Place, View
from explorer.network.packets import Packet, summarise
from explorer.network.packets.dissect import DEPTH, LAYERS
from explorer.network.read.text import LINE_LENGTH, LINES


def sound_packet(packet: Packet) -> None:
    """Bounded, inside the frame, shown as plain text."""
    assert len(packet.layers) <= LAYERS + 1
    for layer in packet.layers:
        assert 0 <= layer.depth <= DEPTH + 1
        assert 0 <= layer.offset <= layer.offset + layer.length <= packet.captured
        assert len(layer.fields) <= 80
        assert layer.problem.isprintable()
        for field in layer.fields:
            assert 0 <= field.offset <= field.offset + field.length <= packet.captured
            assert field.value.isprintable()
            assert len(field.value) < 2_600
    words = summarise(packet)
    assert words.isprintable()
    assert len(words) < 8_000


def sound_view(view: View, seen: Observation, names: DockerState) -> None:
    """Bounded, its keys unique, the same to whoever gets it as JSON; and it can be explained."""
    assert len(seen.lines) <= LINES
    assert all(len(line.text) <= LINE_LENGTH and len(line.key) < 300 and "\n" not in line.text for line in seen.lines)
    keys = [item.key for item in seen.items]
    assert len(keys) == len(set(keys))
    assert set(keys) <= {line.key for line in seen.lines}
    assert Observation.model_validate_json(seen.model_dump_json()) == seen
    assert diff(seen, seen) == Difference()
    place = Place(id="h1", kind="host", host="h1", name="h1", views={view: seen})
    explained = explain(place, view, seen, names)
    assert [line.text for line in explained.lines] == [line.text for line in seen.lines]


def plain_text(*texts: str) -> None:
    """Fit for one line of a page or a terminal."""
    for text in texts:
        assert text.isprintable(), repr(text[:100])


def address_or_nothing(text: str) -> None:
    assert text == "" or str(IPv4Address(text)) == text


def bounded_log(kept: list[str]) -> None:
    assert len(kept) <= LINES_KEPT
    assert all(len(line) <= LINE_BYTES for line in kept)


def same_as_link(layout: Layout) -> None:
    """What was understood can be built, and written as a link that says the same."""
    assert layout.scenario().hosts == layout.host_names
    assert from_query(to_query(layout)) == layout


def pcapng_blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, body) of every block; both lengths of each agree, and nothing is left over."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, at + length - 4)[0] == length
        yield kind, data[at + 8 : at + length - 4]
        at += length
    assert at == len(data)


def safe_names(names: Iterable[str]) -> None:
    """Names that stay where they are put, on any file system."""
    for name in names:
        assert not name.startswith("/")
        assert not re.match("[A-Za-z]:", name)
        assert ".." not in name.split("/")
        assert name.isprintable()
        assert "\\" not in name
    assert len({name.casefold() for name in names}) == len(list(names))


def safe_html(html: str) -> None:
    """No tag and no attribute but those a lesson may have; nothing from elsewhere."""
    assert nh3.clean(html, tags=render.TAGS, attributes=render.ATTRIBUTES, url_schemes=set(), link_rel=None) == html
