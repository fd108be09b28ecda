"""The past of a sandbox: from the earliest picture that joins on, bounded, and never from another life of it."""

import json

from explorer.network.model import Place, Snapshot
from explorer.sandboxes import past, streams
from explorer.sandboxes.events import Happened, PlaceGone, PlaceSeen, SandboxChanged, SnapshotTaken, snapshots_key
from explorer.sandboxes.past import SnapshotKeeper, read_past


def place(name):
    return Place(id=name, kind="container", host="h1", name=name)


def picture(*names, generation=1, number=0):
    places = {name: place(name) for name in names}
    return Snapshot(sandbox="a", generation=generation, number=number, at=5.0, places=places)


def tell(redis, *events):
    return [streams.publish(redis, "a", event) for event in events]


def said(text="x", size=0):
    return Happened(source="docker", text=text, detail="y" * size)


def read(redis, before, generation=1):
    told = read_past(redis, "a", generation, before)
    return json.loads(told) if told else None


def numbers(told):
    return [event["number"] for event in told["events"]]


def test_a_whole_stream_is_told_from_its_first_picture(redis):
    tell(redis, SandboxChanged(state="opening"), SnapshotTaken(snapshot=picture("h1")), PlaceSeen(place=place("h1/web")))
    tell(redis, said("a line"), PlaceGone(place="h1/web"), said("later"))
    told = read(redis, 5)
    assert (told["number"], told["first"], told["before"]) == (2, True, 5)
    assert list(told["snapshot"]["places"]) == ["h1"]
    assert [event["type"] for event in told["events"]] == ["place_seen", "happened", "place_gone"]
    assert numbers(told) == [3, 4, 5]


def test_where_a_page_saw_it_begin_there_was_nothing_before(redis):
    tell(redis, SnapshotTaken(snapshot=picture("h1")), said())
    told = read(redis, 1)
    assert (told["number"], told["first"], told["events"]) == (1, True, [])


def test_without_any_picture_nothing_is_told(redis):
    tell(redis, said(), said())
    assert read(redis, 2) is None
    assert read_past(redis, "nosuch", 1, 5) is None


def test_a_life_before_a_reset_is_not_told(redis):
    tell(
        redis,
        SnapshotTaken(snapshot=picture("h1", "h1/old")),
        said(),
        SnapshotTaken(snapshot=picture("h1", generation=2)),
        said(),
    )
    told = read(redis, 4, generation=2)
    assert (told["number"], told["first"]) == (3, True)
    assert list(told["snapshot"]["places"]) == ["h1"]


def test_a_picture_of_a_relay_that_was_started_again_is_one_of_the_changes(redis):
    tell(redis, SnapshotTaken(snapshot=picture("h1")), said(), SnapshotTaken(snapshot=picture("h1", "h1/web")), said())
    told = read(redis, 4)
    assert told["number"] == 1
    assert [event["type"] for event in told["events"]] == ["happened", "snapshot_taken", "happened"]


async def keep(redis, number, *names, generation=1, size=past.BYTES_BETWEEN):
    client = streams.redis_async()
    keeper = SnapshotKeeper(client, "a")
    keeper.passed(size)
    await keeper.keep(generation, number, picture(*names, number=number, generation=generation).model_dump_json())
    await client.aclose()


async def test_what_was_trimmed_is_told_from_the_oldest_picture_kept_beside(redis):
    tell(redis, SnapshotTaken(snapshot=picture("h1")), *(said() for _ in range(9)))
    for number in (2, 5, 8):
        await keep(redis, number, "h1", f"h1/c{number}")
    for entry in redis.xrange("sb:a:events", count=5):
        redis.xdel("sb:a:events", entry[0])  # as the stream's bound does
    told = read(redis, 10)
    assert (told["number"], told["first"]) == (5, False)  # the one at 2 does not join on to what is left
    assert list(told["snapshot"]["places"]) == ["h1", "h1/c5"]
    assert numbers(told) == [6, 7, 8, 9, 10]
    assert read(redis, 10, generation=2) is None


async def test_it_begins_later_rather_than_grow_too_large(redis, monkeypatch):
    tell(redis, SnapshotTaken(snapshot=picture("h1")), *(PlaceSeen(place=place(f"h1/c{n}")) for n in range(8)))
    await keep(redis, 6, "h1")
    monkeypatch.setattr(past, "CHANGES_TOLD", 4)
    assert (read(redis, 9)["number"], numbers(read(redis, 9))) == (6, [7, 8, 9])
    monkeypatch.setattr(past, "CHANGES_TOLD", 100)
    assert read(redis, 9)["number"] == 1
    monkeypatch.setattr(past, "BYTES_TOLD", 900)
    assert read(redis, 9)["number"] == 6
    monkeypatch.setattr(past, "BYTES_TOLD", 10)
    assert read(redis, 9) is None


async def test_pictures_are_kept_in_bounded_number_and_size(redis, monkeypatch):
    for number in range(1, 40):
        await keep(redis, number, "h1")
    assert redis.zcard(snapshots_key("a")) == past.SNAPSHOTS
    assert redis.zscore(snapshots_key("a"), redis.zrange(snapshots_key("a"), -1, -1)[0]) == 39
    monkeypatch.setattr(past, "SNAPSHOT_BYTES", 1)
    await keep(redis, 50, "h1")
    assert redis.zcard(snapshots_key("a")) == 1
    assert redis.ttl(snapshots_key("a")) > 0
    streams.retire(redis, "a")
    assert redis.ttl(snapshots_key("a")) <= streams.KEPT_AFTER_END


async def test_a_picture_is_put_by_only_when_much_went_by(redis):
    await keep(redis, 1, "h1", size=100)
    assert not redis.exists(snapshots_key("a"))
    client = streams.redis_async()
    keeper = SnapshotKeeper(client, "a")
    for _ in range(past.EVENTS_BETWEEN):
        keeper.passed(1)
    for number in (200, 201):
        await keeper.keep(1, number, picture("h1", number=number).model_dump_json())
    assert redis.zcard(snapshots_key("a")) == 1
    await client.aclose()
