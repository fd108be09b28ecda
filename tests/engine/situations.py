"""What Docker can be asked for that shows in rules, for looking at on every version of it."""

from __future__ import annotations

from explorer.lab.config import LabConfig
from explorer.lab.hosts.run import run_in

SITUATIONS: dict[str, tuple[str, ...]] = {
    "published": ("docker run -d --name web -p 8080:80 box",),
    "loopback": ("docker run -d --name near -p 127.0.0.1:8081:80 box",),
    "internal": ("docker network create --internal closed", "docker run -d --name hidden --network closed box"),
    "no-icc": (
        "docker network create -o com.docker.network.bridge.enable_icc=false apart",
        "docker run -d --name alone --network apart -p 8082:80 box",
    ),
}


def typed(config: LabConfig, sandbox: str, command: str) -> str:
    """What a learner sees who types it on h1; a command that fails stops whoever asked."""
    out, err = bytearray(), bytearray()
    told = {"out": out, "err": err}
    status = run_in(config, sandbox, "h1", ["sh", "-c", command], lambda which, data: told[which].extend(data), 60)
    assert status == 0, f"{command}: {err.decode(errors='replace')}"
    return out.decode()


def tables(dump: str) -> dict[str, list[str]]:
    """Table → its rules as printed, without counters; `read` has no part in it."""
    found: dict[str, list[str]] = {}
    table = ""
    for line in dump.splitlines():
        if line.startswith("*"):
            table = line[1:]
        rule = line.partition(" ")[2] if line.startswith("[") else line
        if rule.startswith("-A "):
            found.setdefault(table, []).append(rule)
    return found
