"""The user ids of a sandbox on the node, and the runtime that gives them to its hosts and machines.

A range has 65,536 ids. The number of a sandbox's first LAN chooses the range, so no two sandboxes of one engine have the same
range. The name of an installation chooses one of 64 blocks by a hash, so two installations on a machine may share a block by
chance. The ranges are between 2^30 and 2^31, where no distribution allocates ids.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import zlib
from ipaddress import ip_network
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.engine import own_ids
from explorer.lab.engine.kernel import LAN_NETWORK, remapped_root

RUNTIME = "own-ids"
FIRST, BLOCKS, RANGES = 2**30, 64, 256


def first_id(config: LabConfig, subnet: str) -> int:
    """The first id of the sandbox whose first LAN is `subnet`, a /24 of LAN_NETWORK. It is root on the sandbox's hosts."""
    apart = int(ip_network(subnet).network_address) - int(ip_network(LAN_NETWORK).network_address)
    block = zlib.crc32(config.install.encode()) % BLOCKS
    return FIRST + (block * RANGES + apart // 256) * own_ids.COUNT


def script(config: LabConfig) -> Path:
    return config.socket.parent / RUNTIME


def roots(config: LabConfig) -> Path:
    return config.engine_dir / "tmp" / "roots"


def in_use(config: LabConfig) -> bool:
    """Whether the present engine gives each sandbox a range. If not, all sandboxes share Docker's range."""
    return script(config).exists()


def root_of(config: LabConfig, subnet: str) -> tuple[int, int]:
    """(uid, gid) on the node of root in the sandbox whose first LAN is `subnet`."""
    return (first_id(config, subnet),) * 2 if in_use(config) else remapped_root()


def prepare(config: LabConfig) -> str:
    """Before the engine starts. Tries what the runtime will do, on the disk where it will; returns what is missing, or ""."""
    shutil.rmtree(roots(config), ignore_errors=True)
    roots(config).mkdir(mode=0o711)
    try:
        own_ids.rehearse(str(roots(config)), remapped_root())
    except OSError as error:
        return f"this kernel or file system does not map owners ({error})"
    write_script(config)
    return ""


def write_script(config: LabConfig) -> None:
    """What the engine calls as its runtime: our program to create a container, `runc` itself for everything else."""
    program = " ".join(shlex.quote(word) for word in (sys.executable, "-I", "-S", str(own_ids.__file__)))
    file = script(config)
    file.write_text(
        _SCRIPT.format(folder=shlex.quote(str(roots(config))), name=own_ids.FOLDER, program=program, root=own_ids.ROOT)
    )
    file.chmod(0o700)


_SCRIPT = """#!/bin/sh
export {name}={folder}
case " $* " in
  *" create "*) exec {program} "$@" ;;
  *" delete "*)
    runc "$@" || exit
    for id; do :; done
    rmdir {folder}/"$id"/{root} {folder}/"$id" 2>/dev/null
    exit 0 ;;
esac
exec runc "$@"
"""
