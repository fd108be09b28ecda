"""Carrying what a command in a sandbox writes: an engine that is quick, one that talks in pieces."""

import json
import socket
import struct
import threading
from contextlib import suppress

import pytest

import docker
from explorer.lab.hosts.run import execute

HEAD = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)


def frame(text, stream=1):
    return struct.pack(">BxxxI", stream, len(text)) + text


class EngineOfOneExec:
    """Speaks just enough of the engine's API; `pieces` are what it sends after an exec was started, each at once."""

    def __init__(self, path, *pieces):
        self.pieces = pieces
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection, suppress(OSError):  # its client may leave first
            while asked := self.read_request(connection):
                if b"/start" in asked:
                    for piece in self.pieces:
                        connection.sendall(piece)
                    return
                answer = {"Id": "e1"} if b"POST" in asked else {"Running": False, "ExitCode": 0}
                body = json.dumps(answer).encode()
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
                )

    def read_request(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        size = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
        while len(body) < size:
            body += connection.recv(65536)
        return head


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD + frame(b"one\n") + frame(b"two\n", 2),),
        (HEAD, frame(b"one\n") + frame(b"two\n", 2)),
        (HEAD + frame(b"one\n")[:5], frame(b"one\n")[5:], frame(b"two\n", 2)),
    ],
    ids=["with its head", "after its head", "half a frame with its head"],
)
def test_nothing_of_the_output_is_lost_however_the_engine_sends_it(tmp_path, pieces):
    path = tmp_path / "docker.sock"
    engine = EngineOfOneExec(path, *pieces)
    said = []
    client = docker.DockerClient(base_url=f"unix://{path}", version="1.41")
    try:
        assert execute(client, "c", ["x"], lambda stream, data: said.append((stream, data)), 5) == 0
    finally:
        client.close()
        engine.listener.close()
    assert said == [("out", b"one\n"), ("err", b"two\n")]
