"""What the node puts out to be reached while its isolation is tried: a port by TCP and UDP on every address, in its own and in
the engine's network namespace, and an abstract unix socket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from explorer.lab.errors import NodeError
from explorer.lab.inside import netns

LOCAL = "127."
ANSWER = b"reached"


@contextmanager
def listening(engine: Path) -> Iterator[dict[str, Any]]:
    """`addresses` of the node and of the engine's namespace but the local ones, `port` and `abstract`, as `reach` wants to be
    told. `engine` is the file of the engine's network namespace."""
    with ExitStack() as open_:
        number, name = 0, f"explorer-{uuid.uuid4().hex}"
        local = open_.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        local.bind(f"\0{name}")
        local.listen()
        for space in (Path("/proc/thread-self/ns/net"), engine):
            number = _listen(open_, space, number)
        _reach_itself(number, name)
        yield {"addresses": sorted({*addresses(), *addresses(engine)}), "port": number, "abstract": name}


def _listen(open_: ExitStack, space: Path, number: int) -> int:
    """Listens in a namespace. Returns the port; 0 asks for a free one."""
    fd = os.open(space, os.O_RDONLY | os.O_CLOEXEC)
    open_.callback(os.close, fd)
    with netns.inside(fd):
        stream = open_.enter_context(socket.create_server(("", number)))
        datagrams = open_.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(("", stream.getsockname()[1]))
    answering = threading.Thread(target=_answer, args=(datagrams,), daemon=True)
    answering.start()
    open_.callback(_end, datagrams, answering)
    return int(stream.getsockname()[1])


def _answer(datagrams: socket.socket) -> None:
    with suppress(OSError):
        while whence := datagrams.recvfrom(64)[1]:  # nobody, when it is shut down
            datagrams.sendto(ANSWER, whence)


def _end(datagrams: socket.socket, answering: threading.Thread) -> None:
    with suppress(OSError):
        datagrams.shutdown(socket.SHUT_RDWR)
    answering.join(1)


def _reach_itself(number: int, name: str) -> None:
    """Whoever is let through can reach them: the node can. Otherwise no attempt would mean anything."""
    try:
        socket.create_connection(("127.0.0.1", number), 2).close()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other,
        ):
            one.settimeout(2)
            one.sendto(b"?", ("127.0.0.1", number))
            one.recv(16)
            other.connect(f"\0{name}")
    except OSError as error:
        raise NodeError("The node cannot reach a port of its own.", str(error)) from error


def addresses(space: Path | None = None) -> list[str]:
    """Of this namespace, or of the one of this file, without the local ones."""
    enter = ["nsenter", f"--net={space}"] if space else []
    told = subprocess.run([*enter, "ip", "-j", "-4", "addr"], capture_output=True, text=True, check=True).stdout
    found = [address["local"] for link in json.loads(told) for address in link["addr_info"]]
    return [address for address in found if not address.startswith(LOCAL)]
