"""Remakes `nft/docker/`: python -m tests.captures.make_nft [--nft PROGRAM], as root.

An engine with the nftables backend is not in Debian, so no real one wrote these. `ruleset` writes what package nftabler of
moby's bridge driver (daemon/libnetwork/drivers/bridge/internal/nftabler) gives to nft for such networks and containers: the
same chains, groups of rules and words, in the same order. What is kept is not that text: nft loads it in a network namespace
of its own and lists it again. In the cases that moby publishes (testdata/TestNftabler, integration/network/bridge/nftablesdoc)
the list is the one that is published there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from tests.captures.nft_situations import PREFIX, SITUATIONS, Told

INTO = Path(__file__).parent / "nft" / "docker"
VERSION: dict[str, object] = {"Version": "29.0.0", "ApiVersion": "1.52"}
OF_NETWORK = ("filter-forward-in", "filter-forward-out", "nat-postrouting-in", "nat-postrouting-out")
FIRST, ICC, PORTS, LAST = 0, 3, 4, 5  # groups of rules in a chain


class Table:
    """One table while it is filled: chains with their rules by group, and verdict maps."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.six = family == "ip6"
        self.chains: dict[str, tuple[str, list[tuple[int, str]]]] = {}
        self.maps: dict[str, list[str]] = {}

    def chain(self, name: str, base: str = "") -> None:
        self.chains[name] = (base, [])

    def rule(self, chain: str, group: int, *words: str) -> None:
        """Docker writes an equal rule once."""
        told = (group, " ".join(filter(None, words)))
        if told not in self.chains[chain][1]:
            self.chains[chain][1].append(told)

    def lines(self) -> Iterator[str]:
        yield f"table {self.family} docker-bridges {{"
        for name, elements in self.maps.items():
            yield f"map {name} {{\ntype ifname : verdict"
            if elements:
                yield f"elements = {{ {', '.join(elements)} }}"
            yield "}"
        for name, (base, rules) in self.chains.items():
            yield f"chain {name} {{"
            if base:
                yield f"{base}; policy accept"
            yield from (text for _, text in sorted(rules, key=lambda rule: rule[0]))
            yield "}"
        yield "}"


def ruleset(networks: list[Told], containers: list[Told], proxy: bool = True) -> str:
    """What to give to `nft -f`. `networks` and `containers` are what the Engine API lists; of networks, those of driver
    bridge count."""
    bridges = [one for one in networks if one["Driver"] == "bridge"]
    made = []
    for table in (Table("ip"), Table("ip6")):
        _begin(table, proxy)
        for one in bridges:
            if pool(one, table.six):
                _network(table, one, proxy)
        for one in containers:
            _container(table, bridges, one, proxy)
        made += table.lines()
    return "\n".join(made) + "\n"


def _begin(table: Table, proxy: bool) -> None:
    for name in (
        "filter-forward-in-jumps",
        "filter-forward-out-jumps",
        "nat-postrouting-in-jumps",
        "nat-postrouting-out-jumps",
    ):
        table.maps[name] = []
    table.chain("filter-FORWARD", "type filter hook forward priority filter")
    table.rule("filter-FORWARD", FIRST, "oifname vmap @filter-forward-in-jumps")
    table.rule("filter-FORWARD", FIRST, "iifname vmap @filter-forward-out-jumps")
    table.chain("nat-OUTPUT", "type nat hook output priority dstnat")
    skipped = ("ip6 daddr != ::1" if table.six else "ip daddr != 127.0.0.1/8") if proxy else ""
    table.rule("nat-OUTPUT", FIRST, skipped, "fib daddr type local counter jump nat-prerouting-and-output")
    table.chain("nat-POSTROUTING", "type nat hook postrouting priority srcnat")
    table.rule("nat-POSTROUTING", FIRST, "iifname vmap @nat-postrouting-out-jumps")
    table.rule("nat-POSTROUTING", FIRST, "oifname vmap @nat-postrouting-in-jumps")
    table.chain("nat-PREROUTING", "type nat hook prerouting priority dstnat")
    table.rule("nat-PREROUTING", FIRST, "fib daddr type local counter jump nat-prerouting-and-output")
    table.chain("nat-prerouting-and-output")
    table.chain("raw-PREROUTING", "type filter hook prerouting priority raw")


def _network(table: Table, told: Told, proxy: bool) -> None:
    name = bridge(told)
    into, out_of, to, source = (f"{kind}__{name}" for kind in OF_NETWORK)
    for chain in (into, out_of, to, source):
        table.chain(chain)
        table.maps[f"{chain.partition('__')[0]}-jumps"].append(f'"{name}" : jump {chain}')
    for chain in (into, out_of):
        table.rule(chain, FIRST, "ct state established,related counter accept")
    verdict = "accept" if option(told, "bridge.enable_icc", "true") == "true" else "drop"
    if told["Internal"]:
        table.rule(into, FIRST, f'iifname != "{name}" counter drop comment "INTERNAL NETWORK INGRESS"')
        table.rule(out_of, FIRST, f'oifname != "{name}" counter drop comment "INTERNAL NETWORK EGRESS"')
        table.rule(into, ICC, f'counter {verdict} comment "ICC"')
        return
    table.rule(into, ICC, f'iifname == "{name}" counter {verdict} comment "ICC"')
    table.rule(out_of, FIRST, 'counter accept comment "OUTGOING"')
    mode = mode_of(told, table.six)
    last = 'accept comment "UNPROTECTED"' if mode == "nat-unprotected" else 'drop comment "UNPUBLISHED PORT DROP"'
    table.rule(into, LAST, f"counter {last}")
    if mode == "routed":
        table.rule(into, FIRST, "meta l4proto ipv6-icmp" if table.six else "ip protocol icmp", 'counter accept comment "ICMP"')
    address = option(told, "host_ipv6" if table.six else "host_ipv4", "")
    replaced, comment = (f"snat to {address}", "SNAT") if address else ("masquerade", "MASQUERADE")
    if option(told, "bridge.enable_ip_masquerade", "true") == "true" and mode != "routed":
        subnet = pool(told, table.six)
        table.rule(source, FIRST, f'oifname != "{name}" {table.family} saddr {subnet} counter {replaced} comment "{comment}"')
    if not proxy:
        table.rule(to, FIRST, f'fib saddr type local counter {replaced} comment "{comment} FROM HOST"')


def _container(table: Table, bridges: list[Told], told: Told, proxy: bool) -> None:
    ends: dict[str, Any] = told["NetworkSettings"]["Networks"]
    for one in bridges:
        end = ends.get(one["Name"], {})
        if address := end.get("GlobalIPv6Address" if table.six else "IPAddress"):
            _address(table, one, address)
    out = sorted(one["Name"] for one in bridges if ends.get(one["Name"], {}).get("IPv6Gateway" if table.six else "Gateway"))
    if out:
        on = next(one for one in bridges if one["Name"] == out[0])
        address = ends[on["Name"]]["GlobalIPv6Address" if table.six else "IPAddress"]
        for port in told["Ports"]:
            if port.get("IP") and (":" in port["IP"]) == table.six:
                _port(table, on, address, port, proxy)


def _address(table: Table, on: Told, address: str) -> None:
    if on["Internal"] or mode_of(on, table.six) in ("nat-unprotected", "routed"):
        return
    trusted = [name for name in option(on, "bridge.trusted_host_interfaces", "").split(":") if name]
    names = ", ".join(f'"{name}"' for name in (bridge(on), *trusted))
    text = f'{table.family} daddr {address} iifname != {{ {names} }} counter drop comment "DROP DIRECT ACCESS"'
    table.rule("raw-PREROUTING", 1, text)


def _port(table: Table, on: Told, address: str, port: Told, proxy: bool) -> None:
    name, protocol, inside, outside = bridge(on), port["Type"], port["PrivatePort"], port.get("PublicPort", 0)
    if mode_of(on, table.six) != "nat-unprotected":
        text = f"{table.family} daddr {address} {protocol} dport {inside} counter accept"
        table.rule(f"filter-forward-in__{name}", PORTS, text)
    if not outside:
        return
    at = ip_address(port["IP"])
    table.rule(
        "nat-prerouting-and-output",
        FIRST,
        f'iifname != "{name}"' if proxy else "",
        "ip6 saddr != fe80::/10" if table.six else "",
        "" if at.is_unspecified else f"{table.family} daddr {at}",
        f"{protocol} dport {outside} counter dnat to {f'[{address}]' if table.six else address}:{inside} comment DNAT",
    )
    if not proxy:
        match = f"{table.family} saddr {address} {table.family} daddr {address} {protocol} dport {inside}"
        table.rule(f"nat-postrouting-in__{name}", FIRST, f'{match} counter masquerade comment "MASQ TO OWN PORT"')
    if at.is_loopback and not table.six:
        match = f"iifname != lo ip daddr {at} {protocol} dport {outside}"
        table.rule("raw-PREROUTING", 1, f'{match} counter drop comment "DROP REMOTE LOOPBACK"')


def bridge(told: Told) -> str:
    return option(told, "bridge.name", "docker0" if told["Name"] == "bridge" else f"br-{told['Id'][:12]}")


def option(told: Told, name: str, unless: str) -> str:
    return str(told["Options"].get(f"{PREFIX}{name}", unless))


def mode_of(told: Told, six: bool) -> str:
    return option(told, "bridge.gateway_mode_ipv6" if six else "bridge.gateway_mode_ipv4", "nat")


def pool(told: Told, six: bool) -> str:
    return next((str(one["Subnet"]) for one in told["IPAM"]["Config"] if (":" in one["Subnet"]) == six), "")


def listed(text: str, nft: list[str]) -> str:
    """The rule set as nft lists it after it was loaded, in a network namespace of its own."""
    script = f"{' '.join(nft)} -f - && {' '.join(nft)} list ruleset"
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"nft does not take it: {done.stderr}\n{text}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nft", nargs="+", default=["nft"])
    program = parser.parse_args().nft
    INTO.mkdir(parents=True, exist_ok=True)
    for name, (networks, containers, proxy) in SITUATIONS.items():
        kept = {
            "version": VERSION,
            "networks": networks,
            "containers": containers,
            "proxy": proxy,
            "nft": listed(ruleset(networks, containers, proxy), program).splitlines(),
        }
        (INTO / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
