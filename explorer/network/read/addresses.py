"""Interfaces from `ip -d addr`, shown as plain `ip addr` prints them: the details are read and then left out of the text."""

from __future__ import annotations

from explorer.network.model import Address, Interface, Line, Observation
from explorer.network.read.text import Keys, after, bounded_lines, number

DETAILS = " promiscuity "  # the first words that `ip -d` adds to the link line of `ip`
_FACTS = {
    "vxlan": ("id", "group", "remote", "local", "dev", "dstport"),
    "vlan": ("protocol", "id"),
    "bridge": ("stp_state", "vlan_filtering"),
    "bridge_slave": ("state", "hairpin", "isolated"),
    "geneve": ("id", "remote"),
}
ASKED = ("tentative", "dadfailed")  # flags of duplicate address detection
_OTHERS = ("mode",)  # other kinds: an interface on top of a parent interface has one


def read_addresses(text: str) -> Observation:
    lines, truncated = bounded_lines(text)
    keys = Keys()
    shown: list[Line] = []
    found: list[Interface] = []
    block: list[str] = []
    for line in [*lines, None]:
        starts = line is None or _is_header(line)
        if starts and block:
            interface, kept = _read_block(block, keys)
            shown += kept
            found += [interface] if interface else []
            block = []
        if line is None:
            break
        block.append(line)
    return Observation(command="ip addr", lines=tuple(shown), items=tuple(found), truncated=truncated)


def _is_header(line: str) -> bool:
    index, separator, rest = line.partition(": ")
    return bool(separator) and number(index) is not None and ": <" in rest


def _read_block(block: list[str], keys: Keys) -> tuple[Interface | None, list[Line]]:
    if not _is_header(block[0]):
        return None, [Line(text=text, key=keys.unknown(text)) for text in block]
    index, _, rest = block[0].partition(": ")
    whole_name, _, rest = rest.partition(": <")
    name, _, link = whole_name.partition("@")
    key = keys.unique(f"if:{index}:{name}")
    flags, _, rest = rest.partition(">")
    shown, details = _split_details(block)
    interface = _interface(key, index, name, link, flags, rest.split(), shown, details)
    return interface, [Line(text=text, key=key) for text in shown]


def _split_details(block: list[str]) -> tuple[list[str], list[str]]:
    """The lines that plain `ip addr` prints, and the details that `-d` adds. Without any details every line is shown."""
    detailed = any(line.startswith("    link/") and DETAILS in line for line in block)
    shown, details = [], []
    for line in block:
        if detailed and line.startswith("    link/"):
            plain, _, more = line.partition(DETAILS)
            shown.append(_without_name(plain))
            details.append("promiscuity " + more)
        elif detailed and _is_detail(line):
            details.append(line)
        else:
            shown.append(line)
    return shown, details


def _without_name(line: str) -> str:
    """The link line without the name of a namespace. The node's `ip` knows names for namespaces (/run/netns), a learner's
    does not. The only named namespace with a link into a sandbox is the engine's. It is the first one that a host or machine
    has a link to, so its number there is 0."""
    start, named, rest = line.partition(" link-netns ")
    return f"{start} link-netnsid 0{rest[len(rest.split(' ')[0]) :]}" if named else line


def _is_detail(line: str) -> bool:
    """Whether a line is a detail. Details are indented by four, like the plain `inet`, `inet6` and `altname`; lifetimes are
    indented further."""
    if not line.startswith("    ") or line.startswith("     "):
        return False
    return not line[4:].startswith(("inet ", "inet6 ", "altname ", "link/"))


def _interface(
    key: str, index: str, name: str, link: str, flags: str, words: list[str], shown: list[str], details: list[str]
) -> Interface:
    hardware = next((line.split() for line in shown if line.startswith("    link/")), [])
    kind, facts = _kind(details, hardware)
    veth = kind in ("veth", "") and link
    peer_index = number(link[2:]) if veth and link.startswith("if") else None
    if link and not veth:
        facts = (("link", link), *facts)
    return Interface(
        key=key,
        index=number(index) or 0,
        name=name,
        kind=kind,
        mac=hardware[1] if len(hardware) > 1 else "",
        mtu=number(after(words, "mtu")) or 0,
        state=after(words, "state"),
        flags=tuple(flags.split(",")[:32]),
        master=after(words, "master"),
        peer_index=peer_index,
        peer_name=link if veth and peer_index is None else "",
        peer_nsid=number(after(hardware, "link-netnsid")),
        addresses=_addresses(shown),
        detail=facts,
    )


def _kind(details: list[str], hardware: list[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The kernel's link kind: the first word of the first detail line, unless that line describes a bridge port."""
    kind, facts = "", []
    for line in details[1:9]:
        words = line.split()
        word = words[0] if words else ""
        if not kind and word and not word.endswith("_slave") and word != "alias":
            kind = word
        facts += [(fact, value) for fact in _FACTS.get(word, _OTHERS) if (value := after(words, fact))]
    if hardware and hardware[0] == "link/loopback":
        kind = "loopback"
    elif not kind and details:
        kind = "physical"
    return kind, tuple(facts)


def _addresses(shown: list[str]) -> tuple[Address, ...]:
    found: list[Address] = []
    for line in shown:
        words = line.split()
        if len(words) > 1 and line.startswith("    ") and (words[0] == "inet" or words[0] == "inet6"):
            scope = after(words, "scope") or "global"
            flags = tuple(flag for flag in ASKED if flag in words[2:]) if words[0] == "inet6" else ()
            found.append(Address(cidr=words[1], family="inet6" if words[0] == "inet6" else "inet", scope=scope, flags=flags))
    return tuple(found)
