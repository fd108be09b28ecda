"""The pool of IPv6 prefixes that an engine has of itself.

Since 27, a daemon without an IPv6 pool in `default-address-pools` derives one from its ID (`/var/lib/docker/engine-id`): a
unique local /48 (RFC 4193) whose Global ID is the 40 lowest bits of the first 64 of the SHA-256 of the ID. A network with
`--ipv6` and no subnet of IPv6 gets a /64 of it. Source: `deriveULABaseNetwork` in moby's `daemon`.
"""

from __future__ import annotations

import ipaddress
from hashlib import sha256

GLOBAL_ID = (1 << 40) - 1
OWN, PART = 48, 64  # lengths of the pool's prefix and of what one network gets


def own_pool(engine_id: str) -> str:
    """The pool of the engine with this ID, "" without one."""
    if not engine_id:
        return ""
    number = int.from_bytes(sha256(engine_id.encode()).digest()[:8]) & GLOBAL_ID
    base = int(ipaddress.IPv6Address("fd00::")) + (number << 80)
    return str(ipaddress.IPv6Network((base, OWN)))


def is_of_pool(subnet: str, pool: str) -> bool:
    """Whether a network's subnet is one that Docker takes from this pool."""
    try:
        network, base = ipaddress.IPv6Network(subnet), ipaddress.IPv6Network(pool)
    except ValueError:
        return False
    return network.prefixlen == PART and network.subnet_of(base)
