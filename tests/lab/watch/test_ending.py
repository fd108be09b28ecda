"""When a sandbox is removed, that its places are gone is told, also when a telling was on its way."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.watch.observe import Observer
from explorer.network.model import Place


class Witness:
    def __init__(self):
        self.told: list[tuple[str, str]] = []

    async def place_seen(self, place):
        self.told.append(("seen", place.id))

    async def place_gone(self, place_id):
        self.told.append(("gone", place_id))


class HostThatGoes:
    """A watch that ends while the observer makes ready what the watch has just shown."""

    name, docker, asked_at, watches = "h1", None, 0.0, ()

    def __init__(self, changed: asyncio.Event):
        self.changed, self.gone = changed, False

    async def run(self):
        self.changed.set()
        await asyncio.sleep(0.6)
        self.gone = True
        self.changed.set()
        await asyncio.sleep(0.1)

    def places(self):
        return {} if self.gone else {"h1": Place(id="h1", kind="host", host="h1", name="h1")}

    def carried(self):
        return {}

    def glance(self): ...


async def test_a_place_that_goes_last_is_told(tmp_path, monkeypatch):
    witness: Any = Witness()
    config: Any = SimpleNamespace(spec=LabConfig, socket=tmp_path / "none", cache_dir=tmp_path)
    observer = Observer(config, "sb", 1, {}, witness)
    take = observer._shown.take

    def slowly(*words):
        news = take(*words)
        time.sleep(0.3)
        return news

    monkeypatch.setattr(observer._shown, "take", slowly)
    host: Any = HostThatGoes(observer._changed)
    observer._hosts = [host]
    await asyncio.wait_for(observer.run(), 30)
    assert observer.places == {}
    assert witness.told == [("seen", "h1"), ("gone", "h1")]
