"""The questions that every variant is asked, in the order of the table."""

from __future__ import annotations

from typing import Literal

from explorer.network.drivers.compared import Variant
from explorer.network.model import Fact

Group = Literal["inside", "host", "reach", "families", "cost"]
GROUPS: dict[Group, str] = {
    "inside": "What the container has",
    "reach": "Who reaches whom",
    "families": "IPv4 and IPv6 apart",
    "host": "What it adds to the host",
    "cost": "What it costs",
}
WAYS = {  # the journeys of each column: id → title
    "between": "client asks server",  # `far` on the second host, where there is one
    "outward": "client asks outside",
    "published": "outside asks the published port",
}


class Row(Fact):
    """One question. `question` is what a learner may answer before the results; `answers` are the words to choose from, empty
    when learners are not asked. A row with `varies` is measured in numbers that differ from run to run; every other row has
    the same result each time, except the number of forwarding entries beside IPv6 (some of its groups are joined later)."""

    key: str
    title: str
    group: Group
    question: str
    answers: tuple[str, ...] = ()
    varies: bool = False

    def asked_of(self, variant: Variant) -> bool:
        """Whether the column of this variant answers it. Others are silent there."""
        return self.group != "families" or variant.ipv6


YES_NO = ("yes", "no")
ROWS: tuple[Row, ...] = (
    Row(
        key="netns",
        title="Own network namespace",
        group="inside",
        question="Does the container have a network namespace of its own?",
        answers=YES_NO,
    ),
    Row(
        key="interfaces",
        title="Interfaces inside",
        group="inside",
        question="Which interfaces does a program in the container see?",
    ),
    Row(
        key="address",
        title="Own address",
        group="inside",
        question="Does it have an IP address of its own, one the host does not have?",
        answers=YES_NO,
    ),
    Row(
        key="mac",
        title="Own MAC address",
        group="inside",
        question="Does it have a MAC address of its own?",
        answers=YES_NO,
    ),
    Row(key="mtu", title="MTU", group="inside", question="How large a packet can its interface carry?"),
    Row(
        key="by-address",
        title="Container → container, by address",
        group="reach",
        question="Does client reach server at its address?",
        answers=YES_NO,
    ),
    Row(
        key="by-name",
        title="Container → container, by name",
        group="reach",
        question="Does client reach server by its name?",
        answers=YES_NO,
    ),
    Row(
        key="outward",
        title="Container → outside",
        group="reach",
        question="Does client reach the machine outside?",
        answers=YES_NO,
    ),
    Row(
        key="seen-as",
        title="Address outside sees",
        group="reach",
        question="Whose address does outside see when client asks it?",
        answers=("its own", "the host's", "none"),
    ),
    Row(
        key="inward",
        title="Outside → container, unpublished",
        group="reach",
        question="Does outside reach server at its own address, no port published?",
        answers=YES_NO,
    ),
    Row(
        key="published",
        title="Outside → published port",
        group="reach",
        question="Does outside reach server at the port published on the host?",
        answers=YES_NO,
    ),
    Row(
        key="from-host",
        title="Host → container",
        group="reach",
        question="Does the host itself reach server at its address?",
        answers=YES_NO,
    ),
    Row(
        key="host-published",
        title="Host → published port, localhost",
        group="reach",
        question="Does the host reach the published port at localhost?",
        answers=YES_NO,
    ),
    Row(
        key="across",
        title="Another host → container",
        group="reach",
        question="Is server reached at its address from a machine beside its host: a container there, or the machine itself?",
        answers=YES_NO,
    ),
    Row(
        key="address6",
        title="Own IPv6 address",
        group="families",
        question="Does the container have an IPv6 address that others than its link can use?",
        answers=YES_NO,
    ),
    Row(
        key="gateway4",
        title="Default gateway, IPv4",
        group="families",
        question="Does the container have a default route of IPv4?",
        answers=YES_NO,
    ),
    Row(
        key="gateway6",
        title="Default gateway, IPv6",
        group="families",
        question="Does the container have a default route of IPv6?",
        answers=YES_NO,
    ),
    Row(
        key="dns4",
        title="DNS: an IPv4 address (A)",
        group="families",
        question="Is client told an IPv4 address when it asks DNS for server?",
        answers=YES_NO,
    ),
    Row(
        key="dns6",
        title="DNS: an IPv6 address (AAAA)",
        group="families",
        question="Is client told an IPv6 address when it asks DNS for server?",
        answers=YES_NO,
    ),
    Row(
        key="ping4",
        title="Container → container, ping by IPv4",
        group="families",
        question="Does server answer a ping of client's by IPv4?",
        answers=YES_NO,
    ),
    Row(
        key="ping6",
        title="Container → container, ping by IPv6",
        group="families",
        question="Does server answer a ping of client's by IPv6?",
        answers=YES_NO,
    ),
    Row(
        key="outward6",
        title="Container → outside, by IPv6",
        group="families",
        question="Does client reach the machine outside by IPv6?",
        answers=YES_NO,
    ),
    Row(
        key="seen-as6",
        title="IPv6 address outside sees",
        group="families",
        question="Whose IPv6 address does outside see when client asks it?",
        answers=("its own", "the host's", "none"),
    ),
    Row(
        key="inward6",
        title="Outside → container's IPv6 address, unpublished",
        group="families",
        question="Does outside reach server at its own IPv6 address, no port published?",
        answers=YES_NO,
    ),
    Row(
        key="published6",
        title="Outside → published port, by IPv6",
        group="families",
        question="Does outside reach server at the port published on the host's IPv6 address?",
        answers=YES_NO,
    ),
    Row(
        key="published6-as",
        title="Address the server sees then",
        group="families",
        question="Whose address does server see when outside asks the published port by IPv6?",
        answers=("outside's", "the host's IPv6", "the host's IPv4", "none"),
    ),
    Row(
        key="host-published6",
        title="Host → published port, at [::1]",
        group="families",
        question="Does the host reach the published port at [::1]?",
        answers=YES_NO,
    ),
    Row(
        key="rules4",
        title="Rules added, IPv4",
        group="families",
        question="How many rules of iptables does the host get for it?",
    ),
    Row(
        key="rules6",
        title="Rules added, IPv6",
        group="families",
        question="How many rules of ip6tables does the host get for it?",
    ),
    Row(
        key="host-interfaces",
        title="Interfaces added",
        group="host",
        question="How many interfaces does the host get for it?",
    ),
    Row(key="host-routes", title="Routes added", group="host", question="How many routes does the host get for it?"),
    Row(
        key="host-rules",
        title="Rules added",
        group="host",
        question="How many rules of the packet filter does the host get for it?",
    ),
    Row(
        key="host-fdb",
        title="Forwarding entries added",
        group="host",
        question="How many entries do the switches of the host get for it?",
    ),
    Row(
        key="proxies",
        title="Proxy processes",
        group="host",
        question="How many processes listen on the host for its published port?",
    ),
    Row(
        key="up",
        title="Time until it is up",
        group="cost",
        question="How long until network and containers are there?",
        varies=True,
    ),
    Row(
        key="memory",
        title="Memory added",
        group="cost",
        question="How much memory do network and containers take on the host?",
        varies=True,
    ),
    Row(
        key="trip",
        title="Round trip, container ↔ container",
        group="cost",
        question="Which is there and back first?",
        varies=True,
    ),
    Row(
        key="lan-trip",
        title="Round trip, over the LAN",
        group="cost",
        question="Which is there and back first from beyond the host?",
        varies=True,
    ),
    Row(
        key="rate",
        title="Throughput, container → container",
        group="cost",
        question="Which carries more?",
        varies=True,
    ),
    Row(
        key="lan-rate",
        title="Throughput, over the LAN",
        group="cost",
        question="Which carries more from beyond the host?",
        varies=True,
    ),
)
ROWS_BY_KEY: dict[str, Row] = {row.key: row for row in ROWS}
