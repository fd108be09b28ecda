"""Remakes `rules/` from real hosts of the product: python -m tests.captures.make_rules, while `manage.py engine` runs.

For each version of Docker Engine and each of `tests.engine.situations`, one after another on one host: what its tools print.
"""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import django

INTO = Path(__file__).parent / "rules"
COMMANDS = {
    "iptables-save": "iptables-save -c",
    "iptables-save-nat": "iptables-save -c -t nat",
    "iptables-save-filter": "iptables-save -c -t filter",
    "iptables-save-raw": "iptables-save -c -t raw",
    "ip6tables-save": "ip6tables-save -c",
    "nft-list-ruleset": "nft list ruleset",
    "ip-d-addr": "ip -d addr",
}
ASKED = {"version": "version", "networks": "networks", "containers": "containers/json?all=1"}


def main() -> None:
    from explorer.lab.hosts import lifecycle
    from explorer.lab.images.recipes import ENGINES
    from explorer.network.scenario import SCENARIOS
    from explorer.node.this_node import lab_config
    from tests.engine.situations import SITUATIONS, typed

    config = lab_config()
    for engine in ENGINES:
        name = f"captured-{secrets.token_hex(4)}"
        lifecycle.open_sandbox(
            config, name, 1, SCENARIOS["one-host"], time.time() + 600, lambda phase, detail: None, engine=engine
        )
        try:
            for situation, commands in SITUATIONS.items():
                for command in commands:
                    typed(config, name, command)
                time.sleep(1)
                folder = INTO / engine / situation
                folder.mkdir(parents=True, exist_ok=True)
                for file, command in COMMANDS.items():
                    (folder / f"{file}.txt").write_text(typed(config, name, command))
                for file, path in ASKED.items():
                    asked = f"curl -s --unix-socket /run/docker.sock 'http://docker/{path}'"
                    (folder / f"{file}.json").write_text(typed(config, name, asked))
        finally:
            lifecycle.close_sandbox(config, name)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")
    django.setup()
    main()
