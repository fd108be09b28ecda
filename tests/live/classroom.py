"""A class whose learner is at work, for the sockets of those who watch. Use it by `from tests.live.classroom import *`."""

import asyncio
import time

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone

from explorer.classroom.tell import tell_class
from explorer.sandboxes.models import Sandbox
from tests.live.conftest import World
from tests.people import klass, make_class, make_seat, nobody, operator, other_teacher, seat, teacher

__all__ = [
    "change", "klass", "make_class", "make_seat", "nobody", "operator", "other_teacher", "seat", "seated", "teacher",
]  # fmt: skip


@pytest.fixture
def seated(transactional_db, world, seat):
    """The world of a sandbox whose learner has a seat."""
    Sandbox.objects.filter(pk=world.id).update(learner=seat.learner)
    world.sandbox.refresh_from_db()
    return World(world.sandbox, world.redis)


@sync_to_async
def change(row, tell=False, **fields):
    """Sets fields of a row; `now` stands for the present moment. `tell`: its page is told, as the product does."""
    for name, value in fields.items():
        setattr(row, name, timezone.now() if value == "now" else value)
    row.save()
    if tell:
        tell_class(row.klass_id, row)


async def by_another(act, *words):
    """Does it in another thread while the product works. SQLite does not wait for the locks of a database in memory, as it does
    for a file's; what met a lock is done again."""
    until = time.monotonic() + 10
    while True:
        try:
            await sync_to_async(act)(*words)
        except OperationalError as error:
            if time.monotonic() > until or "locked" not in str(error):
                raise
            await asyncio.sleep(0.05)
        else:
            return
