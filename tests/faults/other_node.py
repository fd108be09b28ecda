"""A second node of a site: an engine, a worker and a relay of its own, with the site's database and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from bench.churn.parts import Parts
from tests.faults.site import Site

NAME = "node2"
LATELY = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-15 seconds')"
HERE = f"SELECT 1 FROM sandboxes_node WHERE name = ? AND capacity > 0 AND seen_at > {LATELY}"  # noqa: S608 - words of ours
LAST_HEARD = "UPDATE sandboxes_node SET seen_at = strftime('%Y-%m-%d %H:%M:%f', 'now', ?) WHERE name = ?"


class OtherNode(Site):
    parts_of_it = "node"

    def __init__(self, site: Site, place: Path) -> None:
        super().__init__(place)
        install = f"{settings.INSTALL}-other"  # no beginning of this is the site's name: what is on the machine is told apart
        self.site, self.database = site, site.database
        self.lab = replace(
            site.lab,
            install=install,
            node=NAME,
            engine_dir=site.lab.engine_dir.with_name(install),
            run_dir=site.lab.run_dir.with_name(install),
        )
        self.parts = Parts(self.lab)
        self.settings = site.settings | {
            "EXPLORER_INSTALL": install,
            "EXPLORER_NODE": NAME,
            "EXPLORER_ENGINE_DIR": str(self.lab.engine_dir),
            "EXPLORER_STATE": str(self.state),
            "DATABASE_URL": f"sqlite:///{site.database}",
            "REDIS_URL": f"unix://{site.lab.run_dir / 'valkey' / 'socket'}",
        }

    def is_ready(self) -> bool:
        return "✓ up in" in self.log.read_text() and bool(self.rows(HERE, NAME))

    def was_heard_of(self, seconds_ago: float) -> None:
        """The same as to wait so long: nobody renews the time."""
        self.write(LAST_HEARD, f"-{seconds_ago:.0f} seconds", NAME)

    def holds(self, sandbox: str) -> bool:
        return any(found == sandbox for found, _ in self.on_engine()[0])


@contextmanager
def draining(site: Site, node: str) -> Iterator[None]:
    """This node takes nothing new."""
    site.write("UPDATE sandboxes_node SET draining = 1 WHERE name = ?", node)
    try:
        yield
    finally:
        site.write("UPDATE sandboxes_node SET draining = 0 WHERE name = ?", node)
