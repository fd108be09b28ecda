"""What can be compared: the variants of a network by name, and prepared sets of variants."""

from __future__ import annotations

import re

from pydantic import Field

from explorer.network.drivers import DRIVERS
from explorer.network.drivers.compared import Variant
from explorer.network.model import Fact
from explorer.network.scenario import ENGINES

SERVER, CLIENT, FAR = "server", "client", "far"  # the containers; `far` is on the second host, where there is one
PORT, PUBLISHED = 80, 8080
LEAST, MOST = 2, 5
_WORD = re.compile(r"([a-z][a-z0-9-]{0,30})(?:@(\d{1,4}))?")


class Ready(Fact):
    """A prepared set of variants, by their ids, under the question that the set answers."""

    id: str
    title: str
    question: str
    variants: tuple[str, ...] = Field(min_length=LEAST, max_length=MOST)


def all_variants() -> dict[str, Variant]:
    """Every driver's variants by id, in the order of the page where a learner chooses."""
    placed = sorted(
        ((place, one) for driver in DRIVERS.values() for place, one in driver.variants.items()), key=lambda pair: pair[0]
    )
    return {variant.id: variant for _, variant in placed}


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
            question="What changed between Docker Engine 26 and 28 in the driver everybody uses?",
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
    """One sentence about what is wrong with the name."""


def find_variant(word: str) -> Variant:
    """The variant with this name: `macvlan`, or with a version of Docker Engine `bridge@28`. Raises NoVariant."""
    found, variants = _WORD.fullmatch(word), all_variants()
    variant = variants.get(found[1]) if found else None
    if found is None or variant is None:
        raise NoVariant(f"There is no {_short(word)!r} to compare; there are {', '.join(variants)}.")
    engine = found[2]
    if engine is None:
        return variant
    if engine not in ENGINES:
        raise NoVariant(f"There are no hosts with Docker Engine {engine}; there are {' and '.join(ENGINES)}.")
    title = variant.title.replace(")", f", Engine {engine})") if ")" in variant.title else f"{variant.title} (Engine {engine})"
    return variant.model_copy(update={"id": word, "engine": engine, "title": title})


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
