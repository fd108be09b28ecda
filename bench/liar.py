"""A Docker daemon that lies, and that keeps within every cap of one answer: it runs in a host, in place of the real one.

It takes the place of `/run/docker.sock`. Every answer is as large as the reader lets pass, and differs from the one before;
fifty events per second make the reader ask again and again. It prints its arguments once it listens.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
import threading
import time

SOCKET = "/run/docker.sock"
NETWORKS, CONTAINERS, MEMBERS, ENDPOINTS = 200, 500, 64, 30
EVENTS_PER_SECOND = 50
VARIANTS = 6
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


def networks(turn: int) -> bytes:
    made = [
        {
            "Id": f"{number:032x}{turn:032x}",
            "Name": f"net{number}-{turn}",
            "Driver": "bridge",
            "IPAM": {"Config": [{"Subnet": f"10.{number}.{part}.0/24"} for part in range(MEMBERS)]},
            "Options": {f"o{part}": f"{turn}" for part in range(MEMBERS)},
        }
        for number in range(NETWORKS)
    ]
    return json.dumps(made).encode()


def containers(turn: int) -> bytes:
    ends = {f"net{part}-{turn}": {"IPAddress": f"10.{part}.0.{turn}"} for part in range(ENDPOINTS)}
    made = [
        {
            "Id": f"{number:032x}{turn:032x}",
            "Names": [f"/box{number}-{turn}"],
            "Image": "box",
            "State": "running",
            "NetworkSettings": {"Networks": ends},
            "Ports": [{"PrivatePort": 80 + part, "PublicPort": 8000 + part, "Type": "tcp"} for part in range(8)],
        }
        for number in range(CONTAINERS)
    ]
    return json.dumps(made).encode()


def answer(body: bytes) -> bytes:
    return HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def event(turn: int) -> bytes:
    actor = {"ID": f"{turn:064x}", "Attributes": {"name": f"box{turn}", "image": "box"}}
    return json.dumps({"Type": "container", "Action": "start", "Actor": actor}).encode() + b"\n"


def serve(talk: socket.socket, answers: dict[str, itertools.cycle[bytes]]) -> None:
    try:
        asked = talk.recv(65536).decode(errors="replace")
        if "/events" in asked:
            talk.sendall(HEAD + b"\r\n")
            for turn in itertools.count():
                talk.sendall(event(turn))
                time.sleep(1 / EVENTS_PER_SECOND)
        name = next((name for name in answers if name in asked), "/version")
        talk.sendall(next(answers[name]))
    except OSError:
        pass
    finally:
        talk.close()


def main() -> None:
    answers = {
        "/version": itertools.cycle([answer(b'{"Version": "26.1.5"}')]),
        "/networks": itertools.cycle([answer(networks(turn)) for turn in range(VARIANTS)]),
        "/containers/json": itertools.cycle([answer(containers(turn)) for turn in range(VARIANTS)]),
    }
    listening = socket.socket(socket.AF_UNIX)
    if os.path.lexists(SOCKET):
        os.unlink(SOCKET)
    listening.bind(SOCKET)
    listening.listen(64)
    print(*sys.argv[1:], flush=True)
    while True:
        talk, _ = listening.accept()
        threading.Thread(target=serve, args=(talk, answers), daemon=True).start()


if __name__ == "__main__":
    main()
