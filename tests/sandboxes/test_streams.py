from concurrent.futures import ThreadPoolExecutor

from explorer.sandboxes import streams
from explorer.sandboxes.events import EVENTS_KEPT, Happened, events_key, number_key
from explorer.sandboxes.orders import LookAgain, Order, orders_key


def line(text, detail=""):
    return Happened(source="sandbox", text=text, detail=detail)


def test_numbers_begin_at_one_and_are_in_the_event(redis):
    assert [streams.publish(redis, "a", line(word)) for word in ("one", "two")] == [1, 2]
    stretch = streams.read_since(redis, "a")
    assert [(event.number, event.text) for event in stretch.events] == [(1, "one"), (2, "two")]
    assert stretch.complete
    assert stretch.last == 2
    assert all(event.at > 1e9 for event in stretch.events)


def test_a_reader_goes_on_where_it_was(redis):
    for word in "abcd":
        streams.publish(redis, "a", line(word))
    assert [event.text for event in streams.read_since(redis, "a", 2).events] == ["c", "d"]


def test_sandboxes_count_apart(redis):
    streams.publish(redis, "a", line("x"))
    assert streams.publish(redis, "b", line("y")) == 1


def test_many_writers_leave_no_gap_and_no_double(redis):
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda n: streams.publish(redis, "a", line(f"{n}")), range(400)))
    assert sorted(given) == list(range(1, 401))
    assert [event.number for event in streams.read_since(redis, "a").events] == list(range(1, 401))


def test_a_trimmed_number_is_told(redis):
    for n in range(EVENTS_KEPT + 5):
        streams.publish(redis, "a", line(f"{n}"))
    assert redis.xlen(events_key("a")) == EVENTS_KEPT
    assert not streams.read_since(redis, "a", 4).complete
    assert streams.read_since(redis, "a", 5).complete
    assert not streams.read_since(redis, "a", EVENTS_KEPT + 99).complete


def test_the_stream_is_bounded_in_bytes(redis, monkeypatch):
    monkeypatch.setattr(streams, "EVENT_BYTES_KEPT", 100_000)
    for n in range(60):
        streams.publish(redis, "a", line(f"{n}", "x" * 9_000))
    assert redis.xlen(events_key("a")) <= 11
    assert int(redis.get(streams.bytes_key("a"))) <= 100_000
    assert streams.read_since(redis, "a").events[-1].text == "59"


def test_numbers_go_on_when_only_the_counter_was_lost(redis):
    for n in range(5):
        streams.publish(redis, "a", line(f"{n}"))
    redis.delete(number_key("a"))
    assert streams.publish(redis, "a", line("next")) == 6


def test_an_order_too_big_is_not_given(redis):
    assert streams.give_order(redis, "n", Order(sandbox="a", wish=LookAgain()))
    assert not streams.give_order(redis, "n", Order(sandbox="a" * 20_000, wish=LookAgain()))
    assert redis.xlen(orders_key("n")) == 1


async def test_what_the_node_writes_asynchronously_is_numbered_alike(redis):
    client = streams.redis_async()
    assert await streams.publish_async(client, "a", line("one")) == 1
    assert streams.publish(redis, "a", line("two")) == 2
    assert [event.text for event in streams.read_since(redis, "a").events] == ["one", "two"]
    await client.aclose()
