"""What the streams told lately: bounded, from where it was left, and only what concerns the wall."""

import pytest

from explorer.classroom.wall.lately import Listener, here_key
from explorer.classroom.wall.tiles import SandboxRow, SeatRow
from explorer.sandboxes import streams
from explorer.sandboxes.events import Happened, LessonMoved

ROWS = [SeatRow(id="s1", name="Ana", sandbox=SandboxRow("box1", "ready")), SeatRow(id="s2", name="Ben")]


@pytest.fixture
def tell(redis):
    def publish(text, source="command", at=1.0, sandbox="box1"):
        streams.publish(redis, sandbox, Happened(source=source, text=text, at=at))

    return publish


@pytest.fixture
def listener():
    return Listener()


def test_who_has_a_page_open_is_here(redis, listener):
    redis.set(here_key("s2"), 1, ex=30)
    found = listener.read(redis, ROWS)
    assert (found["s1"].here, found["s2"].here) == (False, True)


def test_commands_and_the_last_event(redis, listener, tell):
    tell("docker ps", at=5.0)
    tell("container web started", "docker", at=6.0)
    found = listener.read(redis, ROWS)["s1"]
    assert (found.commands, found.event, found.event_at) == ((5.0,), "container web started", 6.0)


def test_what_follows_is_added_once(redis, listener, tell):
    tell("one", at=1.0)
    listener.read(redis, ROWS)
    tell("two", at=2.0)
    listener.read(redis, ROWS)
    assert listener.read(redis, ROWS)["s1"].commands == (1.0, 2.0)


def test_the_kernels_own_lines_are_no_event(redis, listener, tell):
    tell("docker ps")
    tell("address added", "kernel")
    assert listener.read(redis, ROWS)["s1"].event == "docker ps"


def test_hints_are_counted_when_they_change(redis, listener):
    for at, hints in enumerate([("a",), ("a",), (), ("a",), ("b",)]):
        streams.publish(redis, "box1", LessonMoved(lesson="bridge", step="x", hints=hints, at=at + 1.0))
    assert listener.read(redis, ROWS)["s1"].hints == (1.0, 4.0, 5.0)


def test_a_flood_is_read_a_bounded_piece_at_a_time_and_the_newest_is_known(redis, listener, tell):
    listener.read(redis, ROWS)
    for at in range(200):
        tell(f"command {at}", at=float(at))
    found = listener.read(redis, ROWS)["s1"]
    assert found.event == "command 199"
    assert len(found.commands) == 25


def test_a_stream_that_began_anew_is_read_from_its_beginning(redis, listener, tell):
    for _ in range(5):
        tell("old")
    listener.read(redis, ROWS)
    redis.flushall()
    tell("new")
    assert listener.read(redis, ROWS)["s1"].event == "new"


def test_the_first_look_is_spread_over_several(redis):
    rows = [SeatRow(id=f"s{at}", name="", sandbox=SandboxRow(f"b{at}", "ready")) for at in range(5)]
    for at in range(5):
        streams.publish(redis, f"b{at}", Happened(source="command", text="x"))
    listener = Listener(new_at_once=2)
    assert [sum(one.event == "x" for one in listener.read(redis, rows).values()) for _ in range(3)] == [2, 4, 5]


def test_what_is_no_event_of_ours_is_passed_over(redis, listener, tell):
    tell("fine")
    redis.xadd("sb:box1:events", {"z": "?"}, id="2-0")
    redis.set("sb:box1:number", 2)
    assert listener.read(redis, ROWS)["s1"].event == "fine"


def test_a_sandbox_that_went_is_forgotten(redis, listener, tell):
    tell("docker ps")
    listener.read(redis, ROWS)
    listener.read(redis, [])
    assert listener.memories == {}
