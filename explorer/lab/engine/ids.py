"""The user ids of a sandbox on the node.

A range has 65,536 ids. The number of a sandbox's first LAN chooses the range, so no two sandboxes of one engine have the same
range. The name of an installation chooses one of 64 blocks by a hash, so two installations on a machine may share a block by
chance. The ranges are between 2^30 and 2^31, where no distribution allocates ids.
"""

from __future__ import annotations

import zlib
from ipaddress import ip_network

from explorer.lab.config import LabConfig
from explorer.lab.engine import own_ids, runtime
from explorer.lab.engine.kernel import LAN_NETWORK, remapped_root

ABLE = "own-ids"
FIRST, BLOCKS, RANGES = 2**30, 64, 256


def first_id(config: LabConfig, subnet: str) -> int:
    """The first id of the sandbox whose first LAN is `subnet`, a /24 of LAN_NETWORK. It is root on the sandbox's hosts."""
    apart = int(ip_network(subnet).network_address) - int(ip_network(LAN_NETWORK).network_address)
    block = zlib.crc32(config.install.encode()) % BLOCKS
    return FIRST + (block * RANGES + apart // 256) * own_ids.COUNT


def in_use(config: LabConfig) -> bool:
    """Whether the present engine gives each sandbox a range. If not, all sandboxes share Docker's range."""
    return runtime.is_able(config, ABLE)


def root_of(config: LabConfig, subnet: str) -> tuple[int, int]:
    """(uid, gid) on the node of root in the sandbox whose first LAN is `subnet`."""
    return (first_id(config, subnet),) * 2 if in_use(config) else remapped_root()


def prepare(config: LabConfig) -> str:
    """Before the engine starts. Tries what the runtime will do, on the disk where it will; returns what is missing, or ""."""
    try:
        own_ids.rehearse(str(runtime.roots(config)), remapped_root())
    except OSError as error:
        return f"this kernel or file system does not map owners ({error})"
    runtime.be_able(config, ABLE)
    return ""
