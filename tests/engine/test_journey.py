"""Journeys of real packets, held against `tcpdump` and `nft monitor trace` that watched the same packets at the same time."""

from __future__ import annotations

import asyncio
import re
import secrets
import sys
import time
from contextlib import asynccontextmanager

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.images.recipes import ENGINES
from explorer.lab.inside.tools import run_tools
from explorer.network.journeys import Asked
from explorer.network.scenario import SCENARIOS
from explorer.node.operator.look import looking
from tests.engine.situations import typed

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=ENGINES)
def host(request, lab_config, await_engine):
    """`web` published on 8080, `baker` and `miller` on a network of their own."""
    await_engine(request.param)
    name = f"journey-{secrets.token_hex(4)}"
    facts = lifecycle.open_sandbox(
        lab_config, name, 1, SCENARIOS["one-host"], time.time() + 3600, lambda phase, detail: None, engine=request.param
    )
    for command in (
        "docker run -d --name web -p 8080:80 box",
        "docker network create town",
        "docker run -d --name baker --network town box",
        "docker run -d --name miller --network town box",
    ):
        typed(lab_config, name, command)
    yield name, facts
    lifecycle.close_sandbox(lab_config, name)


@asynccontextmanager
async def beside(namespace, *argv):
    """A tool of the node's in that namespace; yields a list that holds its text afterwards."""
    process = await asyncio.create_subprocess_exec(
        "nsenter", f"--net=/proc/self/fd/{namespace.fd}", *argv,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, pass_fds=[namespace.fd],
    )  # fmt: skip
    said: list[str] = []
    await asyncio.sleep(0.4)
    try:
        yield said
        await asyncio.sleep(0.4)
    finally:
        process.terminate()
        said.append((await process.communicate())[0].decode())


def follow(lab_config, host, asked):
    """The journey, and what the two tools said of the same packets in h1."""

    async def both():
        async with looking(lab_config, host[0], 1, host[1]) as observer:
            namespace = observer._namespace("h1")
            async with (
                beside(namespace, "nft", "monitor", "trace") as rules,
                beside(namespace, "tcpdump", "-lnn", "-i", "any", "icmp or tcp or udp port 4789") as frames,
            ):
                told = await observer.journey(asked)
            left = await run_tools(namespace.fd, {"tables": ("nft", "list", "tables")})
            return told, rules[0], frames[0], left["tables"].text

    told, rules, frames, left = asyncio.run(both())
    assert "explorer-trace" not in left, "our table goes with the journey"
    return told, rules, frames


def met(journey):
    return [(hop.met.table, hop.met.chain) for hop in journey.hops if hop.met]


def traced(text, journey):
    """The (table, chain) of every rule and policy that `nft monitor trace` told of the same packet, ours left out. It numbers
    a packet anew at each hook, but prints its headers with the first step there."""
    headers = {header.name: header.value for header in journey.hops[0].headers}
    needle = f"ip id {headers['identification']} "
    found, ours = [], set()
    for line in text.splitlines():
        words = line.split()
        if words[:2] != ["trace", "id"] or words[4] == "explorer-trace":
            continue
        if words[6] == "packet:":
            (ours.add if needle in line + " " else ours.discard)(words[2])
        elif words[6] in ("rule", "policy") and words[2] in ours:
            found.append((words[4], words[5]))
    return found


def test_out_of_a_container(lab_config, host):
    told, rules, frames = follow(lab_config, host, Asked(source="h1/web", target="outside", kind="http"))
    assert told.ok
    assert told.request.end == "delivered to outside"
    assert met(told.request) == traced(rules, told.request)
    changed = " ".join(hop.text for hop in told.request.hops)
    source = re.search(r"MASQUERADE: source 172\.17\.0\.2:(\d+) becomes (10\.77\.[\d.]+):(\d+)", changed)
    assert source, changed
    assert f"{source[2]}.{source[3]} > {told.address}.80: Flags [S]" in frames
    assert any("connection tracking: destination" in hop.text for hop in told.answer.hops)
    assert told.answer.end == "delivered to h1/web"


def test_in_by_a_published_port(lab_config, host):
    told, rules, frames = follow(lab_config, host, Asked(source="outside", target="h1", kind="http", port=8080))
    assert told.ok
    assert met(told.request) == traced(rules, told.request)
    dnat = next(hop for hop in told.request.hops if hop.met and hop.met.chain == "DOCKER" and hop.met.table == "nat")
    assert "DNAT: destination" in dnat.text
    assert "Because web publishes 8080:80" in dnat.why
    assert dnat.met.rule.startswith("-A DOCKER ")
    assert told.request.end == "delivered to h1/web"
    sequence = next(header.value for header in told.request.hops[0].headers if header.name == "sequence")
    assert frames.count(f"seq {sequence},") >= 3, "the same packet at eth0, docker0 and the port"


def test_between_two_by_name(lab_config, host):
    told, _rules, frames = follow(lab_config, host, Asked(source="h1/baker", target="miller"))
    assert told.ok
    kinds = [hop.kind for hop in told.request.hops if hop.kind != "rule"]
    assert kinds == ["routed", "leaves", "arrives", "switched", "arrives", "delivered"]
    assert "ICMP echo request" in frames
    asked, _rules, _frames = follow(lab_config, host, Asked(source="h1/baker", target="miller", kind="dns"))
    assert asked.ok
    assert any("DNAT" in hop.text for hop in asked.request.hops), "the embedded server listens on another port"


def test_a_dropped_one_ends_at_the_rule(lab_config, host):
    told, rules, _frames = follow(lab_config, host, Asked(source="h1/web", target="h1/baker"))
    assert not told.ok
    assert told.request.ending == "dropped"
    last = [hop for hop in told.request.hops if hop.met][-1]
    assert (last.met.verdict, last.met.position > 0, bool(last.why)) == ("drop", True, True)
    assert met(told.request) == traced(rules, told.request)
    assert told.answer is None


@pytest.mark.parametrize(
    ("asked", "ending", "said"),
    [
        (Asked(source="outside", target="h1", kind="tcp", port=9999), "refused", "nobody listens on that port"),
        (Asked(source="h1/web", target="172.17.0.99"), "unanswered", "nobody answered"),
        (Asked(source="h1/web", target="192.0.2.1"), "lost", "the LAN leads nowhere else"),
    ],
)
def test_where_it_really_ended(lab_config, host, asked, ending, said):
    told, _rules, _frames = follow(lab_config, host, asked)
    assert not told.ok
    last = told.answer or told.request
    assert last.ending == ending
    assert said in last.end


def test_no_route_and_no_place(lab_config, host):
    typed(lab_config, host[0], "docker run -d --name quiet --network none box")
    told, _rules, _frames = follow(lab_config, host, Asked(source="h1/quiet", target="10.77.0.1"))
    assert told.request.ending == "unreachable"
    assert "has no route" in told.request.end
    told, _rules, _frames = follow(lab_config, host, Asked(source="h1/nobody", target="outside"))
    assert told.error == "h1/nobody is not there."
    told, _rules, _frames = follow(lab_config, host, Asked(source="h1/web", target="no-such-name"))
    assert "no-such-name" in told.error


@pytest.mark.parametrize("command", ["curl -s outside", "ping -c 1 -s 1400 outside"])
def test_the_learners_own_next_packet(lab_config, host, command):
    async def recorded():
        async with looking(lab_config, host[0], 1, host[1]) as observer:
            following = asyncio.create_task(observer.journey(Asked(source="h1/miller", target="*", kind="record")))
            await asyncio.sleep(1)
            await asyncio.to_thread(typed, lab_config, host[0], f"docker exec miller {command} || true")
            return await following

    told = asyncio.run(recorded())
    assert told.error == ""
    assert told.address.startswith("10.77."), "the connection, not the lookup before it"
    assert told.request.hops[0].place == "h1/miller"
    assert any(hop.kind == "rule" for hop in told.request.hops)


def test_a_learner_who_flushes_every_rule_meanwhile(lab_config, host):
    async def flushed():
        async with looking(lab_config, host[0], 1, host[1]) as observer:
            following = asyncio.create_task(observer.journey(Asked(source="h1/web", target="10.77.200.200")))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(typed, lab_config, host[0], "nft flush ruleset")
            return await following

    told = asyncio.run(flushed())
    assert told.request.hops
    assert told.request.ending != "arrived"


DIES = """
import asyncio, os, signal, sys
from explorer.lab.inside.netns import Namespace
from explorer.lab.ask.trace import Trace

async def begin():
    trace = Trace("h1", Namespace(0, -1, int(sys.argv[1])))
    await trace.begin(("icmp type echo-request",))
    print(trace.note or "marked", flush=True)
    await asyncio.sleep(60)

asyncio.run(begin())
"""


def test_our_table_goes_with_whoever_made_it_however_he_ends(lab_config, host):
    async def play():
        async with looking(lab_config, host[0], 1, host[1]) as observer:
            namespace = observer._namespace("h1")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", DIES, str(namespace.fd), stdout=asyncio.subprocess.PIPE, pass_fds=[namespace.fd]
            )
            said = await process.stdout.readline()
            during = await run_tools(namespace.fd, {"tables": ("nft", "list", "tables")})
            process.kill()
            await process.wait()
            await asyncio.sleep(1)
            after = await run_tools(namespace.fd, {"tables": ("nft", "list", "tables")})
            return said, during["tables"].text, after["tables"].text

    said, during, after = asyncio.run(play())
    assert said == b"marked\n"
    assert "explorer-trace" in during
    assert "explorer-trace" not in after
