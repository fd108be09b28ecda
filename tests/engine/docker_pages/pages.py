"""All rows, and where their pages stand."""

from __future__ import annotations

from tests.engine.docker_pages import compose, firewall, ipv6, publishing

ROWS = (*compose.ROWS, *ipv6.ROWS, *firewall.ROWS, *publishing.ROWS)
ENGINES = ("26", "28")  # each row says what it shows
SOURCES = {  # as they were in autumn 2026
    "Networking in Compose": "https://docs.docker.com/compose/how-tos/networking/",
    "Use IPv6 networking": "https://docs.docker.com/engine/daemon/ipv6/",
    "Packet filtering and firewalls": "https://docs.docker.com/engine/network/packet-filtering-firewalls/",
    "Docker with iptables": "https://docs.docker.com/engine/network/firewall-iptables/",
    "Docker with nftables": "https://docs.docker.com/engine/network/firewall-nftables/",
    "Port publishing and mapping": "https://docs.docker.com/engine/network/port-publishing/",
}
