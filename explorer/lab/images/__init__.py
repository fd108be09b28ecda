"""The root file systems hosts and machines are made of: built from Debian packages, cached by their inputs, imported.

No container registry and no `docker build`. A file system is a tar named by a hash over everything it is made from, so a
changed input is another file, and what is there is never made twice.
"""

from __future__ import annotations

from explorer.lab.images.build import build_images
from explorer.lab.images.load import engines, imported, seeded_volume
from explorer.lab.images.names import BOX, HOST, HOSTS, MACHINE, needed, optional, tag, tar

__all__ = [
    "BOX",
    "HOST",
    "HOSTS",
    "MACHINE",
    "build_images",
    "engines",
    "imported",
    "needed",
    "optional",
    "seeded_volume",
    "tag",
    "tar",
]
