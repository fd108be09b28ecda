"""The websocket of a class's wall: first all tiles, then the differences. With `?seat=` only that tile. It takes no wishes.

A page that reads slowly does not get every state in between: it gets the difference to what it was sent last.
"""

from __future__ import annotations

import asyncio

from channels.db import database_sync_to_async

from explorer.classroom.people.access import find_class
from explorer.classroom.wall.tiles import Tiles, differences
from explorer.live.edge import Edge
from explorer.live.limits import RECHECK_SECONDS, WALL_SOCKETS
from explorer.live.wall_reader import WallReader, tell


class WallSocket(Edge):
    kind = "wall"
    most = WALL_SOCKETS

    async def ask(self) -> tuple[str, bool] | None:
        user = await self.user()
        name = str(self.scope["url_route"]["kwargs"]["class_id"])
        klass = await database_sync_to_async(find_class)(user, name)
        if klass is None:
            return None
        self.who, self.klass = f"user {user.pk}", klass.pk
        await self.rest_on(user, klass=klass.pk)
        return klass.pk, not klass.open

    async def flow(self) -> None:
        self.only = self.asked("seat")
        self.version, self.fresh, self.told = 0, True, Tiles()
        reader = self.hub.walls.get(self.klass)
        if reader is None:
            reader = self.hub.walls[self.klass] = WallReader(self.klass)
        wake = reader.join()
        try:
            await self.follow(reader, wake)
        finally:
            reader.watchers.discard(wake)
            if not reader.watchers and self.hub.walls.get(self.klass) is reader:
                del self.hub.walls[self.klass]
                reader.stopped.set()

    async def follow(self, reader: WallReader, wake: asyncio.Event) -> None:
        while True:
            try:
                async with asyncio.timeout(RECHECK_SECONDS):
                    await wake.wait()
                wake.clear()
            except TimeoutError:
                await self.allowed()
                continue
            if not reader.open:
                await self.allowed()
            if reader.version > self.version:
                await self.catch_up(reader)
            if reader.fresh != self.fresh:
                self.fresh = reader.fresh
                await self.say({"type": "fresh", "ok": self.fresh})

    async def catch_up(self, reader: WallReader) -> None:
        before, self.version = self.version, reader.version
        tiles = reader.tiles
        if self.only is not None:
            tiles = {seat: tile for seat, tile in tiles.items() if seat == self.only}
        told, self.told = self.told, tiles
        if before == 0:
            await self.send_text(tell(tiles, None if self.only is not None else reader.counts, whole=True))
        elif self.only is not None:
            if changed := differences(told, tiles):
                await self.send_text(tell(changed))
        elif before == reader.version - 1:
            await self.send_text(reader.news)  # one message for all sockets that have the last version
        else:
            await self.send_text(tell(differences(told, tiles), reader.counts))
