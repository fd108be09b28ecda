"""What ten images on the shelf cost: opening, memory and disk of a host, disk of the node, and whose memory their files are in.

The images are root file systems of their own: the files of the stand-in `small-shell`, and 30 MB that no other image has.
With one image and with ten is measured in turns, so that both meet the same load.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import node
from bench.figures import Figure, Report, Samples, say
from bench.stack import Stack
from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.hosts import lifecycle, stocking
from explorer.lab.images import shelf
from explorer.lab.images.build import complete
from explorer.network.scenario import SCENARIOS

IMAGES, MEGABYTES = 10, 30
OPENS = 6  # of each kind in each of two rounds
HOSTS = 3
IDLE_SECONDS = 10.0
BLOB = "srv/blob"


async def ten_images(site: Stack, report: Report) -> None:
    lab = node.config()
    await asyncio.to_thread(_measure, lab, report)


def _measure(lab: LabConfig, report: Report) -> None:
    opened: dict[int, list[float]] = {1: [], IMAGES: []}
    kept: dict[int, tuple[float, float]] = {}  # memory and disk of a host
    disk: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as place:
        try:
            _put(lab, Path(place), range(1))
            for turn in range(2):
                for many in (1, IMAGES):
                    if many > 1:
                        _put(lab, Path(place), range(1, IMAGES))
                    say(f"  {many} on the shelf, round {turn + 1}")
                    opened[many] += [node.bare_open(lab, f"shelf{many}{turn}{number}") for number in range(OPENS)]
                    if turn == 0:
                        kept[many], disk[many] = _hosts(lab), stocking.disk_use(shelf.folder(lab)) / 1e6
                    if many > 1 and turn == 0:
                        charged = _read_twice(lab)
                    for number in range(1, many):
                        stocking.remove(lab, _name(number))
        finally:
            for one in shelf.images(lab):
                stocking.remove(lab, one.reference)
    _tell(report, opened, kept, disk, charged)


def _tell(
    report: Report,
    opened: dict[int, list[float]],
    kept: dict[int, tuple[float, float]],
    disk: dict[int, float],
    charged: tuple[float, float, bool],
) -> None:
    ten, one = f"{IMAGES} images on the shelf", "1 image on the shelf"
    usual = Samples(one, tuple(opened[1]))
    report.add(
        Figure(
            "opening with ten images", "s", Samples(ten, tuple(opened[IMAGES])), usual,
            "p50", round(1.25 * float(usual.facts()["p50"]), 2),
        )
    )  # fmt: skip
    for at, (what, most) in enumerate(
        (("memory of an idle host with ten images", 3.0), ("disk of a host with ten images", 5.0))
    ):
        figures = (Samples(ten, (kept[IMAGES][at],)), Samples(one, (kept[1][at],)))
        report.add(Figure(what, "MB", *figures, "p50", round(kept[1][at] + most, 1)))
    more = (IMAGES - 1) * (MEGABYTES * 1.048576 + 10)
    report.add(
        Figure(
            "disk of the node for ten images", "MB", Samples(ten, (disk[IMAGES],)), Samples(one, (disk[1],)),
            "p50", round(disk[1] + more, 1), "whatever the number of hosts",
        )
    )  # fmt: skip
    first, second, same = charged
    report.add(
        Figure(
            "file cache charged to a second host that reads an image", "MB", Samples("second reader", (second,)),
            Samples("first reader", (first,)), "p50", 1.0, "the same device and inode" if same else "not the same inode",
        )
    )  # fmt: skip


def _name(number: int) -> str:
    return f"bench-{number}"


def _put(lab: LabConfig, place: Path, numbers: range) -> None:
    """Puts these images on the shelf, each from a directory."""
    for number in numbers:
        root = place / str(number)
        if not root.exists():
            root.mkdir()
            with complete(lab, "small-shell") as packed:
                subprocess.run(["tar", "-xf", str(packed), "-C", str(root)], check=True)
            (root / BLOB).parent.mkdir(exist_ok=True)
            (root / BLOB).write_bytes(os.urandom(MEGABYTES * 2**20))
        stocking.add(lab, _name(number), str(root), lambda line: None)


@contextmanager
def _open(lab: LabConfig, names: list[str]) -> Iterator[list[str]]:
    """Sandboxes that are open; the containers of their hosts."""
    try:
        yield [
            lifecycle.open_sandbox(
                lab, name, 1, SCENARIOS["one-host"], time.time() + 600, lambda phase, detail: None
            )["hosts"]["h1"]["container"]
            for name in names
        ]  # fmt: skip
    finally:
        for name in names:
            lifecycle.close_sandbox(lab, name)


def _hosts(lab: LabConfig) -> tuple[float, float]:
    """(memory, disk on the node) in MB of an idle host, the mean of some."""
    before = stocking.disk_use(lab.engine_dir)
    with _open(lab, [f"kept{number}" for number in range(HOSTS)]) as containers:
        time.sleep(IDLE_SECONDS)
        memory = [node.memory_and_cpu(lab, container, 1.0)[0] for container in containers]
        disk = stocking.disk_use(lab.engine_dir) - before
    return sum(memory) / HOSTS, disk / HOSTS / 1e6


def _read_twice(lab: LabConfig) -> tuple[float, float, bool]:
    """MB of file cache that are charged to the first and to the second host whose container reads an image's 30 MB, and whether
    both read one inode of one device."""
    layer = shelf.images(lab)[0].layers[-1]
    path = shelf.layers_dir(lab) / layer / BLOB
    names = ["reads1", "reads2"]
    with _open(lab, names) as containers:
        for name in names:
            node.in_host(lab, name, "h1", f"docker run -d --name reads {_name(0)} sleep 600")
        time.sleep(2)
        with path.open("rb") as held:  # nobody has it in memory now
            os.fsync(held.fileno())
            os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        risen = []
        for name, container in zip(names, containers, strict=True):
            before = _file_cache(lab, container)
            node.in_host(lab, name, "h1", f"docker exec reads cat /{BLOB} >/dev/null")
            time.sleep(1)
            risen.append(max(0.0, _file_cache(lab, container) - before))
        told = f"stat -c '%d %i' {shelf.MOUNTED}/{layer}/{BLOB}"
        seen = {node.in_host(lab, name, "h1", told) for name in names}
    return risen[0], risen[1], len(seen) == 1


def _file_cache(lab: LabConfig, container: str) -> float:
    """MB of file pages that this container's control group is charged for."""
    with session(lab) as client:
        told = client.api.stats(container, stream=False, one_shot=True)["memory_stats"].get("stats", {})
    return float(told.get("total_cache", told.get("file", 0))) / 1e6
