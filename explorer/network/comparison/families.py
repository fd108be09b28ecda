"""The same questions of IPv4 and of IPv6, in columns in which IPv6 has a part. Other columns say nothing here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explorer.network.comparison.scene import WHO, Answers, Heard, Scene, cell, failure, interfaces, reached
from explorer.network.drivers.compared import Cell, Transcript

RECORDS = {4: "A", 6: "AAAA"}
_DEFAULT = re.compile(r"^default via ([0-9a-fA-F.:]{2,45}) ", re.MULTILINE)
_ANSWERED = re.compile(r"^\S+\s+\d{1,10}\s+IN\s+(A|AAAA)\s+([0-9a-fA-F.:]{2,45})$", re.MULTILINE)
_REPLIED = re.compile(r"rcode: ([A-Z]{2,16}),")


def read_families(scene: Scene, answers: Answers) -> list[Cell]:
    if not scene.by_family:
        return []
    cells = [*_address(answers), *_outward(answers), *_inward(scene, answers)]
    for version in (4, 6):
        cells += [*_gateway(version, answers), *_dns(version, answers), *_ping(version, scene, answers)]
    return cells


def _address(answers: Answers) -> Iterator[Cell]:
    mine, theirs = answers.get("client.addresses"), answers.get("host.addresses")
    if mine is None or theirs is None:
        return
    evidence = (mine.evidence, theirs.evidence)
    own = [one for one in ipv6(mine.text) if one not in ipv6(theirs.text)]
    if not interfaces(mine.text):
        yield cell("address6", "unknown", "could not be read", evidence)
    else:
        yield cell("address6", "yes", "yes", evidence, value=own[0]) if own else cell("address6", "no", "none", evidence)


def ipv6(text: str) -> list[str]:
    """The IPv6 addresses in the output of `ip addr` that are not only for a link or for the namespace itself."""
    return [
        held.cidr.partition("/")[0]
        for one in interfaces(text)
        for held in one.addresses
        if held.family == "inet6" and held.scope == "global"
    ]


def _gateway(version: int, answers: Answers) -> Iterator[Cell]:
    if heard := answers.get(f"client.routes{version}"):
        row, found = f"gateway{version}", _DEFAULT.search(heard.text)
        if heard.evidence.status != 0:
            yield cell(row, "unknown", "could not be read", (heard.evidence,))
        elif found:
            yield cell(row, "yes", "yes", (heard.evidence,), value=found[1])
        else:
            yield cell(row, "no", "none", (heard.evidence,))


def _dns(version: int, answers: Answers) -> Iterator[Cell]:
    """An answer without an address is one too: the name is known, and has no address of this kind."""
    if heard := answers.get(f"client.dns{version}"):
        row, evidence = f"dns{version}", (heard.evidence,)
        told = [address for record, address in _ANSWERED.findall(heard.text) if record == RECORDS[version]]
        replied = _REPLIED.search(heard.text)
        if told:
            yield cell(row, "yes", "yes", evidence, value=", ".join(told))
        elif replied:
            known = replied[1] == "NOERROR"
            yield cell(row, "no", "none", evidence, value="the name, without an address" if known else replied[1])
        else:
            yield cell(row, "unknown", "no answer", evidence)


def _ping(version: int, scene: Scene, answers: Answers) -> Iterator[Cell]:
    row = f"ping{version}"
    if not (scene.address6 if version == 6 else scene.address):
        yield from _no_address(row, answers)
    elif heard := answers.get(f"client.ping{version}"):
        yes = heard.evidence.status == 0 and " 0% packet loss" in heard.text
        yield cell(row, "yes", "yes", (heard.evidence,)) if yes else cell(row, "no", "no", (heard.evidence,))


def _no_address(row: str, answers: Answers) -> Iterator[Cell]:
    if heard := answers.get("server.addresses"):
        yield cell(row, "no", "no address", (heard.evidence,))


def _outward(answers: Answers) -> Iterator[Cell]:
    heard, theirs, mine = (answers.get(key) for key in ("client.outward6", "host.addresses", "client.addresses"))
    if heard is None or theirs is None or mine is None:
        return
    evidence, who = (heard.evidence,), WHO.search(heard.text)
    if heard.evidence.status != 0 or who is None:
        yield cell("outward6", "no", "no", evidence, value=failure(heard))
        yield cell("seen-as6", "no", "none", evidence)
        return
    whose = "the host's" if who[1] in ipv6(theirs.text) else "its own" if who[1] in ipv6(mine.text) else "another"
    yield cell("outward6", "yes", "yes", evidence)
    yield cell("seen-as6", "value", whose, (*evidence, theirs.evidence), value=who[1])


def _inward(scene: Scene, answers: Answers) -> Iterator[Cell]:
    if not scene.address6:
        yield from _no_address("inward6", answers)
    elif heard := answers.get("outside.server6"):
        yield reached("inward6", scene, heard)
    started = answers.get("server")
    if (heard := answers.get("outside.published6")) and (theirs := answers.get("host.addresses")):
        more = (started.evidence,) if started else ()
        yield _with(reached("published6", scene, heard), more)
        yield _as(scene, heard, theirs)
    if heard := answers.get("host.published6"):
        yield _with(reached("host-published6", scene, heard), (started.evidence,) if started else ())


def _with(one: Cell, more: tuple[Transcript, ...]) -> Cell:
    return one.model_copy(update={"evidence": (*one.evidence, *more)})


def _as(scene: Scene, heard: Heard, theirs: Heard) -> Cell:
    """Whose address the server saw when it was asked at the published port by IPv6."""
    evidence, who = (heard.evidence, theirs.evidence), WHO.search(heard.text)
    if heard.evidence.status != 0 or who is None or who[2] not in (scene.server, "h1"):
        return cell("published6-as", "no", "none", evidence[:1])
    if who[1] == scene.outside6:
        return cell("published6-as", "value", "outside's", evidence[:1], value=who[1])
    held = {address.cidr.partition("/")[0] for one in interfaces(theirs.text) for address in one.addresses}
    whose = ("the host's IPv6" if ":" in who[1] else "the host's IPv4") if who[1] in held else "another"
    return cell("published6-as", "value", whose, evidence, value=who[1])
