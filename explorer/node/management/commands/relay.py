"""`manage.py relay`: runs this node's relay in the foreground until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand

from explorer.node.relay.process import Relay


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Sees this node's sandboxes, tells browsers about them and carries their terminals. Runs until stopped."

    def handle(self, **options: Any) -> None:
        asyncio.run(run())


SWITCH_SECONDS = 0.0005  # a thread beside the loop gives way to the loop after so long, so an echo hardly waits for it


async def run() -> None:
    sys.setswitchinterval(SWITCH_SECONDS)
    if sys.version_info < (3, 12):  # later versions choose it themselves; the older choice starts a thread for each tool
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(asyncio.get_running_loop())
        asyncio.set_child_watcher(watcher)
    task = asyncio.ensure_future(Relay().run())
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled() and (error := task.exception()):
        raise error
