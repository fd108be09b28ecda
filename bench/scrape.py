"""What a scrape of /metrics costs with a hundred sandboxes, on a database and a Redis of its own.

`python -m bench.scrape`
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, Report, Samples
from tests.redis_fixture import start_valkey

SANDBOXES, NODES, SCRAPES = 100, 4, 50


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="scrape-") as folder:
        place = Path(folder)
        valkey = start_valkey(place)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "explorer.settings",
            "EXPLORER_STATE": folder,
            "DATABASE_URL": f"sqlite:///{place / 'db.sqlite3'}",
            "REDIS_URL": f"unix://{place / 'socket'}",
            "EXPLORER_LOG_LEVEL": "WARNING",
        }
        try:
            measure(Report())
        finally:
            valkey.terminate()
            valkey.wait(10)


def measure(report: Report) -> None:
    import django  # imported here because the settings read the environment above

    django.setup()
    from django.core.management import call_command
    from django.test import RequestFactory

    from explorer.web.edge import health

    call_command("migrate", "-v0")
    fill()
    request = RequestFactory().get("/metrics", REMOTE_ADDR="127.0.0.1")
    health.metrics(request)
    wall, busy, size = [], [], 0
    for _ in range(SCRAPES):
        began, spent = time.perf_counter(), time.process_time()
        size = len(health.metrics(request).content)
        wall.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - spent) * 1000)
    note = f"{SANDBOXES} sandboxes on {NODES} nodes, {size} bytes"
    report.add(Figure("scrape", "ms", Samples("one scrape of /metrics", tuple(wall)), note=note))
    report.add(Figure("scrape, processor", "ms", Samples("processor time of web for it", tuple(busy)), most=25, note=note))


def fill() -> None:
    from django.utils import timezone

    from explorer.sandboxes.figures import figures
    from explorer.sandboxes.heartbeat import RelayCounts, relay_key, to_json
    from explorer.sandboxes.models import Node, Sandbox
    from explorer.sandboxes.streams import redis

    states = [Sandbox.State.READY, Sandbox.State.WARM, Sandbox.State.QUEUED, Sandbox.State.CLOSED]
    for number in range(NODES):
        node = Node.objects.create(name=f"node{number}", capacity=40, seen_at=timezone.now(), health={"load": 1.0})
        rows = [Sandbox(state=states[at % len(states)], node=node) for at in range(SANDBOXES // NODES)]
        Sandbox.objects.bulk_create(rows)
        redis().set(relay_key(node.pk), to_json(RelayCounts(at=1.0, sandboxes=25)))
        for phase in ("reserved", "starting host", "loading images", "building scenario", "whole"):
            figures.observe("explorer_opening_seconds", 1.0, phase=phase)
        figures.observe("explorer_event_lag_seconds", 0.1, node=node.pk)
        figures.count("explorer_openings_total", node=node.pk, outcome="ready")
    figures.flush()


if __name__ == "__main__":
    main()
