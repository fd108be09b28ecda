"""A swarm seen from outside: what crosses it, one that cannot form, and one that is left in the middle."""

from __future__ import annotations

import asyncio
import time

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.lessons.checks import evaluate
from explorer.lessons.load import load_lessons
from explorer.network.model import Frame, Snapshot
from explorer.network.scenario import SCENARIOS
from tests.engine.eyes import do, watching

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]
LESSON = load_lessons()["overlay"]
STEPS = {step.id: step for step in LESSON.steps}


@pytest.fixture
def two(lab_config, open_one):
    return open_one("two-hosts")


async def said(config, sandbox, where, words) -> tuple[int, str]:
    out: list[bytes] = []
    told = lambda _, data: out.append(data)  # noqa: E731
    status = await asyncio.to_thread(run_in, config, sandbox, where, ["sh", "-c", words], told, 60)
    return status, b"".join(out).decode(errors="replace")


async def form(config, sandbox) -> None:
    await do(config, sandbox, "h1", "docker swarm init")
    token = (await do(config, sandbox, "h1", "docker swarm join-token -q worker")).strip()
    await do(config, sandbox, "h2", f"docker swarm join --token {token} h1:2377")


async def ring(config, sandbox) -> None:
    await form(config, sandbox)
    await do(config, sandbox, "h1", "docker network create -d overlay --attachable ring")
    await do(config, sandbox, "h1", "docker run -d --name web --network ring box")
    await do(config, sandbox, "h2", "docker run -d --name client --network ring box")


def snapshot(eyes) -> Snapshot:
    return Snapshot(sandbox="s", places=dict(eyes.places), docker=dict(eyes.observer.docker))


def hints(eyes, step: str = "swarm") -> str:
    return " ".join(evaluate(STEPS[step], snapshot(eyes)).hints)


def frames(eyes, place: str) -> list[Frame]:
    return list(eyes.places[place].views["frames"].items) if "frames" in eyes.places[place].views else []


async def test_what_crosses_is_seen_and_explained(lab_config, two):
    sandbox, facts = two
    async with watching(lab_config, sandbox, facts) as eyes:
        await eyes.until(lambda: "h2" in eyes.places)
        assert "frames" not in eyes.places["h1"].views  # nobody listens where there is no tunnel
        await ring(lab_config, sandbox)
        await do(lab_config, sandbox, "h2/client", "for i in 1 2 3 4 5; do ping -c 1 -W 1 web && exit; sleep 1; done")
        found = await eyes.until(lambda: [one for one in frames(eyes, "h1") if "ping request" in one.summary])
        one = found[0]
        lan = {host: made["address"] for host, made in facts["hosts"].items()}
        assert (one.way, one.dev, one.outer_source, one.outer_destination) == ("in", "eth0", lan["h2"], lan["h1"])
        assert one.inner_length == one.length - 50
        assert one.inner_source_mac == eyes.interface("h2/client", "eth0").mac
        assert one.inner_destination_mac == eyes.interface("h1/web", "eth0").mac
        line = next(line for line in eyes.places["h1"].views["frames"].lines if line.key == one.key)
        assert line.why.endswith("from client to web, inside a UDP datagram from h2 to h1.")
        await eyes.until(lambda: "network ring" in why(eyes, "br0"))
        assert unexplained(eyes) == []


def why(eyes, text: str) -> str:
    lines = [line for place in eyes.places.values() for seen in place.views.values() for line in seen.lines]
    return " ".join(line.why for line in lines if text in line.text)


def unexplained(eyes) -> list[tuple[str, str]]:
    """Lines without a reason; the namespace for services' published ports is a part that nobody uses here."""
    return [
        (place.id, line.text)
        for place in eyes.places.values()
        for seen in place.views.values()
        for line in seen.lines
        if not line.why and place.name != "ingress_sbox" and not line.key.startswith(("frame:", "gap:", "sampled"))
    ]


async def test_a_flood_is_sampled_and_says_so(lab_config, two):
    sandbox, facts = two
    async with watching(lab_config, sandbox, facts) as eyes:
        await ring(lab_config, sandbox)
        await do(lab_config, sandbox, "h2/client", "for i in 1 2 3 4 5; do ping -c 1 -W 1 web && break; sleep 1; done")
        await asyncio.sleep(1.5)
        await do(lab_config, sandbox, "h2/client", "ping -f -c 3000 web >/dev/null")
        await eyes.until(lambda: " more frames, not shown" in eyes.lines("h2", "frames"))
        left_out = [line.text for line in eyes.places["h2"].views["frames"].lines if line.key.startswith("gap:")]
        assert sum(int(text.split()[1].replace(",", "")) for text in left_out) > 5_000
        assert len(frames(eyes, "h2")) <= 32
        await eyes.until(lambda: "frames a second" not in eyes.lines("h2", "frames"))


async def test_a_swarm_that_cannot_form(lab_config, two):
    sandbox, facts = two
    async with watching(lab_config, sandbox, facts) as eyes:
        await do(lab_config, sandbox, "h1", "docker swarm init")
        await eyes.until(lambda: "is not in it" in hints(eyes))
        # a token that did not arrive, and one that is not one
        status, told = await said(lab_config, sandbox, "h2", 'docker swarm join --token "" h1:2377')
        assert status
        assert "token" in told
        status, told = await said(lab_config, sandbox, "h2", "docker swarm join --token SWMTKN-1-nonsense h1:2377")
        assert status
        assert "invalid join token" in told
        # nobody manages a swarm there
        token = (await do(lab_config, sandbox, "h1", "docker swarm join-token -q worker")).strip()
        status, told = await said(lab_config, sandbox, "h2", f"timeout 15 docker swarm join --token {token} outside:2377")
        assert status
        assert "refused" in told
        assert "is not in it" in hints(eyes)
        # the port is closed
        await do(lab_config, sandbox, "h1", "iptables -I INPUT -p tcp --dport 2377 -j REJECT")
        status, told = await said(lab_config, sandbox, "h2", f"timeout 15 docker swarm join --token {token} h1:2377")
        assert status
        assert "refused" in told
        await eyes.until(lambda: "drops or refuses what comes for port 2377" in hints(eyes))
        # two swarms are not one
        await do(lab_config, sandbox, "h1", "iptables -D INPUT -p tcp --dport 2377 -j REJECT")
        await said(lab_config, sandbox, "h2", "docker swarm leave --force")
        await do(lab_config, sandbox, "h2", "docker swarm init")
        await eyes.until(lambda: "a swarm of its own" in hints(eyes))
        assert "joined" not in evaluate(STEPS["swarm"], snapshot(eyes)).passed


async def test_one_who_leaves_in_the_middle(lab_config, two):
    sandbox, facts = two
    async with watching(lab_config, sandbox, facts) as eyes:
        await ring(lab_config, sandbox)
        await eyes.until(lambda: overlays(eyes, "h2") == {"ingress", "ring"} and "frames" in eyes.places["h2"].views)
        await do(lab_config, sandbox, "h2", "docker rm -f client; docker swarm leave")
        await eyes.until(lambda: not overlays(eyes, "h2"))
        await eyes.until(lambda: "frames" not in eyes.places["h2"].views)
        await eyes.until(lambda: not any(one.driver == "overlay" for one in eyes.observer.docker["h2"].networks))
        assert overlays(eyes, "h1") == {"ingress", "ring"}  # h1 goes on
        assert "not in one swarm any more" in hints(eyes, "first-use")
        await do(lab_config, sandbox, "h1", "docker rm -f web; docker swarm leave --force")
        await eyes.until(lambda: not overlays(eyes, "h1") and "frames" not in eyes.places["h1"].views)
    began = time.monotonic()
    again = await asyncio.to_thread(
        lifecycle.open_sandbox, lab_config, sandbox, 2, SCENARIOS["two-hosts"], time.time() + 600, lambda phase, detail: None
    )
    assert time.monotonic() - began < 60
    async with watching(lab_config, sandbox, again) as eyes:
        assert not overlays(eyes, "h1")
        assert (await do(lab_config, sandbox, "h1", "docker info -f '{{.Swarm.LocalNodeState}}'")).strip() == "inactive"
        await form(lab_config, sandbox)
        await eyes.until(lambda: evaluate(STEPS["swarm"], snapshot(eyes)).done)


def overlays(eyes, host: str) -> set[str]:
    places = (place for place in eyes.places.values() if place.host == host)
    return {place.name.removesuffix(" (overlay)") for place in places if place.name.endswith(" (overlay)")}
