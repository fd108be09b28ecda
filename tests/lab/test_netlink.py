"""Which views a kernel notification makes out of date."""

import struct

from explorer.lab.netlink import filter_views, route_views


def message(kind, payload=b"\0" * 16):
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, 0) + payload


def test_a_link_dirties_what_goes_down_with_it():
    assert route_views(message(16)) == {"interfaces", "routes", "neighbours", "fdb"}


def test_an_address_dirties_interfaces_and_routes():
    assert route_views(message(20)) == {"interfaces", "routes"}


def test_a_bridge_neighbour_is_an_fdb_entry():
    assert route_views(message(28, b"\x07" + b"\0" * 15)) == {"fdb"}
    assert route_views(message(28, b"\x02" + b"\0" * 15)) == {"neighbours"}


def test_several_messages_come_in_one_datagram():
    assert route_views(message(24) + message(28, b"\x02" + b"\0" * 15)) == {"routes", "neighbours"}


def test_rules_and_connections_are_told_apart():
    assert filter_views(message(10 << 8)) == {"nat", "filter"}
    assert filter_views(message(1 << 8 | 2)) == {"connections"}


def test_half_a_message_and_a_length_of_nothing_end_the_reading():
    assert route_views(message(24)[:10]) == set()
    assert route_views(struct.pack("=IHHII", 0, 24, 0, 0, 0) * 3) == set()
