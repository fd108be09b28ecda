"""What the kernel says about a bridge, cut, forged or without the limit."""

from __future__ import annotations

import struct

import pytest

from explorer.lab.engine import bridges
from explorer.lab.engine.bridges import DATA, LINK, LINK_INFO, MAX_LEARNED
from explorer.lab.inside import netlink


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def link(data):
    return bytes(LINK.size) + attribute(3, b"br0\0") + attribute(LINK_INFO, attribute(1, b"bridge\0") + attribute(DATA, data))


def test_the_limit_is_read():
    assert (
        bridges.learned_limit(link(attribute(48, struct.pack("=I", 3)) + attribute(MAX_LEARNED, struct.pack("=I", 77)))) == 77
    )


@pytest.mark.parametrize("answer", [b"", bytes(LINK.size), link(b""), link(attribute(48, bytes(4))), link(b"\1\0\1\0")])
def test_a_kernel_that_knows_no_limit_has_none(answer):
    assert bridges.learned_limit(answer) is None


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"\xff\xff\1\0ab", b"\4\0", b"\3\0\1\0" * 50])
def test_attributes_of_any_length_end(data):
    assert len(dict(netlink.attributes(data))) <= 1


def port(name, index, namespace, master=True):
    told = attribute(3, name.encode() + b"\0") + attribute(5, struct.pack("=I", index))
    told += attribute(37, struct.pack("=i", namespace)) + (attribute(10, struct.pack("=I", 9)) if master else b"")
    return bytes(LINK.size) + told


PORTS = [port("vetha", 2, 0), port("vethb", 2, 1), port("vethc", 3, 1, master=False), link(b""), b"", b"\1\2\3"]


@pytest.mark.parametrize(
    ("namespace", "index", "name"), [(0, 2, "vetha"), (1, 2, "vethb"), (1, 3, ""), (0, 5, ""), (2, 2, ""), (-1, 2, "")]
)
def test_a_port_is_found_by_the_namespace_and_the_interface_at_its_other_end(namespace, index, name):
    assert bridges.port_to(PORTS, struct.pack("=i", namespace), index) == name


@pytest.mark.parametrize("number", [b"", b"\0", bytes(8)])
def test_a_namespace_without_a_number_has_no_port(number):
    assert bridges.port_to(PORTS, number, 2) == ""
