"""The root file systems of hosts, machines and learners' containers: built from Debian packages, cached by their inputs,
imported.

No container registry is asked and no `docker build` is used. A file system is a tar whose name holds a hash of everything
that it is made from. So a changed input gives another file, and a file that exists is not built again.
"""

from __future__ import annotations

from explorer.lab.images.build import build_images, built_again
from explorer.lab.images.load import disk_key, engines, imported, seeded_volume
from explorer.lab.images.names import MADE, NEEDED, needed, optional, tag, tar
from explorer.lab.images.recipes import BOX, HOST, MACHINE, data, host, recipe
from explorer.lab.images.stand_ins import STAND_INS

__all__ = [
    "BOX",
    "HOST",
    "MACHINE",
    "MADE",
    "NEEDED",
    "STAND_INS",
    "build_images",
    "built_again",
    "data",
    "disk_key",
    "engines",
    "host",
    "imported",
    "needed",
    "optional",
    "recipe",
    "seeded_volume",
    "tag",
    "tar",
]
