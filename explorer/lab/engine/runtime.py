"""The OCI runtime of the node's engine: our program to create a container, `runc` itself for everything else.

What the runtime is able to do on this machine is tried before the engine starts (`ids`, `disks`) and kept as files beside the
engine's socket, so that every process of the node sees it.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.engine import create
from explorer.lab.engine.removal import remove_tree

NAME = "explorer"
REMOVE_SECONDS = 30.0
PACKAGES = Path(__file__).parents[3]  # where the program finds the package `explorer`


def script(config: LabConfig) -> Path:
    return config.socket.parent / "runtime"


def roots(config: LabConfig) -> Path:
    return config.engine_dir / "tmp" / "roots"


def prepare(config: LabConfig) -> None:
    """Before the engine starts: what the runtime needs, and nothing that it is able to do yet."""
    remove_tree(roots(config), REMOVE_SECONDS)
    roots(config).mkdir(mode=0o711, exist_ok=True)
    write_script(config)


def be_able(config: LabConfig, what: str) -> None:
    (config.socket.parent / what).touch()


def is_able(config: LabConfig, what: str) -> bool:
    return (config.socket.parent / what).exists()


def write_script(config: LabConfig) -> None:
    program = " ".join(shlex.quote(word) for word in (sys.executable, "-P", "-S", "-m", create.__name__))
    file = script(config)
    file.write_text(
        _SCRIPT.format(
            folder=shlex.quote(str(roots(config))),
            name=create.FOLDER,
            packages=shlex.quote(str(PACKAGES)),
            program=program,
            root=create.BUNDLE_ROOT,
        )
    )
    file.chmod(0o700)


_SCRIPT = """#!/bin/sh
export {name}={folder}
case " $* " in
  *" create "*) PYTHONPATH={packages} exec {program} "$@" ;;
  *" delete "*)
    runc "$@" || exit
    for id; do :; done
    rmdir {folder}/"$id"/{root} {folder}/"$id" 2>/dev/null
    exit 0 ;;
esac
exec runc "$@"
"""
