"""The desk that sets the weather of links: for a page, for a scenario, refused with a reason, and remembered."""

import asyncio

import pytest

from explorer.lab.ask import weather as weather_module
from explorer.lab.errors import BadWeather, NotThere
from explorer.network.scenario import StartWeather
from explorer.network.weather import Set, Weather
from explorer.node.relay import weather as desk_module
from explorer.node.relay.weather import WeatherDesk
from explorer.sandboxes import streams
from explorer.sandboxes.events import weather_key
from explorer.sandboxes.orders import SetWeather

KEY = weather_key("sb", 1)
SLOW = Weather(delay_ms=50)


class World:
    def __init__(self):
        self.told, self.known, self.applied = [], [], []
        self.trouble = None

    async def tell(self, event):
        self.told.append(event)

    async def apply(self, place, interface, weather):
        if self.trouble:
            raise self.trouble
        self.applied.append((place, interface, weather))
        return [Set(place=place, interface=interface, weather=weather), Set(place="h1", interface="veth1", weather=weather)]

    def answers(self):
        return [event for event in self.told if event.type == "weather_told"]


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def desk(redis, world):
    client = streams.redis_async()
    yield WeatherDesk(client, KEY, world.apply, world.known.extend, world.tell)
    await client.aclose()


async def running(desk, until, begins_with=None):
    if begins_with is not None:
        desk.begin_with(begins_with)
    task = asyncio.create_task(desk.run())
    try:
        async with asyncio.timeout(60):
            while not until():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_is_set_told_and_kept_for_a_later_relay(desk, world, redis):
    desk.set_weather("a1", SetWeather(place="h1/web", interface="eth0", delay_ms=50))
    await running(desk, world.answers)
    (answer,) = world.answers()
    assert (answer.asked, answer.text, answer.error) == ("a1", "50 ms", "")
    assert world.told[0].text == "link weather at h1/web eth0 and h1 veth1: 50 ms"
    assert len(world.known) == 2
    later = []
    after = WeatherDesk(desk._redis, KEY, world.apply, later.extend, world.tell)
    await after.remember()
    assert {(one.place, one.weather) for one in later} == {("h1/web", SLOW), ("h1", SLOW)}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"delay_ms": 1, "jitter_ms": 2}, "This weather cannot be: the jitter is at most the delay."),
        ({"mtu": 90_000}, "This weather cannot be: mtu is to be less than or equal to 9000."),
        ({"rate_kbit": -1}, "This weather cannot be: rate is to be greater than or equal to 0."),
    ],
)
async def test_what_cannot_be_is_answered_with_a_sentence(desk, world, asked, said):
    desk.set_weather("a1", SetWeather(place="h1/web", interface="eth0", **asked))
    await running(desk, world.answers)
    assert world.answers()[0].error == said
    assert world.applied == []


async def test_what_the_node_cannot_do_is_answered_in_its_words(desk, world):
    world.trouble = BadWeather("The kernel of this node has no netem.")
    desk.set_weather("a1", SetWeather(place="h1/web", interface="eth0", delay_ms=5))
    await running(desk, world.answers)
    assert world.answers()[0].error == "The kernel of this node has no netem."


async def set_later(world, begins_with):
    """What a later relay sets that finds these wishes."""
    before = len(world.applied)
    later = WeatherDesk(streams.redis_async(), KEY, world.apply, world.known.extend, world.tell)
    await later.remember()
    later.begin_with(begins_with)
    later.set_weather("z", SetWeather(place="outside", interface="eth0", mtu=1300))
    await running(later, world.answers)
    return world.applied[before:-1]


async def test_what_it_begins_with_is_set_once(desk, world, redis):
    begins = (StartWeather(place="h1/web", weather=SLOW),)
    await desk.remember()
    await running(desk, lambda: redis.hget(KEY, "begun"), begins)
    assert world.told[0].text.endswith("50 ms, from the start")
    assert all(one.begun for one in world.known)
    assert await set_later(world, begins) == []


async def test_another_lesson_on_the_same_sandbox_has_its_own_weather(desk, world, redis):
    mine, other = StartWeather(place="h1", weather=SLOW), StartWeather(place="outside", weather=Weather(mtu=1400))
    await running(desk, lambda: redis.hget(KEY, "begun"), (mine,))
    assert await set_later(world, (other,)) == [("h1", "eth0", Weather()), ("outside", "eth0", Weather(mtu=1400))]


async def test_a_lesson_without_weather_begins_with_perfect_links(desk, world, redis):
    await running(desk, lambda: redis.hget(KEY, "begun"), (StartWeather(place="h1", weather=SLOW),))
    assert await set_later(world, ()) == [("h1", "eth0", Weather())]


async def test_a_warm_sandbox_gets_the_weather_of_the_lesson_that_takes_it(desk, world, redis):
    task = asyncio.create_task(desk.run())
    await asyncio.sleep(0.05)
    desk.begin_with((StartWeather(place="h1", weather=SLOW),))
    async with asyncio.timeout(60):
        while not redis.hget(KEY, "begun"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert world.applied == [("h1", "eth0", SLOW)]


async def test_a_kernel_without_netem_gives_the_rest_and_says_so(desk, world):
    whole, given = Weather(delay_ms=50, rate_kbit=500, mtu=1400), world.apply

    async def no_netem(place, interface, weather):
        if weather.needs_netem:
            raise BadWeather("The kernel of this node has no netem.")
        return await given(place, interface, weather)

    desk._apply = no_netem
    await running(desk, lambda: len(world.told) == 2, (StartWeather(place="h1", weather=whole),))
    assert world.applied == [("h1", "eth0", Weather(rate_kbit=500, mtu=1400))]
    assert world.told[1].text == "link eth0 without all of its weather: The kernel of this node has no netem."


async def test_a_place_of_the_scenario_that_never_comes_is_said(desk, world, monkeypatch):
    monkeypatch.setattr(desk_module, "APPEARS_SECONDS", 0.1)
    monkeypatch.setattr(weather_module, "AGAIN", 0.02)
    world.trouble = NotThere("h1/web has no cable 'eth0'.")
    await running(desk, lambda: world.told, (StartWeather(place="h1/web", weather=SLOW),))
    assert "without its weather: h1/web has no cable" in world.told[0].text


async def test_places_that_never_come_hold_up_the_page_once_and_not_each(desk, world, monkeypatch):
    monkeypatch.setattr(desk_module, "APPEARS_SECONDS", 2.0)
    monkeypatch.setattr(weather_module, "AGAIN", 0.02)
    world.trouble = NotThere("it has no cable 'eth0'.")
    began = asyncio.get_running_loop().time()
    begins = tuple(StartWeather(place=f"h1/c{number}", weather=SLOW) for number in range(12))
    await running(desk, lambda: len(world.told) == len(begins), begins)
    assert asyncio.get_running_loop().time() - began < 20


async def test_a_record_of_another_version_is_left_out(desk, world, redis):
    desk.set_weather("a1", SetWeather(place="h1/web", interface="eth0", delay_ms=50))
    await running(desk, world.answers)
    redis.hset(KEY, "h9 eth0", '{"place": 7}')
    later = []
    redis.hset(KEY, "begun", "1")
    await WeatherDesk(desk._redis, KEY, world.apply, later.extend, world.tell).remember()
    assert {one.place for one in later} == {"h1/web", "h1"}
