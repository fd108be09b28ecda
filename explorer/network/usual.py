"""What every Linux network namespace has without Docker: loopback, the way to the LAN, the built-in chains."""

from __future__ import annotations

import ipaddress

from explorer.network.cause import KERNEL, LAN, UNKNOWN, Why
from explorer.network.drivers.known import Known
from explorer.network.model import Chain, FdbEntry, Interface, Item, Neighbour, Request, Route
from explorer.network.writes.outside import LINK_LOCAL, is_connected6

BUILT_IN = {
    ("nat", "PREROUTING"): "Built in: packets as they arrive, before the kernel decides where they go.",
    ("nat", "INPUT"): "Built in: packets for this namespace itself.",
    ("nat", "OUTPUT"): "Built in: packets made by programs in this namespace.",
    ("nat", "POSTROUTING"): "Built in: packets about to leave, after the kernel decided through which interface.",
    ("filter", "INPUT"): "Built in: packets for this namespace itself.",
    ("filter", "FORWARD"): "Built in: packets that come in through one interface and go out through another.",
    ("filter", "OUTPUT"): "Built in: packets made by programs in this namespace.",
    ("raw", "PREROUTING"): "Built in: packets as they arrive, before anything else looks at them.",
    ("raw", "OUTPUT"): "Built in: packets made by programs in this namespace, before anything else looks at them.",
    ("mangle", "PREROUTING"): "Built in: packets as they arrive, where they can be marked or altered.",
    ("mangle", "INPUT"): "Built in: packets for this namespace itself, where they can be marked or altered.",
    ("mangle", "FORWARD"): "Built in: packets that pass through, where they can be marked or altered.",
    ("mangle", "OUTPUT"): "Built in: packets made by programs in this namespace, where they can be marked or altered.",
    ("mangle", "POSTROUTING"): "Built in: packets about to leave, where they can be marked or altered.",
    ("security", "INPUT"): "Built in: packets for this namespace itself, for SELinux to mark.",
    ("security", "FORWARD"): "Built in: packets that pass through, for SELinux to mark.",
    ("security", "OUTPUT"): "Built in: packets made by programs in this namespace, for SELinux to mark.",
}
_GROUPS = {
    "33:33:00:00:00:01": "the group of all IPv6 nodes (ff02::1)",
    "01:00:5e:00:00:01": "the group of all IPv4 hosts (224.0.0.1)",
    "33:33:00:00:00:6a": "the group of multicast snoopers (ff02::6a)",
    "01:00:5e:00:00:6a": "the group of multicast snoopers (224.0.0.106)",
}


def why(known: Known, item: Item) -> Why:
    if isinstance(item, Interface):
        return _interface(known, item)
    if isinstance(item, Route):
        return _route(known, item)
    if isinstance(item, Neighbour):
        return _neighbour(known, item)
    if isinstance(item, FdbEntry):
        return _fdb(item)
    if isinstance(item, Request):
        told = f"{_owner(known)} was asked over {item.protocol} by {item.source}: the source address as it arrived there."
        return Why(told, (LAN,))
    return _chain(item) if isinstance(item, Chain) and item.tool == "iptables" else UNKNOWN


def why_address(known: Known, interface: Interface, cidr: str) -> Why:
    if interface.kind == "loopback":
        return Why("The namespace's address for itself; packets to it never leave.", (KERNEL,))
    if cidr.startswith("fe80:"):
        return Why("A link-local address, which the kernel gives every interface that speaks IPv6.", (KERNEL,))
    if on_lan(known, interface):
        return Why(f"{_owner(known)}'s address on the LAN.", (LAN,))
    return UNKNOWN


def on_lan(known: Known, interface: Interface | None) -> bool:
    """Whether this is the interface that the sandbox gave to a host or machine. The other end of its pair is not in the
    sandbox."""
    return (
        interface is not None
        and known.place.kind in ("host", "machine")
        and interface.name == "eth0"
        and interface.kind in ("veth", "physical")
        and not interface.master
        and not interface.peer_place
    )


def _owner(known: Known) -> str:
    return known.place.name or known.place.id


def _interface(known: Known, item: Interface) -> Why:
    if item.kind == "loopback":
        return Why("The loopback interface: the namespace's way to itself. Every network namespace has its own.", (KERNEL,))
    if on_lan(known, item):
        return Why(f"{_owner(known)}'s own interface, on the sandbox's LAN.", (LAN,))
    if item.kind == "veth" and item.peer_place and item.peer_name:
        port = f"; a port of {item.master}" if item.master else ""
        return Why(f"One end of a veth pair; the other end is {item.peer_name} in {item.peer_place}{port}.")
    return UNKNOWN


def _route(known: Known, item: Route) -> Why:
    interface = known.interfaces.get(item.dev)
    if interface is None:
        return UNKNOWN
    connected = item.protocol == "kernel" and item.destination in _connected(interface)
    if item.destination == LINK_LOCAL and is_connected6(item):
        told = f"The addresses of {item.dev}'s own link: the kernel adds this route to every interface that speaks IPv6."
        return Why(told, (KERNEL,))
    if not on_lan(known, interface):
        told = f"The kernel added this route with the address of {item.dev}: that subnet is reached directly."
        return Why(told, (KERNEL,)) if connected else UNKNOWN
    if item.destination == "default" and item.via:
        return Why(f"{_owner(known)}'s own default route: what no other route fits goes to {item.via} on the LAN.", (LAN,))
    told = f"The LAN: the kernel added this route with {_owner(known)}'s address on {item.dev}."
    return Why(told, (LAN,)) if connected else UNKNOWN


def _connected(interface: Interface) -> set[str]:
    """The subnets of an interface's addresses."""
    found = set()
    for address in interface.addresses:
        try:
            found.add(str(ipaddress.ip_interface(address.cidr).network))
        except ValueError:
            continue
    return found


def _neighbour(known: Known, item: Neighbour) -> Why:
    if not on_lan(known, known.interfaces.get(item.dev)):
        return UNKNOWN
    by = "neighbour discovery" if ":" in item.address else "ARP"
    if item.mac:
        return Why(f"A neighbour on the LAN: its MAC address, found by {by}.", (LAN,))
    if item.state in ("FAILED", "INCOMPLETE"):
        return Why(f"An address on the LAN that has not answered {by}: no MAC address is known.", (LAN,))
    return UNKNOWN


def _fdb(item: FdbEntry) -> Why:
    asked = "a solicited-node group: whoever looks for one of its IPv6 addresses asks there"
    group = _GROUPS.get(item.mac, asked if item.mac.startswith("33:33:ff:") else "a multicast group")
    if item.mac.startswith(("33:33:", "01:00:5e:")) and "self" in item.flags:
        told = f"{item.dev} listens to {group}; every interface joins some multicast groups by itself."
        return Why(told, (KERNEL,))
    return UNKNOWN


def _chain(item: Chain) -> Why:
    told = BUILT_IN.get((item.table.rpartition(" ")[2], item.name), "")
    if told and item.policy == "DROP":
        told = f"{told} Policy DROP: what no rule accepts is dropped."
    return Why(told, (KERNEL,)) if told else UNKNOWN
