"""A separate program that sends measured bytes through sockets that it is given. The sockets decide the namespaces.

`measure` starts it with one JSON argument: the descriptors of listening and of unconnected sockets, and how much to send. It
prints one JSON object. It is a separate process so that the work of the relay does not disturb the figures, and the measuring
does not disturb the relay. The other end may be anybody: nothing that it sends is kept, and every wait has a limit.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sys
import time
from typing import Any

PIECE = 128 * 1024
MESSAGE = 64  # bytes of one message of a round trip
PATIENCE = 2.0  # seconds for any one answer
TOKEN = 16


class Astray(Exception):
    """The measured connection does not lead to the expected receiver; `str()` says how."""


def exactly(sock: socket.socket, size: int) -> bytes:
    """The next `size` bytes. Raises Astray when the connection ends before."""
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise Astray("the connection was closed half-way")
        data += piece
    return data


# --- the side that answers ---


def answer(listener: socket.socket, token: bytes, trips: int) -> None:
    """Serves the connection that knows the token: echoes `trips` messages, then counts bytes until the end. Other connections
    are closed."""
    while True:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                if exactly(sock, TOKEN) != token:
                    continue
                for _ in range(trips):
                    sock.sendall(exactly(sock, MESSAGE))
                room, total = bytearray(PIECE), 0
                while size := sock.recv_into(room):
                    total += size
                sock.sendall(total.to_bytes(8, "big"))
            except Astray:
                continue
            return


# --- the side that asks ---


def ask(sock: socket.socket, to: tuple[str, int], token: bytes, work: dict[str, Any]) -> tuple[list[float], float]:
    """(round trips in µs, Mbit/s). Raises Astray."""
    sock.settimeout(PATIENCE)
    try:
        sock.connect(to)
    except OSError as error:
        raise Astray(f"no connection to {to[0]} port {to[1]} ({os.strerror(error.errno) if error.errno else error})") from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(token)
    trips = [round_trip(sock) for _ in range(work["trips"])]
    return trips[work["warm"] :], rate(sock, work["seconds"], work["bytes"])


def round_trip(sock: socket.socket) -> float:
    """Microseconds for one message there and back. Raises Astray when another program answers."""
    message = secrets.token_bytes(MESSAGE)
    sent = time.perf_counter()
    sock.sendall(message)
    if exactly(sock, MESSAGE) != message:
        raise Astray("somebody else answers there")
    return round((time.perf_counter() - sent) * 1e6, 1)


def rate(sock: socket.socket, seconds: float, most: int) -> float:
    """Mbit/s of one run that ends after `seconds` or `most` bytes. Raises Astray when the receiver counts another number of
    bytes."""
    piece, sent, began = bytes(PIECE), 0, time.perf_counter()
    while sent < most and time.perf_counter() - began < seconds:
        sock.sendall(piece)
        sent += PIECE
    sock.shutdown(socket.SHUT_WR)
    if int.from_bytes(exactly(sock, 8), "big") != sent:
        raise Astray("bytes were lost on the way")
    return sent * 8 / (time.perf_counter() - began) / 1e6


def play(work: dict[str, Any]) -> list[list[tuple[list[float], float]]]:
    """The figures per road and round. The roads take turns, so that a disturbance affects all of them."""
    signal.alarm(int(work["life"]))
    listeners = [socket.socket(fileno=road["listener"]) for road in work["roads"]]
    for listener in listeners:
        listener.settimeout(work["life"])
    clients = [[socket.socket(fileno=fd) for fd in road["clients"]] for road in work["roads"]]
    rounds = len(clients[0])
    tokens = [[secrets.token_bytes(TOKEN) for _ in range(rounds)] for _ in listeners]
    order = [(number, road) for number in range(rounds) for road in turn(len(listeners), number)]
    child = os.fork()
    if not child:
        try:
            signal.alarm(int(work["life"]))
            for number, road in order:
                answer(listeners[road], tokens[road][number], work["trips"])
        finally:
            os._exit(0)
    found: list[list[tuple[list[float], float]]] = [[] for _ in listeners]
    try:
        for number, road in order:
            to = (work["roads"][road]["address"], work["roads"][road]["port"])
            with clients[road][number] as sock:
                found[road].append(ask(sock, to, tokens[road][number], work))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return found


def turn(roads: int, number: int) -> list[int]:
    """The order of the roads in a round: another road is first in each round."""
    return [(number + at) % roads for at in range(roads)]


def main() -> None:
    try:
        told: dict[str, Any] = {"roads": play(json.loads(sys.argv[1]))}
    except Astray as error:
        told = {"error": str(error)}
    except (BrokenPipeError, ConnectionResetError):
        told = {"error": "the connection was closed half-way"}
    except TimeoutError:
        told = {"error": "no answer in time"}
    except OSError as error:
        told = {"error": os.strerror(error.errno) if error.errno else "the sockets failed"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
