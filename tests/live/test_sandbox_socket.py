"""The sandbox socket: who gets in, where it begins, and that nothing is lost or repeated."""

import asyncio
import json

import pytest

from explorer.lessons.load import load_lessons
from explorer.live import state
from explorer.live.hub import get_hub
from explorer.live.limits import SANDBOX_SOCKETS
from explorer.sandboxes import changes, streams
from explorer.sandboxes.events import LessonMoved, fresh_key, present_key
from explorer.sandboxes.models import Progress, Sandbox
from tests.attacks import attack
from tests.live.test_terminal_socket import soon

pytestmark = pytest.mark.django_db(transaction=True)


# --- who gets in ---


@pytest.mark.parametrize(
    "origin", [None, "http://evil.example", "http://localhost:8000.evil.example", "http://localhost", "null"]
)
async def test_refuses_a_foreign_origin_before_accepting(opens, world, learner, origin):
    assert not await opens(world.address, learner, origin).connect()


async def test_unknown_and_foreign_sandbox_get_the_same_answer(opens, world, stranger):
    for address in (world.address, "/ws/sandbox/zzzzzzzzzzzz/"):
        socket = opens(address, stranger)
        await socket.connect()
        assert await socket.closed() == 4403


async def test_refuses_without_a_session(opens, world):
    socket = opens(world.address, None)
    await socket.connect()
    assert await socket.closed() == 4403


async def test_a_sandbox_that_is_over_is_gone(opens, world, learner):
    await Sandbox.objects.filter(pk=world.id).aupdate(state="expired")
    socket = opens(world.address, learner)
    await socket.connect()
    assert await socket.closed() == 4404


async def test_an_unknown_address_is_refused(opens, learner):
    assert not await opens("/ws/elsewhere/", learner).connect()


async def test_one_tab_too_many_is_told_so(opens, world, learner):
    for _ in range(SANDBOX_SOCKETS):
        await opens(world.address, learner).opened()
    socket = opens(world.address, learner)
    await socket.connect()
    assert await socket.closed() == 4409


async def test_a_closed_tab_makes_room(opens, world, learner):
    tabs = [await opens(world.address, learner).opened() for _ in range(SANDBOX_SOCKETS)]
    await tabs[0].disconnect()
    await opens(world.address, learner).opened()


# --- where it begins ---


async def test_a_new_socket_gets_state_then_snapshot_then_what_follows(opens, world, learner):
    world.publish_many(5)
    world.snapshot(3)
    world.terminal("t1")
    socket = await opens(world.address, learner).opened()
    assert (await socket.message()) | {"at": 0} == {
        "number": 0, "at": 0, "type": "sandbox_changed", "state": "ready", "phase": "ready", "detail": "",
        "generation": 1, "expires_at": None, "position": None,
    }  # fmt: skip
    assert (await socket.message())["terminals"][0]["id"] == "t1"
    assert (await socket.message())["captures"] == []
    snapshot = await socket.message()
    assert (snapshot["type"], snapshot["number"], snapshot["resync"]) == ("snapshot_taken", 3, False)
    assert [event["number"] for event in await socket.numbered(2)] == [4, 5]


async def test_tells_where_the_learner_is_in_the_lesson(opens, world, learner):
    await Sandbox.objects.filter(pk=world.id).aupdate(lesson="bridge")
    await Progress.objects.acreate(learner=learner, lesson="bridge", step="two", passed={"two": ["a"]}, outcomes={"p": "x"})
    socket = await opens(world.address, learner).opened()
    moved = await socket.until("lesson_moved")
    assert (moved["step"], moved["passed"], moved["answers"]) == ("two", ["a"], {"p": "x"})


async def test_a_reloaded_page_is_told_what_the_passed_checks_found(opens, world, learner, monkeypatch):
    lesson = load_lessons()["bridge"]
    first = lesson.steps[0]
    told = first.checks[0].model_copy(update={"done_html": "<em>found</em>"})
    step = first.model_copy(update={"checks": (told, *first.checks[1:])})
    changed = lesson.model_copy(update={"steps": (step, *lesson.steps[1:])})
    monkeypatch.setattr(state, "find_lesson", lambda slug: changed)
    await Sandbox.objects.filter(pk=world.id).aupdate(lesson="bridge")
    passed = {step.id: [check.id for check in step.checks]}
    await Progress.objects.acreate(learner=learner, lesson="bridge", step=step.id, passed=passed)
    socket = await opens(world.address, learner).opened()
    assert (await socket.until("lesson_moved"))["found"][told.id] == "<em>found</em>"


@pytest.mark.parametrize(("step", "hints"), [("two", ["try this"]), ("one", [])])
async def test_a_reloaded_page_finds_the_hints_of_its_step(opens, world, learner, step, hints):
    await Sandbox.objects.filter(pk=world.id).aupdate(lesson="bridge")
    await Progress.objects.acreate(learner=learner, lesson="bridge", step="two")
    streams.publish(world.redis, world.id, LessonMoved(lesson="bridge", step=step, hints=("try this",)))
    world.publish_many(5)
    world.snapshot(6)
    socket = await opens(world.address, learner).opened()
    assert (await socket.until("lesson_moved"))["hints"] == hints


async def test_a_reloaded_page_is_told_what_happened_before_and_nothing_twice(opens, world, learner):
    world.publish("first")
    world.publish("second")
    world.snapshot(2)
    world.publish("third")
    socket = await opens(world.address, learner).opened()
    told = await socket.until("timeline_told")
    assert (told["number"], [event["text"] for event in told["happenings"]]) == (0, ["first", "second"])
    assert [event["text"] for event in await socket.numbered(1)] == ["third"]


async def test_before_the_first_snapshot_the_stream_is_told_from_its_beginning(opens, world, learner):
    world.publish_many(3)
    socket = await opens(world.address, learner).opened()
    assert [event["number"] for event in await socket.numbered(3)] == [1, 2, 3]


async def test_continues_after_the_last_number_seen(opens, world, learner):
    world.publish_many(10)
    world.snapshot(10)
    socket = await opens(world.address + "?since=7", learner).opened()
    events = [await socket.message() for _ in range(3)]
    assert [event["number"] for event in events] == [8, 9, 10]
    world.publish()
    assert (await socket.numbered(1))[0]["number"] == 11


async def test_nothing_missed_is_nothing_sent(opens, world, learner):
    world.publish_many(3)
    socket = await opens(world.address + "?since=3", learner).opened()
    world.publish("new")
    assert (await socket.numbered(1))[0]["text"] == "new"


@pytest.mark.parametrize("since", ["2", "9999", "nonsense", "-1", "9" * 40])
async def test_a_number_that_is_not_in_the_stream_gives_a_marked_snapshot(opens, world, learner, since):
    world.publish_many(20)
    world.trim(10)
    world.snapshot(20)
    socket = await opens(f"{world.address}?since={since}", learner).opened()
    snapshot = await socket.until("snapshot_taken")
    assert (snapshot["resync"], snapshot["number"]) == (True, 20)
    assert world.publish() == 21
    assert (await socket.numbered(1))[0]["number"] == 21


async def test_a_stream_that_began_anew_is_noticed(opens, world, learner, monkeypatch):
    monkeypatch.setattr("explorer.live.streams.BLOCK_MS", 100)
    world.publish_many(5)
    world.snapshot(5)
    socket = await opens(world.address, learner).opened()
    await socket.until("snapshot_taken")
    world.redis.flushall()
    world.publish()
    world.snapshot(1)
    again = await socket.until("snapshot_taken")
    assert (again["resync"], again["number"]) == (True, 1)


# --- what follows ---


async def test_hammer_nothing_is_lost_or_repeated_while_publishing(opens, world, learner):
    """Sockets come, leave and come back with their number while others write; each sees every number once, in order."""
    total = 600
    world.snapshot(0)

    async def write():
        for index in range(total):
            await asyncio.to_thread(world.publish, str(index))
            if index % 7 == 0:
                await asyncio.sleep(0.001)

    async def read(every):
        seen, since = [], 0
        while len(seen) < total:
            socket = await opens(f"{world.address}?since={since}", learner).opened()
            for event in await socket.numbered(min(every, total - len(seen))):
                seen.append(event["number"])
            since = seen[-1]
            await socket.disconnect()
        return seen

    readers = [asyncio.create_task(read(every)) for every in (7, 41, 600)]
    await write()
    for seen in await asyncio.gather(*readers):
        assert seen == list(range(1, total + 1))


async def test_a_slow_reader_reads_on_from_the_stream(opens, world, learner, monkeypatch):
    monkeypatch.setattr("explorer.live.feed.QUEUE_ENTRIES", 4)
    monkeypatch.setattr("explorer.live.feed.PAGE", 8)
    world.snapshot(0)
    socket = await opens(world.address, learner).opened()
    await socket.until("snapshot_taken")
    await asyncio.to_thread(world.publish_many, 300)
    assert [event["number"] for event in await socket.numbered(300)] == list(range(1, 301))


async def test_says_when_the_picture_is_no_longer_fresh(opens, world, learner, monkeypatch):
    monkeypatch.setattr("explorer.live.feed.FRESH_SECONDS", 0.05)
    world.redis.set(fresh_key(world.id), 1)
    socket = await opens(world.address, learner).opened()
    assert (await socket.until("fresh"))["ok"] is True
    world.redis.delete(fresh_key(world.id))
    assert (await socket.until("fresh"))["ok"] is False


async def test_a_socket_on_which_nothing_happens_still_beats(opens, world, learner, monkeypatch):
    monkeypatch.setattr("explorer.live.edge.BEAT_SECONDS", 0.05)
    world.snapshot(0)
    socket = await opens(world.address, learner).opened()
    first, second = await socket.until("beat"), await socket.until("beat")
    assert 0 <= first["at"] <= second["at"] < 5


async def test_that_the_picture_is_fresh_is_said_behind_a_beat_and_all_that_was_missed(opens, world, learner, monkeypatch):
    """On a slow line the page then knows how old all of that is."""
    monkeypatch.setattr("explorer.live.feed.PAGE", 4)
    world.redis.set(fresh_key(world.id), 1)
    await opens(world.address, learner).opened()  # so that a feed is here and knows already that somebody looks
    world.publish_many(20)
    socket = await opens(f"{world.address}?since=0", learner).opened()
    heard = []
    while not heard or heard[-1]["type"] != "fresh":
        heard.append(await socket.message())
    assert heard[-1]["ok"] is True
    assert heard[-2]["type"] == "beat"
    assert [one["number"] for one in heard if one.get("number")] == list(range(1, 21))


async def test_a_redis_that_hangs_makes_the_picture_old(opens, world, learner, monkeypatch):
    monkeypatch.setattr("explorer.live.feed.FRESH_SECONDS", 0.1)
    world.redis.set(fresh_key(world.id), 1)
    socket = await opens(world.address, learner).opened()
    assert (await socket.until("fresh"))["ok"] is True
    monkeypatch.setattr(get_hub().redis, "exists", lambda key: asyncio.sleep(60))
    assert (await socket.until("fresh"))["ok"] is False


async def test_says_so_too_when_a_terminal_was_there_first(opens, world, learner):
    world.terminal()
    world.print(b"$ ", 0)
    await (await opens(world.terminal_address(), learner).opened()).receive_from()
    await asyncio.sleep(0.2)
    socket = await opens(world.address, learner).opened()
    assert (await socket.until("fresh"))["ok"] is False


@attack(
    "another sandbox's stream",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
async def test_no_byte_of_another_sandbox(opens, world, learner, stranger, redis):
    other = await Sandbox.objects.acreate(learner=stranger, state="ready")
    mine = await opens(world.address, learner).opened()
    type(world)(other, redis).publish("secret")
    world.publish("mine")
    assert (await mine.numbered(1))[0]["text"] == "mine"
    assert await mine.receive_nothing(timeout=0.2) or (await mine.message())["type"] in ("beat", "fresh")


# --- when permission ends ---


async def test_the_end_of_the_sandbox_is_told_and_ends_the_socket(opens, world, learner):
    socket = await opens(world.address, learner).opened()
    await Sandbox.objects.filter(pk=world.id).aupdate(state="closed")
    await asyncio.to_thread(changes.tell, world.id)
    while (await socket.until("sandbox_changed"))["state"] != "closed":
        pass
    assert await socket.closed() == 4404


@attack("a sandbox that was one's own before", origin="page", expected="refused", held_by="permission is asked again")
async def test_a_sandbox_that_changes_hands_ends_the_socket_without_telling_more(opens, world, learner, stranger):
    socket = await opens(world.address, learner).opened()
    await Sandbox.objects.filter(pk=world.id).aupdate(learner=stranger)
    await asyncio.to_thread(changes.tell, world.id)
    assert await socket.closed() == 4403


# --- what the page says ---


async def test_opens_a_terminal(opens, world, learner):
    socket = await opens(world.address, learner).opened()
    await socket.send_to(json.dumps({"type": "open_terminal", "place": "h1", "columns": 100, "rows": 30}))
    terminal = (await socket.until("terminal_opened"))["terminal"]
    assert world.orders() == [
        {"sandbox": world.id, "about": terminal, "type": "open_terminal", "place": "h1", "columns": 100, "rows": 30}
    ]


async def test_has_a_grid_measured(opens, world, learner):
    socket = await opens(world.address, learner).opened()
    await socket.send_to(json.dumps({"type": "measure_grid"}))
    asked = (await socket.until("grid_begun"))["asked"]
    assert world.orders() == [{"sandbox": world.id, "about": asked, "type": "measure_grid"}]


async def test_no_terminal_before_the_sandbox_is_ready(opens, world, learner):
    await Sandbox.objects.filter(pk=world.id).aupdate(state="opening")
    socket = await opens(world.address, learner).opened()
    await socket.send_to(json.dumps({"type": "open_terminal", "place": "h1"}))
    assert (await socket.until("refused"))["code"] == "not_ready"
    assert world.orders() == []


async def test_no_more_terminals_than_there_may_be(opens, world, learner):
    for index in range(8):
        world.terminal(f"t{index}")
    socket = await opens(world.address, learner).opened()
    await socket.send_to(json.dumps({"type": "open_terminal", "place": "h1"}))
    assert (await socket.until("refused"))["code"] == "too_many_terminals"


@attack(
    "another sandbox's terminal, closed",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
async def test_closes_only_a_terminal_of_this_sandbox(opens, world, learner):
    world.terminal("mine")
    socket = await opens(world.address, learner).opened()
    await socket.send_to(json.dumps({"type": "close_terminal", "terminal": "other"}))
    assert (await socket.until("refused"))["code"] == "unknown_terminal"
    await socket.send_to(json.dumps({"type": "close_terminal", "terminal": "mine"}))
    await asyncio.sleep(0.2)
    assert [order["about"] for order in world.orders()] == ["mine"]


BAD = [
    "", "{", "[]", "null", "1", '"open_terminal"', "{}", '{"type": "serve"}', '{"type": "__init__"}',
    '{"type": "open_terminal"}', '{"type": "open_terminal", "place": 7}', '{"type": "open_terminal", "place": ""}',
    '{"type": "open_terminal", "place": "h1", "columns": 100000}', '{"type": "open_terminal", "place": "h1", "columns": "80"}',
    '{"type": "open_terminal", "place": "h1", "rows": -1}', '{"type": "open_terminal", "place": "h1", "more": 1}',
    '{"type": "close_terminal", "terminal": "../x"}', "[" * 9000, b"\x00\x01", '{"type": "look_again"}',
    '{"type": "open_terminal", "place": "h1", "sandbox": "another"}', '{"type": "measure_grid", "about": "mine"}',
    '{"type": "resize_terminal", "columns": 80, "rows": 24}', '{"type": "hand_on"}',
]  # fmt: skip


@attack("a malformed websocket message", origin="page", expected="refused", held_by="typed messages")
@pytest.mark.parametrize("bad", BAD)
async def test_answers_a_malformed_message_and_lives_on(opens, world, learner, bad):
    socket = await opens(world.address, learner).opened()
    await socket.send_to(bad)
    assert (await socket.until("refused"))["code"] == "malformed"
    world.publish()
    assert (await socket.numbered(1))[0]["number"] == 1


@attack("malformed messages without end", origin="page", expected="contained", held_by="five, and the socket ends")
async def test_the_fifth_bad_message_ends_the_socket(opens, world, learner):
    socket = await opens(world.address, learner).opened()
    for _ in range(5):
        await socket.send_to("{")
    assert await socket.closed() == 4400


@attack("a huge message to a sandbox's socket", origin="page", expected="refused", held_by="a limit of the message")
async def test_a_huge_message_is_refused(opens, world, learner):
    socket = await opens(world.address, learner).opened()
    await socket.send_to('{"type": "' + "x" * 20_000 + '"}')
    assert (await socket.until("refused"))["code"] == "too_big"


@attack("questions without end", origin="page", expected="contained", held_by="a rate")
async def test_asking_too_often_is_answered_kindly(opens, world, learner):
    world.terminal("mine")
    socket = await opens(world.address, learner).opened()
    for _ in range(14):
        await socket.send_to(json.dumps({"type": "close_terminal", "terminal": "mine"}))
    assert (await socket.until("refused"))["code"] == "too_fast"
    await asyncio.sleep(0.1)
    assert 0 < len(world.orders()) <= 11


async def test_an_open_page_is_somebody_in_the_sandbox(opens, learner, world):
    await opens(world.address, learner).opened()
    assert await soon(lambda: 0 < world.redis.ttl(present_key(world.id)) <= 60)
