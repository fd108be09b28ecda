"""What can be compared: variants of a network by name, and sets of them that are worth comparing."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from explorer.network.model import Fact
from explorer.network.scenario import DEFAULT_ENGINE, ENGINES

Driver = Literal["bridge", "host", "none", "macvlan", "ipvlan", "overlay", "third-party"]
NETWORK = "town"  # what the network is called, where one is made
SERVER, CLIENT, FAR = "server", "client", "far"  # the containers; `far` is on the second host, where there is one
PORT, PUBLISHED = 80, 8080
LEAST, MOST = 2, 5
_WORD = re.compile(r"([a-z][a-z0-9-]{0,30})(?:@(\d{1,4}))?")
_LAN = ("--subnet", "lan", "--gateway", "lan.1", "--ip-range", "lan.192/27", "-o", "parent=eth0")


class Variant(Fact):
    """One way to connect the two containers. `options` are further words for `docker network create`, where `lan` and `lan.1`
    stand for the sandbox's addresses (network.scenario.fill); `publish` is the host's address a port is published at, ""
    for all; `daemon` is added to the host's daemon.json, and its daemon started anew; `prepare` are shell lines for the host
    before anything else."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}(@\d{1,4})?$")
    title: str = Field(max_length=60)
    driver: Driver
    engine: str = DEFAULT_ENGINE
    options: tuple[str, ...] = ()
    publish: str = ""
    daemon: dict[str, bool] = Field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    summary: str = Field(default="", max_length=200)

    @property
    def internal(self) -> bool:
        return "--internal" in self.options

    @property
    def network(self) -> str:
        """What `docker run --network` is told."""
        return self.driver if self.driver in ("host", "none") else NETWORK

    @property
    def plugin(self) -> str:
        """What `docker network create -d` is told; "" where no network is made."""
        return {"host": "", "none": "", "third-party": "lab"}.get(self.driver, self.driver)

    @property
    def scenario(self) -> str:
        """The scenario its sandbox begins with."""
        return "two-hosts" if self.driver == "overlay" else "one-host"


class Ready(Fact):
    """A set of variants worth comparing, by their ids, under the question it answers."""

    id: str
    title: str
    question: str
    variants: tuple[str, ...] = Field(min_length=LEAST, max_length=MOST)


_ALL = (
    Variant(id="bridge", title="bridge", driver="bridge", summary="A switch inside the host, and NAT at its door."),
    Variant(id="host", title="host", driver="host", summary="No network of its own: the host's."),
    Variant(id="none", title="none", driver="none", summary="A network namespace with nothing in it but loopback."),
    Variant(
        id="macvlan",
        title="macvlan",
        driver="macvlan",
        options=_LAN,
        summary="A card of its own on the host's LAN, with a MAC address of its own.",
    ),
    Variant(
        id="ipvlan",
        title="ipvlan",
        driver="ipvlan",
        options=_LAN,
        summary="An address of its own on the host's LAN, behind the host's MAC address.",
    ),
    Variant(
        id="overlay",
        title="overlay",
        driver="overlay",
        options=("--attachable",),
        summary="One network over two hosts of a swarm: frames travel inside UDP (VXLAN).",
    ),
    Variant(
        id="overlay-encrypted",
        title="overlay (encrypted)",
        driver="overlay",
        options=("--attachable", "--opt", "encrypted"),
        summary="The same, and the hosts encrypt what they send each other (IPsec).",
    ),
    Variant(
        id="third-party",
        title="third-party",
        driver="third-party",
        prepare=("lab-driver start",),
        summary="A driver that is a small program beside Docker: it makes the cables and nothing more.",
    ),
    Variant(
        id="bridge-internal",
        title="bridge (internal)",
        driver="bridge",
        options=("--internal",),
        summary="The switch without a way out.",
    ),
    Variant(
        id="bridge-no-icc",
        title="bridge (ICC off)",
        driver="bridge",
        options=("-o", "com.docker.network.bridge.enable_icc=false"),
        summary="Containers of one network may not talk to each other.",
    ),
    Variant(
        id="bridge-loopback",
        title="bridge (port at 127.0.0.1)",
        driver="bridge",
        publish="127.0.0.1",
        summary="The port is published for the host itself, and for nobody else.",
    ),
    Variant(
        id="bridge-no-proxy",
        title="bridge (no userland-proxy)",
        driver="bridge",
        daemon={"userland-proxy": False},
        summary="Published ports by rules alone, without a process that listens on the host.",
    ),
)
VARIANTS: dict[str, Variant] = {variant.id: variant for variant in _ALL}

SETS: dict[str, Ready] = {
    ready.id: ready
    for ready in (
        Ready(
            id="drivers",
            title="Five drivers",
            question="The same two containers on each of Docker's drivers: what is different?",
            variants=("bridge", "host", "none", "macvlan", "overlay"),
        ),
        Ready(
            id="engines",
            title="26 and 28",
            question="What did two years of Docker Engine change about the driver everybody uses?",
            variants=("bridge@26", "bridge@28"),
        ),
        Ready(
            id="published",
            title="Published where?",
            question="Who reaches a published port, and who sees to it?",
            variants=("bridge", "bridge-loopback", "bridge-no-proxy", "host"),
        ),
        Ready(
            id="internal",
            title="Internal or not",
            question="What exactly does --internal take away?",
            variants=("bridge", "bridge-internal", "none"),
        ),
        Ready(
            id="icc",
            title="May they talk?",
            question="One network, and still apart: what does switching ICC off do?",
            variants=("bridge", "bridge-no-icc"),
        ),
        Ready(
            id="lan",
            title="On the LAN itself",
            question="Two ways to give a container a place of its own on the LAN, and one to hide it.",
            variants=("macvlan", "ipvlan", "bridge"),
        ),
        Ready(
            id="encrypted",
            title="Encrypted or not",
            question="What does it cost to encrypt what hosts send each other?",
            variants=("overlay", "overlay-encrypted"),
        ),
        Ready(
            id="program",
            title="Docker's or your own",
            question="What does Docker do by itself when the driver does next to nothing?",
            variants=("bridge", "third-party"),
        ),
    )
}


class NoVariant(Exception):
    """What is wrong with the words, in one sentence."""


def find_variant(word: str) -> Variant:
    """`macvlan`, or with a version of Docker Engine `bridge@28`."""
    found = _WORD.fullmatch(word)
    variant = VARIANTS.get(found[1]) if found else None
    if found is None or variant is None:
        raise NoVariant(f"There is no {_short(word)!r} to compare; there are {', '.join(VARIANTS)}.")
    engine = found[2]
    if engine is None:
        return variant
    if engine not in ENGINES:
        raise NoVariant(f"There are no hosts with Docker Engine {engine}; there are {' and '.join(ENGINES)}.")
    title = variant.title.replace(")", f", Engine {engine})") if ")" in variant.title else f"{variant.title} (Engine {engine})"
    return variant.model_copy(update={"id": word, "engine": engine, "title": title})


def find_variants(words: list[str] | tuple[str, ...]) -> tuple[Variant, ...]:
    """Two to five of them in the given order, no two the same."""
    if not LEAST <= len(words) <= MOST:
        raise NoVariant(f"A comparison has {LEAST} to {MOST} columns; these are {len(words)}.")
    variants = tuple(find_variant(word) for word in words)
    done = set()
    for variant in variants:
        same = variant.model_copy(update={"id": "x", "title": ""})
        key = same.model_dump_json()
        if key in done:
            raise NoVariant(f"{variant.title} stands twice: compare it with something else.")
        done.add(key)
    return variants


def _short(word: str) -> str:
    return "".join(letter for letter in word[:40] if letter.isprintable())
