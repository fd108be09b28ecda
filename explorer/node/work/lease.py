"""The lease that a worker holds on the row it works on: a number in the row, which rises whenever a worker takes the row.

A worker changes the row only while the row still has its number. It renews the lease in a thread; a machine that is paused,
lost or cut off from the database renews nothing, and after `changes.LEASE` another may take the row. When the first one goes
on, none of its changes has an effect. On one machine the sandbox's file lock already keeps workers apart, and the kernel
releases it when a worker dies, so a worker takes over a lease of its own machine at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Q

from explorer.node.this_node import identity
from explorer.sandboxes import changes
from explorer.sandboxes.models import Sandbox

log = structlog.get_logger(__name__)

RENEWED = changes.LEASE.total_seconds() / 4  # seconds between two renewals


@dataclass(frozen=True, slots=True)
class Lease:
    sandbox: str
    number: int

    @property
    def holds(self) -> Q:
        """The condition of `move` for a change that only the holder may make."""
        return Q(lease=self.number)

    def renew(self) -> bool:
        """False when another worker has taken the row."""
        return changes.renew_lease(self.sandbox, self.number)


@contextmanager
def leased(sandbox: Sandbox) -> Iterator[Lease | None]:
    """Takes the lease, reads the row again, renews the lease, and gives it back at the end. Yields None when another machine
    holds the row.
    """
    number = changes.take_lease(sandbox, identity())
    if not number:
        log.info("another machine works on this sandbox")
        yield None
        return
    lease, done = Lease(sandbox.pk, number), threading.Event()
    renewing = threading.Thread(target=_keep_renewing, args=(lease, done), name=f"lease {sandbox.pk}", daemon=True)
    renewing.start()
    try:
        yield lease
    finally:
        done.set()
        renewing.join()
        changes.end_lease(sandbox.pk, number)


def _keep_renewing(lease: Lease, done: threading.Event) -> None:
    while not done.wait(RENEWED):
        try:
            if not lease.renew():
                return
        except DatabaseError as error:
            log.warning("lease not renewed", sandbox=lease.sandbox, error=str(error))
        finally:
            connection.close()
