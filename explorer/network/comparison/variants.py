"""What can be compared: the variants of a network by name, and prepared sets of variants."""

from __future__ import annotations

import re

from pydantic import Field

from explorer.network.drivers import DRIVERS
from explorer.network.drivers.compared import Variant
from explorer.network.engines import DEFAULT_ENGINE, PODMAN, in_words, is_docker, is_engine, title
from explorer.network.model import Fact

SERVER, CLIENT, FAR = "server", "client", "far"  # the containers; `far` is on the second host, where there is one
PORT, PUBLISHED = 80, 8080
LEAST, MOST = 2, 5
_WORD = re.compile(r"([a-z][a-z0-9-]{0,30})(?:@(\d{1,4}|podman))?")


class Ready(Fact):
    """A prepared set of variants, by their ids, under the question that the set answers. With `versions` it has its one variant
    with each version of Docker Engine that is offered, at most the `MOST` newest. Of the others, variants that need a version
    which is not offered are left out. A set that `needs` an engine is there only where that is offered."""

    id: str
    title: str
    question: str
    variants: tuple[str, ...] = Field(min_length=1, max_length=MOST)
    versions: bool = False
    needs: str = ""

    def on(self, engines: tuple[str, ...]) -> Ready | None:
        """The set where these versions are offered, oldest first; None when it would have less than two columns there."""
        if self.needs and self.needs not in engines:
            return None
        if not self.versions:
            offered = tuple(filter(None, (_offered(word, engines) for word in self.variants)))
            return self.model_copy(update={"variants": offered}) if len(offered) >= LEAST else None
        some = tuple(filter(is_docker, engines))[-MOST:]
        words = tuple(f"{word}@{engine}" for word in self.variants for engine in some)
        told = {"title": in_words(some), "variants": words, "versions": False}
        return self.model_copy(update=told) if len(words) >= LEAST else None


def _offered(word: str, engines: tuple[str, ...]) -> str:
    """The word, "" when it needs a version that is not among these. A variant of new versions takes the newest."""
    name, _, engine = word.partition("@")
    since = all_variants()[name].since
    if not engines or (not engine and not since) or (engine or all_variants()[name].engine) in engines:
        return word
    newest = max(filter(is_docker, engines), key=int, default="0")
    return f"{name}@{newest}" if since and not engine and int(newest) >= since else ""


def all_variants() -> dict[str, Variant]:
    """Every driver's variants by id, in the order of the page where a learner chooses."""
    placed = sorted(
        ((place, one) for driver in DRIVERS.values() for place, one in driver.variants.items()), key=lambda pair: pair[0]
    )
    return {variant.id: variant for _, variant in placed}


_SETS: dict[str, Ready] = {
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
            title="Version by version",
            question="What changed between these versions of Docker Engine in the driver everybody uses?",
            variants=("bridge",),
            versions=True,
        ),
        Ready(
            id="published",
            title="Published where?",
            question="Who reaches a published port, and who sees to it?",
            variants=("bridge", "bridge-loopback", "bridge-no-proxy", "host"),
        ),
        Ready(
            id="ipv6",
            title="IPv4 and IPv6",
            question="What does a network with IPv6 change, in and out, and what happens where only one side speaks it?",
            variants=("bridge-proxied", "bridge-ipv6@26", "bridge-ipv6@28", "bridge-ipv6-only"),
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
        Ready(
            id="podman",
            title="Docker and Podman",
            question="The same two containers with Docker and with Podman: who translates, who tells names, who listens?",
            variants=("bridge", f"bridge@{PODMAN}", "bridge-loopback", f"bridge-loopback@{PODMAN}"),
            needs=PODMAN,
        ),
    )
}


class NoVariant(Exception):
    """One sentence about what is wrong with the name."""


def ready_sets(engines: tuple[str, ...]) -> dict[str, Ready]:
    """The prepared sets where these versions of Docker Engine are offered, by id."""
    return {name: found for name, ready in _SETS.items() if (found := ready.on(engines))}


def ready_set(name: str, engines: tuple[str, ...]) -> Ready:
    """Raises NoVariant."""
    if name not in _SETS:
        raise NoVariant(f"There is no set {_short(name)!r}; there are {', '.join(_SETS)}.")
    found = _SETS[name].on(engines)
    if found is None and _SETS[name].needs:
        raise NoVariant(f"The set {name} needs hosts with {title(_SETS[name].needs)}, and here is {in_words(engines)}.")
    if found is None:
        raise NoVariant(f"The set {name} compares versions of Docker Engine, and here is {in_words(engines)}.")
    return found


def find_variant(word: str) -> Variant:
    """The variant with this name: `macvlan`, or with a version of Docker Engine `bridge@28`. Raises NoVariant."""
    found, variants = _WORD.fullmatch(word), all_variants()
    variant = variants.get(found[1]) if found else None
    if found is None or variant is None:
        raise NoVariant(f"There is no {_short(word)!r} to compare; there are {', '.join(variants)}.")
    engine = found[2]
    if engine is None:
        return variant
    if not is_engine(engine):
        raise NoVariant(f"{engine} is no version of Docker Engine; a version is a number such as {DEFAULT_ENGINE}.")
    if engine == PODMAN:
        return _with_podman(word, variant)
    if int(engine) < variant.since:
        raise NoVariant(f"{variant.title} needs Docker Engine {variant.since} or newer; this is {engine}.")
    if engine == variant.engine and variant.since:
        return variant.model_copy(update={"id": word})
    return variant.model_copy(update={"id": word, "engine": engine, "title": _titled(variant, f"Engine {engine}")})


def _with_podman(word: str, variant: Variant) -> Variant:
    if not variant.in_podman:
        able = [one.id for one in all_variants().values() if one.in_podman]
        raise NoVariant(f"{variant.title} is Docker's alone; with Podman there are {', '.join(able)}.")
    return variant.model_copy(update={"id": word, "engine": PODMAN, "title": _titled(variant, title(PODMAN))})


def _titled(variant: Variant, more: str) -> str:
    return variant.title.replace(")", f", {more})") if ")" in variant.title else f"{variant.title} ({more})"


def find_variants(words: list[str] | tuple[str, ...]) -> tuple[Variant, ...]:
    """Two to five different variants in the given order. Raises NoVariant."""
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
