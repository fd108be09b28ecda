"""The weather of links on a real sandbox: an MTU and a rate, delay and loss where the kernel has netem, and whose it is."""

import asyncio
import re
import subprocess
import time

import pytest

from explorer.lab.ask.weather import begin_link, kernel
from explorer.lab.errors import BadWeather, NotThere
from explorer.lab.hosts import lifecycle
from explorer.network.cause import NOT_DOCKER
from explorer.network.scenario import SCENARIOS, Scenario, StartWeather
from explorer.network.weather import PAGE, Weather, qdisc_of
from explorer.node.operator.look import looking

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def there(lab_config, sandbox):
    from explorer.lab.hosts.run import run_in

    def do(command):
        said = []
        assert run_in(lab_config, sandbox[0], "h1", ["sh", "-c", command], lambda _, data: said.append(data), 60) == 0, said

    do("docker run -d --name web box")
    yield sandbox
    do("docker rm -f web")


@pytest.fixture
async def observer(lab_config, there):
    async with looking(lab_config, there[0], 1, there[1]) as observer:
        await until(lambda: "h1/web" in observer.places)
        yield observer
        for place in ("h1/web", "outside"):
            await observer.set_weather(place, "eth0", Weather(mtu=1500))


async def until(true, seconds=60):
    ends = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < ends
        await asyncio.sleep(0.1)
    return found


async def set_weather(observer, place, weather):
    done = await observer.set_weather(place, "eth0", weather)
    observer.know_weather(done)
    return done


def said_of(observer, place, view, word):
    seen = observer.places[place].views.get(view)
    return next((line for line in (seen.lines if seen else ()) if word in line.text), None)


async def test_an_mtu_holds_at_both_ends_and_is_told_as_the_pages(observer, shell):
    done = await set_weather(observer, "h1/web", Weather(mtu=1300))
    assert [one.place for one in done] == ["h1/web", "h1"]
    status, text = await asyncio.to_thread(shell, "h1/web", "ping -c 1 -M do -s 1400 172.17.0.1")
    assert status != 0
    assert "too long" in text
    veth = done[1].interface
    assert "mtu 1300" in (await asyncio.to_thread(shell, "h1", f"ip link show {veth}"))[1]
    line = await until(lambda: (one := said_of(observer, "h1/web", "interfaces", "mtu 1300")) and "page" in one.why and one)
    assert "The MTU of 1300 was set from this page." in line.why
    done = await set_weather(observer, "h1/web", Weather())
    assert "mtu 1500" in (await asyncio.to_thread(shell, "h1", f"ip link show {veth}"))[1]


async def test_a_rate_slows_what_passes_and_goes_again(observer, shell):
    if not kernel()["tbf"]:
        pytest.skip("kernel lacks tbf")
    flood = "ping -q -c 60 -l 60 -w 20 -s 1400 172.17.0.1"  # all at once, or as fast as the queue takes them

    async def milliseconds():
        return int(re.search(r" time (\d+)ms", (await asyncio.to_thread(shell, "h1/web", flood))[1])[1])

    quick = await milliseconds()
    await set_weather(observer, "h1/web", Weather(rate_kbit=100))
    qdisc = await until(lambda: qdisc_of(observer.places["h1/web"], "eth0"))
    assert (qdisc.kind, qdisc.rate, qdisc.words) == ("tbf", 100_000, "100 kbit/s")
    line = await until(lambda: (one := said_of(observer, "h1/web", "qdiscs", "tbf")) and one.about and one)
    assert line.about == (PAGE,)
    assert await milliseconds() > max(2_000, quick)  # 86 kB at 12.5 kB/s, of which 16 kB may go at once
    await set_weather(observer, "h1/web", Weather())
    await until(lambda: qdisc_of(observer.places["h1/web"], "eth0") is None)


async def test_what_a_learner_types_is_told_as_theirs(observer, shell):
    if not kernel()["tbf"]:
        pytest.skip("kernel lacks tbf")
    typed = "tc qdisc add dev eth0 root tbf rate 5mbit burst 20000 latency 100ms"
    assert (await asyncio.to_thread(shell, "h1", typed))[0] == 0
    try:
        line = await until(lambda: (one := said_of(observer, "h1", "qdiscs", "5Mbit")) and one.about and one)
        assert line.about == (NOT_DOCKER,)
        assert "Docker gives no interface a queueing discipline" in line.why
    finally:
        await asyncio.to_thread(shell, "h1", "tc qdisc del dev eth0 root")


async def test_the_same_typed_again_is_not_the_pages(observer, shell):
    if not kernel()["tbf"]:
        pytest.skip("kernel lacks tbf")
    await set_weather(observer, "outside", Weather(rate_kbit=5_000))
    await until(lambda: (one := said_of(observer, "outside", "qdiscs", "5Mbit")) and one.about == (PAGE,))
    await asyncio.sleep(3.5)
    await asyncio.to_thread(shell, "outside", "tc qdisc del dev eth0 root")
    await until(lambda: not said_of(observer, "outside", "qdiscs", "5Mbit"))
    await asyncio.sleep(0.5)
    typed = "tc qdisc add dev eth0 root tbf rate 5mbit burst 16000 latency 100ms"
    status, text = await asyncio.to_thread(shell, "outside", typed)
    assert status == 0, text
    line = await until(lambda: said_of(observer, "outside", "qdiscs", "5Mbit"))
    await asyncio.sleep(1)
    assert line.why.startswith("Somebody gave this interface")


async def test_delay_and_loss_need_netem(observer, shell):
    if not kernel()["netem"]:
        with pytest.raises(BadWeather, match="no netem: it can give a link a rate and an MTU"):
            await observer.set_weather("h1/web", "eth0", Weather(delay_ms=50))
        return
    await set_weather(observer, "h1/web", Weather(delay_ms=100))
    text = (await asyncio.to_thread(shell, "h1/web", "ping -q -c 3 -i 0.2 172.17.0.1"))[1]
    assert float(re.search(r"= ([\d.]+)/", text)[1]) > 190  # both ways
    await set_weather(observer, "h1/web", Weather(loss_percent=100))
    assert "100% packet loss" in (await asyncio.to_thread(shell, "h1/web", "ping -q -c 3 -i 0.2 -W 1 172.17.0.1"))[1]


async def test_what_is_no_cable_has_no_weather(observer):
    for place, device in (("h1/web", "lo"), ("h1", "docker0"), ("h9", "eth0"), ("h1/web", "eth0; reboot")):
        with pytest.raises(NotThere, match="has no cable"):
            await observer.set_weather(place, device, Weather(mtu=1400))


SLOW_LAN = Scenario(
    name="slow",
    summary="",
    hosts=("h1", "h2"),
    weather=(StartWeather(place="h1", weather=Weather(mtu=1400, rate_kbit=1_000)),),
)
TAKE = """
import socket
taken = socket.create_server(("", 7000)).accept()[0]
while taken.recv(9999):
    pass
"""
GIVE = """
import socket, sys
given = socket.create_connection((sys.argv[1], 7000))
given.sendall(bytes(int(sys.argv[2])))
given.shutdown(socket.SHUT_WR)
given.recv(1)
"""
BYTES = 250_000  # two seconds at 1 Mbit/s, without what may go at once


@pytest.fixture(params=["slow", "narrow"])
async def begun(lab_config, new_name, request):
    """A sandbox whose scenario has weather, once it has it. (name, scenario, observer)"""
    scenario = SLOW_LAN if request.param == "slow" else SCENARIOS[request.param]
    name = new_name()
    ends = time.time() + 600
    facts = await asyncio.to_thread(lifecycle.open_sandbox, lab_config, name, 1, scenario, ends, lambda phase, detail: None)
    try:
        async with looking(lab_config, name, 1, facts) as observer:
            for one in scenario.weather:
                done, lack = await begin_link(observer.set_weather, one, time.monotonic() + 30)
                assert (len(done), lack) == (1, ""), lack
            yield name, scenario, observer
    finally:
        await asyncio.to_thread(lifecycle.close_sandbox, lab_config, name)


def engine_says(lab_config, *words):
    return subprocess.run(
        ["nsenter", f"--net=/run/netns/{lab_config.netns}", *words], capture_output=True, text=True, check=True
    ).stdout


async def test_a_lan_of_a_scenario_has_its_mtu_and_rate_at_both_ends_and_a_transfer_shows_it(lab_config, begun, shell):
    if not kernel()["tbf"]:
        pytest.skip("kernel lacks tbf")
    name, scenario, observer = begun
    wanted = scenario.weather[0].weather

    async def run(where, text):
        return await asyncio.to_thread(shell, where, text, name, 60)

    assert "mtu 1400" in (await run("h1", "ip link show eth0"))[1]
    assert f"rate {wanted.rate_kbit // 1000}Mbit" in (await run("h1", "tc qdisc show dev eth0"))[1]
    ports = re.findall(r"^\d+: (veth\w+)@.* mtu 1400 ", engine_says(lab_config, "ip", "link", "show"), re.MULTILINE)
    assert len(ports) == len(scenario.weather), "the LAN's ends of the links"
    assert all("tbf" in engine_says(lab_config, "tc", "qdisc", "show", "dev", port) for port in ports)
    status, text = await run("h1", "ping -c 1 -W 2 -M do -s 1400 h2")
    assert status != 0
    assert "too long" in text
    assert (await run("h2", "ping -c 1 -W 2 -M do -s 1300 h1"))[0] == 0
    if wanted.rate_kbit > 1_000:
        return
    for source, target in (("h1", "outside"), ("outside", "h1")):
        taking = asyncio.create_task(run(target, f"timeout 40 python3 -c '{TAKE}'"))
        await asyncio.sleep(1)
        send = f"python3 -c '{GIVE}' {target} {BYTES}"
        began = time.monotonic()
        status, text = await run(source, send)
        took = time.monotonic() - began
        await taking
        assert status == 0, text
        assert took > 1.5, f"{source} → {target} took {took:.1f} s for {BYTES} bytes"
    await observer.set_weather("h1", "eth0", Weather())
    assert not re.search(r"veth\w+@.* mtu 1400 ", engine_says(lab_config, "ip", "link", "show")), "and it goes again"
