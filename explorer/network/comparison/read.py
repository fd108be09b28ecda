"""From the answers of commands to cells. Every statement is made from an answer and carries the answer as evidence."""

from __future__ import annotations

import re

from explorer.network.comparison.families import read_families
from explorer.network.comparison.scene import (
    WHO,
    Answers,
    Heard,
    Scene,
    cell,
    failure,
    interfaces,
    ipv4,
    main_interface,
    reached,
)
from explorer.network.drivers.compared import Cell, Transcript

MEMORY = "grep -sE '^(total_rss|anon) ' /sys/fs/cgroup/memory/memory.stat /sys/fs/cgroup/memory.stat; true"
_NETNS = re.compile(r"net:\[(\d{1,20})\]")
_BYTES = re.compile(r"(?:total_rss|anon) (\d{1,15})$", re.MULTILINE)
BESIDE = "Asked from outside, the machine beside the host: a network of this driver ends at its host."


def read_cells(scene: Scene, answers: Answers) -> list[Cell]:
    """The cells that can be read from the answers so far."""
    return [found for read in _READERS for found in read(scene, answers)]


# --- what the container has ---


def _inside(scene: Scene, answers: Answers) -> list[Cell]:
    mine, theirs = answers.get("client.addresses"), answers.get("host.addresses")
    if mine is None or theirs is None:
        return []
    evidence = (mine.evidence, theirs.evidence)
    inside, outside = interfaces(mine.text), interfaces(theirs.text)
    if not inside:
        return [cell(row, "unknown", "could not be read", evidence) for row in ("interfaces", "address", "mac", "mtu")]
    main = main_interface(inside, scene)
    names = ", ".join(one.name for one in inside)
    cells = [cell("interfaces", "value", names, evidence[:1])]
    if main is None:
        return cells + [cell(row, "no", "none", evidence[:1]) for row in ("address", "mac", "mtu")]
    cells.append(_own("address", ipv4(main), {one for other in outside for one in ipv4(other)}, evidence))
    cells.append(_own("mac", [main.mac], {other.mac for other in outside}, evidence))
    return [*cells, cell("mtu", "value", str(main.mtu), evidence[:1], number=main.mtu, unit="bytes")]


def _own(row: str, mine: list[str], theirs: set[str], evidence: tuple[Transcript, ...]) -> Cell:
    if not any(mine):
        return cell(row, "no", "none", evidence[:1])
    if set(mine) <= theirs:
        return cell(row, "no", "the host's", evidence, value=mine[0])
    return cell(row, "yes", "yes", evidence, value=mine[0])


def _netns(scene: Scene, answers: Answers) -> list[Cell]:
    mine, theirs = answers.get("client.netns"), answers.get("host.netns")
    if mine is None or theirs is None:
        return []
    evidence = (mine.evidence, theirs.evidence)
    own, host = _NETNS.search(mine.text), _NETNS.search(theirs.text)
    if own is None or host is None:
        return [cell("netns", "unknown", "could not be read", evidence)]
    same = own[1] == host[1]
    return [cell("netns", "no" if same else "yes", "the host's" if same else "yes", evidence, value=own[0])]


# --- who reaches whom ---


def _reach(scene: Scene, answers: Answers) -> list[Cell]:
    at = {
        "by-address": "client.by-address",
        "by-name": "client.by-name",
        "inward": "outside.server",
        "published": "outside.published",
        "from-host": "host.server",
        "host-published": "host.published",
    }
    cells = [reached(row, scene, answers[key]) for row, key in at.items() if key in answers]
    if not scene.server_at and (none := answers.get("server.addresses")):
        rows = ("by-address", "inward", "from-host")
        cells += [cell(row, "no", "no address", (none.evidence,)) for row in rows]
    if discarded := answers.get("server"):
        cells = [_with_start(cell, discarded) if cell.row in ("published", "host-published") else cell for cell in cells]
    return cells


def _with_start(cell: Cell, started: Heard) -> Cell:
    """The cell with the output of `docker run -p` as further evidence: Docker may have warned there."""
    return cell.model_copy(update={"evidence": (*cell.evidence, started.evidence)})


def _outward(scene: Scene, answers: Answers) -> list[Cell]:
    heard, theirs, mine = (answers.get(key) for key in ("client.outward", "host.addresses", "client.addresses"))
    if heard is None or theirs is None or mine is None:
        return []
    evidence, who = (heard.evidence,), WHO.search(heard.text)
    if heard.evidence.status != 0 or who is None:
        return [cell("outward", "no", "no", evidence, value=failure(heard)), cell("seen-as", "no", "none", evidence)]
    hosts = {one for other in interfaces(theirs.text) for one in ipv4(other)}
    own = {one for other in interfaces(mine.text) for one in ipv4(other)}
    whose = "the host's" if who[1] in hosts else "its own" if who[1] in own else "another"
    return [
        cell("outward", "yes", "yes", evidence),
        cell("seen-as", "value", whose, (*evidence, theirs.evidence), value=who[1]),
    ]


def _across(scene: Scene, answers: Answers) -> list[Cell]:
    if scene.variant.spans_hosts:
        far, named = answers.get("far.server"), answers.get("far.by-name")
        if far is None or named is None:
            return []
        found = reached("across", scene, far)
        return [found.model_copy(update={"evidence": (far.evidence, named.evidence)})]
    heard = answers.get("outside.server") if scene.server_at else answers.get("server.addresses")
    if heard is None:
        return []
    told = heard._replace(evidence=heard.evidence.model_copy(update={"note": BESIDE}))
    return [reached("across", scene, told) if scene.server_at else cell("across", "no", "no address", (told.evidence,))]


# --- the host ---


def _proxies(scene: Scene, answers: Answers) -> list[Cell]:
    heard = answers.get("host.proxies")
    if heard is None:
        return []
    count = sum("docker-proxy" in line for line in heard.text.splitlines())
    evidence = tuple(one.evidence for one in (heard, answers.get("host.listening")) if one)
    return [cell("proxies", "value", str(count) if count else "none", evidence, number=count)]


def _costs(scene: Scene, answers: Answers) -> list[Cell]:
    cells = []
    making = [answers[key] for key in ("swarm", "token", "join", "network", "server", "client") if key in answers]
    if "client" in answers:
        seconds = sum(one.seconds for one in making)
        evidence = tuple(one.evidence for one in making if one is not answers.get("token"))
        cells.append(cell("up", "value", f"{seconds:.2f} s", evidence, number=round(seconds, 3), unit="s"))
    before, after = (answers.get(key) for key in ("memory-before", "memory-after"))
    if before and after:
        was, now = (_BYTES.search(one.text) for one in (before, after))
        if was and now:
            added = round((int(now[1]) - int(was[1])) / 2**20, 1)
            evidence = (before.evidence, after.evidence)
            cells.append(cell("memory", "value", f"{added:.0f} MiB", evidence, number=added, unit="MiB"))
    return cells


_READERS = (_netns, _inside, _reach, _outward, _across, read_families, _proxies, _costs)
