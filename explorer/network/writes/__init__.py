"""What a Docker daemon writes into the kernel for a given state: rules, chains, addresses, routes, interfaces, sockets.

Everything here is computed from what the daemon says (`DockerState`). Of the kernel's own lines, only the names of chains are
read, and the one switch that the daemon does not tell (`seen_proxy`). So a line of a host can be compared with the lines that
Docker would write now: it is Docker's when it is exactly one of them. A line that only looks like one is not.

- `bridges` reads the options of a bridge network, and fills in a gateway that the daemon does not tell.
- `rules` has the netfilter rules and chains of a host, for Docker Engine 26 (`engine26`) and 28 (`engine28`), each with its
  sentence (`sentences`). Which of the two holds is seen by the chains that are there. Of other daemons nothing is known, so for
  them there are no rules.
- `nft_book` has the lines of the nftables backend (`nft_rules`, with `nft_sentences`), whatever the daemon's version.
- `inside` has the interfaces, addresses and routes of a container's namespace.
- `sockets` has the sockets on which a daemon and its docker-proxy listen.

The captures in `tests/captures/writes` are of hosts with both versions; the tests hold every line against them, both ways.
"""

from __future__ import annotations

from explorer.network.writes.bridges import complete
from explorer.network.writes.rules import RuleBook, host_rules
from explorer.network.writes.written import WayOut, Written

__all__ = ["RuleBook", "WayOut", "Written", "complete", "host_rules"]
