"""Remakes `writes/` from real hosts of the product: python -m tests.captures.make_writes, while `manage.py engine` runs.

For each version of Docker Engine and each of `write_situations`, on a new sandbox: what the tools print in every network
namespace of its hosts, and what the daemons say at the same moment. Words on the command line limit it to these situations.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import django

INTO = Path(__file__).parent / "writes"
PATIENCE = 2.0  # docker-proxy, the last rules and a swarm's gossip come after the answer
# Runs on a host: prints, as JSON, every namespace's text and the daemon's answers.
LOOK = r"""
import json, os, subprocess, sys
TOOLS = {"addr": "ip -d addr", "route": "ip route show table all", "route6": "ip -6 route show table all", "neigh": "ip neigh",
         "fdb": "bridge fdb", "rules": "iptables-save -c", "rules6": "ip6tables-save -c", "nft": "nft list ruleset",
         "sockets": "ss -Htulnp"}
def run(words):
    return subprocess.run(words, capture_output=True, text=True).stdout
def ask(path):
    return json.loads(run(["curl", "-s", "--unix-socket", "/run/docker.sock", "http://docker/" + path]) or "null")
host = sys.argv[1]
docker = {name: ask(path) for name, path in (("version", "version"), ("networks", "networks"),
                                             ("containers", "containers/json?all=1"))}
places = {host: {name: run(words.split()) for name, words in TOOLS.items()}}
own = os.stat("/proc/self/ns/net").st_ino
for one in docker["containers"]:
    pid = str(ask("containers/" + one["Id"] + "/json")["State"]["Pid"])
    if pid == "0" or os.stat("/proc/" + pid + "/ns/net").st_ino == own:
        continue
    places[host + one["Names"][0]] = {n: run(["nsenter", "-t", pid, "-n", *w.split()]) for n, w in TOOLS.items()}
for name in sorted(os.listdir("/run/docker/netns")) if os.path.isdir("/run/docker/netns") else ():
    if name[1:2] == "-" or name == "ingress_sbox":
        path = "/run/docker/netns/" + name
        places[host + "/ns-" + name] = {n: run(["nsenter", "--net=" + path, *w.split()]) for n, w in TOOLS.items()}
print(json.dumps({"docker": docker, "places": places}))
"""


def main(wanted: list[str]) -> None:
    from explorer.lab.hosts import lifecycle
    from explorer.lab.images.recipes import ENGINES
    from explorer.network.scenario import SCENARIOS
    from explorer.node.this_node import lab_config
    from tests.captures.write_situations import TWO_HOSTS, situations

    config = lab_config()
    for engine in ENGINES:
        for situation, commands in situations(engine).items():
            if wanted and situation not in wanted:
                continue
            name = f"captured-{secrets.token_hex(4)}"
            hosts = ("h1", "h2") if situation in TWO_HOSTS else ("h1",)
            scenario = SCENARIOS["two-hosts" if len(hosts) > 1 else "one-host"]
            facts = lifecycle.open_sandbox(
                config, name, 1, scenario, time.time() + 600, lambda phase, detail: None, engine=engine
            )
            try:
                seen = capture(config, name, facts, commands, hosts)
            except AssertionError as error:
                sys.stderr.write(f"{engine} {situation}: left out: {error}\n")
                continue
            finally:
                lifecycle.close_sandbox(config, name)
            told = json.dumps(seen, indent=0, sort_keys=True).encode()
            INTO.mkdir(exist_ok=True)
            (INTO / f"{engine}-{situation}.json.gz").write_bytes(gzip.compress(told, mtime=0))


def capture(config: Any, name: str, facts: dict[str, Any], commands: tuple[str, ...], hosts: tuple[str, ...]) -> dict[str, Any]:
    words = {"{h1}": facts["hosts"]["h1"]["address"], "{lan}": facts["subnet"]}
    start = facts["subnet"].rpartition(".")[0]
    for command in commands:
        rest = command.removeprefix("h2: ")
        host = "h2" if rest != command else "h1"
        if "{token}" in rest:
            words["{token}"] = typed_on(config, name, "h1", "docker swarm join-token -q worker").strip()
        typed_on(config, name, host, filled(rest, words, start))
    time.sleep(PATIENCE)
    found: dict[str, Any] = {"lan": facts["subnet"], "docker": {}, "places": {}}
    for host in hosts:
        seen = json.loads(typed_on(config, name, host, f"python3 - {host}", LOOK.encode()))
        found["docker"][host] = seen["docker"]
        found["places"] |= seen["places"]
    return found


def filled(command: str, words: dict[str, str], start: str) -> str:
    for word, value in words.items():
        command = command.replace(word, value)
    return re.sub(r"\{lan\.([\d/]+)\}", rf"{start}.\1", command)


def typed_on(config: Any, sandbox: str, host: str, command: str, stdin: bytes = b"") -> str:
    from explorer.lab.hosts.run import run_in

    out, err = bytearray(), bytearray()
    told = {"out": out, "err": err}
    status = run_in(config, sandbox, host, ["sh", "-c", command], lambda which, data: told[which].extend(data), 90, stdin)
    assert status == 0, f"{command}: {err.decode(errors='replace')}"
    return out.decode()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")
    django.setup()
    main(sys.argv[1:])
