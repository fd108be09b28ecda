"""A kept frame: stored and read back, told as a line, taken apart with its bytes."""

from hypothesis import given
from hypothesis import strategies as st

from explorer.network.packets.captured import Frame, tell_layers, tell_row

PING = bytes.fromhex("02420a4d000b02420a4d006408004500001c00010000400165780a4d00640a4d000b0800f7fd00010001")
frames = st.builds(
    Frame,
    at=st.integers(0, 2**63 - 1),
    way=st.sampled_from(["in", "out"]),
    length=st.integers(0, 2**32 - 1),
    data=st.binary(max_size=600),
)


@given(frames)
def test_what_is_stored_is_read_back(frame):
    assert Frame.unpack(frame.pack()) == frame


@given(frames)
def test_whatever_was_on_the_wire_is_told_within_bounds(frame):
    row = tell_row(7, frame)
    assert len(row["summary"]) <= 400
    told = tell_layers(7, frame)
    for layer in told["layers"]:
        for field in layer["fields"]:
            assert 0 <= field["offset"] <= field["offset"] + field["length"] <= len(frame.data)


def test_a_ping_names_both_addresses():
    row = tell_row(1, Frame(5_000_000_000, "in", len(PING), PING))
    assert (row["protocol"], row["at"], row["way"]) == ("ICMP", 5.0, "in")
    assert "10.77.0.100 → 10.77.0.11, ping request" in row["summary"]


def test_a_field_has_the_bytes_it_was_read_from():
    layers = {layer["protocol"]: layer for layer in tell_layers(1, Frame(0, "in", len(PING), PING))["layers"]}
    source = next(field for field in layers["IPv4"]["fields"] if field["name"] == "source")
    assert PING[source["offset"] :][: source["length"]] == bytes([10, 77, 0, 100])


def test_a_frame_cut_short_says_so():
    row = tell_row(1, Frame(0, "in", 9_000, PING[:30]))
    assert row["length"] == 9_000
    assert row["problem"].startswith("truncated")
